//! Which of several certificates is shown: by name, by what the peer verifies of the key, and of the chain.

mod pair;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use pair::{Authority, Pair};
use portunus_tls::wire::{
    CertificateRequest, ClientExtensions, ClientHello, ProtocolVersion, Sequence, SignatureScheme,
};
use portunus_tls::{
    ChoiceFailed, ChooseClientIdentity, ChooseIdentity, Decision, Identities, Identity, Policy, ServerConfig,
};
use portunus_x509::DnsName;

const P256: SignatureScheme = SignatureScheme::ECDSA_SECP256R1_SHA256;
const P384: SignatureScheme = SignatureScheme::ECDSA_SECP384R1_SHA384;

/// Of each name one identity whose chain is signed with P-384 and one with P-256, the keys of both on P-256.
struct Site {
    identities: Vec<Arc<Identity>>,
}

impl Site {
    fn new() -> Self {
        let authorities = [
            Authority::signing_with("P-384", &rcgen::PKCS_ECDSA_P384_SHA384),
            Authority::named("P-256"),
        ];
        let of = |name: &'static str| {
            let issued = |authority: &Authority| Arc::new(authority.issue(&[name], &rcgen::PKCS_ECDSA_P256_SHA256));
            authorities.iter().map(issued).collect::<Vec<_>>()
        };
        Self {
            identities: [of("a.test"), of("b.test")].concat(),
        }
    }

    fn place(&self, chosen: Decision<'_, Result<Option<Arc<Identity>>, ChoiceFailed>>) -> Option<usize> {
        let mut chosen = chosen;
        let Poll::Ready(chosen) = Future::poll(Pin::new(&mut chosen), &mut Context::from_waker(Waker::noop())) else {
            panic!("not at once");
        };
        let chosen = chosen.unwrap()?;
        self.identities
            .iter()
            .position(|identity| Arc::ptr_eq(identity, &chosen))
    }

    /// The place of what a client of TLS 1.3 is shown that asks for this name and says that it verifies these.
    fn shown(&self, host: &str, schemes: &[SignatureScheme], of_chain: Option<&[SignatureScheme]>) -> Option<usize> {
        let hello = ClientHello {
            legacy_version: ProtocolVersion::TLS1_2,
            random: &[0; 32],
            legacy_session_id: &[],
            cipher_suites: Sequence::default(),
            legacy_compression_methods: &[0],
            extensions: ClientExtensions {
                supported_versions: Some(Sequence::from(&[ProtocolVersion::TLS1_3])),
                signature_algorithms: Some(Sequence::from(schemes)),
                signature_algorithms_cert: of_chain.map(Sequence::from),
                ..ClientExtensions::default()
            },
        };
        let host = DnsName::parse(host).unwrap();
        let identities = Identities::new(self.identities.clone());
        self.place(ChooseIdentity::choose(&identities, &hello, Some(&host)))
    }

    /// The place of what a server of TLS 1.3 is shown that says that it verifies these.
    fn shown_to_server(&self, schemes: &[SignatureScheme], of_chain: Option<&[SignatureScheme]>) -> Option<usize> {
        let request = CertificateRequest {
            signature_algorithms: Some(Sequence::from(schemes)),
            signature_algorithms_cert: of_chain.map(Sequence::from),
            ..CertificateRequest::default()
        };
        let identities = Identities::new(self.identities.clone());
        self.place(ChooseClientIdentity::choose(&identities, &request))
    }
}

#[test]
fn the_chain_is_one_that_the_client_verifies() {
    let site = Site::new();
    // Without a list of its own for chains the one of CertificateVerify counts (RFC 9846 section 4.3.3).
    assert_eq!(site.shown("b.test", &[P256, P384], None), Some(2));
    assert_eq!(site.shown("b.test", &[P256], None), Some(3));
    assert_eq!(site.shown("b.test", &[P256, P384], Some(&[P256])), Some(3));
    assert_eq!(site.shown("b.test", &[P256], Some(&[P384])), Some(2));
    // Where no chain fits, one of the right name goes out all the same (RFC 9846 section 4.5.2.2), and also where no key does.
    assert_eq!(
        site.shown("b.test", &[P256], Some(&[SignatureScheme::ED25519])),
        Some(2)
    );
    assert_eq!(
        site.shown("b.test", &[SignatureScheme::ED25519], Some(&[P256])),
        Some(3)
    );
    // A name goes before all else; without one the first that can be verified.
    assert_eq!(site.shown("c.test", &[P256], None), Some(1));
}

#[test]
fn the_chain_is_one_that_the_server_verifies() {
    let site = Site::new();
    assert_eq!(site.shown_to_server(&[P256, P384], None), Some(0));
    assert_eq!(site.shown_to_server(&[P256], None), Some(1));
    assert_eq!(site.shown_to_server(&[P256], Some(&[P384])), Some(0));
    assert_eq!(
        site.shown_to_server(&[P256], Some(&[SignatureScheme::ED25519])),
        Some(0)
    );
    assert_eq!(site.shown_to_server(&[SignatureScheme::ED25519], None), None);
}

#[test]
fn a_handshake_gets_through_with_the_only_chain_that_the_client_verifies() {
    let authorities = [
        Authority::signing_with("P-384", &rcgen::PKCS_ECDSA_P384_SHA384),
        Authority::named("P-256"),
    ];
    let identities = authorities
        .iter()
        .map(|authority| Arc::new(authority.issue(&["localhost"], &rcgen::PKCS_ECDSA_P256_SHA256)));
    let server = ServerConfig::new(Arc::new(Identities::new(identities.collect())));
    let policy = Policy::modern().with_signature_schemes(&[P256]).unwrap();
    let client = authorities[1].client().with_policy(policy);
    Pair::new(&client, &server).run().connected();
}
