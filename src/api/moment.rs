//! Points in time as users write them.

use std::{fmt, ops::Range, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A point in time in RFC 3339, as in `2027-06-30T00:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Moment(pub Timestamp);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The whole second in which a time lies, as people are told it and Kubernetes writes it.
pub fn whole_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// The first whole second that is not before a time: whoever looks then does not look too early.
pub fn whole_second_after(time: Timestamp) -> Timestamp {
    let second = time.as_second() + i64::from(time.subsec_nanosecond() > 0);
    Timestamp::from_second(second).unwrap_or(time)
}

/// A text that is no RFC 3339 time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an RFC 3339 time such as 2027-06-30T00:00:00Z, of the years 2000 to 2999")]
pub struct ParseMomentError;

/// The years 2000 to 2999 in seconds since 1970. RFC 3339's own bounds are not those of every reader: jiff ends a day
/// before the year 9999 does, CEL begins with the year 1.
const SECONDS: Range<i64> = 946_684_800..32_503_680_000;

impl FromStr for Moment {
    type Err = ParseMomentError;

    /// Reads what the CRD's rule lets through: upper-case `T` and `Z`, seconds up to 59, at most nine decimals,
    /// offsets up to 23:59. jiff alone reads more (other separators, leap seconds, zone names).
    fn from_str(text: &str) -> Result<Self, ParseMomentError> {
        if !has_shape(text.as_bytes()) {
            return Err(ParseMomentError);
        }
        let timestamp: Timestamp = text.parse().map_err(|_| ParseMomentError)?;
        if SECONDS.contains(&timestamp.as_second()) { Ok(Self(timestamp)) } else { Err(ParseMomentError) }
    }
}

/// Whether a text is `YYYY-MM-DDTHH:MM:SS`, perhaps decimals, and `Z` or an offset. jiff checks the calendar.
fn has_shape(text: &[u8]) -> bool {
    let Some((date_time, rest)) = text.split_at_checked(19) else {
        return false;
    };
    if !fits(b"0000-00-00T29:59:59", date_time) || (date_time[11] == b'2' && date_time[12] > b'3') {
        return false;
    }
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let zone = match rest.strip_prefix(b".") {
        Some(decimals) if (1..=9).contains(&digits(decimals)) => &decimals[digits(decimals)..],
        Some(_) => return false,
        None => rest,
    };
    match zone {
        b"Z" => true,
        [b'+' | b'-', offset @ ..] => fits(b"29:59", offset) && (offset[0] < b'2' || offset[1] <= b'3'),
        _ => false,
    }
}

/// Whether a text is a template with other digits: any digit for 0 and 9, none above it for 2 and 5.
fn fits(template: &[u8], text: &[u8]) -> bool {
    template.len() == text.len()
        && template.iter().zip(text).all(|(template, byte)| match template {
            b'0' | b'9' => byte.is_ascii_digit(),
            b'2' | b'5' => byte.is_ascii_digit() && byte <= template,
            other => byte == other,
        })
}

impl TryFrom<String> for Moment {
    type Error = ParseMomentError;

    fn try_from(text: String) -> Result<Self, ParseMomentError> {
        text.parse()
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_told_whole_seconds() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let between = time("2026-11-22T12:00:00.000000001Z");
        assert_eq!(whole_second(between), time("2026-11-22T12:00:00Z"));
        assert_eq!(whole_second_after(between), time("2026-11-22T12:00:01Z"));
        assert_eq!(whole_second_after(whole_second(between)), whole_second(between));
    }

    #[test]
    fn reads_rfc_3339_and_nothing_else() {
        for valid in [
            "2027-06-30T00:00:00Z",
            "2027-06-30T01:02:03.5+02:00",
            "2028-02-29T23:59:59-11:30",
            "1999-12-31T23:59:59.999999999-00:01",
            "3000-01-01T00:00:00+00:01",
            "2027-06-30T00:00:00-00:00",
            "2027-06-30T00:00:00+23:59",
        ] {
            assert!(valid.parse::<Moment>().is_ok(), "{valid}");
        }
        for invalid in [
            "",
            "2027-06-30",
            "2027-06-30 00:00:00Z",
            "2027-06-30T00:00:00",
            "2027-06-30T00:00Z",
            "2027-06-30T00:00:60Z",
            "2027-02-30T00:00:00Z",
            "2027-06-30T24:00:00Z",
            "2027-06-30t00:00:00z",
            "2027-06-30T00:00:00Z[UTC]",
            "2027-06-30T00:00:00,5Z",
            "tomorrow",
            "20270630T000000Z",
            "2100-02-29T00:00:00Z",
            "1999-12-31T23:59:59Z",
            "3000-01-01T00:00:00Z",
            "2027-06-30T00:00:00+24:00",
            "2027-06-30T00:00:00+01:60",
            "2027-06-30T00:00:00.Z",
            "2027-06-30T00:00:00.1234567890Z",
            "2027-06-30T00:00:00Z\n",
            "２027-06-30T00:00:00Z",
        ] {
            assert!(invalid.parse::<Moment>().is_err(), "{invalid}");
        }
    }
}
