//! Quoting as Go does it (`%q`), which is how upstream prints annotation values, label values and policies.

use std::fmt;

use super::printable::BOUNDS;

/// Text in double quotes, escaped as Go escapes it. It keeps control characters and invisible ones from a terminal.
#[derive(Clone, Copy, Debug)]
pub struct Quoted<'a>(&'a str);

/// Quotes a text as Go does.
pub const fn quoted(text: &str) -> Quoted<'_> {
    Quoted(text)
}

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        f.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\u{07}' => f.write_str("\\a")?,
                '\u{08}' => f.write_str("\\b")?,
                '\u{0c}' => f.write_str("\\f")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                '\u{0b}' => f.write_str("\\v")?,
                _ if is_printable(character) => f.write_char(character)?,
                '\0'..'\u{20}' | '\u{7f}' => write!(f, "\\x{:02x}", u32::from(character))?,
                ..='\u{ffff}' => write!(f, "\\u{:04x}", u32::from(character))?,
                _ => write!(f, "\\U{:08x}", u32::from(character))?,
            }
        }
        f.write_char('"')
    }
}

/// Whether Go prints a character as it is: letters, marks, numbers, punctuation, symbols and the ASCII space, by the
/// Unicode tables of the Go release that Kubernetes 1.37 is built with.
pub fn is_printable(character: char) -> bool {
    if character.is_ascii() {
        return !character.is_ascii_control();
    }
    BOUNDS.partition_point(|bound| *bound <= u32::from(character)) % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_as_go_does() {
        let cases = [
            ("", r#""""#),
            ("plain é \u{1f600}", "\"plain é \u{1f600}\""),
            ("\"\\", r#""\"\\""#),
            ("\u{7}\u{8}\u{c}\n\r\t\u{b}", r#""\a\b\f\n\r\t\v""#),
            ("\0\u{1b}\u{7f}", r#""\x00\x1b\x7f""#),
            ("\u{ad}\u{200b}\u{2028}\u{80}\u{a0}", r#""\u00ad\u200b\u2028\u0080\u00a0""#),
            ("\u{e0001}\u{fffd}", "\"\\U000e0001\u{fffd}\""),
        ];
        for (text, expected) in cases {
            assert_eq!(quoted(text).to_string(), expected);
        }
    }
}
