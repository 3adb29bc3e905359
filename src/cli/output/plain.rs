//! Somebody else's text, made harmless for a terminal.

use std::{borrow::Cow, fmt::Write};

use crate::standards::is_printable;

/// The text with everything that is not printed written out, as in `\x1b`: control characters, which steer terminals,
/// and invisible ones, which make text read as what it is not.
pub(in crate::cli) fn plain(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_printable) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        // Writing to a string cannot fail.
        _ = match c {
            '\n' => shown.write_str("\\n"),
            '\t' => shown.write_str("\\t"),
            '\r' => shown.write_str("\\r"),
            c if is_printable(c) => shown.write_char(c),
            c if u32::from(c) < 0x80 => write!(shown, "\\x{:02x}", u32::from(c)),
            c if u32::from(c) < 0x1_0000 => write!(shown, "\\u{:04x}", u32::from(c)),
            c => write!(shown, "\\U{:08x}", u32::from(c)),
        };
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_printed_stays() {
        assert_eq!(plain("a b \"c\" é 😀 \\"), "a b \"c\" é 😀 \\");
        assert_eq!(
            plain("\u{1b}[31m\u{7}\n\u{9b}1m\u{202e}\u{e0001}"),
            "\\x1b[31m\\x07\\n\\u009b1m\\u202e\\U000e0001"
        );
    }

    proptest! {
        #[test]
        fn nothing_steers_a_terminal(text in any::<String>()) {
            prop_assert!(plain(&text).chars().all(|c| !c.is_control()));
        }
    }
}
