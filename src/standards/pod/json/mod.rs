//! Reading JSON of which little is looked at.
//!
//! A check reads a twentieth of a pod, so that a reader's time is that of passing over the rest. The reader here declines
//! whatever is wrong or rare, and leaves that to `serde_json`, which so has the last word on all errors.
//!
//! Text from elsewhere is checked in full. Of what an API server wrote, the parts that are passed over are only measured:
//! their brackets outside of strings are counted, 64 bytes at a time. Of JSON, which is all that an API server writes,
//! that gives the same. Of text that is not JSON it may give a pod where `serde_json` gives an error.

mod check;
mod count;
mod reader;
mod text;

use serde::Deserialize;

use super::Pod;
pub use count::Extent;
use reader::{Reader, Unread};

/// Reads a value from JSON, and gives what [`serde_json::from_str`] gives, sooner.
pub(super) fn from_text<'de, T: Deserialize<'de>>(text: &'de str) -> serde_json::Result<T> {
    alone(text.as_bytes(), Unread::Checked).map_or_else(|| serde_json::from_str(text), Ok)
}

/// Reads a value from the JSON that an API server answered with, and gives what [`serde_json::from_slice`] gives, sooner:
/// for a type that looks at little of it. Of text that is not JSON it may give a value where `serde_json` gives an error;
/// what is read of it is checked in any case, and only what is passed over is not.
///
/// # Errors
///
/// Those of `serde_json`.
pub fn from_served<'de, T: Deserialize<'de>>(text: &'de [u8]) -> serde_json::Result<T> {
    alone(text, Unread::Counted).map_or_else(|| serde_json::from_slice(text), Ok)
}

/// What the reader makes of a text by itself. `None` when that is wrong, or rare.
fn alone<'de, T: Deserialize<'de>>(text: &'de [u8], unread: Unread) -> Option<T> {
    let mut reader = Reader::new(text, unread);
    T::deserialize(&mut reader).ok().filter(|_| reader.is_at_end())
}

impl<'a> Pod<'a> {
    /// Reads a pod as [`from_served`] does.
    ///
    /// # Errors
    ///
    /// Those of `serde_json`.
    pub fn from_served(text: &'a [u8]) -> serde_json::Result<Self> {
        from_served(text)
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
