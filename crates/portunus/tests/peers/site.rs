//! `portunus serve` and `portunus get` as their users run them.

use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::process::{Running, run};

/// What the site's one page says.
pub(crate) const PAGE: &str = "The page, from first to last.\n";

/// A folder that is served.
pub(crate) struct Site {
    folder: TempDir,
    pub(crate) server: Running,
    pub(crate) port: u16,
}

impl Site {
    /// Served with a certificate of an authority of its own.
    pub(crate) fn start() -> Self {
        Self::with_options(&[])
    }

    pub(crate) fn with_options(options: &[&Path]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("site")).unwrap();
        std::fs::write(folder.path().join("site/page.txt"), PAGE).unwrap();
        let mut command = portunus(folder.path());
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(options);
        let server = Running::start(command.arg(folder.path().join("site")));
        server.wait_for("Ctrl-C stops.");
        let port = server.wait_for_number("https://localhost:");
        Self { folder, server, port }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().join("site")
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    /// The authority's root in a file, by `portunus ca root`.
    pub(crate) fn root_file(&self) -> PathBuf {
        let root = run(portunus(self.folder.path()).args(["ca", "root"])).succeeded();
        let file = self.folder.path().join("root.pem");
        std::fs::write(&file, root.out).unwrap();
        file
    }
}

/// The program, with its files in this folder.
pub(crate) fn portunus(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portunus"));
    command
        .env("PORTUNUS_DATA_DIR", folder.join("data"))
        .env_remove("PORTUNUS_LOG");
    command
}

/// `portunus get` with these options, from a port of this machine, with this root trusted.
pub(crate) fn get(root: &Path, port: u16, path: &str, options: &[&str]) -> crate::process::Ended {
    let mut command = portunus(root.parent().unwrap());
    command.arg("get").arg("--cacert").arg(root).args(options);
    command.args(["--resolve", &format!("localhost:{port}:127.0.0.1")]);
    run(command.arg(format!("https://localhost:{port}{path}")))
}
