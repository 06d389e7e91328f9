//! Chains of the public web, each at a time of its own: those that x509-limbo has, with Mozilla's roots.

use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use portunus_peers::X509_LIMBO;
use serde_json::Value;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

use crate::portunus;

/// The cases of the suite that were met on the web.
fn online(file: &std::path::Path) -> Vec<Value> {
    let bytes = std::fs::read(file).unwrap();
    let mut json = Vec::new();
    if bytes.starts_with(&[0x1f, 0x8b]) {
        MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut json).unwrap();
    } else {
        json = bytes;
    }
    let suite: Value = serde_json::from_slice(&json).unwrap();
    let cases = suite["testcases"].as_array().unwrap().iter();
    let online = cases.filter(|case| case["id"].as_str().unwrap().starts_with("online::"));
    online.cloned().collect()
}

/// With roots of this machine that are Mozilla's.
#[test]
fn every_public_chain_is_accepted_with_mozillas_roots() {
    let Some(file) = X509_LIMBO.for_this_test() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let roots = TLS_SERVER_ROOT_CERTS.iter().map(|root| pem(root)).collect::<String>();
    std::fs::write(path("roots.pem"), roots).unwrap();
    let cases = online(&file);
    if cases.is_empty() {
        X509_LIMBO.has_no_case();
        return;
    }
    for case in cases {
        let text = |field: &str| case[field].as_str().unwrap().to_owned();
        let intermediates = case["untrusted_intermediates"].as_array().unwrap().iter();
        let chain: String = std::iter::once(text("peer_certificate"))
            .chain(intermediates.map(|pem| pem.as_str().unwrap().to_owned()))
            .map(|pem| format!("{}\n", pem.trim()))
            .collect();
        std::fs::write(path("chain.pem"), chain).unwrap();
        let name = case["expected_peer_name"]["value"].as_str().unwrap();
        let time = text("validation_time").replace("+00:00", "Z");
        let output = portunus(&path("data"))
            .args(["cert", "verify", "--name", name, "--time", &time, "chain.pem"])
            .env("SSL_CERT_FILE", path("roots.pem"))
            .env_remove("SSL_CERT_DIR")
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{name}: {}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
}

fn pem(der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    )
}
