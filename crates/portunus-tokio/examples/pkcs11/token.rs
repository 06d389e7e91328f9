//! A key in a token.

use std::error::Error;
use std::fs;

use asn1::{Asn1Writable, BigUint, BitString, ObjectIdentifier, Tlv};
use aws_lc_rs::digest::{SHA256, digest};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error as TokenError, RvError};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use portunus_tls::SigningFailed;
use portunus_tls::wire::SignatureScheme;

use crate::site::check_private;
use crate::{Kind, Place};

/// `OBJECT IDENTIFIER` of secp256r1, in DER.
const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const EC_PUBLIC_KEY: ObjectIdentifier = asn1::oid!(1, 2, 840, 10045, 2, 1);
const RSA_ENCRYPTION: ObjectIdentifier = asn1::oid!(1, 2, 840, 113549, 1, 1, 1);
const NULL: &[u8] = &[0x05, 0x00];

pub(crate) struct Token {
    library: Pkcs11,
    slot: Slot,
    pin: AuthPin,
    label: String,
    /// A session that is logged in, and the private key.
    open: Option<(Session, ObjectHandle)>,
}

/// The public half of a key, as a certificate's `subjectPublicKey` holds it.
pub(crate) enum PublicKey {
    P256(Vec<u8>),
    Rsa(Vec<u8>),
}

#[derive(asn1::Asn1Write)]
struct SubjectPublicKeyInfo<'a> {
    algorithm: AlgorithmIdentifier<'a>,
    key: BitString<'a>,
}

#[derive(asn1::Asn1Write)]
struct AlgorithmIdentifier<'a> {
    algorithm: ObjectIdentifier,
    parameters: Tlv<'a>,
}

/// `SEQUENCE` of an RSA public key's modulus and exponent, or of an ECDSA signature's r and s.
#[derive(asn1::Asn1Write)]
struct TwoNumbers<'a>(BigUint<'a>, BigUint<'a>);

impl Token {
    pub(crate) fn open(place: &Place) -> Result<Self, Box<dyn Error>> {
        check_private(&place.pin_file)?;
        let pin = fs::read_to_string(&place.pin_file)?;
        let pin = AuthPin::new(pin.trim_end_matches(['\r', '\n']).into());
        let library = Pkcs11::new(&place.module)?;
        library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
        for slot in library.get_slots_with_token()? {
            if library.get_token_info(slot)?.label() == place.token {
                return Ok(Self {
                    library,
                    slot,
                    pin,
                    label: place.label.clone(),
                    open: None,
                });
            }
        }
        Err(format!("no token is labelled {:?}", place.token).into())
    }

    /// Makes a key that never leaves the token; gives its `SubjectPublicKeyInfo` in DER.
    pub(crate) fn generate(&self, kind: Kind) -> Result<Vec<u8>, Box<dyn Error>> {
        let session = self.library.open_rw_session(self.slot)?;
        self.log_in(&session)?;
        if !session.find_objects(&self.half(ObjectClass::PRIVATE_KEY))?.is_empty() {
            return Err(format!("a key is labelled {:?} already", self.label).into());
        }
        let label = || Attribute::Label(self.label.clone().into());
        let mut public = vec![Attribute::Token(true), Attribute::Verify(true), label()];
        let mechanism = match kind {
            Kind::P256 => {
                public.push(Attribute::EcParams(P256.to_vec()));
                Mechanism::EccKeyPairGen
            }
            Kind::Rsa => {
                public.push(Attribute::ModulusBits(2048.into()));
                public.push(Attribute::PublicExponent(vec![1, 0, 1]));
                Mechanism::RsaPkcsKeyPairGen
            }
        };
        let private = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
            label(),
        ];
        let (public, _) = session.generate_key_pair(&mechanism, &public, &private)?;
        read_public(&session, public)?.info()
    }

    pub(crate) fn public_key(&mut self) -> Result<PublicKey, Box<dyn Error>> {
        let (session, _) = self.session()?;
        let public = self.one(&session, ObjectClass::PUBLIC_KEY)?;
        read_public(&session, public)
    }

    /// What [`portunus_tls::Sign::sign`] wants, blocking.
    pub(crate) fn sign(&mut self, scheme: SignatureScheme, message: &[u8]) -> Result<Vec<u8>, SigningFailed> {
        let failed = |error: Box<dyn Error>| SigningFailed {
            reason: format!("the token: {error}"),
        };
        let (session, key) = match self.open.take() {
            Some(open) => open,
            None => self.session().map_err(failed)?,
        };
        let signature = sign(&session, key, scheme, message).map_err(failed)?;
        // After an error it is not kept: the token may have been pulled out and be back.
        self.open = Some((session, key));
        Ok(signature)
    }

    fn session(&self) -> Result<(Session, ObjectHandle), Box<dyn Error>> {
        let session = self.library.open_ro_session(self.slot)?;
        self.log_in(&session)?;
        let key = self.one(&session, ObjectClass::PRIVATE_KEY)?;
        Ok((session, key))
    }

    fn log_in(&self, session: &Session) -> Result<(), Box<dyn Error>> {
        match session.login(UserType::User, Some(&self.pin)) {
            // All sessions of a process are logged in together.
            Ok(()) | Err(TokenError::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(TokenError::Pkcs11(RvError::PinIncorrect, _)) => Err("the PIN is wrong".into()),
            Err(error) => Err(error.into()),
        }
    }

    fn half(&self, class: ObjectClass) -> [Attribute; 2] {
        [Attribute::Class(class), Attribute::Label(self.label.clone().into())]
    }

    fn one(&self, session: &Session, class: ObjectClass) -> Result<ObjectHandle, Box<dyn Error>> {
        match session.find_objects(&self.half(class))?[..] {
            [one] => Ok(one),
            [] => Err(format!("no key is labelled {:?}", self.label).into()),
            _ => Err(format!("several keys are labelled {:?}", self.label).into()),
        }
    }
}

fn sign(
    session: &Session,
    key: ObjectHandle,
    scheme: SignatureScheme,
    message: &[u8],
) -> Result<Vec<u8>, Box<dyn Error>> {
    let pss = |hash_alg, mgf, salt: u64| PkcsPssParams {
        hash_alg,
        mgf,
        s_len: salt.into(),
    };
    let (mechanism, digested);
    let mut message = message;
    match scheme {
        SignatureScheme::ECDSA_SECP256R1_SHA256 => {
            digested = digest(&SHA256, message);
            message = digested.as_ref();
            mechanism = Mechanism::Ecdsa;
        }
        SignatureScheme::RSA_PSS_RSAE_SHA256 => {
            mechanism = Mechanism::Sha256RsaPkcsPss(pss(MechanismType::SHA256, PkcsMgfType::MGF1_SHA256, 32));
        }
        SignatureScheme::RSA_PSS_RSAE_SHA384 => {
            mechanism = Mechanism::Sha384RsaPkcsPss(pss(MechanismType::SHA384, PkcsMgfType::MGF1_SHA384, 48));
        }
        SignatureScheme::RSA_PSS_RSAE_SHA512 => {
            mechanism = Mechanism::Sha512RsaPkcsPss(pss(MechanismType::SHA512, PkcsMgfType::MGF1_SHA512, 64));
        }
        _ => return Err(format!("{scheme} is not for this key").into()),
    }
    let signature = session.sign(&mechanism, key, message)?;
    if !matches!(mechanism, Mechanism::Ecdsa) {
        return Ok(signature);
    }
    // PKCS#11 puts r and s side by side, TLS has them in DER (RFC 9846 section 4.3.3).
    let (r, s) = signature.split_at(signature.len() / 2);
    two_numbers(r, s)
}

fn read_public(session: &Session, key: ObjectHandle) -> Result<PublicKey, Box<dyn Error>> {
    let read = |which: AttributeType| -> Result<Option<Attribute>, TokenError> {
        Ok(session.get_attributes(key, &[which])?.pop())
    };
    match read(AttributeType::KeyType)? {
        Some(Attribute::KeyType(KeyType::EC)) => {
            let params = read(AttributeType::EcParams)?;
            let Some(Attribute::EcPoint(point)) = read(AttributeType::EcPoint)? else {
                return Err("the token does not tell the public key".into());
            };
            if !matches!(params, Some(Attribute::EcParams(params)) if params == P256) {
                return Err("the key is on another curve than P-256".into());
            }
            let point = asn1::parse_single::<&[u8]>(&point).map_err(|error| error.to_string())?;
            Ok(PublicKey::P256(point.to_vec()))
        }
        Some(Attribute::KeyType(KeyType::RSA)) => {
            let modulus = read(AttributeType::Modulus)?;
            let exponent = read(AttributeType::PublicExponent)?;
            let (Some(Attribute::Modulus(modulus)), Some(Attribute::PublicExponent(exponent))) = (modulus, exponent)
            else {
                return Err("the token does not tell the public key".into());
            };
            Ok(PublicKey::Rsa(two_numbers(&modulus, &exponent)?))
        }
        _ => Err("the key is of a kind that this example does not know".into()),
    }
}

impl PublicKey {
    pub(crate) fn schemes(&self) -> Vec<SignatureScheme> {
        match self {
            Self::P256(_) => vec![SignatureScheme::ECDSA_SECP256R1_SHA256],
            Self::Rsa(_) => vec![
                SignatureScheme::RSA_PSS_RSAE_SHA256,
                SignatureScheme::RSA_PSS_RSAE_SHA384,
                SignatureScheme::RSA_PSS_RSAE_SHA512,
            ],
        }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::P256(bytes) | Self::Rsa(bytes) => bytes,
        }
    }

    fn info(&self) -> Result<Vec<u8>, Box<dyn Error>> {
        let (algorithm, parameters, key) = match self {
            Self::P256(key) => (EC_PUBLIC_KEY, &P256[..], key),
            Self::Rsa(key) => (RSA_ENCRYPTION, NULL, key),
        };
        let parameters = asn1::parse_single(parameters).map_err(|error| error.to_string())?;
        let key = BitString::new(key, 0).ok_or("no bits")?;
        write(&SubjectPublicKeyInfo {
            algorithm: AlgorithmIdentifier { algorithm, parameters },
            key,
        })
    }
}

/// `SEQUENCE { INTEGER, INTEGER }` of two numbers that are not negative.
fn two_numbers(first: &[u8], second: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let (first, second) = (minimal(first), minimal(second));
    let number = |bytes| BigUint::new(bytes).ok_or("no number");
    write(&TwoNumbers(number(&first)?, number(&second)?))
}

fn write(value: &impl Asn1Writable<Error = asn1::WriteError>) -> Result<Vec<u8>, Box<dyn Error>> {
    Ok(asn1::write_single(value).map_err(|error| error.to_string())?)
}

/// Without zeros before it, but for one that keeps it from being negative.
fn minimal(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let rest = &number[zeros..];
    let sign: &[u8] = if rest.first().is_none_or(|first| *first >= 0x80) {
        &[0]
    } else {
        &[]
    };
    [sign, rest].concat()
}
