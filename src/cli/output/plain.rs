//! Somebody else's text, made harmless for a terminal and for the log of a job.

use std::{borrow::Cow, fmt::Write};

use crate::standards::is_printable;

/// The text with everything that is not printed written out, as in `\x1b`: control characters, which steer terminals,
/// and invisible ones, which make text read as what it is not. So is a `#` after another: `##[…]` and `##vso[…]` are
/// commands to the runners of GitHub and Azure, wherever in a line they stand.
pub(in crate::cli) fn plain(text: &str) -> Cow<'_, str> {
    if text.chars().all(is_printable) && !text.contains("##") {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    let mut last = ' ';
    for c in text.chars() {
        let is_shown = is_printable(c) && (c, last) != ('#', '#');
        // Writing to a string cannot fail.
        _ = match c {
            '\n' => shown.write_str("\\n"),
            '\t' => shown.write_str("\\t"),
            '\r' => shown.write_str("\\r"),
            c if is_shown => shown.write_char(c),
            c if u32::from(c) < 0x80 => write!(shown, "\\x{:02x}", u32::from(c)),
            c if u32::from(c) < 0x1_0000 => write!(shown, "\\u{:04x}", u32::from(c)),
            c => write!(shown, "\\U{:08x}", u32::from(c)),
        };
        last = c;
    }
    Cow::Owned(shown)
}

/// The same, for a text that a line begins with: `::…::` there is a command to GitHub's runner, also after spaces.
pub(super) fn line_start(text: &str) -> Cow<'_, str> {
    let shown = plain(text);
    match shown.trim_start().strip_prefix("::") {
        None => shown,
        Some(rest) => Cow::Owned(format!("{}\\x3a:{rest}", &shown[..shown.len() - rest.len() - 2])),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_printed_stays() {
        assert_eq!(plain("a b \"c\" é 😀 \\ # ::"), "a b \"c\" é 😀 \\ # ::");
        assert_eq!(
            plain("\u{1b}[31m\u{7}\n\u{9b}1m\u{202e}\u{e0001}"),
            "\\x1b[31m\\x07\\n\\u009b1m\\u202e\\U000e0001"
        );
    }

    #[test]
    fn nothing_commands_a_runner() {
        assert_eq!(plain("a ##[error]b ###"), "a #\\x23[error]b #\\x23\\x23");
        assert_eq!(line_start("::error ::a::"), "\\x3a:error ::a::");
        assert_eq!(line_start("  ::error ::a"), "  \\x3a:error ::a");
        assert_eq!(line_start("a ::error ::"), "a ::error ::");
    }

    proptest! {
        #[test]
        fn nothing_steers_a_terminal(text in any::<String>(), hashes in "[# ]{0,8}") {
            let shown = plain(&text);
            prop_assert!(shown.chars().all(|c| !c.is_control()));
            prop_assert!(!plain(&hashes).contains("##"));
        }
    }
}
