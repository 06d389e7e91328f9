//! Findings: what was checked, on which certificate, with which result; and refusals, which carry all of them.

pub use crate::checks::Check;
use crate::policy::Severity;
use std::fmt;
use std::sync::Arc;

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The certificate is as it should be.
    Passed,
    /// It is not, and this profile lets it pass.
    Warned,
    /// It is not, and the path is refused.
    Failed,
}

/// One check on one certificate of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which check.
    pub check: Check,
    /// Which certificate of the path, counted from the end entity (0).
    pub certificate: usize,
    /// What it came to.
    pub outcome: Outcome,
    /// What was found in the certificate, and what it was compared with; safe to show.
    pub value: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.outcome {
            Outcome::Passed => self.check.passes(),
            Outcome::Warned | Outcome::Failed => self.check.fails(),
        })?;
        if self.value.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", self.value)
        }
    }
}

/// What kind of refusal this is: TLS chooses the alert by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// Malformed, or with a signature that does not verify (bad_certificate).
    BadCertificate,
    /// A key, an algorithm or a purpose that does not do (unsupported_certificate).
    UnsupportedCertificate,
    /// Expired or not yet valid (certificate_expired).
    Expired,
    /// Taken back by its issuer (certificate_revoked).
    Revoked,
    /// No path to an anchor (unknown_ca).
    UnknownCa,
    /// Not for the name that was wanted (bad_certificate).
    NameMismatch,
    /// Anything else (certificate_unknown).
    Other,
}

/// What there is to say about a certificate in one line; all texts are safe to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The subject as RFC 4514 writes it, or what stands for it where there is none.
    pub subject: String,
    /// The issuer, likewise.
    pub issuer: String,
    /// The serial number in hexadecimal.
    pub serial: String,
    /// Whether the certificate is one of the anchors.
    pub is_anchor: bool,
    /// The certificate itself, readable or not.
    pub der: Arc<[u8]>,
}

/// A path that was tried, and what was found on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedPath {
    certificates: Vec<Summary>,
    findings: Vec<Finding>,
}

impl RefusedPath {
    pub(crate) fn new(certificates: Vec<Summary>, findings: Vec<Finding>) -> Self {
        Self { certificates, findings }
    }

    /// The certificates, from the end entity on.
    pub fn certificates(&self) -> &[Summary] {
        &self.certificates
    }

    /// All findings that failed or warned, in the order of the checks.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The first check that failed.
    pub fn first_failure(&self) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.outcome == Outcome::Failed)
    }

    /// Whether the path ends in an anchor.
    pub fn reaches_anchor(&self) -> bool {
        self.certificates.last().is_some_and(|last| last.is_anchor)
    }

    fn subject(&self, finding: &Finding) -> &str {
        self.certificates
            .get(finding.certificate)
            .map_or("(none)", |certificate| &certificate.subject)
    }
}

/// Why a chain was refused: every path that was tried, the one closest to success first, with what failed on it.
///
/// `Display` is one sentence for logs; [`explanation`](Self::explanation) is for people. What the peer chose is escaped
/// in both. Cloning is cheap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(Arc<Story>);

#[derive(Debug, PartialEq, Eq)]
struct Story {
    /// The first failed check of the path closest to success.
    cause: Finding,
    /// Whom `cause` is about.
    subject: String,
    /// What else helps, by sentence.
    hints: Vec<String>,
    paths: Vec<RefusedPath>,
}

impl std::error::Error for Refusal {}

impl Refusal {
    /// `paths` stand in the order in which they are to be told; `otherwise` is the cause where there is none.
    pub(crate) fn new(paths: Vec<RefusedPath>, hints: Vec<String>, otherwise: Finding) -> Self {
        let told = paths
            .first()
            .and_then(|path| path.first_failure().map(|finding| (path, finding)));
        let (subject, cause) = match told {
            Some((path, finding)) => (path.subject(finding).to_owned(), finding.clone()),
            None => ("(none)".to_owned(), otherwise),
        };
        Self(Arc::new(Story {
            cause,
            subject,
            hints,
            paths,
        }))
    }

    /// The check whose failure is the reason: the first one on the path that came closest to success.
    pub fn check(&self) -> Check {
        self.0.cause.check
    }

    /// That check, with the certificate and the value.
    pub fn cause(&self) -> &Finding {
        &self.0.cause
    }

    /// The subject of the certificate that the reason is about; safe to show.
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// A short string that stays the same for the same reason, such as `X509-EXPIRED`.
    pub fn code(&self) -> &'static str {
        self.0.cause.check.code()
    }

    /// What kind of refusal this is.
    pub fn kind(&self) -> RefusalKind {
        self.0.cause.check.kind()
    }

    /// Every path that was tried, the one closest to success first.
    pub fn paths(&self) -> &[RefusedPath] {
        &self.0.paths
    }

    /// The whole reason for people: what was found, where, by which rule, what to do, and the other paths that were
    /// tried. Several lines; the first is the most important.
    pub fn explanation(&self) -> String {
        let cause = &self.0.cause;
        let mut text = format!("The certificate of {} {cause}.\n", self.0.subject);
        for hint in &self.0.hints {
            text.push_str(hint);
            text.push('\n');
        }
        text.push_str(cause.check.advice());
        text.push('\n');
        text.push_str(&format!(
            "(field {}; {}; {}; causes and cures: {})\n",
            cause.check.field(),
            cause.check.rule(),
            cause.check.code(),
            cause.check.page()
        ));
        if let Some(path) = self.0.paths.first() {
            let others = path
                .findings
                .iter()
                .filter(|finding| *finding != cause && finding.outcome == Outcome::Failed);
            for other in others {
                text.push_str(&format!("Also, the certificate of {} {other}.\n", path.subject(other)));
            }
        }
        let told = self
            .0
            .paths
            .first()
            .map(|path| path.findings.as_slice())
            .unwrap_or_default();
        for path in self.0.paths.iter().skip(1) {
            let way: Vec<_> = path
                .certificates
                .iter()
                .map(|certificate| certificate.subject.as_str())
                .collect();
            text.push_str(&format!("Another way was tried, {}: ", way.join(" <- ")));
            // What stops this way as well as the first has been said.
            let own = path
                .findings
                .iter()
                .find(|f| f.outcome == Outcome::Failed && !told.contains(f));
            match own.or(path.first_failure()) {
                Some(failure) => text.push_str(&format!("the certificate of {} {failure}.\n", path.subject(failure))),
                None => text.push_str("it was not looked at to the end.\n"),
            }
        }
        text
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the certificate of {} {} ({})",
            self.0.subject,
            self.0.cause,
            self.code()
        )
    }
}

/// A row of the table of checks.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) code: &'static str,
    pub(crate) page: &'static str,
    pub(crate) kind: RefusalKind,
    pub(crate) field: &'static str,
    pub(crate) rule: &'static str,
    pub(crate) web: Severity,
    pub(crate) rfc5280: Severity,
    pub(crate) private: Severity,
    pub(crate) passes: &'static str,
    pub(crate) fails: &'static str,
    pub(crate) advice: &'static str,
}
