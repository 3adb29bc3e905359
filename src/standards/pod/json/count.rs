//! Passing over values of which only the extent is looked at.

use wide::u8x16;

use super::text;

/// How many bytes are looked at together.
const BLOCK: usize = 64;

/// Where a value ends of which `first` is the first byte, and what follows that stands at `at`. `None` when the text
/// ends before, or no value begins so. That it is well-formed is not looked at, beyond its strings and brackets.
pub(super) fn value(text: &[u8], first: u8, at: usize) -> Option<usize> {
    match first {
        b'"' => string(text, at),
        b'{' | b'[' => container(text, at),
        _ if is_plain(first) => Some(at + text.get(at..)?.iter().take_while(|byte| is_plain(**byte)).count()),
        _ => None,
    }
}

/// Whether a byte may stand in a number, or in `true`, `false` and `null`.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

/// Where a string ends, its quotation mark included, of which the first character stands at `at`.
pub(super) fn string(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at = text::plain(text, at)?;
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            // A control character, which JSON does not have.
            _ => return None,
        }
    }
}

/// Where an object or a list ends, its bracket included, of which the first character inside stands at `at`.
fn container(text: &[u8], at: usize) -> Option<usize> {
    Extent::after_opening().end_in(text.get(at..)?).map(|end| at + end)
}

/// Finds where an object or a list of JSON ends of which the text comes in pieces.
///
/// As all that passes over what an API server wrote, it does not look whether the text is well-formed.
#[derive(Clone, Debug)]
pub struct Extent {
    depth: u64,
    strings: Strings,
}

impl Extent {
    /// Begins behind the opening bracket.
    pub const fn after_opening() -> Self {
        Self { depth: 1, strings: Strings { inside: 0, escaped: 0 } }
    }

    /// Goes through the next piece. Gives the position in it behind the closing bracket, or nothing when that is still to
    /// come.
    pub fn end_in(&mut self, piece: &[u8]) -> Option<usize> {
        let mut at = 0;
        loop {
            let rest = piece.get(at..).filter(|rest| !rest.is_empty())?;
            let mut padded = [b' '; BLOCK];
            let block = rest.first_chunk().unwrap_or_else(|| {
                padded.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
                &padded
            });
            let in_strings = self.strings.of(bits(block, 0, b'"'), bits(block, 0, b'\\'), rest.len());
            // The two opening brackets differ by one bit, and so do the closing ones.
            let opening = bits(block, 0x20, b'{') & !in_strings;
            let closing = bits(block, 0x20, b'}') & !in_strings;
            if let Some(index) = end(opening, closing, self.depth) {
                return Some(at + index + 1);
            }
            self.depth = self.depth + count(opening) - count(closing);
            at += BLOCK;
        }
    }
}

/// Which of the brackets in a block ends what began `depth` brackets before it.
fn end(opening: u64, mut closing: u64, mut depth: u64) -> Option<usize> {
    if count(closing) < depth {
        return None;
    }
    let mut counted = 0;
    while closing != 0 {
        let index = closing.trailing_zeros();
        let before = opening & ((1 << index) - 1);
        depth += count(before & !counted);
        counted = before;
        depth -= 1;
        if depth == 0 {
            return Some(index as usize);
        }
        closing &= closing - 1;
    }
    None
}

fn count(bits: u64) -> u64 {
    u64::from(bits.count_ones())
}

/// Which bytes of a block are `byte`, once the bits of `mask` are set in them.
fn bits(block: &[u8; BLOCK], mask: u8, byte: u8) -> u64 {
    let (mask, byte) = (u8x16::splat(mask), u8x16::splat(byte));
    block.as_chunks().0.iter().rev().fold(0, |bits, sixteen| {
        bits << 16 | u64::from((u8x16::new(*sixteen) | mask).simd_eq(byte).to_bitmask())
    })
}

/// Where strings begin and end, from block to block.
#[derive(Clone, Debug)]
struct Strings {
    /// All ones when the last block ended within a string.
    inside: u64,
    /// 1 when the last block ended after a backslash that takes the next byte with it.
    escaped: u64,
}

impl Strings {
    /// Which bytes of the next block are in strings, given its quotation marks and backslashes. Only the last block of a
    /// piece is shorter than others.
    fn of(&mut self, quotes: u64, backslashes: u64, length: usize) -> u64 {
        let mut escaped = self.escaped;
        self.escaped = 0;
        let mut left = backslashes & !escaped;
        while left != 0 {
            let backslash = left & left.wrapping_neg();
            self.escaped = backslash >> 63;
            escaped |= backslash << 1;
            left &= !(backslash | backslash << 1);
        }
        if length < BLOCK {
            self.escaped = escaped >> length & 1;
        }
        // Each bit becomes the parity of the quotation marks up to it.
        let mut inside = quotes & !escaped;
        for shift in [1, 2, 4, 8, 16, 32] {
            inside ^= inside << shift;
        }
        inside ^= self.inside;
        self.inside = 0_u64.wrapping_sub(inside >> 63);
        inside
    }
}
