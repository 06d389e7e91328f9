//! A folder as a site.

use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use http::header::ALLOW;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::service::Service;
use portunus_x509::Printable;

use crate::body::Body;
use crate::connection_page;
use crate::files::{self, Folder};
use crate::page::error_response;

/// A site: the files of one folder, and the page `/.portunus/connection` that shows visitors their own connection.
///
/// Served are ordinary files and folders whose names do not begin with a dot (`.well-known` at the top excepted).
/// Links are followed as long as they stay beneath the folder, whatever they are called there.
#[derive(Clone, Debug)]
pub struct Site {
    folder: Arc<Folder>,
}

/// Why a folder cannot be a site.
#[derive(Debug, thiserror::Error)]
#[error("cannot open the folder {}", Printable::new(.path.as_os_str().as_encoded_bytes()))]
pub struct SiteError {
    path: PathBuf,
    source: io::Error,
}

impl Site {
    /// The site of this folder. It stays the same folder when it is moved or its name is given to another.
    pub fn open(path: &Path) -> Result<Self, SiteError> {
        let folder = Folder::open(path).map_err(|source| SiteError {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            folder: Arc::new(folder),
        })
    }

    /// The folder's whole path, as it was when it was opened.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl<T> Service<Request<T>> for Site {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn call(&self, request: Request<T>) -> Self::Future {
        let (parts, _) = request.into_parts();
        let folder = Arc::clone(&self.folder);
        Box::pin(async move {
            if !matches!(parts.method, Method::GET | Method::HEAD) {
                return Ok(method_not_allowed());
            }
            let bodiless = parts.method == Method::HEAD;
            let mut response = respond(folder, parts).await;
            if bodiless {
                *response.body_mut() = Body::empty();
            }
            Ok(response)
        })
    }
}

async fn respond(folder: Arc<Folder>, parts: Parts) -> Response<Body> {
    if parts.uri.path() == connection_page::PATH {
        return connection_page::respond(&parts);
    }
    // The file system may make anyone wait who asks it.
    match tokio::task::spawn_blocking(move || files::respond(&folder, &parts)).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!("answering from the folder failed: {error}");
            error_response(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong on the server.")
        }
    }
}

fn method_not_allowed() -> Response<Body> {
    let mut response = error_response(
        StatusCode::METHOD_NOT_ALLOWED,
        "This site can only be read: use GET or HEAD.",
    );
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}
