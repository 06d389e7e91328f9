//! What responses of OCSP say of a certificate (RFC 6960 section 3.2).

use super::{Revoked, Source, Standing, Status, Why};
use crate::certificate::Certificate;
use crate::der::known;
use crate::extensions::KeyUsage;
use crate::path::Question;
use crate::path::budget::Exhausted;
use crate::path::build::Search;
use crate::path::check::{self, Verdict};
use crate::revocation::{BasicResponse, CertificateStatus, OcspResponse};
use crate::signature::Known;

impl<'a, 'q> Search<'a, 'q> {
    /// What one response says of a certificate.
    pub(super) fn by_response(
        &mut self,
        response: &'q OcspResponse<'q>,
        certificate: &Certificate<'_>,
        standing: Standing<'_, 'a>,
    ) -> Result<Status<'q>, Exhausted> {
        let time = self.question.time;
        let (issuer, kept_key) = self.issuer(standing);
        let Some(basic) = response.basic() else {
            return Ok(Status::Unknown(Why::Unsuccessful(response.status())));
        };
        let Some(single) = basic.find(
            &certificate.issuer(),
            issuer.subject_public_key_info(),
            certificate.serial(),
        ) else {
            return Ok(Status::Unknown(Why::OtherCertificate));
        };
        if let Some(oid) = basic.unknown_critical {
            return Ok(Status::Unknown(Why::CriticalOfResponse(oid)));
        }
        if !response.is_fresh() {
            return Ok(Status::Unknown(Why::Nonce));
        }
        // RFC 6960 section 3.2, steps 5 and 6. One without an end is newer than any other at its time, and tells nothing later.
        let from = single.this_update.max(basic.produced_at());
        let until = match single.next_update {
            _ if time < from => return Ok(Status::Unknown(Why::ResponseNotYet(from))),
            None => return Ok(Status::Unknown(Why::ResponseWithoutEnd)),
            Some(until) if until < time => return Ok(Status::Unknown(Why::OldResponse(until))),
            Some(until) => until,
        };
        if single.status == CertificateStatus::Unknown {
            // Nothing follows from it, whoever says it.
            return Ok(Status::Unknown(Why::NotKnown));
        }
        let memory = self.question.memory;
        let known = Known { key: kept_key, memory };
        let until = if is_responder(basic, &issuer) && self.is_response_signed(basic, &issuer, known)? {
            until
        } else {
            match self.delegate(basic, &issuer, known, standing)? {
                Ok(responder) => until.min(responder.validity().not_after),
                Err(why) => return Ok(Status::Unknown(why)),
            }
        };
        Ok(match single.status {
            CertificateStatus::Good => Status::Good { until, flaw: None },
            CertificateStatus::Unknown => Status::Unknown(Why::NotKnown),
            CertificateStatus::Revoked { since, reason } => Status::Revoked(Revoked {
                since,
                reason,
                by: Source::Response(basic.produced_at()),
            }),
        })
    }

    /// The responder whom the issuer itself has certified for that, and who signed the response (RFC 6960 section 4.2.2.2).
    fn delegate(
        &mut self,
        basic: &BasicResponse<'q>,
        issuer: &Certificate<'a>,
        known: Known<'_>,
        standing: Standing<'_, 'a>,
    ) -> Result<Result<Certificate<'q>, Why<'q>>, Exhausted> {
        let mut closest = Why::ResponseSignature;
        for der in basic.certificates() {
            self.spent.step()?;
            let Ok(responder) = Certificate::parse(der) else {
                continue;
            };
            if !is_responder(basic, &responder)
                || !responder.issuer().matches(&issuer.subject())
                || !may_respond(&responder, self.question)
            {
                continue;
            }
            self.spent.verify_signature()?;
            if !responder.is_signed_by_knowing(issuer.subject_public_key_info(), known) {
                continue;
            }
            let memory = known.memory;
            if !self.is_response_signed(basic, &responder, Known { key: None, memory })? {
                continue;
            }
            if has_no_check(&responder) {
                return Ok(Ok(responder));
            }
            match self.by_lists(None, &responder, standing)? {
                Status::Revoked(_) => closest = Why::ResponderRevoked,
                // Whoever wants every status known wants this one known.
                Status::Unknown(_) if self.question.is_hard() => closest = Why::ResponderUnknown,
                Status::Good { .. } | Status::Unknown(_) => return Ok(Ok(responder)),
            }
        }
        Ok(Err(closest))
    }

    fn is_response_signed(
        &mut self,
        basic: &BasicResponse<'_>,
        signer: &Certificate<'_>,
        known: Known<'_>,
    ) -> Result<bool, Exhausted> {
        self.spent.verify_signature()?;
        Ok(basic.is_signed_by(signer.subject_public_key_info(), known))
    }
}

fn is_responder(basic: &BasicResponse<'_>, certificate: &Certificate<'_>) -> bool {
    basic
        .responder
        .is(&certificate.subject(), certificate.subject_public_key_info())
}

/// Whether a certificate is one for a responder, its issuer aside.
fn may_respond(certificate: &Certificate<'_>, question: &Question<'_>) -> bool {
    let usage = certificate.extended_key_usage().ok().flatten();
    let signs = match certificate.key_usage() {
        Ok(usage) => usage.is_none_or(|usage| usage.allows(KeyUsage::DIGITAL_SIGNATURE)),
        Err(_) => false,
    };
    signs
        && usage.is_some_and(|usage| usage.lists(known::OCSP_SIGNING))
        && check::signs_about_revocation(certificate, question, &mut Verdict(question)).is_continue()
}

/// RFC 6960 section 4.2.2.2.1: its issuer vouches for it as long as it is valid.
fn has_no_check(certificate: &Certificate<'_>) -> bool {
    certificate
        .extensions()
        .iter()
        .any(|extension| extension.oid == known::OCSP_NO_CHECK)
}
