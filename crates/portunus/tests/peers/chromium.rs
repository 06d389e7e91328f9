//! Chromium without a window, with our authority trusted by a user of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use portunus_peers::{CERTUTIL, CHROMIUM};
use tempfile::TempDir;

use crate::house::{House, KEYS};
use crate::process::{Ended, run};
use crate::site::{PAGE, Site};

/// A user of their own, who trusts a root.
struct User {
    chromium: PathBuf,
    home: TempDir,
}

impl User {
    fn trusting(chromium: &Path, certutil: &Path, root: &Path) -> Self {
        let home = tempfile::tempdir().unwrap();
        let trusted = home.path().join(".pki/nssdb");
        std::fs::create_dir_all(&trusted).unwrap();
        let database = format!("sql:{}", trusted.display());
        run(Command::new(certutil).args(["-N", "--empty-password", "-d", &database])).succeeded();
        let mut command = Command::new(certutil);
        command.args(["-A", "-n", "portunus", "-t", "C,,", "-d", &database, "-i"]);
        run(command.arg(root)).succeeded();
        Self {
            chromium: chromium.to_owned(),
            home,
        }
    }

    /// What the page holds once it is loaded.
    fn open(&self, url: &str) -> Ended {
        let mut command = Command::new(&self.chromium);
        command.env("HOME", self.home.path());
        command.args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--dump-dom",
        ]);
        command.arg(format!(
            "--user-data-dir={}",
            self.home.path().join("profile").display()
        ));
        run(command.arg(url)).succeeded()
    }
}

#[test]
fn chromium_shows_the_site_without_a_security_error() {
    let (Some(chromium), Some(certutil)) = (CHROMIUM.for_this_test(), CERTUTIL.for_this_test()) else {
        return;
    };
    let site = Site::start();
    let user = User::trusting(&chromium, &certutil, &site.root_file());
    user.open(&site.url("/page.txt")).says(PAGE.trim_end());
    user.open(&site.url("/.portunus/connection"))
        .says("<td>TLS 1.3</td>")
        .says("<td>X25519MLKEM768</td>")
        .says("<td>h2</td>");
    // Without that trust it says so in place of the page.
    std::fs::remove_dir_all(user.home.path().join(".pki")).unwrap();
    user.open(&site.url("/page.txt")).says("ERR_CERT_AUTHORITY_INVALID");
}

#[test]
fn chromium_verifies_every_kind_of_key_that_it_has() {
    let (Some(chromium), Some(certutil)) = (CHROMIUM.for_this_test(), CERTUTIL.for_this_test()) else {
        return;
    };
    let house = House::new();
    let user = User::trusting(&chromium, &certutil, &house.root_file());
    // Browsers take no part in Ed25519.
    for (_, algorithm) in KEYS.into_iter().filter(|(kind, _)| *kind != "Ed25519") {
        let pair = house.pair(algorithm);
        let site = Site::with_options(&["--cert".as_ref(), &pair.cert, "--key".as_ref(), &pair.key]);
        user.open(&site.url("/page.txt")).says(PAGE.trim_end());
    }
}
