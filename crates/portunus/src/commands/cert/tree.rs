//! Who signed which: certificates drawn as trees, each beneath its issuer.

use portunus_x509::Certificate;

use super::facts;

/// Certificates that are drawn: names are compared with each other. The largest bundle of roots in use has some 150.
const MAX: usize = 500;

/// Signatures that are verified: where all certificates have one name, each might have signed each.
const MAX_SIGNATURES: usize = 2000;

/// For each certificate the first that signed it; `None` where no other did, or where too many would have to be asked.
pub(super) fn issuers(certificates: &[Certificate<'_>]) -> Vec<Option<usize>> {
    let mut left = MAX_SIGNATURES;
    let mut is_signed_by = |certificate: &Certificate<'_>, issuer: &Certificate<'_>| {
        left.checked_sub(1).is_some_and(|less| {
            left = less;
            certificate.is_signed_by(issuer.subject_public_key_info())
        })
    };
    let candidates = certificates.get(..MAX).unwrap_or(certificates);
    let mut issuer_of = |(at, certificate): (usize, &Certificate<'_>)| {
        if certificate.is_self_issued() && is_signed_by(certificate, certificate) {
            return None;
        }
        candidates.iter().enumerate().position(|(other, issuer)| {
            other != at
                && issuer.subject().matches(&certificate.issuer())
                && issuer.der() != certificate.der()
                && may_be_key_of(certificate, issuer)
                && is_signed_by(certificate, issuer)
        })
    };
    candidates.iter().enumerate().map(&mut issuer_of).collect()
}

fn vouches_for_itself(certificate: &Certificate<'_>) -> bool {
    certificate.is_self_issued() && certificate.is_signed_by(certificate.subject_public_key_info())
}

/// Whether the key identifiers of both, where they are there, are the same.
fn may_be_key_of(certificate: &Certificate<'_>, issuer: &Certificate<'_>) -> bool {
    let authority = certificate.authority_key_identifier().ok().flatten();
    let wanted = authority.and_then(|authority| authority.key_identifier);
    let own = issuer.subject_key_identifier().ok().flatten();
    wanted.zip(own).is_none_or(|(wanted, own)| wanted == own)
}

/// The trees, a line for each certificate, with the numbers that they have in the list.
pub(super) fn draw(certificates: &[Certificate<'_>]) -> Vec<String> {
    let issuers = issuers(certificates);
    let mut drawing = Drawing {
        certificates,
        issuers: &issuers,
        drawn: vec![false; issuers.len()],
        lines: Vec::new(),
    };
    for (at, issuer) in issuers.iter().enumerate() {
        if issuer.is_none() {
            drawing.tree(at);
        }
    }
    // What signs itself in a circle has no top: each circle is opened at the first of it.
    for at in 0..issuers.len() {
        if drawing.drawn.get(at) == Some(&false) {
            drawing.tree(at);
        }
    }
    if let Some(more @ 1..) = certificates.len().checked_sub(MAX) {
        drawing
            .lines
            .push(format!("and {more} more, which are too many to draw"));
    }
    drawing.lines
}

struct Drawing<'d> {
    certificates: &'d [Certificate<'d>],
    issuers: &'d [Option<usize>],
    drawn: Vec<bool>,
    lines: Vec<String>,
}

impl Drawing<'_> {
    fn tree(&mut self, top: usize) {
        let Some(certificate) = self.certificates.get(top) else {
            return;
        };
        if vouches_for_itself(certificate) {
            self.below(top, "", "", " signed by itself");
        } else if certificate.is_self_issued() {
            // Old roots are signed in ways that nobody verifies any more, nor needs to.
            self.below(top, "", "", " names itself as its issuer");
        } else {
            self.lines.push(format!("{} (not here)", facts::issuer(certificate)));
            self.below(top, "└─ ", "   ", "");
        }
    }

    /// The certificate behind `first`, and what it signed behind `then`.
    fn below(&mut self, at: usize, first: &str, then: &str, note: &str) {
        let (Some(certificate), Some(drawn)) = (self.certificates.get(at), self.drawn.get_mut(at)) else {
            return;
        };
        if std::mem::replace(drawn, true) {
            return;
        }
        self.lines.push(format!(
            "{first}{} [{}]{note}",
            facts::subject(certificate),
            at.saturating_add(1)
        ));
        let places = self.issuers.iter().enumerate();
        let signed: Vec<_> = places
            .filter(|(_, issuer)| **issuer == Some(at))
            .map(|(place, _)| place)
            .collect();
        for (index, place) in signed.iter().enumerate() {
            let last = index.saturating_add(1) == signed.len();
            let (branch, beside) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            self.below(*place, &format!("{then}{branch}"), &format!("{then}{beside}"), "");
        }
    }
}
