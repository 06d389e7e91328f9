//! `portunus cert verify`.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use portunus_client::Verification;
use portunus_explain::json as told;
use portunus_x509::{
    Certificate, Finding, InvalidName, Malformed, OcspResponse, Outcome, Policy, Refusal, RefusedPath, Revocation,
    RevocationList, ServerName, SignatureMemory, UnixTime, VerifiedPath,
};
use serde_json::json;

use super::{document, facts, files};
use crate::commands::get::teller::Teller;
use crate::commands::get::{failure, trust};
use crate::failure::Failure;
use crate::{clock, output};

/// Judge a server's certificate as a client would, and draw every path that was tried
///
/// The first certificate is judged; the others of the files, in any order, may lead from it to a
/// trusted authority. Trusted are this machine's own authority and the system's, or those of --ca
/// alone. Nothing is fetched: whether a certificate was revoked is asked of the files of --crl and
/// --ocsp, or not at all.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The certificate, and those that lead to an authority (PEM, DER, PKCS#7)
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Trust the authorities in this PEM file, and no others
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,

    /// The name that the server is called by; without it, any does
    #[arg(long, value_name = "NAME", value_parser = server_name)]
    name: Option<ServerName>,

    /// Judge as of this time (UTC), such as 2026-11-25 or 2026-11-25T13:30:00Z; otherwise now
    #[arg(long, value_name = "TIME", value_parser = clock::parse)]
    time: Option<UnixTime>,

    /// Judge by these rules alone; otherwise public authorities by `web`, and others by `private`
    #[arg(long, value_enum, value_name = "PROFILE")]
    profile: Option<Profile>,

    /// A revocation list (PEM, DER); again for more of them
    #[arg(long, value_name = "FILE")]
    crl: Vec<PathBuf>,

    /// A response of OCSP (DER); again for more of them
    #[arg(long, value_name = "FILE")]
    ocsp: Vec<PathBuf>,

    /// What follows where no list and no response tells whether a certificate was revoked;
    /// `hard` where some are given
    #[arg(long, value_enum, value_name = "RULE")]
    revocation: Option<Rule>,

    /// Print the verdict as one JSON document
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Profile {
    /// What the public web asks of its authorities
    Web,
    /// RFC 5280 to the letter
    Rfc5280,
    /// For one's own authorities: what only concerns form is told, and refuses nothing
    Private,
}

impl Profile {
    fn policy(self) -> Policy {
        match self {
            Self::Web => Policy::web(),
            Self::Rfc5280 => Policy::rfc5280(),
            Self::Private => Policy::private(),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Rule {
    /// It is told, and accepted
    Soft,
    /// It is refused
    Hard,
}

fn server_name(text: &str) -> Result<ServerName, InvalidName> {
    ServerName::parse(text)
}

/// Signatures that are remembered between sets of authorities.
const REMEMBERED: usize = 256;

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let time = match args.time {
        Some(time) => time,
        None => clock::now()?,
    };
    let Verification::Trust(trust) = trust::verification(false, args.ca.as_deref(), true, &Teller::new(false, false))?
    else {
        return Err(Failure::new("there is nobody to trust"));
    };
    let trust = match args.profile {
        Some(profile) => trust.judged_by(&profile.policy()),
        None => trust,
    };
    let known = Known::read(args)?;
    let revocation = known.as_ref().map(Known::revocation).transpose()?;
    let found = files::read_all(args.files.iter().map(PathBuf::as_path))?;
    let chain: Vec<_> = found.iter().map(|one| one.der.as_slice()).collect();
    let verdict = trust.judge(
        &chain,
        args.name.as_ref(),
        time,
        revocation.as_ref(),
        &SignatureMemory::new(REMEMBERED),
    );
    output::print(match (&verdict, args.json) {
        (Ok(path), false) => accepted(path),
        (Err(refusal), false) => refused(refusal, time),
        (verdict, true) => as_json(verdict, args.name.as_ref(), time),
    })?;
    let code = if verdict.is_ok() { 0 } else { failure::CERTIFICATE };
    Ok(ExitCode::from(code))
}

/// What is known about revocation, each in DER with the place where it stood.
struct Known {
    lists: Vec<files::Found>,
    responses: Vec<files::Found>,
    rule: Rule,
}

impl Known {
    /// `None` where revocation is not asked about.
    fn read(args: &Args) -> Result<Option<Self>, Failure> {
        if args.crl.is_empty() && args.ocsp.is_empty() && args.revocation.is_none() {
            return Ok(None);
        }
        let mut known = Self {
            lists: Vec::new(),
            responses: Vec::new(),
            rule: args.revocation.unwrap_or(Rule::Hard),
        };
        for path in &args.crl {
            known.lists.append(&mut files::revocation_lists(path)?);
        }
        for path in &args.ocsp {
            known.responses.push(files::Found {
                der: files::bytes(path)?.to_vec(),
                place: files::shown(path),
            });
        }
        Ok(Some(known))
    }

    fn revocation(&self) -> Result<Revocation<'_>, Failure> {
        let unusable = |what: &str, one: &files::Found, malformed: Malformed| {
            files::unreadable(what, &one.place).because(&malformed)
        };
        let mut lists = Vec::new();
        for one in &self.lists {
            let list = RevocationList::parse(&one.der).map_err(|malformed| {
                unusable("a revocation list", one, malformed).hint("--crl takes revocation lists, in PEM or DER")
            })?;
            lists.push(list);
        }
        let mut revocation = match self.rule {
            Rule::Soft => Revocation::soft_fail(lists),
            Rule::Hard => Revocation::hard_fail(lists),
        };
        for one in &self.responses {
            let response = OcspResponse::parse(&one.der).map_err(|malformed| {
                unusable("a response of OCSP", one, malformed)
                    .hint("--ocsp takes a response as `openssl ocsp -respout FILE` writes it, in DER")
            })?;
            revocation = revocation.with_response(response);
        }
        Ok(revocation)
    }
}

fn accepted(path: &VerifiedPath) -> String {
    let mut text = format!("Accepted at {}, until {}", path.time(), path.valid_until());
    match path.name() {
        Some(name) => {
            let _ = writeln!(text, ", for {name}.");
        }
        None => text.push_str(". Whether it is for the name that somebody wants was not asked: --name NAME.\n"),
    }
    let names: Vec<_> = path.certificates().iter().map(|der| subject(der)).collect();
    draw(&mut text, &names, true, &path.checks());
    let notes = path.notes();
    if !notes.is_empty() {
        text.push_str("\nAlso\n");
    }
    for note in notes {
        let _ = writeln!(text, "  {note}");
    }
    text
}

fn refused(refusal: &Refusal, time: UnixTime) -> String {
    let mut text = format!("Refused at {time}.\n\n{}", refusal.explanation());
    for (at, path) in refusal.paths().iter().enumerate() {
        let nearest = if at == 0 && refusal.paths().len() > 1 {
            ", the one closest to success"
        } else {
            ""
        };
        let _ = writeln!(text, "\nPath {}{nearest}", at.saturating_add(1));
        tried(&mut text, path);
    }
    text
}

fn tried(text: &mut String, path: &RefusedPath) {
    let names: Vec<_> = path.certificates().iter().map(|one| one.subject.clone()).collect();
    draw(text, &names, path.reaches_anchor(), path.findings());
}

fn subject(der: &[u8]) -> String {
    Certificate::parse(der).map_or_else(
        |_| "(unreadable)".to_owned(),
        |certificate| facts::subject(&certificate),
    )
}

/// The path from its top down to the certificate that was judged, the checks beneath each.
fn draw(text: &mut String, from_end_entity: &[String], anchored: bool, findings: &[Finding]) {
    let mut indent = "  ".to_owned();
    let top = from_end_entity.len().saturating_sub(1);
    if !anchored {
        let _ = writeln!(text, "{indent}✗ no trusted authority");
        indent.push_str("   ");
    }
    for (place, name) in from_end_entity.iter().enumerate().rev() {
        let role = match (place == top && anchored, place) {
            (true, _) => " (trusted authority)",
            (false, 0) => " (the certificate)",
            (false, _) => " (intermediate)",
        };
        let branch = if place == top && anchored {
            indent.clone()
        } else {
            format!("{}└─ ", indent.strip_suffix("   ").unwrap_or(&indent))
        };
        let _ = writeln!(text, "{branch}{name}{role}");
        let beside = if place == 0 { "   " } else { "│  " };
        let mut own = findings
            .iter()
            .filter(|finding| finding.certificate == place)
            .peekable();
        if own.peek().is_none() {
            let _ = writeln!(text, "{indent}{beside}✓ nothing is against it");
        }
        for finding in own {
            let mark = match finding.outcome {
                Outcome::Passed => '✓',
                Outcome::Warned => '!',
                Outcome::Failed => '✗',
            };
            let code = match finding.outcome {
                Outcome::Passed => String::new(),
                Outcome::Warned | Outcome::Failed => format!(" ({})", finding.check.code()),
            };
            let _ = writeln!(text, "{indent}{beside}{mark} {finding}{code}");
        }
        indent.push_str("   ");
    }
}

fn as_json(verdict: &Result<VerifiedPath, Refusal>, name: Option<&ServerName>, time: UnixTime) -> String {
    document(&json!({
        "portunus_cert_verify": 1,
        "time": time.to_string(),
        "name": name.map(ToString::to_string),
        "accepted": verdict.is_ok(),
        "valid_until": verdict.as_ref().ok().map(|path| path.valid_until().to_string()),
        "path": verdict.as_ref().ok().map(told::verified),
        "refusal": verdict.as_ref().err().map(told::refused),
    }))
}
