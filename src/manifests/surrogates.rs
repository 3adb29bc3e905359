//! Halves of surrogate pairs in JSON, which stand for no character.

use std::borrow::Cow;

/// JSON in which every escape of half a pair is one of U+FFFD, as Go reads it, and with it kubectl and the API server.
/// Nothing changes its place.
pub(super) fn mended(json: &str) -> Cow<'_, str> {
    let mut mended: Option<String> = None;
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &json.as_bytes()[at..]) {
        let escape = at + found;
        at = match unit(json, escape) {
            None => escape + 2,
            Some(0xd800..0xdc00) if matches!(unit(json, escape + 6), Some(0xdc00..0xe000)) => escape + 12,
            Some(0xd800..0xe000) => {
                mended.get_or_insert_with(|| json.to_owned()).replace_range(escape + 2..escape + 6, "fffd");
                escape + 6
            }
            Some(_) => escape + 6,
        };
        if at >= json.len() {
            break;
        }
    }
    mended.map_or(Cow::Borrowed(json), Cow::Owned)
}

/// The number in the escape `\u…` that begins at a byte, if one does.
fn unit(json: &str, at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix("\\u")?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn halves_are_replaced_and_pairs_are_not() {
        for (json, expected) in [
            (r#""\ud800x""#, r#""\ufffdx""#),
            (r#""\uD800\u0041""#, r#""\ufffd\u0041""#),
            (r#""\udc00\ud800""#, r#""\ufffd\ufffd""#),
            (r#""\ud800\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\\ud800""#, r#""\\ud800""#),
            (r#""\\\ud800""#, r#""\\\ufffd""#),
            (r#""é\n\u00e9""#, r#""é\n\u00e9""#),
        ] {
            assert_eq!(mended(json), expected);
            serde_json::from_str::<String>(&mended(json)).unwrap();
        }
    }

    proptest! {
        #[test]
        fn nothing_moves(json in r#"([a\\"é]|\\u|d8|dc|[0-9a-f]{2}){0,24}"#) {
            prop_assert_eq!(mended(&json).len(), json.len());
        }
    }
}
