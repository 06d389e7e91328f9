//! What may be stapled to a certificate: an OCSP response (RFC 6066 section 8) and timestamps of logs (RFC 6962 section 3.3).

use super::extension_data::ExtensionData;
use super::{CertificateStatusType, Decode, Encode, Malformed, Problem, Reader, TooLong, Writer};

/// ```text
/// struct {
///     CertificateStatusType status_type;
///     select (status_type) { case ocsp: OCSPStatusRequest; } request;
/// } CertificateStatusRequest;
/// struct { ResponderID responder_id_list<0..2^16-1>; Extensions request_extensions; } OCSPStatusRequest;
/// ```
/// (RFC 6066 section 8)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateStatusRequest<'a> {
    /// What is asked for.
    pub status_type: CertificateStatusType,
    /// More about it, as it came.
    pub request: &'a [u8],
}

impl CertificateStatusRequest<'_> {
    /// Any OCSP response.
    pub const OCSP: Self = Self {
        status_type: CertificateStatusType::OCSP,
        request: &[0; 4],
    };
}

impl<'a> ExtensionData<'a> for CertificateStatusRequest<'a> {
    const NAME: &'static str = "CertificateStatusRequest";
    type Field = Option<CertificateStatusRequest<'a>>;

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        let status_type = CertificateStatusType(r.u8("status_type")?);
        let request = r.rest();
        if status_type == CertificateStatusType::OCSP {
            let mut ocsp = Reader::new("OCSPStatusRequest", request);
            ocsp.vec16("responder_id_list", 0..=0xffff)?;
            ocsp.vec16("request_extensions", 0..=0xffff)?;
            ocsp.finish()?;
        }
        Ok(Self { status_type, request })
    }

    fn encode(value: &Self, w: &mut Writer) -> Result<(), TooLong> {
        w.u8(value.status_type.0);
        w.bytes(value.request);
        Ok(())
    }
}

/// `struct { CertificateStatusType status_type = ocsp; opaque OCSPResponse<1..2^24-1>; } CertificateStatus;` (RFC 6066 section 8 and
/// RFC 9846 section 4.5.1.1)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateStatus<'a> {
    /// An OCSP response in DER.
    pub response: &'a [u8],
}

impl<'a> Decode<'a> for CertificateStatus<'a> {
    const NAME: &'static str = "CertificateStatus";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        let status_type = CertificateStatusType(r.u8("status_type")?);
        if status_type != CertificateStatusType::OCSP {
            return Err(r.fault("status_type", Problem::Value(status_type.0.into())));
        }
        Ok(Self {
            response: r.vec24("response", 1..=0xff_ffff)?,
        })
    }
}

impl Encode for CertificateStatus<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(Self::NAME);
        w.u8(CertificateStatusType::OCSP.0);
        w.opaque24("response", self.response)
    }
}

/// `opaque SerializedSCT<1..2^16-1>; struct { SerializedSCT sct_list<1..2^16-1>; } SignedCertificateTimestampList;` (RFC 6962 section 3.3)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedCertificateTimestampList<'a> {
    /// The timestamps, each with its length before it.
    pub sct_list: &'a [u8],
}

impl<'a> Decode<'a> for SignedCertificateTimestampList<'a> {
    const NAME: &'static str = "SignedCertificateTimestampList";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        let sct_list = r.vec16("sct_list", 1..=0xffff)?;
        let mut timestamps = Reader::new("SerializedSCT", sct_list);
        while !timestamps.is_empty() {
            timestamps.vec16("sct", 1..=0xffff)?;
        }
        Ok(Self { sct_list })
    }
}

impl Encode for SignedCertificateTimestampList<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(Self::NAME);
        w.opaque16("sct_list", self.sct_list)
    }
}

#[cfg(test)]
mod tests {
    use super::super::AlertDescription;
    use super::super::testing::{test_message, written};
    use super::*;

    #[test]
    fn a_status_reads_and_writes() {
        let message = CertificateStatus { response: b"response" };
        let bytes = written(&message);
        test_message("CertificateStatus", &bytes, &[]);
        assert_eq!(CertificateStatus::read(&bytes), Ok(message));
        for wrong in [&[2, 0, 0, 1, 0][..], &[1, 0, 0, 0], &[1, 0, 0, 1], &[1, 0, 0, 1, 0, 0]] {
            assert!(CertificateStatus::read(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn timestamps_read_and_write() {
        let message = SignedCertificateTimestampList {
            sct_list: &[0, 2, 1, 2, 0, 1, 3],
        };
        let bytes = written(&message);
        test_message("SignedCertificateTimestampList", &bytes, &[]);
        assert_eq!(SignedCertificateTimestampList::read(&bytes), Ok(message));
        for wrong in [&[0, 0][..], &[0, 2, 0, 0], &[0, 4, 0, 1, 1, 0], &[0, 3, 0, 1, 1, 0]] {
            let fault = SignedCertificateTimestampList::read(wrong).unwrap_err();
            assert_eq!(fault.alert(), AlertDescription::DECODE_ERROR, "{wrong:?}");
        }
    }
}
