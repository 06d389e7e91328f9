//! The running program.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use crate::{run, site};

/// `portunus` with a data directory beneath the folder.
pub(crate) fn portunus(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portunus"));
    command
        .env("PORTUNUS_DATA_DIR", folder.join("data"))
        .env_remove("PORTUNUS_LOG")
        .current_dir(folder);
    command
}

/// A server that runs until it is dropped.
pub(crate) struct Serving {
    pub(crate) child: Child,
    /// What it said when it was ready.
    pub(crate) banner: String,
    pub(crate) port: u16,
    log: PathBuf,
    folder: PathBuf,
}

impl Serving {
    /// Serves `site` in the folder on a free port.
    pub(crate) fn start(folder: &Path, options: &[&str]) -> Self {
        let log = folder.join("log");
        let mut child = portunus(folder)
            .arg("serve")
            .arg(site(folder))
            .args(["--listen", "127.0.0.1:0"])
            .args(options)
            .stdout(Stdio::piped())
            .stderr(File::create(&log).expect("a log"))
            .spawn()
            .expect("the program runs");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let mut banner = String::new();
        while !banner.ends_with("Ctrl-C stops.\n") {
            let line = lines
                .next()
                .unwrap_or_else(|| panic!("no banner: {}", read(&log)))
                .expect("a line");
            banner.push_str(&line);
            banner.push('\n');
        }
        let after = banner.split_once("https://localhost:").expect("a URL").1;
        let port = after.split_once('/').expect("a path").0.parse().expect("a port");
        Self {
            child,
            banner,
            port,
            log,
            folder: folder.to_owned(),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    pub(crate) fn log(&self) -> String {
        read(&self.log)
    }

    /// The file of the root, as `portunus ca root` prints it.
    pub(crate) fn root(&self) -> PathBuf {
        let root = run(portunus(&self.folder).args(["ca", "root"])).stdout;
        let file = self.folder.join("root.pem");
        std::fs::write(&file, root).expect("a file");
        file
    }

    /// curl with these options, trusting the root.
    pub(crate) fn curl(&self, curl: &Path, options: &[&str]) -> Output {
        run(Command::new(curl)
            .arg("-sS")
            .arg("--cacert")
            .arg(self.root())
            .args(options))
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status();
        assert!(sent.is_ok_and(|status| status.success()));
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_default()
}
