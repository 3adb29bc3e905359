//! Parts of JSON, each a function from where it stands to where it ends.

use wide::u8x16;

/// The next byte that is no white space, and where what follows it stands.
pub(super) fn token(text: &[u8], at: usize) -> Option<(u8, usize)> {
    match *text.get(at)? {
        byte @ b'!'.. => Some((byte, at + 1)),
        _ => token_after_space(text, at),
    }
}

#[cold]
fn token_after_space(text: &[u8], mut at: usize) -> Option<(u8, usize)> {
    while let b' ' | b'\n' | b'\t' | b'\r' = *text.get(at)? {
        at += 1;
    }
    Some((*text.get(at)?, at + 1))
}

/// A word that must stand at `at`.
pub(super) fn word(text: &[u8], at: usize, word: &[u8]) -> Option<usize> {
    text.get(at..)?.starts_with(word).then_some(at + word.len())
}

/// Where the first quotation mark, backslash or control character stands from `at` on.
pub(super) fn plain(text: &[u8], at: usize) -> Option<usize> {
    let mut rest = text.get(at..)?;
    while let Some((sixteen, after)) = rest.split_first_chunk() {
        let bytes = u8x16::new(*sixteen);
        let controls = bytes.min(u8x16::splat(0x1f)).simd_eq(bytes);
        let ends = bytes.simd_eq(u8x16::splat(b'"')) | bytes.simd_eq(u8x16::splat(b'\\')) | controls;
        let found = ends.to_bitmask();
        if found != 0 {
            return Some(text.len() - rest.len() + found.trailing_zeros() as usize);
        }
        rest = after;
    }
    plain_in_the_last(rest).map(|index| text.len() - rest.len() + index)
}

/// The same in fewer than sixteen bytes.
#[cold]
fn plain_in_the_last(rest: &[u8]) -> Option<usize> {
    rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | ..0x20))
}
