//! A certificate of the authority that signs others: read by our own reader, used through rcgen.

#![expect(
    clippy::result_large_err,
    reason = "the size is that of the DER reader's own error, read once a start"
)]

use asn1::{ObjectIdentifier, SequenceOf, SetOf, Tlv};
use portunus_x509::Certificate;
use rcgen::string::{Ia5String, PrintableString};
use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, Issuer, KeyIdMethod};

use crate::key::SigningKey;

/// The issuer that a certificate and its key are, or what about them stands in the way.
///
/// What it signs has the certificate's subject for issuer, byte for byte, and the certificate's own subject key
/// identifier for authority key identifier, by whatever method that was made (RFC 5280 section 4.2.1.1).
pub(crate) fn issuer(
    certificate: &Certificate<'_>,
    key: SigningKey,
) -> Result<Issuer<'static, SigningKey>, &'static str> {
    if certificate.subject_public_key_info().key != key.public_key() {
        return Err("its private key is not the certificate's");
    }
    let identifier = certificate
        .subject_key_identifier()
        .ok()
        .flatten()
        .ok_or("it has no subject key identifier")?;
    let mut params = CertificateParams::default();
    params.key_identifier_method = KeyIdMethod::PreSpecified(identifier.to_vec());
    params.distinguished_name =
        distinguished_name(certificate.subject().der()).ok_or("its subject cannot be kept byte for byte")?;
    Ok(Issuer::new(params, key))
}

/// `AttributeTypeAndValue ::= SEQUENCE { type OBJECT IDENTIFIER, value ANY }` (RFC 5280 section 4.1.2.4)
#[derive(asn1::Asn1Read)]
struct Attribute<'a> {
    kind: ObjectIdentifier,
    value: Tlv<'a>,
}

/// `None` where rcgen would write the name otherwise: two attributes of one kind or in one set, other string types.
fn distinguished_name(der: &[u8]) -> Option<DistinguishedName> {
    let sets: SequenceOf<'_, SetOf<'_, Attribute<'_>>> = asn1::parse_single(der).ok()?;
    let mut name = DistinguishedName::new();
    for mut set in sets {
        let attribute = set.next()?;
        let arcs = attribute
            .kind
            .to_string()
            .split('.')
            .map(str::parse)
            .collect::<Result<Vec<u64>, _>>()
            .ok()?;
        let kind = DnType::from_oid(&arcs);
        if set.next().is_some() || name.get(&kind).is_some() {
            return None;
        }
        name.push(kind, value(&attribute.value)?);
    }
    Some(name)
}

fn value(value: &Tlv<'_>) -> Option<DnValue> {
    let text = || std::str::from_utf8(value.data()).ok();
    if value.tag() == <asn1::Utf8String<'_> as asn1::SimpleAsn1Readable<'_>>::TAG {
        Some(DnValue::Utf8String(text()?.to_owned()))
    } else if value.tag() == <asn1::PrintableString<'_> as asn1::SimpleAsn1Readable<'_>>::TAG {
        PrintableString::try_from(text()?).ok().map(DnValue::PrintableString)
    } else if value.tag() == <asn1::IA5String<'_> as asn1::SimpleAsn1Readable<'_>>::TAG {
        Ia5String::try_from(text()?).ok().map(DnValue::Ia5String)
    } else {
        None
    }
}
