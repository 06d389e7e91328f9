//! A server of a few lines that says what the test wants, byte for byte.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What comes after the answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    Close,
    Reset,
    /// Says no more until the client leaves.
    Wait,
}

/// Answers each connection's one request alike; ends with the test's process.
pub(crate) struct Server {
    pub(crate) port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn saying(answer: impl AsRef<[u8]>, then: Then) -> Self {
        let answer = answer.as_ref().to_vec();
        Self::answering(move |_| answer.clone(), then)
    }

    /// The answer may depend on the request's head.
    pub(crate) fn answering(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static, then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // The client may leave at any time.
                let _ = converse(stream, &seen, &answer, then);
            }
        });
        Self { port, requests }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The requests since the last call.
    pub(crate) fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut *self.requests.lock().expect("no test panicked"))
    }
}

fn converse(
    mut stream: TcpStream,
    seen: &Mutex<Vec<String>>,
    answer: &dyn Fn(&str) -> Vec<u8>,
    then: Then,
) -> io::Result<()> {
    let request = read_request(&mut stream)?;
    let bytes = answer(&request);
    seen.lock().expect("no test panicked").push(request);
    stream.write_all(&bytes)?;
    match then {
        Then::Close => {}
        Then::Reset => socket2::SockRef::from(&stream).set_linger(Some(std::time::Duration::ZERO))?,
        Then::Wait => drop(stream.read(&mut [0])?),
    }
    Ok(())
}

fn read_request(stream: &mut TcpStream) -> io::Result<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
            if body.len() >= length.map_or(0, |length| length.parse().expect("a length")) {
                return Ok(text);
            }
        }
        let mut buffer = [0; 4096];
        match stream.read(&mut buffer)? {
            0 => return Ok(text),
            count => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}
