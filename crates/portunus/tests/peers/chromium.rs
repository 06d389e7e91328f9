//! Chromium without a window, with our authority trusted by a user of its own.

use std::process::Command;

use portunus_peers::{CERTUTIL, CHROMIUM};

use crate::process::run;
use crate::site::{PAGE, Site};

#[test]
fn chromium_shows_the_site_without_a_security_error() {
    let (Some(chromium), Some(certutil)) = (CHROMIUM.for_this_test(), CERTUTIL.for_this_test()) else {
        return;
    };
    let site = Site::start();
    let home = tempfile::tempdir().unwrap();
    let trusted = home.path().join(".pki/nssdb");
    std::fs::create_dir_all(&trusted).unwrap();
    let database = format!("sql:{}", trusted.display());
    run(Command::new(&certutil).args(["-N", "--empty-password", "-d", &database])).succeeded();
    let mut command = Command::new(&certutil);
    command.args(["-A", "-n", "portunus", "-t", "C,,", "-d", &database, "-i"]);
    run(command.arg(site.root_file())).succeeded();
    let open = |path: &str| {
        let mut command = Command::new(&chromium);
        command.env("HOME", home.path());
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
        command.arg(format!("--user-data-dir={}", home.path().join("profile").display()));
        run(command.arg(site.url(path))).succeeded()
    };
    open("/page.txt").says(PAGE.trim_end());
    open("/.portunus/connection")
        .says("<td>TLS 1.3</td>")
        .says("<td>X25519MLKEM768</td>")
        .says("<td>h2</td>");
    // Without that trust it says so in place of the page.
    std::fs::remove_dir_all(&trusted).unwrap();
    open("/page.txt").says("ERR_CERT_AUTHORITY_INVALID");
}
