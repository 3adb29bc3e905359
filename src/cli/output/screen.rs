//! Where people read: what it shows, and how wide it is.

use std::io::{self, IsTerminal, Write};

use anstyle::Style;

use super::{is_coloured, plain};

/// What begins the further lines of a text that was broken.
const INDENT: &str = "  ";

/// Narrower than this, lines are not broken: little would be left of them.
const NARROWEST: usize = 40;

/// Where people read.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::cli) struct Screen {
    /// Whether it shows colours.
    pub(in crate::cli) is_coloured: bool,
    /// How many columns it has; nothing where that is no terminal, and lines are as long as they are.
    width: Option<usize>,
}

impl Screen {
    /// What is written to.
    pub(in crate::cli) fn of(out: &impl IsTerminal) -> Self {
        let size = if out.is_terminal() { terminal_size::terminal_size() } else { None };
        let width = size.map(|(width, _)| usize::from(width.0)).filter(|width| *width >= NARROWEST);
        Self { is_coloured: is_coloured(out), width }
    }

    /// A text in a style.
    pub(in crate::cli) fn paint(self, style: Style, text: &str) -> String {
        if self.is_coloured { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// Writes prose, made harmless, in as many lines as it takes.
    pub(in crate::cli) fn prose(self, out: &mut dyn Write, text: &str) -> io::Result<()> {
        self.broken(out, 0, text)
    }

    /// The same, after a label: `next: …`.
    pub(in crate::cli) fn labelled(
        self,
        out: &mut dyn Write,
        (style, label): (Style, &str),
        text: &str,
    ) -> io::Result<()> {
        write!(out, "{}: ", self.paint(style, label))?;
        self.broken(out, label.chars().count() + 2, text)
    }

    /// Writes a text where the line has so many columns already.
    fn broken(self, out: &mut dyn Write, taken: usize, text: &str) -> io::Result<()> {
        let text = plain(text);
        let Some(width) = self.width else { return writeln!(out, "{text}") };
        let mut column = taken;
        for (index, word) in text.split(' ').enumerate() {
            let length = word.chars().count();
            if index > 0 && column + 1 + length > width {
                write!(out, "\n{INDENT}")?;
                column = INDENT.len();
            } else if index > 0 {
                write!(out, " ")?;
                column += 1;
            }
            write!(out, "{word}")?;
            column += length;
        }
        writeln!(out)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(width: Option<usize>, label: &str, text: &str) -> String {
        let (screen, mut out) = (Screen { is_coloured: false, width }, Vec::new());
        screen.labelled(&mut out, (Style::new(), label), text).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_are_broken_between_words_on_a_terminal_and_nowhere_else() {
        let text = "set the labels to what the profile asks";
        assert_eq!(written(None, "next", text), format!("next: {text}\n"));
        assert_eq!(written(Some(20), "next", text), "next: set the labels\n  to what the\n  profile asks\n");
        let word = "pod-security.kubernetes.io/enforce";
        assert_eq!(written(Some(20), "a", &format!("{word} b")), format!("a: {word}\n  b\n"));
        assert_eq!(written(None, "a", "\u{1b}[2J\n"), "a: \\x1b[2J\\n\n");
    }

    proptest! {
        #[test]
        fn no_word_is_lost_and_no_line_too_long(text in "[a-z]{1,9}( [a-z]{1,9}){0,30}", width in 12..40_usize) {
            let broken = written(Some(width), "x", &text);
            let words: Vec<_> = broken.split_whitespace().skip(1).collect();
            prop_assert_eq!(words.join(" "), text);
            prop_assert!(broken.lines().all(|line| line.chars().count() <= width), "{}", broken);
        }
    }
}
