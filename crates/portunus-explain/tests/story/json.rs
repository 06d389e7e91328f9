use std::time::Duration;

use boon::{Compiler, Schemas};
use portunus_explain::{Recording, What, json};
use serde_json::Value;

use crate::scene::{GOOD, Leaf, Scene};

/// The document, which is as the schema says.
fn document(recording: &Recording) -> Value {
    let text = json::document(recording);
    let value: Value = serde_json::from_str(&text).unwrap();
    let schema: Value = serde_json::from_str(include_str!("../../../../docs/explain.schema.json")).unwrap();
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("explain.schema.json", schema).unwrap();
    let schema = compiler.compile("explain.schema.json", &mut schemas).unwrap();
    if let Err(error) = schemas.validate(&value, schema) {
        panic!("{error:#}\n{text}");
    }
    value
}

fn events<'a>(document: &'a Value, name: &str) -> Vec<&'a Value> {
    document["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["event"] == name)
        .collect()
}

#[test]
fn a_whole_connection() {
    let document = document(&Scene::resuming().whole());
    assert_eq!(document["outcome"]["ok"], true);
    assert_eq!(document["address"], "127.0.0.1:8443");
    let messages = events(&document, "message");
    assert_eq!(messages[0]["type"]["name"], "client_hello");
    let bytes = messages[0]["bytes"].as_str().unwrap();
    assert!(
        bytes.starts_with("0100") && bytes.len() > 2_000,
        "every byte of the message is there"
    );
    assert_eq!(events(&document, "secret_derived").len(), 6);
    assert_eq!(events(&document, "keys_discarded").len(), 1);
    let times: Vec<_> = document["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["at_us"].as_u64())
        .collect();
    assert!(times.is_sorted());
}

#[test]
fn a_secret_that_went_under_the_servers_key() {
    let document = document(&Scene::key_transport().whole());
    let transported = events(&document, "key_transported");
    assert_eq!(transported.len(), 1);
    assert_eq!(transported[0]["encrypted_bytes"], 256);
    assert!(events(&document, "key_exchanged").is_empty() && events(&document, "peer_proved").is_empty());
}

#[test]
fn connections_that_fail() {
    let expired = document(
        &Scene::with_leaf(&Leaf {
            years: (2024, 2025),
            ..GOOD
        })
        .refused(),
    );
    assert_eq!(expired["outcome"]["kind"], "certificate");
    assert_eq!(
        expired["outcome"]["alert"]["description"]["name"],
        "certificate_expired"
    );
    assert_eq!(
        events(&expired, "certificates_received")[0]["chain"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let paths = &events(&expired, "failed")[0]["refusal"]["paths"];
    assert!(!paths.as_array().unwrap().is_empty());

    let alert = document(&Scene::new().answered_with(&[21, 3, 3, 0, 2, 2, 112]));
    assert_eq!(
        events(&alert, "alert_received")[0]["description"]["name"],
        "unrecognized_name"
    );
    let stranger = document(&Scene::new().answered_with(b"SSH-2.0-x\r\n"));
    assert_eq!(events(&stranger, "failed")[0]["class"], "not-tls");

    let recorder = Scene::new().recorder();
    recorder.add(What::NotResolved {
        reason: "no such name".to_owned(),
    });
    assert_eq!(document(&recorder.recording())["outcome"]["step"], 0);
    let recorder = Scene::new().connected();
    recorder.add(What::TimedOut {
        after: Duration::from_secs(1),
    });
    document(&recorder.recording());
}

/// Whoever has the document can decrypt nothing.
#[test]
fn no_event_has_a_place_for_a_secret() {
    let document = document(&Scene::resuming().whole());
    for event in events(&document, "secret_derived") {
        assert_eq!(
            event.as_object().unwrap().keys().collect::<Vec<_>>(),
            ["at_us", "event", "secret"]
        );
    }
}
