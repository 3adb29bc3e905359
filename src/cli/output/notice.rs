//! What is said beside the result, on stderr.

use std::{
    fmt::Display,
    io::{self, Write as _},
};

use super::plain;

/// Tells the user something beside the result, in a line of its own that nothing in the text can leave.
pub(in crate::cli) fn tell(notice: &(impl Display + ?Sized)) {
    // Nobody is left to be told when stderr is closed.
    _ = writeln!(io::stderr(), "podsec: {}", plain(&notice.to_string()));
}
