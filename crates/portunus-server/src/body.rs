//! The bodies of responses that the site gives, and of requests that it gets.

use std::collections::VecDeque;
use std::fs::File;
use std::future::poll_fn;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::task::JoinHandle;

use crate::activity::Turn;
use crate::limits::{CHUNK, CLOSING_TIME, LINGERING_BYTES};

/// The body of a response of a [`Site`](crate::Site): bytes in memory, pieces of a file, or both.
///
/// A file is read on a blocking thread, [`CHUNK`] bytes at a time, and only as fast as the peer takes it. Dropping
/// the body ends the reading.
#[derive(Debug, Default)]
pub struct Body {
    pieces: VecDeque<Piece>,
    left: u64,
    file: Option<File>,
    reading: Option<JoinHandle<(File, io::Result<Bytes>)>>,
}

#[derive(Debug)]
pub(crate) enum Piece {
    Memory(Bytes),
    Stored(Range<u64>),
}

impl Piece {
    fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Self::Stored(range) => range.end.saturating_sub(range.start),
        }
    }
}

impl Body {
    /// No bytes.
    pub fn empty() -> Self {
        Self::default()
    }

    /// These pieces, one after the other; the stored ones come from `file`.
    pub(crate) fn pieces(file: File, pieces: Vec<Piece>) -> Self {
        let pieces: VecDeque<Piece> = pieces.into_iter().filter(|piece| piece.len() > 0).collect();
        let left = pieces.iter().fold(0, |sum: u64, piece| sum.saturating_add(piece.len()));
        Self {
            pieces,
            left,
            file: Some(file),
            reading: None,
        }
    }

    /// How many bytes are still to come.
    pub(crate) fn len(&self) -> u64 {
        self.left
    }

    fn give(&mut self, bytes: Bytes) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.left = self.left.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn fail(&mut self, error: io::Error) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        self.pieces.clear();
        self.file = None;
        self.left = 0;
        Poll::Ready(Some(Err(error)))
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        let left = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let pieces = if bytes.is_empty() {
            VecDeque::new()
        } else {
            VecDeque::from([Piece::Memory(bytes)])
        };
        Self {
            pieces,
            left,
            file: None,
            reading: None,
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.reading.is_none() {
            let range = match self.pieces.pop_front() {
                None => return Poll::Ready(None),
                Some(Piece::Memory(bytes)) => return self.give(bytes),
                Some(Piece::Stored(range)) => range,
            };
            let Some(file) = self.file.take() else {
                return self.fail(io::Error::other("the file is gone"));
            };
            let cut = range.end.min(range.start.saturating_add(CHUNK as u64));
            if cut < range.end {
                self.pieces.push_front(Piece::Stored(cut..range.end));
            }
            self.reading = Some(tokio::task::spawn_blocking(move || read(file, range.start..cut)));
        }
        let Some(reading) = &mut self.reading else {
            return Poll::Ready(None);
        };
        let joined = ready!(Pin::new(reading).poll(cx));
        self.reading = None;
        match joined {
            Ok((file, Ok(bytes))) => {
                self.file = Some(file);
                self.give(bytes)
            }
            Ok((_, Err(error))) => self.fail(error),
            Err(error) => self.fail(io::Error::other(error)),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// Reads the whole range; a file that has become shorter is an error, because its length was promised.
pub(crate) fn read(mut file: File, range: Range<u64>) -> (File, io::Result<Bytes>) {
    let length = range.end.saturating_sub(range.start);
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(CHUNK));
    let outcome = file
        .seek(SeekFrom::Start(range.start))
        .and_then(|_| (&file).take(length).read_to_end(&mut bytes));
    let outcome = match outcome {
        Ok(read) if u64::try_from(read) == Ok(length) => Ok(Bytes::from(bytes)),
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the file became shorter while it was sent",
        )),
        Err(error) => Err(error),
    };
    (file, outcome)
}

/// The body of a request, read within the limits of pace.
///
/// A handler that does not want it drops it. What the peer has on its way is then read and thrown away for a while, so
/// that the peer gets to read the answer: a reset, of the connection or of the stream, is what many clients report
/// instead of an answer that came just before it.
#[derive(Debug)]
pub struct RequestBody {
    incoming: Option<Incoming>,
    turn: Arc<Turn>,
    unwanted: Unwanted,
}

/// What is to become of a body that was dropped before its end.
#[derive(Clone, Debug)]
pub(crate) struct Unwanted {
    /// Whether the peer waits to be told that it may send. Reading would tell it so.
    pub(crate) awaits_leave: bool,
    /// Set when not all of the body could be read.
    pub(crate) abandoned: Arc<AtomicBool>,
}

impl RequestBody {
    pub(crate) fn new(incoming: Incoming, turn: Arc<Turn>, unwanted: Unwanted) -> Self {
        Self {
            incoming: Some(incoming),
            turn,
            unwanted,
        }
    }
}

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(incoming) = &mut self.incoming else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(incoming).poll_frame(cx);
        self.turn.awaits_upload(polled.is_pending());
        match &polled {
            Poll::Ready(Some(Ok(frame))) => self.turn.uploaded(frame.data_ref().map_or(0, Bytes::len)),
            Poll::Ready(Some(Err(_)) | None) => self.incoming = None,
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(|incoming| incoming.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming
            .as_ref()
            .map_or(SizeHint::with_exact(0), |incoming| incoming.size_hint())
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        self.turn.awaits_upload(false);
        let Some(incoming) = self.incoming.take().filter(|incoming| !incoming.is_end_stream()) else {
            return;
        };
        let unwanted = self.unwanted.clone();
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if !unwanted.awaits_leave => drop(runtime.spawn(throw_away(incoming, unwanted))),
            _ => unwanted.abandoned.store(true, Ordering::Relaxed),
        }
    }
}

async fn throw_away(mut incoming: Incoming, unwanted: Unwanted) {
    let mut left = LINGERING_BYTES;
    let reading = async {
        while left > 0 {
            match poll_fn(|cx| Pin::new(&mut incoming).poll_frame(cx)).await {
                Some(Ok(frame)) => {
                    let bytes = frame.data_ref().map_or(0, Bytes::len);
                    left = left.saturating_sub(u64::try_from(bytes).unwrap_or(u64::MAX));
                }
                Some(Err(_)) | None => return,
            }
        }
        unwanted.abandoned.store(true, Ordering::Relaxed);
    };
    if tokio::time::timeout(CLOSING_TIME, reading).await.is_err() {
        unwanted.abandoned.store(true, Ordering::Relaxed);
    }
}
