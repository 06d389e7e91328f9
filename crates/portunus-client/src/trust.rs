//! Whom a client trusts, and by which rules each is judged.

use std::collections::HashSet;

use portunus_x509::pem::PemError;
use portunus_x509::{Anchors, Malformed, Policy, Purpose, Question, Refusal, RefusalKind, Rejected, Revocation};
use portunus_x509::{ServerName, SignatureMemory, UnixTime, VerifiedPath};
use thiserror::Error;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

/// The authorities that a client trusts, in sets that are each judged by rules of their own: public ones by
/// [`Policy::web`], those of the user or of the machine's owner by [`Policy::private`]. The default trusts nobody.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    sets: Vec<Set>,
}

#[derive(Clone, Debug)]
struct Set {
    anchors: Anchors,
    policy: Policy,
}

/// An authority that cannot be trusted as asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrustError {
    /// The bundle is not readable as PEM.
    #[error("{0}")]
    Bundle(#[from] PemError),
    /// The bundle has no certificate that could be used.
    #[error("it has no usable certificate")]
    Empty {
        /// What could not be used, by line.
        rejected: Vec<(usize, Rejected)>,
    },
    /// The certificate cannot be read.
    #[error("it cannot be read: {0}")]
    Malformed(#[from] Malformed),
    /// The own authority may certify any name, which ours never may.
    #[error("it has no name constraints, so that its key would open every site")]
    Unconstrained,
}

impl Trust {
    /// Those in this PEM bundle, and no others. Gives what in it could not be used, by line.
    pub fn only(bundle: &[u8]) -> Result<(Self, Vec<(usize, Rejected)>), TrustError> {
        let mut anchors = Anchors::new();
        let rejected = anchors.add_pem(bundle)?.rejected;
        if anchors.is_empty() {
            return Err(TrustError::Empty { rejected });
        }
        Ok((
            Self {
                sets: vec![Set {
                    anchors,
                    policy: Policy::private(),
                }],
            },
            rejected,
        ))
    }

    /// Those of the system, or Mozilla's list where the system has none.
    ///
    /// A root of the system's that is on Mozilla's list is public. Any other was put there by the machine's owner, and is
    /// judged as a private one: such authorities break the web's rules (825 days, no public name) and need not hold them.
    #[must_use]
    pub fn system() -> Self {
        let system = rustls_native_certs::load_native_certs().certs;
        Self::of_system(system.iter().map(AsRef::as_ref))
    }

    fn of_system<'a>(roots: impl Iterator<Item = &'a [u8]>) -> Self {
        let mozilla: HashSet<&[u8]> = TLS_SERVER_ROOT_CERTS.iter().map(AsRef::as_ref).collect();
        let mut public = Anchors::new();
        let mut owners = Anchors::new();
        for root in roots {
            // What cannot be read can verify nothing, and one bad root stops no other.
            let _ = if mozilla.contains(root) {
                public.add_der(root)
            } else {
                owners.add_der(root)
            };
        }
        if public.is_empty() && owners.is_empty() {
            for root in TLS_SERVER_ROOT_CERTS {
                let _ = public.add_der(root);
            }
        }
        let owners = Set {
            anchors: owners,
            policy: Policy::private(),
        };
        let public = Set {
            anchors: public,
            policy: Policy::web(),
        };
        Self {
            sets: [owners, public]
                .into_iter()
                .filter(|set| !set.anchors.is_empty())
                .collect(),
        }
    }

    /// The same authorities, all judged by these rules.
    #[must_use]
    pub fn judged_by(mut self, policy: &Policy) -> Self {
        for set in &mut self.sets {
            set.policy = policy.clone();
        }
        self
    }

    /// Adds this machine's own authority, for the names that its name constraints permit.
    pub fn add_own_authority(&mut self, root: &[u8]) -> Result<(), TrustError> {
        let mut anchors = Anchors::new();
        anchors.add_der(root)?;
        for anchor in anchors.iter() {
            let constraints = anchor.certificate().name_constraints()?;
            if constraints.is_none_or(|constraints| constraints.permitted().is_empty()) {
                return Err(TrustError::Unconstrained);
            }
        }
        self.sets.insert(
            0,
            Set {
                anchors,
                policy: Policy::private(),
            },
        );
        Ok(())
    }

    /// Whether a server of this name (of any, where none is given) may show these certificates. Nothing is fetched: whether one was
    /// revoked is asked where somebody says what is known about it. The refusal is the one that came closest.
    pub fn judge(
        &self,
        chain: &[&[u8]],
        name: Option<&ServerName>,
        now: UnixTime,
        revocation: Option<&Revocation<'_>>,
        memory: &SignatureMemory,
    ) -> Result<VerifiedPath, Refusal> {
        let by = |anchors: &Anchors, policy: &Policy| {
            let mut question = Question::new(Purpose::TlsServer, now, policy).remembering(memory);
            if let Some(name) = name {
                question = question.name(name);
            }
            if let Some(revocation) = revocation {
                question = question.revocation(revocation);
            }
            question.verify(chain, anchors)
        };
        let mut closest: Option<Refusal> = None;
        for set in &self.sets {
            match by(&set.anchors, &set.policy) {
                Ok(path) => return Ok(path),
                // Another set knows no better.
                Err(refusal) if refusal.kind() == RefusalKind::Revoked => return Err(refusal),
                Err(refusal) => match &closest {
                    // A set that knows the issuer says more than one that does not.
                    Some(closer) if closer.kind() != RefusalKind::UnknownCa => {}
                    _ => closest = Some(refusal),
                },
            }
        }
        match closest {
            Some(refusal) => Err(refusal),
            None => by(&Anchors::new(), &Policy::web()),
        }
    }

    /// Every set's rules and anchors, in one order: what the verdicts depend on.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (&Policy, impl Iterator<Item = &[u8]>)> {
        self.sets
            .iter()
            .map(|set| (&set.policy, set.anchors.iter().map(|anchor| &**anchor.der())))
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose};
    use rcgen::{ExtendedKeyUsagePurpose, NameConstraints};

    use super::*;

    /// 2026-06-01.
    const NOW: UnixTime = UnixTime(1_780_272_000);

    struct Authority {
        root: Vec<u8>,
        issuer: Issuer<'static, KeyPair>,
    }

    fn authority(permitted: &[&str]) -> Authority {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, format!("authority for {permitted:?}"));
        if !permitted.is_empty() {
            let permitted_subtrees = permitted
                .iter()
                .map(|name| GeneralSubtree::DnsName((*name).to_owned()))
                .collect();
            params.name_constraints = Some(NameConstraints {
                permitted_subtrees,
                excluded_subtrees: Vec::new(),
            });
        }
        let root = params.self_signed(&key).unwrap().der().to_vec();
        Authority {
            root,
            issuer: Issuer::new(params, key),
        }
    }

    impl Authority {
        fn leaf(&self, name: &str, not_after: (i32, u8, u8)) -> Vec<u8> {
            self.leaf_with(name, not_after, |_| {})
        }

        fn leaf_with(
            &self,
            name: &str,
            not_after: (i32, u8, u8),
            change: impl FnOnce(&mut CertificateParams),
        ) -> Vec<u8> {
            let mut params = CertificateParams::new([name.to_owned()]).unwrap();
            params.not_before = rcgen::date_time_ymd(2026, 5, 1);
            params.not_after = rcgen::date_time_ymd(not_after.0, not_after.1, not_after.2);
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.use_authority_key_identifier_extension = true;
            change(&mut params);
            params
                .signed_by(&KeyPair::generate().unwrap(), &self.issuer)
                .unwrap()
                .der()
                .to_vec()
        }

        fn pem(&self) -> String {
            format!(
                "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
                base64(&self.root)
            )
        }
    }

    fn base64(bytes: &[u8]) -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(bytes)
    }

    const SUMMER: (i32, u8, u8) = (2026, 7, 1);

    fn judge(trust: &Trust, leaf: &[u8], name: &str) -> Result<VerifiedPath, Refusal> {
        judge_stapled(trust, leaf, None, name)
    }

    fn judge_stapled(trust: &Trust, leaf: &[u8], stapled: Option<&[u8]>, name: &str) -> Result<VerifiedPath, Refusal> {
        let name = ServerName::parse(name).unwrap();
        let revocation = Revocation::stapled(stapled);
        trust.judge(&[leaf], Some(&name), NOW, Some(&revocation), &SignatureMemory::new(16))
    }

    #[test]
    fn a_promise_to_staple_is_held_and_what_is_stapled_in_vain_is_told() {
        let own = authority(&["test"]);
        let mut trust = Trust::default();
        trust.add_own_authority(&own.root).unwrap();
        let plain = own.leaf("app.test", SUMMER);
        assert!(judge(&trust, &plain, "app.test").unwrap().findings().is_empty());
        let path = judge_stapled(&trust, &plain, Some(b"nonsense"), "app.test").unwrap();
        let told: Vec<_> = path.findings().iter().map(|finding| finding.check.code()).collect();
        assert_eq!(told, ["X509-STAPLED"]);
        let promising = own.leaf_with("app.test", SUMMER, |params| {
            // tlsFeature: status_request (RFC 7633).
            let feature = &[1, 3, 6, 1, 5, 5, 7, 1, 24];
            let feature = rcgen::CustomExtension::from_oid_content(feature, vec![0x30, 3, 2, 1, 5]);
            params.custom_extensions.push(feature);
        });
        for stapled in [None, Some(&b"nonsense"[..])] {
            let refusal = judge_stapled(&trust, &promising, stapled, "app.test").unwrap_err();
            assert_eq!(refusal.code(), "X509-MUST-STAPLE");
        }
    }

    #[test]
    fn the_own_authority_counts_for_its_names_alone() {
        let own = authority(&["test"]);
        let mut trust = Trust::of_system(std::iter::empty());
        trust.add_own_authority(&own.root).unwrap();
        judge(&trust, &own.leaf("app.test", SUMMER), "app.test").unwrap();
        assert!(judge(&trust, &own.leaf("bank.example", SUMMER), "bank.example").is_err());
        assert!(judge(&trust, &own.leaf("app.test", SUMMER), "other.test").is_err());
    }

    #[test]
    fn an_own_authority_for_every_name_is_not_trusted() {
        let mut trust = Trust::of_system(std::iter::empty());
        let open = authority(&[]);
        assert!(matches!(
            trust.add_own_authority(&open.root),
            Err(TrustError::Unconstrained)
        ));
        assert!(judge(&trust, &open.leaf("app.test", SUMMER), "app.test").is_err());
    }

    #[test]
    fn a_bundle_replaces_all_others_and_its_bad_ones_are_named() {
        let (listed, other) = (authority(&[]), authority(&["test"]));
        let broken = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
        let (trust, rejected) = Trust::only(format!("{broken}{}", listed.pem()).as_bytes()).unwrap();
        assert_eq!(rejected.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1]);
        judge(&trust, &listed.leaf("app.test", SUMMER), "app.test").unwrap();
        let refusal = judge(&trust, &other.leaf("app.test", SUMMER), "app.test").unwrap_err();
        assert_eq!(refusal.kind(), RefusalKind::UnknownCa);
        assert!(Trust::only(b"").is_err());
        assert!(matches!(Trust::only(broken.as_bytes()), Err(TrustError::Empty { .. })));
    }

    #[test]
    fn mozillas_list_stands_in_and_every_root_on_it_is_read() {
        let trust = Trust::of_system(std::iter::empty());
        let counts: Vec<_> = trust
            .sets
            .iter()
            .map(|set| (set.policy.clone(), set.anchors.len()))
            .collect();
        assert_eq!(counts, [(Policy::web(), TLS_SERVER_ROOT_CERTS.len())]);
    }

    #[test]
    fn a_root_of_the_machines_owner_is_judged_as_a_private_one() {
        let owners = authority(&[]);
        let roots = [owners.root.as_slice(), TLS_SERVER_ROOT_CERTS[0].as_ref()];
        let trust = Trust::of_system(roots.into_iter());
        let policies: Vec<_> = trust.sets.iter().map(|set| set.policy.clone()).collect();
        assert_eq!(policies, [Policy::private(), Policy::web()]);
        judge(&trust, &owners.leaf("app.test", SUMMER), "app.test").unwrap();
    }

    #[test]
    fn all_can_be_judged_by_the_same_rules() {
        let own = authority(&["test"]);
        let mut trust = Trust::default();
        trust.add_own_authority(&own.root).unwrap();
        let plain = own.leaf_with("app.test", SUMMER, |params| {
            params.use_authority_key_identifier_extension = false
        });
        judge(&trust, &plain, "app.test").unwrap();
        let strict = trust.judged_by(&Policy::rfc5280());
        assert_eq!(judge(&strict, &plain, "app.test").unwrap_err().code(), "X509-NO-AKI");
    }

    #[test]
    fn the_closest_refusal_is_told() {
        let own = authority(&["test"]);
        let mut trust = Trust::of_system(std::iter::empty());
        trust.add_own_authority(&own.root).unwrap();
        let refusal = judge(&trust, &own.leaf("app.test", (2026, 5, 20)), "app.test").unwrap_err();
        assert_eq!(refusal.kind(), RefusalKind::Expired);
    }
}
