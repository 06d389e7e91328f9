use crate::wire::{Decode, Encode, Malformed, Reader, TooLong, Writer};

/// `struct { uint32 ticket_lifetime_hint; opaque ticket<0..2^16-1>; } NewSessionTicket;` (RFC 5077 section 3.3)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewSessionTicket<'a> {
    /// Seconds for which the server may take the ticket; 0 where it does not say.
    pub ticket_lifetime_hint: u32,
    /// What the client gives back; empty where the server has none after all.
    pub ticket: &'a [u8],
}

impl<'a> Decode<'a> for NewSessionTicket<'a> {
    const NAME: &'static str = "NewSessionTicket";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            ticket_lifetime_hint: r.u32("ticket_lifetime_hint")?,
            ticket: r.vec16("ticket", 0..=0xffff)?,
        })
    }
}

impl Encode for NewSessionTicket<'_> {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.structure(Self::NAME);
        w.u32(self.ticket_lifetime_hint);
        w.opaque16("ticket", self.ticket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::testing::{test_message, written};

    #[test]
    fn a_ticket_reads_and_writes() {
        for ticket in [&b"ticket"[..], b""] {
            let message = NewSessionTicket {
                ticket_lifetime_hint: 7200,
                ticket,
            };
            let bytes = written(&message);
            test_message("NewSessionTicket of TLS 1.2", &bytes, &[]);
            assert_eq!(NewSessionTicket::read(&bytes), Ok(message));
        }
    }
}
