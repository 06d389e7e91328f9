use super::{AlertDescription, AlertLevel, Decode, Encode, Malformed, Reader, TooLong, Writer};

/// `struct { AlertLevel level; AlertDescription description; } Alert;` (RFC 9846 section 6)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alert {
    /// To be ignored by who receives it: the description says whether the connection ends.
    pub level: AlertLevel,
    /// What happened.
    pub description: AlertDescription,
}

impl<'a> Decode<'a> for Alert {
    const NAME: &'static str = "Alert";

    fn decode(r: &mut Reader<'a>) -> Result<Self, Malformed> {
        Ok(Self {
            level: AlertLevel(r.u8("level")?),
            description: AlertDescription(r.u8("description")?),
        })
    }
}

impl Encode for Alert {
    fn encode(&self, w: &mut Writer) -> Result<(), TooLong> {
        w.u8(self.level.0);
        w.u8(self.description.0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::test_message;
    use super::*;

    #[test]
    fn an_alert_reads_and_writes_and_unknown_ones_survive() {
        test_message("Alert", &[1, 0], &[]);
        test_message("Alert", &[9, 255], &[]);
        let alert = Alert {
            level: AlertLevel::FATAL,
            description: AlertDescription::UNKNOWN_CA,
        };
        assert_eq!(Alert::read(&[2, 48]), Ok(alert));
    }
}
