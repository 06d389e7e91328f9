//! PKCS#7 files that carry certificates and sign nothing (`.p7b`, `.p7c`): a SignedData of CMS without content and signers
//! (RFC 5652 section 5.1).

use crate::der::{Malformed, Problem, Reader, element, known, tag};

/// The certificates of a file in DER, in its order; what is signed in it, and by whom, is not looked at.
///
/// ```text
/// ContentInfo ::= SEQUENCE { contentType ContentType, content [0] EXPLICIT ANY DEFINED BY contentType }
///
/// SignedData ::= SEQUENCE {
///     version          CMSVersion,
///     digestAlgorithms SET OF DigestAlgorithmIdentifier,
///     encapContentInfo EncapsulatedContentInfo,
///     certificates [0] IMPLICIT CertificateSet OPTIONAL,
///     crls         [1] IMPLICIT RevocationInfoChoices OPTIONAL,
///     signerInfos      SET OF SignerInfo }
/// ```
pub fn certificates(der: &[u8]) -> Result<Vec<&[u8]>, Malformed> {
    let mut info = Reader::whole_sequence(der, "contentInfo")?;
    if info.at("contentInfo.contentType").oid()? != known::CMS_SIGNED_DATA {
        return Err(info.malformed(Problem::Value));
    }
    let content = info.at("contentInfo.content").element(tag::context_constructed(0))?;
    info.finish()?;
    let mut signed = Reader::whole_sequence(content.contents, "signedData")?;
    signed.at("signedData.version").integer()?;
    signed.at("signedData.digestAlgorithms").element(tag::SET)?;
    signed.at("signedData.encapContentInfo").element(tag::SEQUENCE)?;
    let set = signed
        .at("signedData.certificates")
        .optional(tag::context_constructed(0))?;
    signed.at("signedData.crls").optional(tag::context_constructed(1))?;
    signed.at("signedData.signerInfos").element(tag::SET)?;
    signed.finish()?;
    let mut found = Vec::new();
    let mut set = Reader::new(set.map_or(&[], |set| set.contents), "signedData.certificates");
    while !set.is_empty() {
        // Other choices are attribute certificates and obsolete forms.
        let element = set.any()?;
        if element.tag == tag::SEQUENCE {
            found.push(element.full);
        }
    }
    Ok(found)
}

/// Such a file in DER, with these certificates. DER wants sets sorted, and nobody holds to that here: readers take the order for that of
/// the chain.
pub fn file(certificates: &[impl AsRef<[u8]>]) -> Result<Vec<u8>, Malformed> {
    const FIELD: &str = "contentInfo";
    let all: Vec<u8> = certificates
        .iter()
        .flat_map(|certificate| certificate.as_ref())
        .copied()
        .collect();
    let data = element(tag::OID, known::CMS_DATA.contents(), FIELD)?;
    let signed = [
        vec![tag::INTEGER, 1, 1],
        vec![tag::SET, 0],
        element(tag::SEQUENCE, &data, FIELD)?,
        element(tag::context_constructed(0), &all, FIELD)?,
        vec![tag::SET, 0],
    ];
    let signed = element(tag::SEQUENCE, &signed.concat(), FIELD)?;
    let kind = element(tag::OID, known::CMS_SIGNED_DATA.contents(), FIELD)?;
    let content = element(tag::context_constructed(0), &signed, FIELD)?;
    element(tag::SEQUENCE, &[kind, content].concat(), FIELD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for wanted in [&[][..], &[&[0x30, 1, 7][..]], &[&[0x30, 1, 7], &[0x30, 0]]] {
            let written = file(wanted).expect("a file");
            assert_eq!(certificates(&written).expect("its certificates"), wanted);
        }
        let long = [&[0x30, 0x82, 0x10, 0][..], &[0; 0x1000]].concat();
        let written = file(&[&long]).expect("a file");
        assert_eq!(certificates(&written).expect("its certificate"), [&long[..]]);
    }

    #[test]
    fn every_truncation_is_refused() {
        let written = file(&[[0x30, 1, 7]]).expect("a file");
        for length in 0..written.len() {
            assert!(certificates(&written[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn what_is_no_signed_data_is_refused() {
        let mut written = file(&[[0x30, 1, 7]]).expect("a file");
        let kind = written
            .iter()
            .position(|byte| *byte == 2)
            .expect("the content type's end");
        written[kind] = 3;
        assert!(certificates(&written).is_err());
    }
}
