use super::extension_block::{ExtensionBlock, ExtensionSet, extension_set};
use super::extension_data::{EarlyDataIndication, Flags};
use super::{Decode, Encode, Malformed, Reader, TooLong, Writer};

extension_set! {
    /// ```text
    /// struct {
    ///     uint32 ticket_lifetime;
    ///     uint32 ticket_age_add;
    ///     opaque ticket_nonce<0..255>;
    ///     opaque ticket<1..2^16-1>;
    ///     Extension extensions<0..2^16-1>;
    /// } NewSessionTicket;
    /// ```
    /// (RFC 9846 section 4.7.1)
    pub struct NewSessionTicket in NewSessionTicket {
        /// Seconds for which the ticket may be used.
        ticket_lifetime: u32;
        /// What the client adds to the ticket's age, so that nobody can read it.
        ticket_age_add: u32;
        /// Makes the ticket's key another than that of the connection's other tickets.
        ticket_nonce: &'a [u8];
        /// What the client gives back.
        ticket: &'a [u8];
    };
    /// `max_early_data_size`: how many bytes of early data may be sent with it.
    early_data: Option<u32> = EARLY_DATA as EarlyDataIndication;
    /// What more may be done with it (draft-ietf-tls-tlsflags).
    tls_flags: Option<Flags<'a>> = TLS_FLAGS as Flags<'a>;
}

impl<'a> Decode<'a> for NewSessionTicket<'a> {
    const NAME: &'static str = "NewSessionTicket";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        let ticket_lifetime = r.u32("ticket_lifetime")?;
        let ticket_age_add = r.u32("ticket_age_add")?;
        let ticket_nonce = r.vec8("ticket_nonce", 0..=255)?;
        let ticket = r.vec16("ticket", 1..=0xffff)?;
        let block = ExtensionBlock::read(Self::NAME, r.vec16("extensions", 0..=0xffff)?)?;
        Ok(Self {
            ticket_lifetime,
            ticket_age_add,
            ticket_nonce,
            ticket,
            ..Self::from_block(block)?
        })
    }
}

impl Encode for NewSessionTicket<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(Self::NAME);
        w.u32(self.ticket_lifetime);
        w.u32(self.ticket_age_add);
        w.opaque8("ticket_nonce", self.ticket_nonce)?;
        w.opaque16("ticket", self.ticket)?;
        self.encode_block(w)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{test_message, written};
    use super::super::{AlertDescription, ExtensionType, Order, Problem, Sequence, UnknownExtension};
    use super::*;

    fn ticket() -> NewSessionTicket<'static> {
        NewSessionTicket {
            ticket_lifetime: 604_800,
            ticket_age_add: 0x0102_0304,
            ticket_nonce: &[0],
            ticket: b"ticket",
            early_data: Some(u32::MAX),
            tls_flags: None,
            unknown: Sequence::from(&[UnknownExtension {
                extension_type: ExtensionType(0x2a2a),
                extension_data: &[],
            }]),
            order: Order::from(&[ExtensionType(0x2a2a), ExtensionType::EARLY_DATA]),
        }
    }

    #[test]
    fn a_ticket_reads_and_writes() {
        let bytes = written(&ticket());
        test_message("NewSessionTicket", &bytes, &[]);
        assert_eq!(NewSessionTicket::read(&bytes), Ok(ticket()));
    }

    #[test]
    fn an_empty_ticket_is_refused() {
        let fault = NewSessionTicket::read(&written(&NewSessionTicket {
            ticket: &[],
            ..ticket()
        }))
        .unwrap_err();
        assert_eq!(
            fault.to_string(),
            "NewSessionTicket.ticket has 0 bytes where 1 to 65535 are allowed"
        );
    }

    #[test]
    fn flags_are_bits_and_none_is_not_a_list() {
        let ticket = |flags: &[u8]| {
            let length = u8::try_from(flags.len()).unwrap();
            let head = [
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                1,
                0,
                0,
                length + 5,
                0,
                62,
                0,
                length + 1,
                length,
            ];
            [&head[..], flags].concat()
        };
        let bytes = ticket(&[0b10, 1]);
        let flags = NewSessionTicket::read(&bytes).unwrap().tls_flags.unwrap();
        let set: Vec<u16> = (0..2040).filter(|flag| flags.has(*flag)).collect();
        assert_eq!(set, [1, 8]);
        let alert = |flags: &[u8]| NewSessionTicket::read(&ticket(flags)).unwrap_err().alert();
        assert_eq!(alert(&[]), AlertDescription::DECODE_ERROR);
        assert_eq!(alert(&[1, 0]), AlertDescription::ILLEGAL_PARAMETER);
    }

    #[test]
    fn what_has_no_place_in_it_is_refused() {
        let bytes = [&[0; 8][..], &[0, 0, 1, 1, 0, 4, 0, 41, 0, 0]].concat();
        let fault = NewSessionTicket::read(&bytes).unwrap_err();
        assert_eq!(fault.problem, Problem::NotAllowedHere(ExtensionType::PRE_SHARED_KEY));
    }
}
