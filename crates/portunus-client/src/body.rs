//! What a request sends: bytes, and files that are read while they are sent.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use thiserror::Error as ThisError;

use crate::Error;

/// Bytes of a file that are in memory at a time: four TLS records.
const PIECE: usize = 64 * 1024;

/// A request's body. Cloning is cheap: bytes are shared, and a file is read whenever it is sent.
#[derive(Clone, Debug, Default)]
pub struct Body(VecDeque<Part>);

#[derive(Clone, Debug)]
enum Part {
    Bytes(Bytes),
    /// A file without its line breaks, and how many bytes that makes.
    Lines(PathBuf, u64),
}

impl Body {
    /// Followed by these bytes.
    #[must_use]
    pub fn and(mut self, bytes: impl Into<Bytes>) -> Self {
        self.0.push_back(Part::Bytes(bytes.into()));
        self
    }

    /// Followed by these bytes without line breaks and NULs: what curl makes of a file that holds a form's field.
    #[must_use]
    pub fn and_lines(self, mut bytes: Vec<u8>) -> Self {
        leave_out_breaks(&mut bytes);
        self.and(bytes)
    }

    /// As [`Body::and_lines`], of a file that is read while it is sent. It is read now too, for its length.
    ///
    /// # Errors
    /// What reading the file says.
    pub fn and_lines_of(mut self, path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let mut length: u64 = 0;
        while let Some(piece) = read_piece(&mut file)? {
            length = length.saturating_add(piece.len() as u64);
        }
        self.0.push_back(Part::Lines(path.to_owned(), length));
        Ok(self)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.length() == 0
    }

    fn length(&self) -> u64 {
        let lengths = self.0.iter().map(|part| match part {
            Part::Bytes(bytes) => bytes.len() as u64,
            Part::Lines(_, length) => *length,
        });
        lengths.fold(0, u64::saturating_add)
    }

    /// One sending of it.
    pub(crate) fn send(&self) -> Sending {
        Sending {
            left: self.length(),
            parts: self.0.clone(),
            open: None,
            failure: Failure::default(),
        }
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self::default().and(bytes)
    }
}

fn leave_out_breaks(bytes: &mut Vec<u8>) {
    bytes.retain(|byte| !matches!(byte, b'\r' | b'\n' | b'\0'));
}

/// What is left of the file's next bytes; `None` at its end.
fn read_piece(file: &mut File) -> io::Result<Option<Vec<u8>>> {
    let mut piece = Vec::with_capacity(PIECE);
    let read = file.by_ref().take(PIECE as u64).read_to_end(&mut piece)?;
    leave_out_breaks(&mut piece);
    Ok((read > 0).then_some(piece))
}

/// Why a body could not be sent to its end: hyper does not hand it on in every version of HTTP.
#[derive(Clone, Debug, Default)]
pub(crate) struct Failure(Arc<Mutex<Option<Error>>>);

impl Failure {
    pub(crate) fn take(&self) -> Option<Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// What hyper is told; the [`Failure`] says more.
#[derive(Debug, ThisError)]
#[error("the body cannot be read")]
pub(crate) struct Unreadable;

/// A body on its way.
pub(crate) struct Sending {
    parts: VecDeque<Part>,
    /// The file that is being read, and how many of its bytes are still to be sent.
    open: Option<(PathBuf, File, u64)>,
    left: u64,
    failure: Failure,
}

impl Sending {
    pub(crate) fn failure(&self) -> Failure {
        self.failure.clone()
    }

    /// The next bytes, none of which are empty; `None` at the end.
    fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if let Some((path, file, left)) = &mut self.open {
                let failed = |source| Error::Body {
                    file: path.clone(),
                    source,
                };
                if *left > 0 {
                    let piece = read_piece(file).map_err(failed)?;
                    // Its length has been told: what has been added since stays behind.
                    let mut piece = piece.ok_or_else(|| failed(io::ErrorKind::UnexpectedEof.into()))?;
                    piece.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
                    *left = left.saturating_sub(piece.len() as u64);
                    if piece.is_empty() {
                        continue;
                    }
                    return Ok(Some(piece.into()));
                }
            }
            self.open = None;
            match self.parts.pop_front() {
                None => return Ok(None),
                Some(Part::Bytes(bytes)) if bytes.is_empty() => {}
                Some(Part::Bytes(bytes)) => return Ok(Some(bytes)),
                Some(Part::Lines(path, length)) => match File::open(&path) {
                    Ok(file) => self.open = Some((path, file, length)),
                    Err(source) => return Err(Error::Body { file: path, source }),
                },
            }
        }
    }
}

impl hyper::body::Body for Sending {
    type Data = Bytes;
    type Error = Unreadable;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Unreadable>>> {
        Poll::Ready(match self.next() {
            Ok(None) => None,
            Ok(Some(bytes)) => {
                self.left = self.left.saturating_sub(bytes.len() as u64);
                Some(Ok(Frame::data(bytes)))
            }
            Err(error) => {
                *self.failure.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                Some(Err(Unreadable))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;
    use hyper::body::Body as _;

    use super::*;

    async fn sent(body: &Body) -> Result<Vec<u8>, Error> {
        let sending = body.send();
        let (failure, length) = (sending.failure(), sending.size_hint().exact().unwrap());
        let bytes = match sending.collect().await {
            Ok(collected) => collected.to_bytes().to_vec(),
            Err(Unreadable) => return Err(failure.take().unwrap()),
        };
        assert_eq!(bytes.len() as u64, length);
        Ok(bytes)
    }

    #[tokio::test]
    async fn parts_follow_each_other_and_files_lose_their_breaks() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let line = b"one line\r\nand\0another\n";
        let kept = b"one lineandanother";
        std::fs::write(&path, line.repeat(20_000)).unwrap();
        let body = Body::from("a=1").and("&").and_lines(line.to_vec()).and("&");
        let body = body.and_lines_of(&path).unwrap().and("&").and("").and("b");
        let expected = [b"a=1&", &kept[..], b"&", &kept.repeat(20_000), b"&b"].concat();
        assert!(!body.is_empty());
        for _ in 0..2 {
            assert_eq!(sent(&body).await.unwrap(), expected, "as often as it is sent");
        }
        std::fs::write(&path, "\r\n\0\n").unwrap();
        let empty = Body::default().and_lines_of(&path).unwrap();
        assert!(empty.is_empty() && empty.send().is_end_stream());
        assert_eq!(sent(&empty).await.unwrap(), b"");
    }

    #[tokio::test]
    async fn a_file_that_changes_is_sent_as_long_as_it_was_or_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert!(Body::default().and_lines_of(&path).is_err());
        std::fs::write(&path, "four").unwrap();
        let body = Body::default().and_lines_of(&path).unwrap();
        std::fs::write(&path, "four and more").unwrap();
        assert_eq!(sent(&body).await.unwrap(), b"four");
        std::fs::write(&path, "two").unwrap();
        let error = sent(&body).await.unwrap_err();
        assert!(matches!(&error, Error::Body { file, .. } if *file == path), "{error}");
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(sent(&body).await, Err(Error::Body { .. })));
    }
}
