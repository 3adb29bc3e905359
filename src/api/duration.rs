//! Durations in Go's grammar, the one that Kubernetes users know.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

/// A duration written as Go writes it: `24h`, `1h30m`, `1.5h`. Never negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GoDuration(pub Duration);

/// The units of Go's grammar in nanoseconds, each with the digits that a number before it may have. No sum of numbers
/// within them overflows, which the API server's rules could not survive.
const UNITS: [(&str, u64, usize); 6] = [
    ("h", 3_600_000_000_000, 5),
    ("ms", 1_000_000, 9),
    ("m", 60_000_000_000, 7),
    ("us", 1_000, 9),
    ("ns", 1, 9),
    ("s", 1_000_000_000, 9),
];

/// What every duration is shorter than: the hours that are written of it must be readable again.
const END: u64 = 100_000 * 3_600_000_000_000;

/// The decimals that a number may have.
const DECIMALS: usize = 9;

/// The characters that a duration may have.
const LENGTH: usize = 32;

/// A text that is no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a duration such as 90s, 10m or 24h")]
pub struct ParseDurationError;

impl FromStr for GoDuration {
    type Err = ParseDurationError;

    /// Reads one or more of a decimal number and a unit (`h`, `m`, `s`, `ms`, `us`, `ns`), or a bare `0`.
    fn from_str(text: &str) -> Result<Self, ParseDurationError> {
        if text == "0" {
            return Ok(Self(Duration::ZERO));
        }
        if text.is_empty() || text.len() > LENGTH {
            return Err(ParseDurationError);
        }
        let mut nanos = 0_u64;
        let mut rest = text;
        while !rest.is_empty() {
            let (part, after) = leading_part(rest).ok_or(ParseDurationError)?;
            nanos = nanos.checked_add(part).ok_or(ParseDurationError)?;
            rest = after;
        }
        if nanos >= END { Err(ParseDurationError) } else { Ok(Self(Duration::from_nanos(nanos))) }
    }
}

/// The nanoseconds of the first number with its unit, and what follows it.
fn leading_part(text: &str) -> Option<(u64, &str)> {
    let (whole, mut rest) = leading_digits(text);
    let mut decimals = "";
    if let Some(after) = rest.strip_prefix('.') {
        (decimals, rest) = leading_digits(after);
        if !(1..=DECIMALS).contains(&decimals.len()) {
            return None;
        }
    }
    let (unit, size, digits) = UNITS.into_iter().find(|(unit, ..)| rest.starts_with(unit))?;
    if whole.len() > digits {
        return None;
    }
    let mut nanos = whole.parse::<u64>().ok()?.checked_mul(size)?;
    let mut scale = size;
    for digit in decimals.bytes() {
        scale /= 10;
        nanos = nanos.checked_add(scale * u64::from(digit - b'0'))?;
    }
    Some((nanos, &rest[unit.len()..]))
}

fn leading_digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

impl fmt::Display for GoDuration {
    /// Writes hours, minutes and seconds, leaving out what is zero at either end: `24h`, `1h30m`, `0s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let fraction = self.0.subsec_nanos();
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if minutes > 0 {
            write!(f, "{minutes}m")?;
        }
        if fraction > 0 {
            let decimals = format!("{fraction:09}");
            write!(f, "{seconds}.{}s", decimals.trim_end_matches('0'))?;
        } else if seconds > 0 || self.0.is_zero() {
            write!(f, "{seconds}s")?;
        }
        Ok(())
    }
}

impl TryFrom<String> for GoDuration {
    type Error = ParseDurationError;

    fn try_from(text: String) -> Result<Self, ParseDurationError> {
        text.parse()
    }
}

impl From<GoDuration> for String {
    fn from(duration: GoDuration) -> Self {
        duration.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_gos_grammar() {
        let table = [
            ("0", 0),
            ("0s", 0),
            ("90s", 90_000),
            ("24h", 86_400_000),
            ("1h30m", 5_400_000),
            ("1.5h", 5_400_000),
            ("1h1ms", 3_600_001),
            ("100ms", 100),
            ("1m1.25s", 61_250),
        ];
        for (text, millis) in table {
            assert_eq!(text.parse::<GoDuration>().unwrap().0, Duration::from_millis(millis), "{text}");
        }
        for invalid in [
            "",
            "1",
            "h",
            "-1h",
            "+1h",
            "1d",
            "1 h",
            "1h ",
            ".5h",
            "1.h",
            "1,5h",
            "PT1H",
            "1H",
            "9999999h9999999h",
            "100000h",
            "99999h60m",
            "1.0123456789s",
            "1µs",
            "24h\n",
        ] {
            assert!(invalid.parse::<GoDuration>().is_err(), "{invalid}");
        }
    }

    #[test]
    fn writes_what_it_reads() {
        for text in ["24h", "1h30m", "90m", "10m", "45s", "0s", "1.5s"] {
            let duration = text.parse::<GoDuration>().unwrap();
            assert_eq!(duration.to_string().parse::<GoDuration>().unwrap(), duration);
        }
        assert_eq!("90m".parse::<GoDuration>().unwrap().to_string(), "1h30m");
        assert_eq!("86400s".parse::<GoDuration>().unwrap().to_string(), "24h");
    }

    proptest::proptest! {
        #[test]
        fn whatever_it_reads_it_can_write(text in r"([0-9]{1,5}(\.[0-9]{1,9})?(h|ms|m|us|ns|s)){1,4}") {
            if let Ok(duration) = text.parse::<GoDuration>() {
                proptest::prop_assert_eq!(duration.to_string().parse::<GoDuration>(), Ok(duration));
            }
        }
    }
}
