//! Passing over values that must be well-formed.

use super::text;

/// Where a value ends of which `first` is the first byte, and what follows that stands at `at`. `None` when it is not
/// JSON, and when objects and lists in it are more than `depth` deep in each other.
#[expect(clippy::inline_always, reason = "most values are shorter than a call for each takes")]
#[inline(always)]
pub(super) fn value(text: &[u8], first: u8, at: usize, depth: u8) -> Option<usize> {
    match first {
        b'"' => string(text, at),
        // As in `managedFields`, where most objects are empty.
        b'{' if text.get(at) == Some(&b'}') => Some(at + 1),
        b'{' => object(text, at, depth.checked_sub(1)?),
        b'[' => list(text, at, depth.checked_sub(1)?),
        _ => scalar(text, first, at),
    }
}

/// The first character inside stands at `at`.
#[inline(never)]
fn object(text: &[u8], at: usize, depth: u8) -> Option<usize> {
    let (mut first, mut at) = text::token(text, at)?;
    if first == b'}' {
        return Some(at);
    }
    while first == b'"' {
        let colon = text::token(text, string(text, at)?).filter(|(colon, _)| *colon == b':');
        let (first_of_value, rest_of_value) = text::token(text, colon?.1)?;
        let end = value(text, first_of_value, rest_of_value, depth)?;
        match text::token(text, end)? {
            (b',', next) => (first, at) = text::token(text, next)?,
            (b'}', end) => return Some(end),
            _ => return None,
        }
    }
    None
}

/// The first character inside stands at `at`.
#[inline(never)]
fn list(text: &[u8], at: usize, depth: u8) -> Option<usize> {
    let (mut first, mut at) = text::token(text, at)?;
    if first == b']' {
        return Some(at);
    }
    loop {
        let end = value(text, first, at, depth)?;
        match text::token(text, end)? {
            (b',', next) => (first, at) = text::token(text, next)?,
            (b']', end) => return Some(end),
            _ => return None,
        }
    }
}

/// What is neither a string, nor an object, nor a list.
#[inline(never)]
fn scalar(text: &[u8], first: u8, at: usize) -> Option<usize> {
    match first {
        b't' => text::word(text, at, b"rue"),
        b'f' => text::word(text, at, b"alse"),
        b'n' => text::word(text, at, b"ull"),
        _ => number(text, first, at),
    }
}

/// A string of which the first character stands at `at`.
fn string(text: &[u8], at: usize) -> Option<usize> {
    let end = text::plain(text, at)?;
    if text.get(end) == Some(&b'"') { Some(end + 1) } else { escaped(text, end) }
}

/// The rest of a string, from a backslash on.
#[cold]
fn escaped(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at = match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => escape(text, at + 1)?,
            // A control character, which JSON does not have.
            _ => return None,
        };
        at = text::plain(text, at)?;
    }
}

/// An escape of which the backslash is passed.
fn escape(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(at + 1),
        b'u' => text.get(at + 1..at + 5)?.iter().all(u8::is_ascii_hexdigit).then_some(at + 5),
        _ => None,
    }
}

/// What follows `first` stands at `at`.
fn number(text: &[u8], first: u8, at: usize) -> Option<usize> {
    let (first, mut at) = if first == b'-' { (*text.get(at)?, at + 1) } else { (first, at) };
    at = match first {
        b'0' => at,
        b'1'..=b'9' => digits(text, at),
        _ => return None,
    };
    if text.get(at) == Some(&b'.') {
        at = some_digits(text, at + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        let signed = matches!(text.get(at + 1), Some(b'+' | b'-'));
        at = some_digits(text, at + 1 + usize::from(signed))?;
    }
    Some(at)
}

fn digits(text: &[u8], mut at: usize) -> usize {
    while text.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

fn some_digits(text: &[u8], at: usize) -> Option<usize> {
    Some(digits(text, at)).filter(|end| *end > at)
}
