//! From curl's options to a request.

use std::io::{self, Read as _};
use std::path::Path;

use http::Method;
use http::header::USER_AGENT;
use portunus_client::{Body, Credentials, HeaderEdit, Request, parse_url};

use super::{Args, failure};
use crate::failure::Failure;

/// The request that the options describe.
pub(super) fn build(args: &Args) -> Result<Request, Failure> {
    let mut request = Request::get(parse_url(&args.url).map_err(failure::of)?);
    if args.head {
        request = request.head();
    }
    if let Some(body) = body(&args.data)? {
        request = request.post(body);
    }
    if let Some(method) = &args.method {
        request = request.method(method.clone());
    }
    let edits = header_edits(args)?;
    request = edits.into_iter().fold(request, Request::edit);
    if let Some(user) = &args.user {
        request = request.credentials(credentials(user)?);
    }
    Ok(request)
}

/// `-X`.
pub(super) fn method(text: &str) -> Result<Method, &'static str> {
    Method::from_bytes(text.as_bytes()).map_err(|_| "it is not a method")
}

/// `-H` in curl's forms, and `-A` where no `-H` says otherwise.
fn header_edits(args: &Args) -> Result<Vec<HeaderEdit>, Failure> {
    let edit = |text: &str| {
        text.parse::<HeaderEdit>()
            .map_err(|error| Failure::new(error).exit_code(failure::USAGE))
    };
    let mut edits = Vec::new();
    for text in &args.headers {
        match text.strip_prefix('@') {
            None => edits.push(edit(text)?),
            Some(file) => {
                let lines = String::from_utf8(read(file)?)
                    .map_err(|_| failure::unreadable(file, &io::ErrorKind::InvalidData.into()))?;
                for line in lines.lines().filter(|line| !line.trim().is_empty()) {
                    edits.push(edit(line)?);
                }
            }
        }
    }
    if let Some(agent) = &args.user_agent
        && !edits.iter().any(|edit| edit.name() == USER_AGENT)
    {
        edits.push(edit(&format!("User-Agent: {agent}"))?);
    }
    Ok(edits)
}

/// The pieces of `-d`, joined as a form's fields are. A file is read while it is sent; what can be read but once is read now.
fn body(data: &[String]) -> Result<Option<Body>, Failure> {
    let mut body: Option<Body> = None;
    for piece in data {
        let before = body.map_or_else(Body::default, |body| body.and("&"));
        body = Some(match piece.strip_prefix('@') {
            None => before.and(piece.clone()),
            Some(file) if file != "-" && Path::new(file).is_file() => before
                .and_lines_of(Path::new(file))
                .map_err(|error| failure::unreadable(file, &error))?,
            Some(file) => before.and_lines(read(file)?),
        });
    }
    Ok(body)
}

/// A file of the user's; `-` is standard input.
fn read(file: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let result = match file {
        "-" => io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes),
        _ => std::fs::read(file),
    };
    result.map_err(|error| failure::unreadable(file, &error))
}

/// `-u`; a password that is not given is asked for, unseen.
fn credentials(user: &str) -> Result<Credentials, Failure> {
    if let Some((user, password)) = user.split_once(':') {
        return Ok(Credentials::new(user, password));
    }
    let terminal = console::Term::stderr();
    let asked = terminal
        .write_str("Password: ")
        .and_then(|()| terminal.read_secure_line())
        .map_err(|error| Failure::new("cannot ask for the password").because(&error));
    let password = asked.map_err(|failure| failure.hint("give it as -u USER:PASSWORD").exit_code(failure::USAGE))?;
    Ok(Credentials::new(user, password))
}
