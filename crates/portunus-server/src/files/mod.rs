//! Files and folders as answers.

mod conditions;
mod content_type;
mod folder;
mod listing;
mod ranges;
mod stamp;

use std::fs::File;
use std::io;
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED, LOCATION,
    RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{HeaderValue, Method, Response, StatusCode};

use self::conditions::{Verdict, if_range_holds, preconditions};
use self::content_type::content_type;
pub(crate) use self::folder::Folder;
use self::folder::Found;
use self::ranges::{Multipart, Selection, content_range, select};
use self::stamp::Stamp;
use crate::body::{self, Body, Piece};
use crate::limits::CHUNK;
use crate::page::error_response;
use crate::request_path::{BadPath, RequestPath};

/// What a folder's request for its own content answers with.
const INDEX: &str = "index.html";

/// Answers GET and HEAD. May block.
pub(crate) fn respond(folder: &Folder, parts: &Parts) -> Response<Body> {
    let path = match RequestPath::parse(parts.uri.path()) {
        Ok(path) => path,
        Err(BadPath::Malformed) => return error_response(StatusCode::BAD_REQUEST, "The path cannot be read."),
        Err(BadPath::NeverServed) => return not_found(),
    };
    find(folder, &path, parts).unwrap_or_else(|error| failed(&error))
}

fn find(folder: &Folder, path: &RequestPath, parts: &Parts) -> io::Result<Response<Body>> {
    let beneath = path.beneath();
    match folder.find(&beneath)? {
        Found::Folder if !path.has_trailing_slash() => Ok(to_folder(path, parts.uri.query())),
        Found::Folder => match folder.find(&beneath.join(INDEX))? {
            Found::File(file, stamp) => file_response(parts, INDEX, file, &stamp),
            Found::Folder | Found::Nothing => Ok(listing::response(path, folder.list(&beneath)?)),
        },
        Found::File(file, stamp) if !path.has_trailing_slash() => {
            file_response(parts, path.name().unwrap_or_default(), file, &stamp)
        }
        Found::File(..) | Found::Nothing => Ok(not_found()),
    }
}

fn file_response(parts: &Parts, name: &str, file: File, stamp: &Stamp) -> io::Result<Response<Body>> {
    let now = SystemTime::now();
    match preconditions(&parts.headers, stamp) {
        Verdict::Proceed => {}
        Verdict::NotModified => return Ok(bare(StatusCode::NOT_MODIFIED, stamp, now)),
        Verdict::Failed => {
            return Ok(error_response(
                StatusCode::PRECONDITION_FAILED,
                "The file is not the one that was meant.",
            ));
        }
    }
    // RFC 9110 section 14.2: Range means something with GET alone.
    let selection = if parts.method == Method::GET && if_range_holds(&parts.headers, stamp, now) {
        select(&parts.headers, stamp.len)
    } else {
        Selection::Whole
    };
    let content_type = content_type(name);
    let mut response = bare(StatusCode::OK, stamp, now);
    let pieces = match selection {
        Selection::Whole => vec![Piece::Stored(0..stamp.len)],
        Selection::One(range) => {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            response
                .headers_mut()
                .insert(CONTENT_RANGE, content_range(&range, stamp.len));
            vec![Piece::Stored(range)]
        }
        Selection::Several(ranges) => {
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            let multipart = Multipart::new(&content_type, &ranges, stamp.len);
            response.headers_mut().insert(CONTENT_TYPE, multipart.content_type());
            multipart.pieces()
        }
        Selection::Unsatisfiable => {
            let mut response = error_response(StatusCode::RANGE_NOT_SATISFIABLE, "The file does not reach that far.");
            response.headers_mut().insert(
                CONTENT_RANGE,
                HeaderValue::try_from(format!("bytes */{}", stamp.len)).map_err(io::Error::other)?,
            );
            return Ok(response);
        }
    };
    let headers = response.headers_mut();
    headers.entry(CONTENT_TYPE).or_insert(content_type);
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let body = if parts.method == Method::HEAD {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(stamp.len));
        Body::empty()
    } else {
        let body = begun(file, pieces)?;
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        body
    };
    *response.body_mut() = body;
    Ok(response)
}

/// The body of these pieces, of which the beginning is read already: whoever is here may block, and a file that cannot
/// be read is an error that the answer's head can still tell.
fn begun(file: File, pieces: Vec<Piece>) -> io::Result<Body> {
    let mut file = file;
    let mut begun = Vec::with_capacity(pieces.len().saturating_add(1));
    let mut pieces = pieces.into_iter();
    for piece in pieces.by_ref() {
        let Piece::Stored(range) = piece else {
            begun.push(piece);
            continue;
        };
        let cut = range.end.min(range.start.saturating_add(CHUNK as u64));
        let bytes: Bytes;
        (file, bytes) = {
            let (file, outcome) = body::read(file, range.start..cut);
            (file, outcome?)
        };
        begun.extend([Piece::Memory(bytes), Piece::Stored(cut..range.end)]);
        break;
    }
    begun.extend(pieces);
    Ok(Body::pieces(file, begun))
}

/// What every answer about a file says, with or without its bytes (RFC 9110 section 15.4.5).
fn bare(status: StatusCode, stamp: &Stamp, now: SystemTime) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(ETAG, stamp.etag.clone());
    if let Some(modified) = stamp.last_modified(now) {
        headers.insert(LAST_MODIFIED, modified);
    }
    // Kept by browsers, but never used without asking whether it still holds.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A folder's links are relative to it, so its path has to end with a slash.
fn to_folder(path: &RequestPath, query: Option<&str>) -> Response<Body> {
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    let Ok(location) = HeaderValue::try_from(path.as_folder() + &query) else {
        return not_found();
    };
    let mut response = error_response(
        StatusCode::MOVED_PERMANENTLY,
        "This is a folder; its path ends with a slash.",
    );
    response.headers_mut().insert(LOCATION, location);
    response
}

fn not_found() -> Response<Body> {
    error_response(StatusCode::NOT_FOUND, "There is nothing of this name here.")
}

fn failed(error: &io::Error) -> Response<Body> {
    if error.kind() == io::ErrorKind::PermissionDenied {
        return error_response(StatusCode::FORBIDDEN, "The server may not read this.");
    }
    tracing::warn!("a file could not be read: {error}");
    if too_much_is_open(error) {
        let mut response = error_response(
            StatusCode::SERVICE_UNAVAILABLE,
            "The server is too busy. Try again soon.",
        );
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from_static("1"));
        return response;
    }
    error_response(StatusCode::INTERNAL_SERVER_ERROR, "The file could not be read.")
}

#[cfg(unix)]
fn too_much_is_open(error: &io::Error) -> bool {
    use rustix::io::Errno;
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM)
    )
}

#[cfg(not(unix))]
fn too_much_is_open(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::OutOfMemory
}
