//! When a server says that it used the client's server_name (RFC 6066 section 3), as the client sees it.

mod pair;

use std::sync::Arc;

use pair::{Authority, NOW, Pair, received, sent};
use portunus_tls::wire::{ClientHello, Decode, EncryptedExtensions, HandshakeType};
use portunus_tls::{ClientConfig, Direction, Identities, ServerConfig, SessionMemory, Tickets};

/// Whether the client sent a name, and whether the server acknowledged it.
fn said(name: &str, client: &ClientConfig, server: &ServerConfig) -> (bool, bool) {
    let (pair, messages) = Pair::watched(name, client, server, (NOW, NOW));
    let outcome = pair.run();
    if let (Ok(mut client), Ok(mut server)) = (outcome.client, outcome.server) {
        received(&mut client, &sent(&mut server)).unwrap();
    }
    let hello = messages.of(Direction::Sent, HandshakeType::CLIENT_HELLO).remove(0);
    let hello = ClientHello::read(&hello).unwrap();
    let extensions = messages
        .of(Direction::Received, HandshakeType::ENCRYPTED_EXTENSIONS)
        .remove(0);
    let extensions = EncryptedExtensions::read(&extensions).unwrap();
    (hello.extensions.server_name.is_some(), extensions.server_name)
}

#[test]
fn a_name_is_acknowledged_on_a_full_handshake_alone() {
    let authority = Authority::new();
    let identity = authority.issue(&["localhost", "127.0.0.1"], &rcgen::PKCS_ECDSA_P256_SHA256);
    let server = ServerConfig::new(Arc::new(Identities::new(vec![Arc::new(identity)])));
    let server = server.with_tickets(Arc::new(Tickets::new(NOW).unwrap()));
    let client = authority.client();
    assert_eq!(said("localhost", &client, &server), (true, true), "a name that it has");
    assert_eq!(
        said("other.test", &client, &server),
        (true, true),
        "one that nobody has"
    );
    // RFC 6066 section 3: an address is no host name, so that none is sent, and none may be acknowledged.
    assert_eq!(said("127.0.0.1", &client, &server), (false, false), "an address");

    let client = client.with_sessions(Arc::new(SessionMemory::default()));
    assert_eq!(said("localhost", &client, &server), (true, true), "the first time");
    // RFC 6066 section 3: a server that resumes MUST NOT include it.
    assert_eq!(said("localhost", &client, &server), (true, false), "resumed");
}
