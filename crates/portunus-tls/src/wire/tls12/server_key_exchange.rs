use crate::wire::{Decode, Encode, Malformed, NamedGroup, Problem, Reader, SignatureScheme, TooLong, Writer};

/// `named_curve` of `ECCurveType`, the only one that RFC 8422 section 5.4 leaves.
const NAMED_CURVE: u8 = 3;

/// ```text
/// struct { ECCurveType curve_type = named_curve; NamedCurve namedcurve; } ECParameters;
/// struct { opaque point<1..2^8-1>; } ECPoint;
/// struct { ECParameters curve_params; ECPoint public; } ServerECDHParams;
/// struct { ServerECDHParams params; Signature signed_params; } ServerKeyExchange;
/// ```
/// (RFC 8422 section 5.4; the signature names its scheme in front, RFC 5246 section 4.7)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerKeyExchange<'a> {
    /// The group of the key exchange.
    pub namedcurve: NamedGroup,
    /// The server's half of it.
    pub point: &'a [u8],
    /// How it was signed.
    pub algorithm: SignatureScheme,
    /// The signature over both randoms and the parameters.
    pub signature: &'a [u8],
}

impl ServerKeyExchange<'_> {
    /// `ServerECDHParams` of these values: what is signed.
    pub fn params(namedcurve: NamedGroup, point: &[u8]) -> Result<Vec<u8>, TooLong> {
        let mut w = Writer::new("ServerECDHParams");
        encode_params(&mut w, namedcurve, point)?;
        Ok(w.into_bytes())
    }

    /// Bytes of `ServerECDHParams`, with which the message begins.
    pub fn params_length(&self) -> usize {
        self.point.len().saturating_add(4)
    }
}

fn encode_params(w: &mut Writer, namedcurve: NamedGroup, point: &[u8]) -> Result<(), TooLong> {
    w.u8(NAMED_CURVE);
    w.u16(namedcurve.0);
    w.opaque8("point", point)
}

impl<'a> Decode<'a> for ServerKeyExchange<'a> {
    const NAME: &'static str = "ServerKeyExchange";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        let curve_type = r.u8("curve_type")?;
        if curve_type != NAMED_CURVE {
            return Err(r.fault("curve_type", Problem::Value(curve_type.into())));
        }
        Ok(Self {
            namedcurve: NamedGroup(r.u16("namedcurve")?),
            point: r.vec8("point", 1..=255)?,
            algorithm: SignatureScheme(r.u16("algorithm")?),
            signature: r.vec16("signature", 0..=0xffff)?,
        })
    }
}

impl Encode for ServerKeyExchange<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(Self::NAME);
        encode_params(w, self.namedcurve, self.point)?;
        w.u16(self.algorithm.0);
        w.opaque16("signature", self.signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::AlertDescription;
    use crate::wire::testing::{test_message, written};

    #[test]
    fn a_server_key_exchange_reads_and_writes() {
        let message = ServerKeyExchange {
            namedcurve: NamedGroup::X25519,
            point: &[5; 32],
            algorithm: SignatureScheme::ED25519,
            signature: &[6; 64],
        };
        let bytes = written(&message);
        test_message("ServerKeyExchange", &bytes, &[]);
        assert_eq!(ServerKeyExchange::read(&bytes), Ok(message));
        let params = ServerKeyExchange::params(NamedGroup::X25519, &[5; 32]).unwrap();
        assert_eq!(params, bytes[..message.params_length()]);
    }

    #[test]
    fn explicit_curves_are_refused() {
        let fault = ServerKeyExchange::read(&[1, 0, 29, 1, 5, 8, 7, 0, 0]).unwrap_err();
        assert_eq!(fault.alert(), AlertDescription::ILLEGAL_PARAMETER);
    }
}
