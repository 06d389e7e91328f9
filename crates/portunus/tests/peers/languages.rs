//! Peers whose sides are programs of a few lines: Python's ssl, Node, Java's JSSE, Go's crypto/tls. OpenSSL stands under
//! the first two.

use std::path::{Path, PathBuf};
use std::process::Command;

use portunus_peers::{GO, JAVA, NODE, NODE_24, PYTHON};
use portunus_tls::wire::NamedGroup;

use crate::as_client::{self, Visitor};
use crate::as_server::{self, BOTH, HTTP1, Host};
use crate::house::House;
use crate::process::{Ended, run};
use crate::site::{PAGE, Site};

/// As OpenSSL 3.0 calls them.
const GROUPS: [(NamedGroup, Option<&str>); 4] = [
    (NamedGroup::X25519, Some("X25519")),
    (NamedGroup::SECP256R1, Some("prime256v1")),
    (NamedGroup::SECP384R1, Some("secp384r1")),
    (NamedGroup::SECP521R1, Some("secp521r1")),
];
pub(crate) const CLASSIC: [NamedGroup; 4] = [
    NamedGroup::X25519,
    NamedGroup::SECP256R1,
    NamedGroup::SECP384R1,
    NamedGroup::SECP521R1,
];
const HYBRID: NamedGroup = NamedGroup::X25519MLKEM768;

pub(crate) fn program(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/peers/programs")
        .join(name)
}

/// What a program says that fetches from a site of ours and then plays the list.
fn play_as_client(command: &mut Command, abilities: &as_client::Abilities<'_>) -> Ended {
    let (site, house) = (Site::start(), House::new());
    command
        .arg(site.root_file())
        .arg(site.port.to_string())
        .arg(house.root_file());
    Visitor::start(command).play(&house, abilities)
}

#[test]
fn python_as_a_client() {
    let Some(python) = PYTHON.for_this_test() else { return };
    let abilities = as_client::Abilities {
        groups: &GROUPS,
        told: &[],
        shares: &[NamedGroup::X25519],
        asks: 0,
    };
    play_as_client(Command::new(python).arg(program("client.py")), &abilities)
        .says("TLSv1.3 TLS_")
        .says("http/1.1 new\n")
        .says("http/1.1 reused\n")
        .says("refused: unable to get local issuer certificate");
}

#[test]
fn python_as_a_server() {
    let Some(python) = PYTHON.for_this_test() else { return };
    Host::of_program(Command::new(python).arg(program("server.py"))).play(&as_server::Abilities {
        groups: &CLASSIC,
        http: &HTTP1,
        echoes: true,
        sees_resumption: true,
        asks: 0,
    });
}

#[test]
fn node_as_a_client() {
    let Some(node) = NODE.for_this_test() else { return };
    let abilities = as_client::Abilities {
        groups: &GROUPS,
        told: &[],
        shares: &[NamedGroup::X25519],
        asks: 0,
    };
    play_node_as_a_client(&node, &abilities, "x25519");
}

#[test]
fn node_24_as_a_client() {
    let Some(node) = NODE_24.for_this_test() else { return };
    let groups: Vec<_> = [(HYBRID, Some("X25519MLKEM768"))].into_iter().chain(GROUPS).collect();
    let abilities = as_client::Abilities {
        groups: &groups,
        told: &[
            (NamedGroup::SECP256R1MLKEM768, "SecP256r1MLKEM768"),
            (NamedGroup::SECP384R1MLKEM1024, "SecP384r1MLKEM1024"),
        ],
        shares: &[HYBRID, NamedGroup::X25519],
        asks: 0,
    };
    play_node_as_a_client(&node, &abilities, "X25519MLKEM768");
}

fn play_node_as_a_client(node: &Path, abilities: &as_client::Abilities<'_>, group: &str) {
    play_as_client(Command::new(node).arg(program("client.mjs")), abilities)
        .says(&format!("https 200 TLS 1.3 {group} new"))
        .says(&format!("https 200 TLS 1.3 {group} reused"))
        .says("http2 200 TLS 1.3 h2")
        .says("refused: UNABLE_TO_");
}

#[test]
fn node_as_a_server() {
    let Some(node) = NODE.for_this_test() else { return };
    play_node_as_a_server(&node, &CLASSIC);
}

#[test]
fn node_24_as_a_server() {
    let Some(node) = NODE_24.for_this_test() else { return };
    let groups: Vec<_> = [HYBRID].into_iter().chain(CLASSIC).collect();
    play_node_as_a_server(&node, &groups);
}

fn play_node_as_a_server(node: &Path, groups: &[NamedGroup]) {
    Host::of_program(Command::new(node).arg(program("server.mjs"))).play(&as_server::Abilities {
        groups,
        http: &BOTH,
        echoes: true,
        sees_resumption: true,
        asks: 0,
    });
}

#[test]
fn java_as_a_client() {
    let Some(java) = JAVA.for_this_test() else { return };
    let abilities = as_client::Abilities {
        groups: &CLASSIC.map(|group| (group, None)),
        told: &[],
        shares: &[NamedGroup::X25519, NamedGroup::SECP256R1],
        asks: 1,
    };
    play_as_client(Command::new(java).arg(program("Peer.java")).arg("client"), &abilities)
        .says(&format!("HTTP_1_1 200 TLSv1.3\n{PAGE}"))
        .says(&format!("HTTP_2 200 TLSv1.3\n{PAGE}"))
        .says("refused: ");
}

#[test]
fn java_as_a_server() {
    let Some(java) = JAVA.for_this_test() else { return };
    Host::of_program(Command::new(java).arg(program("Peer.java")).arg("server")).play(&as_server::Abilities {
        groups: &CLASSIC,
        http: &HTTP1,
        echoes: true,
        sees_resumption: false,
        asks: 1,
    });
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
fn go_as_a_client() {
    let Some(go) = GO.for_this_test() else { return };
    let abilities = as_client::Abilities {
        groups: &[
            (HYBRID, None),
            (NamedGroup::X25519, None),
            (NamedGroup::SECP256R1, Some("secp256r1")),
            (NamedGroup::SECP384R1, Some("secp384r1")),
            (NamedGroup::SECP521R1, Some("secp521r1")),
            (NamedGroup::SECP256R1MLKEM768, Some("SecP256r1MLKEM768")),
            (NamedGroup::SECP384R1MLKEM1024, Some("SecP384r1MLKEM1024")),
        ],
        told: &[],
        shares: &[HYBRID, NamedGroup::X25519],
        asks: 0,
    };
    play_as_client(&mut Command::new(build(&go, "client.go")), &abilities)
        .says(r#""group": "X25519MLKEM768""#)
        .says("HTTP/2.0 200 X25519MLKEM768 resumed false")
        .says("HTTP/1.1 200 X25519MLKEM768 resumed true")
        .says("certificate signed by unknown authority");
}

#[test]
fn go_as_a_server() {
    let Some(go) = GO.for_this_test() else { return };
    Host::of_program(&mut Command::new(build(&go, "server.go"))).play(&as_server::Abilities {
        groups: &[
            HYBRID,
            NamedGroup::X25519,
            NamedGroup::SECP256R1,
            NamedGroup::SECP384R1,
            NamedGroup::SECP521R1,
            NamedGroup::SECP256R1MLKEM768,
            NamedGroup::SECP384R1MLKEM1024,
        ],
        http: &BOTH,
        echoes: true,
        sees_resumption: true,
        asks: 0,
    });
}
