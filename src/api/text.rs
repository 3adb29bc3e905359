//! Texts that somebody else wrote, made fit to be shown: on one line, without tricks, and not endless.

use std::{iter::Peekable, str::Chars};

/// What stands where something was cut off.
const ELLIPSIS: char = '…';

/// A text with control and formatting characters written out, of so many of its characters at most.
pub fn printable(text: &str, longest: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(longest));
    let mut characters = text.chars();
    for character in characters.by_ref().take(longest) {
        if is_hidden(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    if characters.next().is_some() {
        shown.push(ELLIPSIS);
    }
    shown
}

/// Whether a character could rewrite a line, or make it read as what it is not.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// Makes a text printable, and harmless where it is pasted into Markdown: it opens no code, element, cell, link or
/// image there. It is cut to so many bytes as [`json_len`] counts them. Doing it again changes nothing.
pub(super) fn bound(text: &mut String, bytes: usize) {
    let is_plain = |c: char| !is_hidden(c) && !is_markup(c);
    if json_len(text) <= bytes && text.chars().all(is_plain) && !text.contains("](") {
        return;
    }
    let mut shown = String::with_capacity(bytes);
    // Where it can be cut so that the ellipsis still fits.
    let mut end = 0;
    let mut size = 0;
    let mut characters = text.chars().peekable();
    let mut piece = String::new();
    while next_piece(&mut characters, &mut piece) {
        size += json_len(&piece);
        if size > bytes {
            shown.truncate(end);
            shown.push(ELLIPSIS);
            break;
        }
        shown.push_str(&piece);
        if size + ELLIPSIS.len_utf8() <= bytes {
            end = shown.len();
        }
    }
    *text = shown;
}

/// The next character of a text as it is shown; whether there is one.
fn next_piece(characters: &mut Peekable<Chars<'_>>, piece: &mut String) -> bool {
    let Some(character) = characters.next() else { return false };
    piece.clear();
    let opens_link = character == ']' && characters.peek() == Some(&'(');
    if is_hidden(character) {
        piece.extend(character.escape_default());
    } else if is_markup(character) || opens_link {
        piece.extend(character.escape_unicode());
    } else {
        piece.push(character);
    }
    true
}

/// Whether a character begins code, an HTML element or a cell of a table. Messages and names of Kubernetes have none.
const fn is_markup(character: char) -> bool {
    matches!(character, '`' | '<' | '>' | '|')
}

/// How many bytes a text takes within JSON as the API server writes it: Go escapes what HTML would read.
pub(super) fn json_len(text: &str) -> usize {
    let len = |character: char| match character {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..'\u{20}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => 6,
        character => character.len_utf8(),
    };
    text.chars().map(len).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bounded(text: &str, bytes: usize) -> String {
        let mut text = text.to_owned();
        bound(&mut text, bytes);
        text
    }

    #[test]
    fn foreign_text_cannot_play_tricks() {
        let printable = |text| printable(text, 200);
        assert_eq!(printable("plain ünïcode"), "plain ünïcode");
        assert_eq!(printable("a\u{1b}[31mred\nline\u{202e}"), "a\\u{1b}[31mred\\nline\\u{202e}");
        assert_eq!(printable("x\u{7f}\u{9b}\u{ffff}"), "x\\u{7f}\\u{9b}\\u{ffff}");
        assert_eq!(printable(&"x".repeat(500)).chars().count(), 201);
    }

    #[test]
    fn pasted_text_stays_text() {
        let fine = r#"spec.containers[0] must set drop=["ALL"] (or a\b), ünïcode & more"#;
        assert_eq!(bounded(fine, 200), fine);
        assert_eq!(bounded("`a` <b> |", 200), r"\u{60}a\u{60} \u{3c}b\u{3e} \u{7c}");
        assert_eq!(bounded("![x](http://y)", 200), r"![x\u{5d}(http://y)");
        assert_eq!(bounded("a\nb\u{202e}", 200), r"a\nb\u{202e}");
    }

    #[test]
    fn what_is_cut_says_so_and_fits() {
        assert_eq!(bounded("abcdef", 6), "abcdef");
        assert_eq!(bounded("abcdefg", 6), "abc…");
        assert_eq!(bounded("ééé", 5), "é…");
        assert_eq!(bounded("ab\u{7}", 5), "ab…", "no escape is cut in two");
        assert_eq!(bounded("\"\"\"\"", 7), "\"\"…");
        assert_eq!(bounded("&&", 11), "&…", "counted as the API server writes it");
    }

    proptest! {
        #[test]
        fn it_fits_is_harmless_and_stays_as_it_is(
            text in r#"(\PC|[<>`|&"\\\n\u{1b}\u{202e}\u{e0001}😀]|\]\(){0,60}"#, bytes in 3..80_usize
        ) {
            let once = bounded(&text, bytes);
            prop_assert!(json_len(&once) <= bytes, "{}", once);
            prop_assert!(!once.chars().any(|c| is_hidden(c) || is_markup(c)) && !once.contains("]("), "{}", once);
            prop_assert_eq!(bounded(&once, bytes), once);
        }

        #[test]
        fn the_length_is_that_of_json(text in any::<String>()) {
            let escaped = text.replace(['<', '>', '&', '\u{2028}', '\u{2029}'], "123456");
            prop_assert_eq!(json_len(&text), serde_json::to_string(&escaped).unwrap().len() - 2);
        }
    }
}
