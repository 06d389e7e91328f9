//! Certificates from files.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::program::{Serving, portunus};
use crate::{folder, run, text};

/// A root and a leaf for localhost that it signed, made by openssl; the key in the form that openssl is asked for.
fn pair(openssl: &Path, folder: &Path, algorithm: &[&str]) -> (PathBuf, PathBuf, PathBuf) {
    let path = |name: &str| folder.join(name);
    let (root, root_key) = (path("their-root.pem"), path("their-root-key.pem"));
    let (chain, key) = (path("their.pem"), path("their-key.pem"));
    let file = |path: &Path| path.to_str().expect("a path").to_owned();
    let new = ["req", "-x509", "-nodes", "-newkey"];
    let root_args = [
        "-keyout",
        &file(&root_key),
        "-out",
        &file(&root),
        "-subj",
        "/CN=their root",
        "-days",
        "30",
    ];
    let root_ext = ["-addext", "keyUsage=critical,keyCertSign"];
    let made = run(Command::new(openssl)
        .args(new)
        .args(["rsa:2048"])
        .args(root_args)
        .args(root_ext));
    assert!(made.status.success(), "{}", text(&made.stderr));
    let leaf_args = [
        "-keyout",
        &file(&key),
        "-out",
        &file(&chain),
        "-subj",
        "/CN=localhost",
        "-days",
        "10",
    ];
    let leaf_ext = [
        "-CA",
        &file(&root),
        "-CAkey",
        &file(&root_key),
        "-addext",
        "subjectAltName=DNS:localhost",
    ];
    let not_a_ca = ["-addext", "basicConstraints=critical,CA:FALSE"];
    let made = run(Command::new(openssl)
        .args(new)
        .args(algorithm)
        .args(leaf_args)
        .args(leaf_ext)
        .args(not_a_ca));
    assert!(made.status.success(), "{}", text(&made.stderr));
    (root, chain, key)
}

fn visit(curl: &Path, root: &Path, serving: &Serving) -> Output {
    run(Command::new(curl)
        .arg("-sS")
        .arg("--cacert")
        .arg(root)
        .arg(serving.url("/a.txt")))
}

#[test]
fn keys_of_every_kind_and_form_are_read() {
    let (Some(curl), Some(openssl)) = (
        portunus_peers::CURL.for_this_test(),
        portunus_peers::OPENSSL.for_this_test(),
    ) else {
        return;
    };
    let kinds: [(&[&str], Option<&[&str]>); 5] = [
        (&["rsa:2048"], None),
        (&["rsa:2048"], Some(&["rsa", "-traditional"])),
        (&["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], Some(&["ec"])),
        (&["ec", "-pkeyopt", "ec_paramgen_curve:P-384"], None),
        (&["ed25519"], None),
    ];
    for (algorithm, traditional) in kinds {
        let folder = folder(&[("a.txt", b"hello")]);
        let (root, chain, key) = pair(&openssl, folder.path(), algorithm);
        if let Some(form) = traditional {
            let converted = run(Command::new(&openssl)
                .args(form)
                .arg("-in")
                .arg(&key)
                .arg("-out")
                .arg(&key));
            assert!(converted.status.success(), "{}", text(&converted.stderr));
            let pem = std::fs::read_to_string(&key).expect("a key");
            assert!(
                pem.contains("BEGIN RSA PRIVATE") || pem.contains("BEGIN EC PRIVATE"),
                "{algorithm:?}"
            );
        }
        // With the root first, as many files are.
        let both = [
            std::fs::read(&root).expect("a root"),
            std::fs::read(&chain).expect("a leaf"),
        ]
        .concat();
        std::fs::write(&chain, both).expect("a file");
        let options = [
            "--cert",
            chain.to_str().expect("a path"),
            "--key",
            key.to_str().expect("a path"),
        ];
        let serving = Serving::start(folder.path(), &options);
        assert!(serving.banner.contains("CN=their root"), "{}", serving.banner);
        let output = visit(&curl, &root, &serving);
        assert_eq!(text(&output.stdout), "hello", "{algorithm:?}: {}", text(&output.stderr));
    }
}

#[test]
fn a_pair_that_does_not_match_is_refused_at_the_start() {
    let Some(openssl) = portunus_peers::OPENSSL.for_this_test() else {
        return;
    };
    let folder = folder(&[]);
    let (_, chain, key) = pair(&openssl, folder.path(), &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    let other = folder.path().join("their-root-key.pem");
    let start = |cert: &Path, key: &Path| {
        let mut command = portunus(folder.path());
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--cert"])
            .arg(cert)
            .arg("--key")
            .arg(key);
        run(&mut command)
    };
    let file = |name: &str, contents: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, contents).expect("a file");
        path
    };
    let good = std::fs::read(&chain).expect("a leaf");
    let bad = file(
        "bad.pem",
        &[
            &good[..],
            b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
        ]
        .concat(),
    );
    let lines = good.iter().filter(|byte| **byte == b'\n').count();
    let in_line = format!("bad.pem, line {}", lines + 1);
    let pfx = file("their.pfx", &[0x30, 0x82, 9, 9, 2, 1, 3]);
    let der_key = file("their-key.der", &[0x30, 0x82, 4, 0xa4, 2, 1, 0]);
    for (cert, key, said) in [
        (&bad, &key, in_line.as_str()),
        (&pfx, &key, "openssl pkcs12 -in FILE -nokeys"),
        (&chain, &der_key, "openssl pkey -inform der"),
        (&chain, &other, "public keys differ"),
        (&key, &key, "cannot use the certificate"),
        (&chain, &chain, "cannot use the private key"),
        (&folder.path().join("none.pem"), &key, "cannot use the certificate"),
    ] {
        let output = start(cert, key);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(text(&output.stderr).contains(said), "{said}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_certificate_that_was_replaced_is_never_stale() {
    let Some(curl) = portunus_peers::CURL.for_this_test() else {
        return;
    };
    let folder = folder(&[("a.txt", b"hello")]);
    let (cert, key) = (folder.path().join("their.pem"), folder.path().join("their-key.pem"));
    let write = |until: i32| {
        let pair = rcgen::KeyPair::generate().expect("a key");
        let mut params = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("a name");
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let made = params.self_signed(&pair).expect("a certificate");
        let encode = |label: &str, der: &[u8]| pem::encode(&pem::Pem::new(label, der));
        std::fs::write(&cert, encode("CERTIFICATE", made.der())).expect("a file");
        std::fs::write(&key, encode("PRIVATE KEY", &pair.serialize_der())).expect("a file");
    };
    write(2021);
    let options = [
        "--cert",
        cert.to_str().expect("a path"),
        "--key",
        key.to_str().expect("a path"),
    ];
    let serving = Serving::start(folder.path(), &options);
    assert_eq!(
        visit(&curl, &cert, &serving).status.code(),
        Some(60),
        "{}",
        serving.banner
    );
    write(4000);
    // Files are not looked at in every handshake: a second may pass.
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let output = visit(&curl, &cert, &serving);
        if output.stdout == b"hello" {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{}", text(&output.stderr));
    }
}
