//! Why a status is unknown.

use crate::UnixTime;
use crate::der::{Malformed, Oid};
use crate::revocation::OcspResponseStatus;
use std::fmt;

/// Why a status is unknown, or why a list or a response tells nothing.
#[derive(Debug, Clone, Copy)]
pub(super) enum Why<'l> {
    /// Nobody asked, or nothing was given.
    Nothing,
    NoList,
    OutOfScope,
    Points(Malformed),
    NotYet(UnixTime),
    NoNextUpdate,
    Old(UnixTime),
    Critical(Oid<'l>),
    Flaw(&'static str),
    Signature,
    OnlySomeReasons,
    NotStapled,
    Response(Malformed),
    Unsuccessful(OcspResponseStatus),
    OtherCertificate,
    CriticalOfResponse(Oid<'l>),
    Nonce,
    ResponseNotYet(UnixTime),
    ResponseWithoutEnd,
    OldResponse(UnixTime),
    NotKnown,
    ResponseSignature,
    ResponderRevoked,
    ResponderUnknown,
}

impl Why<'_> {
    /// The higher, the closer to success.
    pub(super) fn rank(self) -> u8 {
        match self {
            Self::Nothing => 0,
            Self::NoList | Self::NotStapled => 1,
            Self::OutOfScope | Self::OtherCertificate => 2,
            Self::Points(_) | Self::Response(_) | Self::Unsuccessful(_) => 3,
            Self::Signature | Self::ResponseSignature => 4,
            Self::NotYet(_) | Self::NoNextUpdate | Self::Old(_) => 5,
            Self::ResponseNotYet(_) | Self::ResponseWithoutEnd | Self::OldResponse(_) => 5,
            Self::Critical(_) | Self::Flaw(_) | Self::CriticalOfResponse(_) | Self::Nonce => 6,
            Self::OnlySomeReasons | Self::NotKnown | Self::ResponderRevoked | Self::ResponderUnknown => 7,
        }
    }
}

impl fmt::Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing tells of it"),
            Self::NoList => f.write_str("no list of its issuer is there"),
            Self::OutOfScope => f.write_str("no list is there that tells of it, though its issuer has others"),
            Self::Points(malformed) | Self::Response(malformed) => malformed.fmt(f),
            Self::NotYet(from) => write!(f, "the list is of {from}, which is yet to come"),
            Self::NoNextUpdate => f.write_str("the list does not say until when it holds"),
            Self::Old(until) => write!(f, "the list held until {until}"),
            Self::Critical(oid) => write!(f, "the list has a critical extension that is not understood: {oid}"),
            Self::Flaw(flaw) => write!(f, "the list has not the form that it needs: {flaw}"),
            Self::Signature => f.write_str("the list was signed by nobody who may sign it"),
            Self::OnlySomeReasons => f.write_str("the lists do not tell of all reasons"),
            Self::NotStapled => f.write_str("no response was stapled"),
            Self::Unsuccessful(status) => write!(f, "the response is none, but says {status}"),
            Self::OtherCertificate => f.write_str("the response is about other certificates"),
            Self::CriticalOfResponse(oid) => {
                write!(f, "the response has a critical extension that is not understood: {oid}")
            }
            Self::Nonce => f.write_str("the response has not the nonce of the request"),
            Self::ResponseNotYet(from) => write!(f, "the response is of {from}, which is yet to come"),
            Self::ResponseWithoutEnd => f.write_str("the response does not say until when it holds"),
            Self::OldResponse(until) => write!(f, "the response held until {until}"),
            Self::NotKnown => f.write_str("the responder does not know it"),
            Self::ResponseSignature => f.write_str("the response was signed by nobody who may sign it"),
            Self::ResponderRevoked => f.write_str("the responder's own certificate is revoked"),
            Self::ResponderUnknown => f.write_str("whether the responder's own certificate is revoked is not known"),
        }
    }
}
