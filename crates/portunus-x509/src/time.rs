//! Points in time, as certificates have them.

use std::fmt;

const SECONDS_OF_A_DAY: i64 = 86_400;

/// A point in time: seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// This crate reads no clock: whoever verifies says what time it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(pub i64);

impl UnixTime {
    /// The time of a date of the proleptic Gregorian calendar in UTC, or `None` where there is no such date.
    pub fn from_utc(year: u16, month: u8, day: u8, hour: u8, minute: u8, second: u8) -> Option<Self> {
        if !(1..=12).contains(&month) || day == 0 || day > days_of_month(year, month) {
            return None;
        }
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let days = days_since_1970(i64::from(year), i64::from(month), i64::from(day));
        let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
        Some(Self(days * SECONDS_OF_A_DAY + seconds))
    }

    /// The seconds from `earlier` to this time; negative where `earlier` is the later one.
    pub fn seconds_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// `2026-11-25T01:43:44Z`.
impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date_of_day(self.0.div_euclid(SECONDS_OF_A_DAY));
        let second = self.0.rem_euclid(SECONDS_OF_A_DAY);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

fn days_of_month(year: u16, month: u8) -> u8 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01, counted in eras of 400 years whose years begin in March, so that a leap day is the last one.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_since_1970`].
fn date_of_day(days: i64) -> (i64, i64, i64) {
    // The ends of the range lie some hundred billion years away; near them the arithmetic must still not overflow.
    let days = days.saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_rfc_3339_has_them() {
        assert_eq!(UnixTime(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(UnixTime(-1).to_string(), "1969-12-31T23:59:59Z");
        assert_eq!(UnixTime(951_782_400).to_string(), "2000-02-29T00:00:00Z");
        assert_eq!(UnixTime(253_402_300_799).to_string(), "9999-12-31T23:59:59Z");
        for extreme in [i64::MIN, i64::MAX] {
            assert!(UnixTime(extreme).to_string().ends_with('Z'));
        }
    }

    #[test]
    fn dates_that_do_not_exist_are_none() {
        assert_eq!(UnixTime::from_utc(2023, 2, 29, 0, 0, 0), None);
        assert_eq!(UnixTime::from_utc(1900, 2, 29, 0, 0, 0), None);
        assert_eq!(UnixTime::from_utc(2024, 13, 1, 0, 0, 0), None);
        assert_eq!(UnixTime::from_utc(2024, 1, 1, 24, 0, 0), None);
        assert_eq!(UnixTime::from_utc(2000, 2, 29, 0, 0, 0), Some(UnixTime(951_782_400)));
    }

    proptest::proptest! {
        #[test]
        fn reading_and_writing_agree(year in 1u16..=9999, month in 1u8..=12, day in 1u8..=28, second in 0u8..=59) {
            let time = UnixTime::from_utc(year, month, day, 12, 30, second).expect("a date");
            proptest::prop_assert_eq!(
                time.to_string(),
                format!("{year:04}-{month:02}-{day:02}T12:30:{second:02}Z")
            );
        }
    }
}
