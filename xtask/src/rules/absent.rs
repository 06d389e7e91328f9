//! What is absent on purpose: names that certain crates, or all that we ship, may not use.

use super::Finding;
use super::source::Source;

/// The two crates that get time, bytes and randomness from whoever drives them.
const SANS_IO: &[&str] = &["portunus-tls", "portunus-x509"];

/// Paths that the crates without I/O may not name, and what each would bring in.
const IO: &[(&[&str], &str)] = &[
    (&["std", "fs"], "files"),
    (&["std", "thread"], "threads"),
    (&["std", "process"], "processes"),
    (&["std", "env"], "the environment"),
    (&["std", "os"], "the operating system"),
    (&["std", "net", "TcpStream"], "sockets"),
    (&["std", "net", "TcpListener"], "sockets"),
    (&["std", "net", "UdpSocket"], "sockets"),
    (&["tokio"], "an async runtime"),
    (&["SystemTime", "now"], "a clock"),
    (&["Instant", "now"], "a clock"),
];

/// The modules where `unsafe` may stand, by path: where aws-lc-rs has no safe call for what we need.
const UNSAFE_ALLOWED: &[&str] = &["crates/portunus-tls/src/crypto/rsa_private.rs"];

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !source.is_shipped() {
        return findings;
    }
    let sans_io = source.krate().is_some_and(|krate| SANS_IO.contains(&krate));
    for named in source.names() {
        if sans_io {
            for (path, what) in IO {
                if has(&named.segments, path) {
                    let name = named.segments.join("::");
                    findings.push(source.finding(named.line, format!("{name} brings {what} into a crate without I/O")));
                }
            }
        }
        if named.segments.iter().any(|segment| segment == "Salt") {
            let what = "hkdf::Salt leaves salt and secret in freed memory: hmac::sign, then Prk::new_less_safe";
            findings.push(source.finding(named.line, what));
        }
    }
    if !UNSAFE_ALLOWED.contains(&source.path.as_str()) {
        let found = source
            .code
            .iter()
            .filter(|token| matches!(token.text.as_str(), "unsafe" | "unsafe_code"));
        findings.extend(found.map(|token| source.finding(token.line, "unsafe outside the modules that may have it")));
    }
    findings
}

/// Whether the path goes through these segments, one after the other.
fn has(segments: &[String], path: &[&str]) -> bool {
    segments
        .windows(path.len())
        .any(|window| window.iter().zip(path).all(|(one, other)| one == other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> usize {
        check(&Source::of(path, text)).len()
    }

    #[test]
    fn a_crate_without_io_names_no_socket_file_thread_or_clock() {
        let path = "crates/portunus-tls/src/a.rs";
        for text in [
            "use std::fs;",
            "use std::{fs::File, fmt};",
            "fn a() { std::thread::spawn(b); }",
            "use std::net::{IpAddr, TcpStream};",
            "use tokio::io::AsyncRead;",
            "use std::time::Instant; fn a() { Instant::now(); }",
            "fn a() { let t = std::time::SystemTime::now(); }",
        ] {
            assert_eq!(findings(path, text), 1, "{text}");
        }
        assert_eq!(findings(path, "use std::net::IpAddr; use std::time::Duration;"), 0);
        assert_eq!(
            findings("crates/portunus-tokio/src/a.rs", "use std::fs; use tokio::io;"),
            0
        );
        assert_eq!(findings(path, "#[cfg(test)] mod tests { use std::fs; }"), 0);
    }

    #[test]
    fn salt_and_unsafe_are_refused_everywhere() {
        let path = "crates/portunus-server/src/a.rs";
        assert_eq!(findings(path, "use aws_lc_rs::hkdf::{Prk, Salt};"), 1);
        assert_eq!(findings(path, "fn a() { hkdf::Salt::new(b, c); }"), 1);
        assert_eq!(findings(path, "fn a() { unsafe { b() } }"), 1);
        assert_eq!(findings(path, "#![allow(unsafe_code)]"), 1);
        assert_eq!(
            findings(UNSAFE_ALLOWED[0], "#![allow(unsafe_code)] fn a() { unsafe { b() } }"),
            0
        );
        assert_eq!(findings(path, "// unsafe, Salt\nfn a() { \"unsafe\"; }"), 0);
    }
}
