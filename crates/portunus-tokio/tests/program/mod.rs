//! The examples as processes, and the clients that visit them.

#![allow(dead_code, missing_docs, unreachable_pub)]

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::time::{Duration, timeout};

/// No program takes as long.
const PATIENCE: Duration = Duration::from_secs(60);

/// An example that runs. It ends with its test.
pub struct Program {
    child: Child,
    out: BufReader<ChildStdout>,
    errors: BufReader<ChildStderr>,
}

/// An example of this package. Cargo builds them with all of its tests, not with one alone.
pub fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(
        path.is_file(),
        "cargo build --release --examples makes {}",
        path.display()
    );
    path
}

impl Program {
    pub fn start(command: &mut Command) -> Self {
        let command = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let errors = BufReader::new(child.stderr.take().unwrap());
        Self { child, out, errors }
    }

    /// Reads what it says until a line has this; gives what follows.
    pub async fn says(&mut self, part: &str) -> String {
        line_with(&mut self.out, part).await
    }

    /// The same of what it complains about.
    pub async fn complains(&mut self, part: &str) -> String {
        line_with(&mut self.errors, part).await
    }

    /// The port of a server, as soon as it serves.
    pub async fn port(&mut self) -> u16 {
        let address = self.says("serves https://127.0.0.1:").await;
        address.trim_end_matches('/').parse().unwrap()
    }

    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

async fn line_with<R: AsyncRead + Unpin>(from: &mut BufReader<R>, part: &str) -> String {
    let mut heard = String::new();
    let reading = async {
        loop {
            let start = heard.len();
            assert_ne!(from.read_line(&mut heard).await.unwrap(), 0, "no {part:?} in {heard}");
            if let Some((_, rest)) = heard[start..].trim_end().split_once(part) {
                return rest.to_owned();
            }
        }
    };
    timeout(PATIENCE, reading)
        .await
        .unwrap_or_else(|_| panic!("waited for {part:?}"))
}

/// Runs a program to its end.
pub async fn run(command: &mut Command) -> Output {
    let running = command.stdin(Stdio::null()).kill_on_drop(true).output();
    timeout(PATIENCE, running).await.expect("an end").unwrap()
}

pub fn text(output: &Output) -> String {
    let parts = [&output.stdout[..], b"\n", &output.stderr].concat();
    String::from_utf8_lossy(&parts).into_owned()
}

/// Fetches the page with curl.
pub async fn fetch(curl: &Path, root: &Path, port: u16) -> Output {
    let mut command = Command::new(curl);
    command
        .args(["--silent", "--show-error", "--max-time", "30", "--cacert"])
        .arg(root);
    command.arg("--resolve").arg(format!("localhost:{port}:127.0.0.1"));
    run(command.arg(format!("https://localhost:{port}/"))).await
}

/// What `s_client` says of a handshake.
pub async fn handshake(openssl: &Path, root: &Path, port: u16) -> Output {
    let mut command = Command::new(openssl);
    command.args(["s_client", "-servername", "localhost", "-verify_hostname", "localhost"]);
    command.args(["-verify_return_error", "-CAfile"]).arg(root);
    run(command.arg("-connect").arg(format!("127.0.0.1:{port}"))).await
}
