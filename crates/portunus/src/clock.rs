//! The one place where the command line reads the clock; the libraries take the time as a parameter.

use std::time::{SystemTime, UNIX_EPOCH};

use portunus_x509::UnixTime;

use crate::failure::Failure;

/// The time now.
pub(crate) fn now() -> Result<UnixTime, Failure> {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).ok();
    since_1970
        .and_then(|duration| i64::try_from(duration.as_secs()).ok())
        .map(UnixTime)
        .ok_or_else(|| Failure::new("this machine's clock stands before 1970").hint("set the clock"))
}

/// `2026-11-25`, its first second, or `2026-11-25T13:30:00Z`: in UTC.
pub(crate) fn parse(text: &str) -> Result<UnixTime, String> {
    let parsed = || {
        let (date, time) = match text.split_once('T') {
            Some((date, time)) => (date, time.strip_suffix('Z')?),
            None => (text, "00:00:00"),
        };
        let [year, month, day] = numbers(date, '-')?;
        let [hour, minute, second] = numbers(time, ':')?;
        let small = |number: u16| u8::try_from(number).ok();
        UnixTime::from_utc(
            year,
            small(month)?,
            small(day)?,
            small(hour)?,
            small(minute)?,
            small(second)?,
        )
    };
    parsed().ok_or_else(|| "a time is written 2026-11-25 or 2026-11-25T13:30:00Z, in UTC".to_owned())
}

fn numbers(text: &str, between: char) -> Option<[u16; 3]> {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Option<Vec<u16>> = text
        .split(between)
        .map(|part| part.parse().ok().filter(|_| digits(part)))
        .collect();
    parts?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn times_are_written_in_one_of_two_ways() {
        assert_eq!(parse("2026-11-25").unwrap().to_string(), "2026-11-25T00:00:00Z");
        assert_eq!(
            parse("2026-11-25T13:30:01Z").unwrap().to_string(),
            "2026-11-25T13:30:01Z"
        );
        for wrong in [
            "",
            "tomorrow",
            "2026-02-30",
            "2026-11-25T13:30:00",
            "2026-11-25T24:00:00Z",
            "2026-+1-25",
            "1-2",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
