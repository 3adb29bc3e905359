//! Rows in columns, for people.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use anstyle::Style;

use super::plain;

/// A cell of a table: somebody's text, escaped, and how it is shown on a terminal.
#[derive(Clone, Debug, Default)]
pub(in crate::cli) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// The text as it is, made harmless.
    pub(in crate::cli) fn new(text: impl AsRef<str>) -> Self {
        Self { text: plain(text.as_ref()).into_owned(), style: Style::new() }
    }

    /// The same in a style.
    pub(in crate::cli) fn styled(self, style: Style) -> Self {
        Self { style, ..self }
    }

    /// The columns that it takes. Names are nearly always ASCII; others may stand out of line.
    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

/// Rows of as many cells, the first of which is the head.
#[derive(Debug)]
pub(in crate::cli) struct Columns<const N: usize> {
    rows: Vec<[Cell; N]>,
}

impl<const N: usize> Columns<N> {
    /// With a head and no rows yet.
    pub(in crate::cli) fn new(head: [&str; N]) -> Self {
        Self { rows: vec![head.map(Cell::new)] }
    }

    /// Adds a row.
    pub(in crate::cli) fn row(&mut self, cells: [Cell; N]) {
        self.rows.push(cells);
    }

    /// Writes all rows, the last column as wide as it is.
    pub(in crate::cli) fn write(&self, out: &mut dyn Write, is_coloured: bool) -> io::Result<()> {
        let mut widths = [0; N];
        for (width, column) in widths.iter_mut().zip(0..N) {
            *width = self.rows.iter().map(|row| row[column].width()).max().unwrap_or_default();
        }
        for row in &self.rows {
            let mut line = String::new();
            let end = row.iter().rposition(|cell| !cell.text.is_empty()).map_or(0, |last| last + 1);
            for (index, (Cell { text, style }, width)) in row.iter().zip(widths).take(end).enumerate() {
                let pad = if index + 1 == end { 0 } else { width.saturating_sub(text.chars().count()) + 3 };
                if is_coloured && *style != Style::new() {
                    // Writing to a string cannot fail.
                    _ = write!(line, "{style}{text}{style:#}");
                } else {
                    line.push_str(text);
                }
                line.extend(std::iter::repeat_n(' ', pad));
            }
            writeln!(out, "{line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use anstyle::AnsiColor;

    use super::*;

    fn written(is_coloured: bool) -> String {
        let mut columns = Columns::new(["A", "LONG HEAD", "C"]);
        columns.row(["ünï".into(), Cell::new("x").styled(AnsiColor::Red.on_default()), "y".into()]);
        columns.row(["a\u{1b}[31m".into(), "".into(), "".into()]);
        let mut out = Vec::new();
        columns.write(&mut out, is_coloured).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_are_aligned_and_no_name_steers_a_terminal() {
        assert_eq!(written(false), "A           LONG HEAD   C\nünï         x           y\na\\x1b[31m\n");
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        let style = AnsiColor::Red.on_default();
        let coloured = written(true);
        assert!(coloured.contains(&format!("{style}x{style:#}")));
        assert_eq!(
            coloured.replace(&style.to_string(), "").replace(&format!("{style:#}"), ""),
            written(false)
        );
    }
}
