use super::{Decode, Encode, Malformed, Problem, Reader, TooLong, Writer};

/// `struct { KeyUpdateRequest request_update; } KeyUpdate;` (RFC 9846 section 4.7.3)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUpdate {
    /// Whether the receiver must update its own keys too.
    pub request_update: KeyUpdateRequest,
}

/// `enum { update_not_requested(0), update_requested(1), (255) } KeyUpdateRequest;` (RFC 9846 section 4.7.3)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyUpdateRequest {
    /// No answer is wanted.
    UpdateNotRequested,
    /// The receiver must answer with a KeyUpdate of its own.
    UpdateRequested,
}

impl<'a> Decode<'a> for KeyUpdate {
    const NAME: &'static str = "KeyUpdate";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        let request_update = match r.u8("request_update")? {
            0 => KeyUpdateRequest::UpdateNotRequested,
            1 => KeyUpdateRequest::UpdateRequested,
            other => return Err(r.fault("request_update", Problem::Value(other.into()))),
        };
        Ok(Self { request_update })
    }
}

impl Encode for KeyUpdate {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.u8(match self.request_update {
            KeyUpdateRequest::UpdateNotRequested => 0,
            KeyUpdateRequest::UpdateRequested => 1,
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::AlertDescription;
    use super::super::testing::test_message;
    use super::*;

    #[test]
    fn a_key_update_reads_and_writes() {
        test_message("KeyUpdate", &[0], &[]);
        test_message("KeyUpdate", &[1], &[]);
        assert_eq!(
            KeyUpdate::read(&[1]),
            Ok(KeyUpdate {
                request_update: KeyUpdateRequest::UpdateRequested
            })
        );
    }

    /// RFC 9846 section 4.7.3: any other value is an `illegal_parameter`.
    #[test]
    fn another_value_is_refused() {
        let fault = KeyUpdate::read(&[2]).unwrap_err();
        assert_eq!(fault.to_string(), "KeyUpdate.request_update has the forbidden value 2");
        assert_eq!(fault.alert(), AlertDescription::ILLEGAL_PARAMETER);
    }
}
