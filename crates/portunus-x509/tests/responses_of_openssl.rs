//! Responses that `openssl ocsp` makes.

mod authority;

use authority::{Authority, leaf_params, trusting};
use portunus_x509::{Certificate, OcspResponse, Policy, Purpose, Question, Revocation};
use rcgen::{CertificateParams, CustomExtension, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};
use std::fs;
use std::path::Path;
use std::process::Command;

/// openssl answers at the present time: the certificates hold for long.
fn for_long(params: &mut CertificateParams) {
    params.not_after = date_time_ymd(2099, 1, 1);
}

fn pem(label: &str, der: &[u8]) -> String {
    pem::encode(&pem::Pem::new(label, der))
}

fn run(openssl: &Path, folder: &Path, words: &[&str]) {
    let output = Command::new(openssl)
        .current_dir(folder)
        .args(words)
        .output()
        .expect("openssl");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn what_openssl_answers_is_understood() {
    let Some(openssl) = portunus_peers::OPENSSL.for_this_test() else {
        return;
    };
    let folder = std::env::temp_dir().join(format!("portunus-ocsp-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let root = Authority::root_with("Root", for_long);
    let [good, bad, strange] = [1, 2, 3].map(|_| root.leaf_with(&["www.example.com"], for_long));
    let key = KeyPair::generate().expect("a key");
    let mut params = leaf_params(&["ocsp.example.com"]);
    for_long(&mut params);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::OcspSigning];
    let no_check = CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 48, 1, 5], vec![5, 0]);
    params.custom_extensions.push(no_check);
    let responder = root.sign(&params, &key);

    let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("a file");
    write("root.pem", &pem("CERTIFICATE", &root.der));
    write("root.key", &pem("PRIVATE KEY", &root.key.serialize_der()));
    write("responder.pem", &pem("CERTIFICATE", &responder));
    write("responder.key", &pem("PRIVATE KEY", &key.serialize_der()));
    let serial = |der: &[u8]| {
        let serial = Certificate::parse(der).expect("a certificate").serial().to_vec();
        serial.iter().map(|octet| format!("{octet:02X}")).collect::<String>()
    };
    write(
        "index.txt",
        &format!(
            "V\t990101000000Z\t\t{}\tunknown\t/CN=www.example.com\nR\t990101000000Z\t251201000000Z,keyCompromise\t{}\tunknown\t/CN=www.example.com\n",
            serial(&good).trim_start_matches("00"),
            serial(&bad).trim_start_matches("00"),
        ),
    );

    for (name, certificate, expected) in [
        ("good", &good, None),
        ("bad", &bad, Some("X509-REVOKED")),
        ("strange", &strange, Some("X509-REVOCATION-UNKNOWN")),
    ] {
        let file = format!("{name}.pem");
        write(&file, &pem("CERTIFICATE", certificate));
        for (hash, nonce) in [("-sha1", "-nonce"), ("-sha256", "-no_nonce")] {
            run(
                &openssl,
                &folder,
                &[
                    "ocsp", "-issuer", "root.pem", hash, "-cert", &file, nonce, "-reqout", "request",
                ],
            );
            for (signer, by) in [("root", None), ("root", Some("-resp_key_id")), ("responder", None)] {
                let (certificate_file, key_file) = (format!("{signer}.pem"), format!("{signer}.key"));
                let mut words = vec!["ocsp", "-index", "index.txt", "-CA", "root.pem", "-ndays", "7"];
                words.extend(["-rsigner", &certificate_file, "-rkey", &key_file]);
                words.extend(["-reqin", "request", "-respout", "response"]);
                words.extend(by);
                run(&openssl, &folder, &words);
                let der = fs::read(folder.join("response")).expect("a response");
                let response = OcspResponse::parse(&der).expect("readable");
                let now = response.produced_at().expect("a time");
                let revocation = Revocation::hard_fail([]).with_response(response);
                let verdict = Question::new(Purpose::TlsServer, now, &Policy::rfc5280())
                    .revocation(&revocation)
                    .verify(&[certificate], &trusting(&[&root.der]));
                let refused = verdict.err().map(|refusal| (refusal.code(), refusal.to_string()));
                assert_eq!(
                    refused.as_ref().map(|(code, _)| *code),
                    expected,
                    "{name} {hash} {signer} {by:?}: {refused:?}"
                );
            }
        }
    }
    fs::remove_dir_all(&folder).expect("the folder goes");
}
