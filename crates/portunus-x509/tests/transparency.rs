//! Timestamps of logs: which count, and how many are wanted (RFC 6962).

mod authority;

use authority::der::element;
use authority::{Authority, NOW, leaf_params, trusting};
use aws_lc_rs::digest;
use portunus_x509::{CertificateLog, Check, Outcome, Policy, Purpose, Question, Transparency, UnixTime, VerifiedPath};
use rcgen::{CertificateParams, CustomExtension, KeyPair, PublicKeyData, SerialNumber, SigningKey, date_time_ymd};

const HOST: &str = "www.example.com";
const SCT_LIST: &[u64] = &[1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];
/// 2026-01-01T00:00:00Z.
const LOGGED: u64 = 1_767_225_600_000;

struct Log {
    key: KeyPair,
    operator: &'static str,
}

/// What a timestamp is about.
#[derive(Clone, Copy)]
enum Entry<'a> {
    Certificate(&'a [u8]),
    /// Of this issuer, by the certificate without timestamps.
    Precertificate(&'a Authority, &'a [u8]),
}

impl Log {
    fn of(operator: &'static str) -> Self {
        let key = KeyPair::generate().expect("a key");
        Self { key, operator }
    }

    fn known(&self) -> CertificateLog {
        CertificateLog::new(&self.key.subject_public_key_info(), self.operator).expect("a log")
    }

    fn timestamp(&self, entry: Entry<'_>, at: u64) -> Vec<u8> {
        let length = |part: &[u8]| u32::try_from(part.len()).expect("short").to_be_bytes();
        let entry = match entry {
            Entry::Certificate(der) => [&[0, 0], &length(der)[1..], der].concat(),
            Entry::Precertificate(issuer, der) => {
                let issuer = digest::digest(&digest::SHA256, &issuer.key.subject_public_key_info());
                let tbs = tbs(der);
                [&[0, 1], issuer.as_ref(), &length(tbs)[1..], tbs].concat()
            }
        };
        let signed = [&[0, 0], &at.to_be_bytes()[..], &entry, &[0, 0]].concat();
        let signature = self.key.sign(&signed).expect("a signature");
        let known = self.known();
        [
            &[0],
            known.id().as_slice(),
            &at.to_be_bytes(),
            &[0, 0, 4, 3],
            &length(&signature)[2..],
            &signature,
        ]
        .concat()
    }
}

/// The first element of a certificate, whose own length takes two octets.
fn tbs(der: &[u8]) -> &[u8] {
    let length = usize::from(u16::from_be_bytes([der[6], der[7]]));
    &der[4..8 + length]
}

fn list(timestamps: &[Vec<u8>]) -> Vec<u8> {
    let vector = |bytes: &[u8]| [&u16::try_from(bytes.len()).expect("short").to_be_bytes(), bytes].concat();
    let all: Vec<_> = timestamps.iter().flat_map(|timestamp| vector(timestamp)).collect();
    vector(&all)
}

/// A leaf that was logged before it was issued; 90 days unless a test says otherwise.
fn logged(root: &Authority, logs: &[&Log], change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
    let key = KeyPair::generate().expect("a key");
    let mut params = leaf_params(&[HOST]);
    params.serial_number = Some(SerialNumber::from(77_u64));
    params.not_before = date_time_ymd(2025, 12, 1);
    params.not_after = date_time_ymd(2026, 3, 1);
    change(&mut params);
    let before = root.sign(&params, &key);
    let timestamps: Vec<_> = logs
        .iter()
        .map(|log| log.timestamp(Entry::Precertificate(root, &before), LOGGED))
        .collect();
    let extension = CustomExtension::from_oid_content(SCT_LIST, element(4, &list(&timestamps)));
    params.custom_extensions.push(extension);
    root.sign(&params, &key)
}

fn ask(leaf: &[u8], root: &Authority, asked: &Transparency<'_>) -> Result<VerifiedPath, String> {
    Question::new(Purpose::TlsServer, NOW, &Policy::rfc5280())
        .transparency(asked)
        .verify(&[leaf], &trusting(&[&root.der]))
        .map_err(|refusal| {
            assert_eq!(refusal.code(), "X509-NOT-LOGGED");
            refusal.cause().value.clone()
        })
}

fn logs(logs: &[&Log]) -> Transparency<'static> {
    Transparency::new(logs.iter().map(|log| log.known()))
}

#[test]
fn a_certificate_that_two_logs_of_two_operators_know_is_accepted() {
    let root = Authority::root("Root");
    let (one, two) = (Log::of("One"), Log::of("Two"));
    let leaf = logged(&root, &[&one, &two], |_| {});
    let path = ask(&leaf, &root, &logs(&[&one, &two])).expect("accepted");
    let told = path
        .checks()
        .into_iter()
        .find(|finding| finding.check == Check::Transparency);
    assert_eq!(told.map(|finding| finding.outcome), Some(Outcome::Passed));
    // Who does not ask is not told.
    assert!(authority::check(&[&leaf], &[&root.der], HOST, &Policy::rfc5280()).is_ok());
}

#[test]
fn too_few_logs_or_operators_are_refused() {
    let root = Authority::root("Root");
    let (one, two, other) = (Log::of("One"), Log::of("Two"), Log::of("One"));
    let few = |timestamped: &[&Log], known: &[&Log]| {
        let leaf = logged(&root, timestamped, |_| {});
        ask(&leaf, &root, &logs(known)).expect_err("refused")
    };
    let all: &[&Log] = &[&one, &two, &other];
    let said = |logs: usize, operators: usize| {
        format!("timestamps of {logs} known logs of {operators} operators, and wanted are 2 of 2")
    };
    assert_eq!(few(&[], all), said(0, 0));
    assert_eq!(few(&[&one], all), said(1, 1));
    assert_eq!(few(&[&one, &one], all), said(1, 1), "one log twice");
    assert_eq!(few(&[&one, &other], all), said(2, 1), "one operator");
    assert_eq!(few(&[&one, &two], &[&one]), said(1, 1), "an unknown log");
}

#[test]
fn a_long_life_needs_three() {
    let root = Authority::root("Root");
    let (one, two, three) = (Log::of("One"), Log::of("Two"), Log::of("Two"));
    let asked = logs(&[&one, &two, &three]);
    let long = |params: &mut CertificateParams| params.not_after = date_time_ymd(2026, 12, 1);
    assert!(ask(&logged(&root, &[&one, &two], long), &root, &asked).is_err());
    assert!(ask(&logged(&root, &[&one, &two, &three], long), &root, &asked).is_ok());
}

#[test]
fn a_timestamp_is_about_one_certificate_and_one_issuer() {
    let root = Authority::root("Root");
    let (one, two) = (Log::of("One"), Log::of("Two"));
    let leaf = root.leaf(&[HOST]);
    let asked = logs(&[&one, &two, &Log::of("Three")]);
    let with = |one: Vec<u8>, two: Vec<u8>| {
        let list = list(&[one, two]);
        ask(&leaf, &root, &asked.clone().with_stapled(Some(&list))).map(|_| ())
    };
    let of = |log: &Log, der: &[u8], at: u64| log.timestamp(Entry::Certificate(der), at);
    // The leaf lives for two years: three would be wanted, so that what is counted is told.
    let counted = |result: Result<(), String>| result.expect_err("refused").split(" known").next().map(str::to_owned);
    let two_count = Some("timestamps of 2".to_owned());
    let one_counts = Some("timestamps of 1".to_owned());
    assert_eq!(
        counted(with(of(&one, &leaf, LOGGED), of(&two, &leaf, LOGGED))),
        two_count
    );
    let another = root.leaf(&[HOST]);
    assert_eq!(
        counted(with(of(&one, &leaf, LOGGED), of(&two, &another, LOGGED))),
        one_counts
    );
    // Of the future.
    let later = LOGGED + 86_400_000;
    assert_eq!(
        counted(with(of(&one, &leaf, LOGGED), of(&two, &leaf, later))),
        one_counts
    );
    // About the precertificate, where the certificate is meant.
    let precertificate = two.timestamp(Entry::Precertificate(&root, &leaf), LOGGED);
    assert_eq!(counted(with(of(&one, &leaf, LOGGED), precertificate)), one_counts);
    // Mutilated.
    let mut cut = of(&two, &leaf, LOGGED);
    cut.pop();
    assert_eq!(counted(with(of(&one, &leaf, LOGGED), cut)), one_counts);
    let mut novel = of(&two, &leaf, LOGGED);
    novel[0] = 1;
    assert_eq!(counted(with(of(&one, &leaf, LOGGED), novel)), one_counts);
}

#[test]
fn a_retired_log_counts_for_what_it_saw_before() {
    let root = Authority::root("Root");
    let (one, two) = (Log::of("One"), Log::of("Two"));
    let leaf = logged(&root, &[&one, &two], |_| {});
    let seconds = i64::try_from(LOGGED / 1000).expect("in time");
    let asked = |at: i64| Transparency::new([one.known(), two.known().retired(UnixTime(at))]);
    assert!(ask(&leaf, &root, &asked(seconds + 1)).is_ok());
    assert!(ask(&leaf, &root, &asked(seconds)).is_err());
}

#[test]
fn timestamps_in_the_certificate_and_beside_it_count_together() {
    let root = Authority::root("Root");
    let (one, two) = (Log::of("One"), Log::of("Two"));
    let leaf = logged(&root, &[&one], |_| {});
    let stapled = list(&[two.timestamp(Entry::Certificate(&leaf), LOGGED)]);
    let asked = logs(&[&one, &two]);
    assert!(ask(&leaf, &root, &asked).is_err());
    assert!(ask(&leaf, &root, &asked.with_stapled(Some(&stapled))).is_ok());
}
