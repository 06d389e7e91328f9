//! Whom a client trusts, and by which rules each is judged.

use std::collections::HashSet;

use portunus_x509::pem::PemError;
use portunus_x509::{Anchors, Malformed, Policy, Purpose, Refusal, RefusalKind, Rejected, ServerName, UnixTime};
use portunus_x509::{VerifiedPath, verify};
use thiserror::Error;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

/// The authorities that a client trusts, in sets that are each judged by rules of their own: public ones by
/// [`Policy::web`], those of the user or of the machine's owner by [`Policy::private`].
#[derive(Clone, Debug)]
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
        Ok((Self { sets: vec![Set { anchors, policy: Policy::private() }] }, rejected))
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
            let _ = if mozilla.contains(root) { public.add_der(root) } else { owners.add_der(root) };
        }
        if public.is_empty() && owners.is_empty() {
            for root in TLS_SERVER_ROOT_CERTS {
                let _ = public.add_der(root);
            }
        }
        let owners = Set { anchors: owners, policy: Policy::private() };
        let public = Set { anchors: public, policy: Policy::web() };
        Self { sets: [owners, public].into_iter().filter(|set| !set.anchors.is_empty()).collect() }
    }

    /// Adds this machine's own authority, for the names that its name constraints permit.
    pub fn add_own_authority(&mut self, root: &[u8]) -> Result<(), TrustError> {
        let mut anchors = Anchors::new();
        anchors.add_der(root)?;
        for anchor in anchors.iter() {
            let constraints = anchor.certificate()?.name_constraints()?;
            if constraints.is_none_or(|constraints| constraints.permitted().is_none()) {
                return Err(TrustError::Unconstrained);
            }
        }
        self.sets.insert(0, Set { anchors, policy: Policy::private() });
        Ok(())
    }

    /// Whether a server of this name may show these certificates. The refusal is the one that came closest.
    pub(crate) fn judge(&self, chain: &[&[u8]], name: &ServerName, now: UnixTime) -> Result<VerifiedPath, Refusal> {
        let mut closest: Option<Refusal> = None;
        for set in &self.sets {
            match verify(chain, &set.anchors, Purpose::TlsServer, Some(name), now, &set.policy) {
                Ok(path) => return Ok(path),
                Err(refusal) => match &closest {
                    // A set that knows the issuer says more than one that does not.
                    Some(closer) if closer.kind() != RefusalKind::UnknownCa => {}
                    _ => closest = Some(refusal),
                },
            }
        }
        match closest {
            Some(refusal) => Err(refusal),
            None => verify(chain, &Anchors::new(), Purpose::TlsServer, Some(name), now, &Policy::web()),
        }
    }

    /// Every anchor and its rules, in one order: what the verdicts depend on.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (&Policy, impl Iterator<Item = &[u8]>)> {
        self.sets.iter().map(|set| (&set.policy, set.anchors.iter().map(|anchor| &**anchor.der())))
    }
}
