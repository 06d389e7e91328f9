use super::*;

/// `SEQUENCE { INTEGER 1 }` and the like: what is in the blocks does not matter here.
const ONE: &str = "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n";
const TWO: &str = "-----BEGIN CERTIFICATE-----\nMAMCAQI=\n-----END CERTIFICATE-----\n";
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMAMCAQM=\n-----END PRIVATE KEY-----\n";

fn der(n: u8) -> Vec<u8> {
    vec![0x30, 3, 2, 1, n]
}

fn problem(file: impl AsRef<[u8]>) -> PemError {
    certificates(file).expect_err("not readable")
}

#[test]
fn blocks_come_with_their_lines() {
    let file = format!("# our roots\n\n{ONE}\nsubject=CN = two\n{TWO}");
    assert_eq!(certificates(file), Ok(vec![(3, der(1)), (8, der(2))]));
}

#[test]
fn everyday_disorder_is_read() {
    let crlf = format!("\u{feff}{ONE}\n{TWO}").replace('\n', "\r\n");
    assert_eq!(certificates(crlf), Ok(vec![(1, der(1)), (5, der(2))]));
    let indented = "  -----BEGIN CERTIFICATE-----  \n   MAMC\n\n   AQE=  \n   -----END CERTIFICATE-----\t\n";
    assert_eq!(certificates(indented), Ok(vec![(1, der(1))]));
    let joined = format!("{}{TWO}", ONE.trim_end());
    assert_eq!(certificates(joined), Ok(vec![(1, der(1)), (3, der(2))]));
    let one_line = ONE.replace('\n', " ");
    assert_eq!(certificates(one_line), Ok(vec![(1, der(1))]));
    let mut latin1 = b"# Z\xfcrich\n".to_vec();
    latin1.extend_from_slice(ONE.as_bytes());
    assert_eq!(certificates(latin1), Ok(vec![(2, der(1))]));
}

#[test]
fn a_trusted_certificate_is_read_without_its_settings() {
    // The certificate, then `SEQUENCE {}`.
    let file = "-----BEGIN TRUSTED CERTIFICATE-----\nMAMCAQEwAA==\n-----END TRUSTED CERTIFICATE-----\n";
    assert_eq!(certificates(file), Ok(vec![(1, der(1))]));
}

#[test]
fn a_key_and_a_chain_may_share_a_file() {
    let file = format!("{KEY}{ONE}{TWO}");
    assert_eq!(certificates(&file), Ok(vec![(4, der(1)), (7, der(2))]));
    let key = private_key(&file).expect("a key");
    assert_eq!(
        (key.kind, key.line, key.der.as_slice()),
        (PrivateKeyKind::Pkcs8, 1, der(3).as_slice())
    );
}

#[test]
fn what_is_wrong_is_told_with_its_line() {
    let no_end = format!("{ONE}-----BEGIN CERTIFICATE-----\nMAMCAQI=\n");
    assert_eq!(
        problem(no_end),
        PemError {
            line: 4,
            problem: PemProblem::NoEnd("CERTIFICATE".to_owned())
        }
    );
    let second_begin = format!("\n-----BEGIN CERTIFICATE-----\nMAMCAQI=\n{ONE}");
    assert_eq!(problem(second_begin).line(), 2);
    let other_end = "\n-----BEGIN CERTIFICATE-----\nMAMCAQI=\n-----END X-----\n";
    assert_eq!(
        problem(other_end),
        PemError {
            line: 2,
            problem: PemProblem::OtherEnd("CERTIFICATE".to_owned(), "X".to_owned())
        }
    );
    let garbage = "-----BEGIN CERTIFICATE-----\nMA*CAQI=\n-----END CERTIFICATE-----\n";
    assert_eq!(
        problem(garbage),
        PemError {
            line: 1,
            problem: PemProblem::Base64
        }
    );
    let empty = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
    assert_eq!(
        problem(empty),
        PemError {
            line: 1,
            problem: PemProblem::Empty
        }
    );
    assert_eq!(
        problem("hello"),
        PemError {
            line: 1,
            problem: PemProblem::NoCertificate
        }
    );
    assert_eq!(problem(KEY).problem(), &PemProblem::NoCertificate);
    assert_eq!(problem([0x30, 0x82, 1, 0]).problem(), &PemProblem::Der);
    for (begins, wanted) in [
        (&[0x30, 0x82, 1, 0, 0x30, 0x82, 1, 0][..], PemProblem::Der),
        (&[0x30, 0x82, 9, 9, 2, 1, 3], PemProblem::Pkcs12),
        (&[0x30, 0x81, 0x90, 2, 1, 0], PemProblem::DerPrivateKey),
        (&[0x30, 0x83, 1, 0, 0, 6, 9], PemProblem::DerPkcs7),
        (&[0x30, 0x80, 6, 9], PemProblem::DerPkcs7),
        (&[0x30, 0x2e, 2, 1, 0], PemProblem::DerPrivateKey),
        (b"0. a list", PemProblem::NoCertificate),
    ] {
        assert_eq!(problem(begins).problem(), &wanted);
    }
    let utf16: Vec<u8> = ONE.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(problem(utf16).problem(), &PemProblem::Utf16);
}

#[test]
fn keys_that_cannot_be_used_are_named() {
    let refused = |file: &str| private_key(file).err().map(|error| (error.line(), error.problem));
    assert_eq!(refused(ONE), Some((1, PemProblem::NoPrivateKey)));
    let binary = |file: &[u8]| private_key(file).err().map(|error| error.problem);
    assert_eq!(binary(&[0x30, 0x82, 9, 9, 2, 1, 3]), Some(PemProblem::Pkcs12));
    assert_eq!(binary(&[0x30, 0x82, 4, 0xa4, 2, 1, 0]), Some(PemProblem::DerPrivateKey));
    assert_eq!(
        binary(&[0x30, 0x81, 0xff, 0x30, 0x57, 6]),
        Some(PemProblem::DerPrivateKey)
    );
    assert_eq!(refused(&format!("{KEY}{KEY}")), Some((4, PemProblem::SecondPrivateKey)));
    assert_eq!(
        refused(&KEY.replace("PRIVATE", "ENCRYPTED PRIVATE")),
        Some((1, PemProblem::Encrypted))
    );
    let dsa = PemProblem::UnknownKey("DSA PRIVATE KEY".to_owned());
    assert_eq!(refused(&KEY.replace("PRIVATE", "DSA PRIVATE")), Some((1, dsa)));
    let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nMAMCAQM=\n\
               -----END RSA PRIVATE KEY-----\n";
    assert_eq!(refused(old), Some((1, PemProblem::Encrypted)));
    let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    let file = format!("{parameters}{}", KEY.replace("PRIVATE", "EC PRIVATE"));
    assert_eq!(
        private_key(file).ok().map(|key| (key.kind, key.line)),
        Some((PrivateKeyKind::Sec1, 4))
    );
}

#[test]
fn labels_of_a_peer_cannot_harm() {
    let file = "-----BEGIN CERTIFICATE-----\nMAMCAQI=\n-----END \u{1b}[31m-----\n";
    assert!(!problem(file).to_string().contains('\u{1b}'));
}

proptest::proptest! {
    #[test]
    fn any_bytes_give_certificates_or_an_error(bytes: Vec<u8>) {
        let _ = (certificates(&bytes), private_key(&bytes).is_ok());
    }

    #[test]
    fn any_order_of_pieces_gives_certificates_or_an_error(pieces: Vec<u8>) {
        const PIECES: [&str; 8] = ["-----BEGIN ", "-----END ", "-----", "CERTIFICATE", "\n", "MAMCAQI=", " ", "\r\n"];
        let text: String = pieces.iter().map(|n| PIECES[usize::from(n % 8)]).collect();
        let _ = (certificates(&text), private_key(&text).is_ok());
    }
}
