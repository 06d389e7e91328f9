//! What a server's stateless tickets hold; the keys that they are sealed with are those of [`super::ticket_keys`].

use portunus_x509::UnixTime;
use zeroize::Zeroizing;

use super::replay::GuardId;
use crate::crypto::secret::Secret;
use crate::limits::{MAX_SESSION_AGE, TICKET_LIFETIME};
use crate::wire::CipherSuite;
use crate::wire::{Malformed, Problem, Reader, TooLong, Writer};

/// The layout of what is sealed; another number is another layout.
const LAYOUT: u8 = 5;

/// What a ticket holds.
pub(crate) struct TicketContent {
    pub(crate) cipher_suite: CipherSuite,
    pub(crate) issued: UnixTime,
    /// When the full handshake was from which the session comes.
    pub(crate) authenticated: UnixTime,
    /// The pre-shared key; in TLS 1.2 the main secret.
    pub(crate) secret: Secret,
    /// Whether it is bound to the handshake that it comes from, as those of TLS 1.3 always are (RFC 7627).
    pub(crate) extended_main_secret: bool,
    /// The server name of the ClientHello, in lower case; empty without one.
    pub(crate) server_name: Vec<u8>,
    /// The SHA-256 of the certificate that was shown, where the session may go on for its other names too.
    pub(crate) certificate: Option<[u8; 32]>,
    /// [`crate::config::server::ServerConfig::session_binding`].
    pub(crate) binding: [u8; 32],
    /// When the verdict on the client's certificate ends.
    pub(crate) not_after: Option<UnixTime>,
    /// On which terms early data may come with it, if at all.
    pub(crate) early_data: Option<EarlyTerms>,
    /// The client's certificates, if it showed any.
    pub(crate) chain: Vec<Vec<u8>>,
}

/// What early data is bound to, beside the session (RFC 9846 section 4.3.10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EarlyTerms {
    /// Who knows whether it was taken before.
    pub(crate) guard: GuardId,
    /// What the client adds to the ticket's age.
    pub(crate) age_add: u32,
    /// How many bytes may come.
    pub(crate) max: u32,
    /// The application protocol, if one was agreed.
    pub(crate) application_protocol: Option<Vec<u8>>,
}

impl TicketContent {
    /// Whether the session may still go on at this time. A clock that went back makes it too young: then it may not either.
    pub(crate) fn is_good_at(&self, now: UnixTime) -> bool {
        let age = now.0.saturating_sub(self.issued.0);
        let in_time = (0..i64::from(TICKET_LIFETIME)).contains(&age);
        let verdict_holds = self.not_after.is_none_or(|end| now.0 <= end.0);
        let is_fresh = now.0.saturating_sub(self.authenticated.0) < MAX_SESSION_AGE;
        in_time && is_fresh && verdict_holds
    }

    pub(super) fn encode(&self) -> Result<Zeroizing<Vec<u8>>, TooLong> {
        // Room enough that the vector, which holds the secret, does not move while it grows; the tag is appended to it too.
        let chain: usize = self.chain.iter().map(|der| der.len().saturating_add(3)).sum();
        let mut w = Writer::new("ticket");
        w.reserve(chain.saturating_add(self.server_name.len()).saturating_add(512));
        w.u8(LAYOUT);
        w.u16(self.cipher_suite.0);
        w.bytes(&self.issued.0.to_be_bytes());
        w.bytes(&self.authenticated.0.to_be_bytes());
        w.opaque8("secret", self.secret.as_ref())?;
        w.u8(u8::from(self.extended_main_secret));
        w.opaque16("server_name", &self.server_name)?;
        w.u8(u8::from(self.certificate.is_some()));
        w.bytes(self.certificate.as_ref().map_or(&[], <[u8; 32]>::as_slice));
        w.bytes(&self.binding);
        w.bytes(&self.not_after.map_or(i64::MAX, |end| end.0).to_be_bytes());
        w.u8(u8::from(self.early_data.is_some()));
        if let Some(terms) = &self.early_data {
            w.bytes(&terms.guard);
            w.u32(terms.age_add);
            w.u32(terms.max);
            // No protocol has an empty name.
            w.opaque8(
                "application_protocol",
                terms.application_protocol.as_deref().unwrap_or_default(),
            )?;
        }
        for der in &self.chain {
            w.opaque24("certificate", der)?;
        }
        Ok(Zeroizing::new(w.into_bytes()))
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut r = Reader::new("ticket", bytes);
        let layout = r.u8("layout")?;
        let cipher_suite = CipherSuite(r.u16("cipher_suite")?);
        let issued = UnixTime(i64::from_be_bytes(*r.array::<8>("issued")?));
        let authenticated = UnixTime(i64::from_be_bytes(*r.array::<8>("authenticated")?));
        let secret = r.vec8("secret", 32..=48)?;
        let secret = Secret::filled(secret.len(), |out| {
            out.copy_from_slice(secret);
            Ok::<_, Malformed>(())
        })?;
        let extended_main_secret = r.u8("extended_main_secret")? != 0;
        let server_name = r.vec16("server_name", 0..=0xffff)?.to_vec();
        let certificate = match r.u8("certificate")? {
            0 => None,
            _ => Some(*r.array::<32>("certificate")?),
        };
        let binding = *r.array::<32>("binding")?;
        let not_after = i64::from_be_bytes(*r.array::<8>("not_after")?);
        let early_data = match r.u8("early_data")? {
            0 => None,
            _ => Some(EarlyTerms {
                guard: *r.array::<16>("guard")?,
                age_add: r.u32("age_add")?,
                max: r.u32("max")?,
                application_protocol: match r.vec8("application_protocol", 0..=255)? {
                    [] => None,
                    name => Some(name.to_vec()),
                },
            }),
        };
        let mut chain = Vec::new();
        while !r.is_empty() {
            chain.push(r.vec24("certificate", 1..=0xff_ffff)?.to_vec());
        }
        if layout != LAYOUT {
            return Err(r.fault("layout", Problem::Value(u32::from(layout))));
        }
        Ok(Self {
            cipher_suite,
            issued,
            authenticated,
            secret,
            extended_main_secret,
            server_name,
            certificate,
            binding,
            not_after: (not_after != i64::MAX).then_some(UnixTime(not_after)),
            early_data,
            chain,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::ticket_keys::Tickets;
    use super::*;
    use crate::crypto::CryptoFailed;

    /// RFC 9846 section 4.7.1: tickets that come of tickets do not go on for ever.
    #[test]
    fn a_fresh_ticket_of_an_old_session_does_not_open() {
        let now = UnixTime(MAX_SESSION_AGE * 2);
        let tickets = Tickets::new(now).unwrap();
        for (age, opens) in [(0, true), (MAX_SESSION_AGE - 1, true), (MAX_SESSION_AGE, false)] {
            let content = TicketContent {
                cipher_suite: CipherSuite::TLS_AES_128_GCM_SHA256,
                issued: now,
                authenticated: UnixTime(now.0 - age),
                secret: Secret::filled(32, |_| Ok::<_, CryptoFailed>(())).unwrap(),
                extended_main_secret: true,
                server_name: Vec::new(),
                certificate: None,
                binding: [0; 32],
                not_after: None,
                early_data: None,
                chain: Vec::new(),
            };
            let ticket = tickets.seal(&content, now).unwrap().unwrap();
            assert_eq!(tickets.open(&ticket, now).is_some(), opens, "{age}");
        }
    }

    #[test]
    fn a_ticket_keeps_its_terms() {
        let now = UnixTime(5);
        let tickets = Tickets::new(now).unwrap();
        let terms = EarlyTerms {
            guard: [7; 16],
            age_add: 0x0102_0304,
            max: 1000,
            application_protocol: None,
        };
        let with_protocol = EarlyTerms {
            application_protocol: Some(b"h2".to_vec()),
            ..terms.clone()
        };
        for terms in [None, Some(terms), Some(with_protocol)] {
            let content = TicketContent {
                cipher_suite: CipherSuite::TLS_AES_128_GCM_SHA256,
                issued: now,
                authenticated: now,
                secret: Secret::filled(32, |_| Ok::<_, CryptoFailed>(())).unwrap(),
                extended_main_secret: true,
                server_name: b"name".to_vec(),
                certificate: terms.as_ref().map(|_| [2; 32]),
                binding: [1; 32],
                not_after: None,
                early_data: terms.clone(),
                chain: vec![b"certificate".to_vec()],
            };
            let ticket = tickets.seal(&content, now).unwrap().unwrap();
            let opened = tickets.open(&ticket, now).unwrap();
            assert_eq!(opened.certificate, content.certificate);
            assert_eq!((opened.early_data, opened.chain), (terms, content.chain));
        }
    }
}
