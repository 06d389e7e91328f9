//! Whether the end entity was logged (RFC 6962).

use super::budget::Exhausted;
use super::build::{IssuingAnchor, Search};
use super::check::Sink;
use crate::UnixTime;
use crate::certificate::Validity;
use crate::limits::MAX_TIMESTAMPS;
use crate::report::Check;
use crate::sct::{CertificateLog, Entry, timestamps};
use crate::signature::Known;
use aws_lc_rs::digest::{SHA256, digest};
use std::ops::ControlFlow;

impl<'a> Search<'a, '_> {
    /// Counts the end entity's timestamps, where somebody asked for them.
    pub(super) fn transparency(
        &mut self,
        path: &[usize],
        anchor: &IssuingAnchor<'a>,
        sink: &mut impl Sink,
    ) -> Result<ControlFlow<()>, Exhausted> {
        let end_entity = path.first().and_then(|place| self.candidates.get(*place));
        let (Some(asked), Some(end_entity)) = (self.question.transparency, end_entity) else {
            return Ok(ControlFlow::Continue(()));
        };
        sink.about(0);
        let certificate = end_entity.certificate.clone();
        let (issuer, _) = self.issuer(path, 0, anchor);
        let issuer = digest(&SHA256, issuer.subject_public_key_info().der);
        let (embedded, tbs) = match (certificate.timestamps(), certificate.before_timestamps()) {
            (Ok(embedded), Ok(tbs)) => (embedded, tbs),
            (Err(malformed), _) | (_, Err(malformed)) => {
                return Ok(sink.note(Check::Transparency, false, || malformed.to_string()));
            }
        };
        let before = Entry::Precertificate {
            issuer: issuer.as_ref(),
            tbs: &tbs,
        };
        let embedded = embedded.map(|list| (list, before));
        let stapled = asked.stapled.map(|list| (list, Entry::Certificate(certificate.der())));
        let mut counted: Vec<&CertificateLog> = Vec::new();
        let (time, memory) = (self.question.time, self.question.memory);
        for (list, entry) in embedded.into_iter().chain(stapled) {
            for timestamp in timestamps(list).take(MAX_TIMESTAMPS) {
                let log = asked.logs.iter().find(|log| log.id() == timestamp.log);
                let Some(log) = log.filter(|log| timestamp.at() <= time && !counted.contains(log)) else {
                    continue;
                };
                self.spent.verify_signature()?;
                if log.vouches(&timestamp, entry, Known { key: None, memory }) {
                    counted.push(log);
                }
            }
        }
        let wanted = wanted(certificate.validity());
        let operators = operators(&counted);
        let enough = counted.len() >= wanted && operators >= OPERATORS;
        Ok(sink.note(Check::Transparency, enough, || {
            format!(
                "timestamps of {} known logs of {operators} operators, and wanted are {wanted} of {OPERATORS}",
                counted.len()
            )
        }))
    }
}

/// How many operators have to be among the logs.
const OPERATORS: usize = 2;

/// Of how many logs: more for a certificate of long life, whose logs may be retired before it ends.
fn wanted(validity: Validity) -> usize {
    const DAYS_180: i64 = 180 * 86_400;
    let UnixTime(end) = validity.not_after;
    let UnixTime(start) = validity.not_before;
    if end.saturating_sub(start) <= DAYS_180 { 2 } else { 3 }
}

fn operators(logs: &[&CertificateLog]) -> usize {
    let mut operators: Vec<_> = logs.iter().map(|log| log.operator()).collect();
    operators.sort_unstable();
    operators.dedup();
    operators.len()
}
