//! What a plain scalar is, as kubectl reads it.

/// A scalar's value as it would stand in JSON.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar<'t> {
    /// No value.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number, also when it was written as `8.0`: kubectl sends it as `8`.
    Int(i64),
    /// A whole number that fits no `i64`.
    Unsigned(u64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(&'t str),
}

/// Reads a plain scalar by the rules of YAML 1.1, as `sigs.k8s.io/yaml` (go-yaml v2) resolves it.
pub(super) fn resolve(text: &str) -> Scalar<'_> {
    match text.bytes().next() {
        None => Scalar::Null,
        Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => word(text),
        Some(b'.') => {
            infinity(text).or_else(|| text.parse().ok().and_then(number)).unwrap_or(Scalar::Text(text))
        }
        Some(b'+' | b'-' | b'0'..=b'9') => {
            infinity(text).or_else(|| numeric(text)).unwrap_or(Scalar::Text(text))
        }
        Some(_) => Scalar::Text(text),
    }
}

fn word(text: &str) -> Scalar<'_> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Scalar::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Scalar::Bool(false)
        }
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        _ => Scalar::Text(text),
    }
}

fn infinity(text: &str) -> Option<Scalar<'_>> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Some(Scalar::Float(f64::NAN)),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(Scalar::Float(f64::INFINITY)),
        "-.inf" | "-.Inf" | "-.INF" => Some(Scalar::Float(f64::NEG_INFINITY)),
        _ => None,
    }
}

/// A text that begins with a digit or a sign as a number; underscores count for nothing.
fn numeric(text: &str) -> Option<Scalar<'static>> {
    let plain = text.replace('_', "");
    let (negative, digits) = match plain.as_bytes().first()? {
        b'-' => (true, &plain[1..]),
        b'+' => (false, &plain[1..]),
        _ => (false, plain.as_str()),
    };
    if let Some(magnitude) = magnitude(digits) {
        let value = i128::from(magnitude) * if negative { -1 } else { 1 };
        if let Ok(value) = i64::try_from(value) {
            return Some(Scalar::Int(value));
        }
        // Go's unsigned parser takes no sign; such a number falls through to the floats.
        if !plain.starts_with(['+', '-']) {
            return Some(Scalar::Unsigned(magnitude));
        }
    }
    if is_float(digits) { plain.parse().ok().and_then(number) } else { None }
}

/// Digits with a base prefix: `0x`, `0o`, `0b`, or `0` for octal.
fn magnitude(digits: &str) -> Option<u64> {
    let lower = digits.get(..2).map(str::to_ascii_lowercase);
    let (radix, rest) = match lower.as_deref() {
        Some("0x") => (16, &digits[2..]),
        Some("0o") => (8, &digits[2..]),
        Some("0b") => (2, &digits[2..]),
        Some(prefix) if prefix.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    let plain = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if plain { u64::from_str_radix(rest, radix).ok() } else { None }
}

/// Whether unsigned text is a decimal number with a fraction or an exponent, in go-yaml's grammar.
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mantissa_is_good = digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty());
    mantissa_is_good
        && exponent.is_none_or(|exponent| {
            let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            !unsigned.is_empty() && digits(unsigned)
        })
}

/// A number as JSON has it: a whole one is an integer, however it was written. None if it is too large for a number.
fn number(value: f64) -> Option<Scalar<'static>> {
    /// What an `i64` ends before: 2^63.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if value.fract() == 0.0 && value.abs() < LIMIT {
        #[expect(clippy::cast_possible_truncation, reason = "whole, and within the bounds of an i64")]
        return Some(Scalar::Int(value as i64));
    }
    value.is_finite().then_some(Scalar::Float(value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each line was checked against `sigs.k8s.io/yaml` v1.6.0, which kubectl 1.37 uses.
    #[test]
    fn scalars_are_what_kubectl_makes_of_them() {
        let table = [
            ("", Scalar::Null),
            ("~", Scalar::Null),
            ("null", Scalar::Null),
            ("Null", Scalar::Null),
            ("nUll", Scalar::Text("nUll")),
            ("yes", Scalar::Bool(true)),
            ("y", Scalar::Bool(true)),
            ("On", Scalar::Bool(true)),
            ("TRUE", Scalar::Bool(true)),
            ("tRue", Scalar::Text("tRue")),
            ("off", Scalar::Bool(false)),
            ("N", Scalar::Bool(false)),
            ("False", Scalar::Bool(false)),
            ("0", Scalar::Int(0)),
            ("-0", Scalar::Int(0)),
            ("+12", Scalar::Int(12)),
            ("1_000", Scalar::Int(1000)),
            ("010", Scalar::Int(8)),
            ("0o10", Scalar::Int(8)),
            ("0x1F", Scalar::Int(31)),
            ("0b11", Scalar::Int(3)),
            ("-0b11", Scalar::Int(-3)),
            ("08", Scalar::Int(8)),
            ("0.0", Scalar::Int(0)),
            ("1e3", Scalar::Int(1000)),
            (".5", Scalar::Float(0.5)),
            ("1.", Scalar::Int(1)),
            ("1.5", Scalar::Float(1.5)),
            ("-1.5e-3", Scalar::Float(-0.0015)),
            ("9223372036854775807", Scalar::Int(i64::MAX)),
            ("18446744073709551615", Scalar::Unsigned(u64::MAX)),
            (".inf", Scalar::Float(f64::INFINITY)),
            ("-.INF", Scalar::Float(f64::NEG_INFINITY)),
            ("1.2.3", Scalar::Text("1.2.3")),
            ("0x", Scalar::Text("0x")),
            ("0xg", Scalar::Text("0xg")),
            ("1m", Scalar::Text("1m")),
            ("-", Scalar::Text("-")),
            (".", Scalar::Text(".")),
            ("1:30", Scalar::Text("1:30")),
            ("2026-01-02", Scalar::Text("2026-01-02")),
            ("inf", Scalar::Text("inf")),
            ("nan", Scalar::Text("nan")),
            ("<<", Scalar::Text("<<")),
            ("-010", Scalar::Int(-8)),
            ("0_7", Scalar::Int(7)),
            ("0x_1f", Scalar::Int(31)),
            ("0B1", Scalar::Int(1)),
            ("0o8", Scalar::Text("0o8")),
            ("0b12", Scalar::Text("0b12")),
            ("_1", Scalar::Text("_1")),
            ("+-1", Scalar::Text("+-1")),
            ("1e", Scalar::Text("1e")),
            (".e3", Scalar::Text(".e3")),
            ("-.5", Scalar::Float(-0.5)),
            ("012.5", Scalar::Float(12.5)),
            ("4e18", Scalar::Int(4_000_000_000_000_000_000)),
            ("1.0e400", Scalar::Text("1.0e400")),
            ("9223372036854775808", Scalar::Unsigned(9_223_372_036_854_775_808)),
            ("-9223372036854775809", Scalar::Float(-9_223_372_036_854_775_809.0)),
            (" 1", Scalar::Text(" 1")),
            ("RuntimeDefault", Scalar::Text("RuntimeDefault")),
        ];
        for (text, expected) in table {
            assert_eq!(resolve(text), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_something(text in any::<String>(), number in "[-+]?[0-9._eExXobB]{0,24}") {
            let _ = (resolve(&text), resolve(&number));
        }

        #[test]
        fn every_integer_is_itself(number in any::<i64>()) {
            let text = number.to_string();
            prop_assert_eq!(resolve(&text), Scalar::Int(number));
        }
    }
}
