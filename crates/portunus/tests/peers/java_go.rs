//! Java's JSSE, and Go's crypto/tls with X25519MLKEM768.

use std::path::{Path, PathBuf};
use std::process::Command;

use portunus_peers::{GO, JAVA};

use crate::house::{House, KEYS};
use crate::process::{Running, run};
use crate::scripts::program;
use crate::site::{PAGE, Site, get};

#[test]
fn java_fetches_over_both_versions_of_http() {
    let Some(java) = JAVA.for_this_test() else { return };
    let site = Site::start();
    let mut command = Command::new(java);
    command.arg(program("Client.java")).arg(site.root_file());
    let said = run(command.arg(site.port.to_string())).succeeded();
    said.says(&format!("HTTP_1_1 200 TLSv1.3\n{PAGE}"))
        .says(&format!("HTTP_2 200 TLSv1.3\n{PAGE}"))
        .says("refused: ");
}

/// Builds one of the programs, beside the other peers so that the next run finds it built.
fn build(go: &Path, name: &str) -> PathBuf {
    let folder = portunus_peers::folder();
    let built = folder.join("go-programs").join(name.trim_end_matches(".go"));
    let mut command = Command::new(go);
    command
        .args(["build", "-o"])
        .arg(&built)
        .arg(program(name))
        .env("GOCACHE", folder.join("go-cache"))
        .env("GOPATH", folder.join("go-path"))
        .env("GOTOOLCHAIN", "local")
        .env("GOPROXY", "off")
        .env("GOENV", "off")
        .env("GOFLAGS", "")
        .env("CGO_ENABLED", "0");
    run(&mut command).succeeded();
    built
}

#[test]
fn go_agrees_on_x25519mlkem768_as_a_client() {
    let Some(go) = GO.for_this_test() else { return };
    let program = build(&go, "client.go");
    let site = Site::start();
    let mut command = Command::new(program);
    let said = run(command.arg(site.root_file()).arg(site.port.to_string())).succeeded();
    said.says(r#""group": "X25519MLKEM768""#)
        .says("HTTP/2.0 200 X25519MLKEM768 resumed false")
        .says("HTTP/1.1 200 X25519MLKEM768 resumed true")
        .says("certificate signed by unknown authority");
}

#[test]
fn go_agrees_on_x25519mlkem768_as_a_server() {
    let Some(go) = GO.for_this_test() else { return };
    let program = build(&go, "server.go");
    let house = House::new();
    for (kind, algorithm) in KEYS {
        let pair = house.pair(algorithm);
        let server = Running::start(Command::new(&program).arg(&pair.cert).arg(&pair.key));
        let port = server.wait_for_number("port ");
        for (option, version) in [("--http1.1", "HTTP/1.1"), ("--http2", "HTTP/2.0")] {
            let page = get(&house.root_file(), port, "/", &["-s", option, "-d", "a=1"]).succeeded();
            let text = String::from_utf8(page.out).unwrap();
            assert_eq!(text, format!("{version} X25519MLKEM768 a=1"), "{kind}");
        }
    }
}
