//! Verdicts on certificates, beside those of rustls-webpki in one run.
//!
//! Rounds are interleaved, and each ratio is the median of the rounds' ratios. Both know their anchors beforehand; what they
//! are given is DER.

use std::hint::black_box;
use std::time::Duration;

use portunus_x509::{
    Anchors, Certificate, Malformed, Policy, Purpose, ServerName, SignatureMemory, UnixTime, verify, verify_remembering,
};
use rcgen::{BasicConstraints, Issuer, KeyPair};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{self, CertificateDer};
use rustls::server::ParsedCertificate;

use crate::measure::{Bar, Row, median, microseconds, thread_time};
use crate::world::{Keys, NAME, authority, leaf_params, now};

/// Leaves that come in turn, more than the memory of signatures has room for: each is met anew, the intermediate again and again.
const LEAVES: usize = 64;
const REMEMBERED: usize = 16;
/// Rounds; odd, so that there is a middle one.
const ROUNDS: usize = 61;
/// Authorities of one name that did not sign each other.
const STRANGERS: usize = 90;

/// One chain of a leaf, an intermediate and a root, with other leaves of the same intermediate.
struct Chains {
    root: Vec<u8>,
    intermediates: Vec<Vec<u8>>,
    leaves: Vec<Vec<u8>>,
}

impl Chains {
    fn new(keys: Keys) -> Self {
        let (root_params, root_key) = authority(keys, "Bench Root", BasicConstraints::Unconstrained);
        let root = root_params.self_signed(&root_key).expect("a root");
        let root_issuer = Issuer::new(root_params, root_key);
        let (params, key) = authority(keys, "Bench Intermediate", BasicConstraints::Constrained(0));
        let intermediate = params.signed_by(&key, &root_issuer).expect("an intermediate");
        let issuer = Issuer::new(params, key);
        Self {
            root: root.der().to_vec(),
            intermediates: vec![intermediate.der().to_vec()],
            leaves: leaves(&issuer, LEAVES),
        }
    }

    /// As many authorities as one verdict may check signatures of: all have one name, and no signature is good.
    fn of_strangers() -> Self {
        let stranger = || authority(Keys::P256, "Bench Root", BasicConstraints::Unconstrained);
        let issued = || {
            let (params, key) = stranger();
            let (issuer_params, issuer_key) = stranger();
            let certificate = params.signed_by(&key, &Issuer::new(issuer_params, issuer_key));
            certificate.expect("an authority").der().to_vec()
        };
        let (params, key) = stranger();
        let (root_params, root_key) = stranger();
        Self {
            root: root_params.self_signed(&root_key).expect("a root").der().to_vec(),
            intermediates: (0..STRANGERS).map(|_| issued()).collect(),
            leaves: leaves(&Issuer::new(params, key), 1),
        }
    }
}

fn leaves(issuer: &Issuer<'_, KeyPair>, count: usize) -> Vec<Vec<u8>> {
    let key = KeyPair::generate().expect("a key");
    let leaf = |_| {
        let leaf = leaf_params().signed_by(&key, issuer).expect("a leaf");
        leaf.der().to_vec()
    };
    (0..count).map(leaf).collect()
}

/// Our verdicts on all leaves.
struct Ours {
    chains: Vec<Vec<Vec<u8>>>,
    anchors: Anchors,
    name: ServerName,
    time: UnixTime,
}

impl Ours {
    fn new(chains: &Chains) -> Self {
        let mut anchors = Anchors::new();
        anchors.add_der(&chains.root).expect("an anchor");
        let chain = |leaf: &Vec<u8>| [std::slice::from_ref(leaf), &chains.intermediates].concat();
        Self {
            chains: chains.leaves.iter().map(chain).collect(),
            anchors,
            name: ServerName::parse(NAME).expect("a name"),
            time: now(),
        }
    }

    /// How many are accepted.
    fn verdicts(&self, memory: Option<&SignatureMemory>) -> usize {
        let (name, policy) = (Some(&self.name), Policy::rfc5280());
        let verdict = |chain: &&Vec<Vec<u8>>| match memory {
            None => verify(chain, &self.anchors, Purpose::TlsServer, name, self.time, &policy).is_ok(),
            Some(memory) => {
                let anchors = &self.anchors;
                verify_remembering(chain, anchors, Purpose::TlsServer, name, self.time, &policy, memory).is_ok()
            }
        };
        self.chains.iter().filter(verdict).count()
    }
}

/// Those of rustls-webpki, as rustls asks it.
struct Theirs {
    leaves: Vec<CertificateDer<'static>>,
    intermediates: Vec<CertificateDer<'static>>,
    roots: rustls::RootCertStore,
    name: pki_types::ServerName<'static>,
    time: pki_types::UnixTime,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Theirs {
    fn new(chains: &Chains) -> Self {
        let der = |all: &[Vec<u8>]| all.iter().cloned().map(CertificateDer::from).collect();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(chains.root.clone().into()).expect("an anchor");
        let seconds = u64::try_from(now().0).expect("after 1970");
        Self {
            leaves: der(&chains.leaves),
            intermediates: der(&chains.intermediates),
            roots,
            name: NAME.try_into().expect("a name"),
            time: pki_types::UnixTime::since_unix_epoch(Duration::from_secs(seconds)),
            algorithms: rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms,
        }
    }

    fn verdicts(&self) -> usize {
        let verdict = |leaf: &&CertificateDer<'static>| {
            let Ok(leaf) = ParsedCertificate::try_from(*leaf) else {
                return false;
            };
            let (roots, algorithms) = (&self.roots, self.algorithms.all);
            verify_server_cert_signed_by_trust_anchor(&leaf, roots, &self.intermediates, self.time, algorithms).is_ok()
                && verify_server_name(&leaf, &self.name).is_ok()
        };
        self.leaves.iter().filter(verdict).count()
    }
}

/// Everything in a certificate that a verdict reads.
pub(crate) fn read(der: &[u8]) -> Result<usize, Malformed> {
    let certificate = Certificate::parse(der)?;
    black_box((
        certificate.validity(),
        certificate.authority_key_identifier()?,
        certificate.subject_key_identifier()?,
        certificate.basic_constraints()?,
        certificate.key_usage()?,
        certificate.name_constraints()?,
    ));
    let usages = certificate.extended_key_usage()?;
    Ok(certificate.subject_alt_names()?.count() + usages.map_or(0, |usages| usages.iter().count()))
}

/// A leaf's certificate.
pub(crate) fn a_leaf() -> Vec<u8> {
    Chains::new(Keys::P256).leaves.swap_remove(0)
}

/// What ours and theirs cost, in µs a verdict: the medians, and that of the rounds' ratios.
fn beside(ours: impl Fn() -> usize, theirs: impl Fn() -> usize, accepted: usize) -> [f64; 3] {
    let timed = |verdicts: &dyn Fn() -> usize| {
        let start = thread_time();
        assert_eq!(verdicts(), accepted, "verdicts that accept");
        (thread_time() - start).as_secs_f64() * 1e6
    };
    let round = || [timed(&ours), timed(&theirs)];
    round();
    let rounds: Vec<_> = (0..ROUNDS).map(|_| round()).collect();
    let per_verdict = |whose: usize| median(rounds.iter().map(|round| round[whose])) / accepted.max(1) as f64;
    let ratio = median(rounds.iter().map(|[ours, theirs]| ours / theirs));
    [per_verdict(0), per_verdict(1), ratio]
}

/// Reading; verdicts on chains of three certificates; the worst that a peer can send.
pub fn run() -> Vec<Row> {
    let leaf = a_leaf();
    let mut rows = vec![
        microseconds("read a certificate, all that a verdict reads", || read(&leaf)).held_to(Some(Bar::AtMost(3.0))),
    ];
    for (name, keys) in [("ECDSA P-256", Keys::P256), ("RSA-2048", Keys::Rsa2048)] {
        let chains = Chains::new(keys);
        let (ours, theirs) = (Ours::new(&chains), Theirs::new(&chains));
        let memory = SignatureMemory::new(REMEMBERED);
        for (how, memory, bar) in [("cold", None, 1.02), ("remembered intermediate", Some(&memory), 0.5)] {
            let [us, them, ratio] = beside(|| ours.verdicts(memory), || theirs.verdicts(), LEAVES);
            let what = format!("{name}, {how}");
            rows.push(Row::new(&*what, us, "µs"));
            rows.push(Row::new(format!("{what}: rustls-webpki, cold"), them, "µs"));
            rows.push(Row::new(format!("{what}: of rustls-webpki"), ratio, "").held_to(Some(Bar::AtMost(bar))));
        }
    }
    let strangers = Chains::of_strangers();
    let (ours, theirs) = (Ours::new(&strangers), Theirs::new(&strangers));
    let [us, them, _] = beside(|| ours.verdicts(None), || theirs.verdicts(), 0);
    let what = format!("{STRANGERS} authorities of one name, no good signature");
    rows.push(Row::new(&*what, us / 1000.0, "ms"));
    rows.push(Row::new(format!("{what}: rustls-webpki"), them / 1000.0, "ms"));
    rows
}
