//! Whether the certificates of a path are revoked: by lists (RFC 5280 section 6.3), and by responses of OCSP (RFC 6960 section 3.2).

mod lists;
mod responses;
mod why;

use super::budget::Exhausted;
use super::build::{IssuingAnchor, Search};
use super::check::Sink;
use crate::UnixTime;
use crate::certificate::Certificate;
use crate::name::DistinguishedName;
use crate::report::Check;
use crate::revocation::RevocationReason;
use crate::signature::KeptKey;
use std::ops::ControlFlow;
use why::Why;

pub(super) use lists::Lists;

/// The path that a certificate stands on.
#[derive(Clone, Copy)]
struct Standing<'s, 'a> {
    path: &'s [usize],
    anchor: &'s IssuingAnchor<'a>,
    /// The certificate's place on it.
    at: usize,
}

/// What is known about a certificate.
enum Status<'l> {
    /// Not revoked, as is known until then.
    Good {
        until: UnixTime,
        /// What is wrong with the form of a list that was used all the same.
        flaw: Option<&'static str>,
    },
    Revoked(Revoked<'l>),
    Unknown(Why<'l>),
}

struct Revoked<'l> {
    since: UnixTime,
    reason: Option<RevocationReason>,
    by: Source<'l>,
}

/// Who says so.
enum Source<'l> {
    /// A list of this issuer and time.
    List(DistinguishedName<'l>, UnixTime),
    /// A response that was signed then.
    Response(UnixTime),
}

impl Status<'_> {
    /// What follows from two that are told: whatever says that a certificate is revoked counts.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (revoked @ Self::Revoked(_), _) | (_, revoked @ Self::Revoked(_)) => revoked,
            (Self::Good { until, flaw }, Self::Good { until: later, .. }) if later <= until => {
                Self::Good { until, flaw }
            }
            (_, good @ Self::Good { .. }) | (good @ Self::Good { .. }, _) => good,
            (Self::Unknown(one), Self::Unknown(other)) if other.rank() < one.rank() => Self::Unknown(one),
            (_, unknown) => unknown,
        }
    }
}

impl<'a, 'q> Search<'a, 'q> {
    /// Looks up each certificate of the path, which ends before the anchor; beside what follows, until when it is known.
    pub(super) fn revocation(
        &mut self,
        path: &[usize],
        anchor: &IssuingAnchor<'a>,
        sink: &mut impl Sink,
    ) -> Result<(ControlFlow<()>, UnixTime), Exhausted> {
        let mut known_until = UnixTime(i64::MAX);
        for (at, place) in path.iter().enumerate() {
            sink.about(at);
            let Some(candidate) = self.candidates.get(*place) else {
                continue;
            };
            let certificate = candidate.certificate.clone();
            let standing = Standing { path, anchor, at };
            // What is stapled is about the peer's own certificate.
            let stapled = match at {
                0 => self.stapled(&certificate, standing)?,
                _ => None,
            };
            if let Some(status) = &stapled
                && stapling(status, &certificate, sink).is_break()
            {
                return Ok((ControlFlow::Break(()), known_until));
            }
            let mut status = stapled.unwrap_or(Status::Unknown(Why::Nothing));
            for response in self.question.revocation.into_iter().flat_map(|known| &known.responses) {
                status = status.and(self.by_response(response, &certificate, standing)?);
            }
            status = status.and(self.by_lists(Some(*place), &certificate, standing)?);
            let flow = match status {
                Status::Good { until, flaw } => {
                    known_until = known_until.min(until);
                    good(flaw, sink)
                }
                Status::Revoked(revoked) => told_revoked(&revoked, sink),
                Status::Unknown(why) => sink.note(Check::RevocationStatus, false, || why.to_string()),
            };
            if flow.is_break() {
                return Ok((flow, known_until));
            }
        }
        Ok((ControlFlow::Continue(()), known_until))
    }

    /// What the peer's own response says of its certificate, where it was asked for one.
    fn stapled(
        &mut self,
        certificate: &Certificate<'_>,
        standing: Standing<'_, 'a>,
    ) -> Result<Option<Status<'q>>, Exhausted> {
        let stapled = self.question.revocation.and_then(|known| known.stapled.as_ref());
        Ok(match stapled {
            None => None,
            Some(None) => Some(Status::Unknown(Why::NotStapled)),
            Some(Some(Err(malformed))) => Some(Status::Unknown(Why::Response(*malformed))),
            Some(Some(Ok(response))) => Some(self.by_response(response, certificate, standing)?),
        })
    }

    /// Who issued the certificate, with its key as the library reads it where that is kept.
    fn issuer(&self, standing: Standing<'_, 'a>) -> (Certificate<'a>, Option<&'a KeptKey>) {
        let above = standing.path.get(standing.at.saturating_add(1));
        match above.and_then(|place| self.candidates.get(*place)) {
            Some(issuer) => (issuer.certificate.clone(), None),
            None => (standing.anchor.certificate.clone(), Some(standing.anchor.anchor.key())),
        }
    }
}

/// Whether a peer that was asked for a response has one where its certificate promises it, and one that can be used.
fn stapling(status: &Status<'_>, certificate: &Certificate<'_>, sink: &mut impl Sink) -> ControlFlow<()> {
    if let Status::Unknown(why) = status
        && !matches!(why, Why::NotStapled)
    {
        sink.note(Check::StapledResponse, false, || why.to_string())?;
    }
    let promised = sink.read(certificate.must_staple())?.unwrap_or_default();
    if promised {
        let told = !matches!(status, Status::Unknown(_));
        sink.note(Check::MustStaple, told, || match status {
            Status::Unknown(why) => why.to_string(),
            _ => String::new(),
        })?;
    }
    ControlFlow::Continue(())
}

fn good(flaw: Option<&'static str>, sink: &mut impl Sink) -> ControlFlow<()> {
    sink.note(Check::RevocationStatus, true, String::new)?;
    sink.note(Check::RevocationListForm, flaw.is_none(), || {
        flaw.unwrap_or_default().to_owned()
    })?;
    sink.note(Check::Revoked, true, String::new)
}

fn told_revoked(revoked: &Revoked<'_>, sink: &mut impl Sink) -> ControlFlow<()> {
    sink.note(Check::RevocationStatus, true, String::new)?;
    sink.note(Check::Revoked, false, || {
        let reason = revoked
            .reason
            .map(|reason| format!(", reason {reason}"))
            .unwrap_or_default();
        let by = match &revoked.by {
            Source::List(issuer, time) => format!("the list of {issuer} of {time}"),
            Source::Response(time) => format!("a response of OCSP of {time}"),
        };
        format!("on {}{reason}, by {by}", revoked.since)
    })
}
