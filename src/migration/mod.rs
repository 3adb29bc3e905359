//! PURE: what others have in place, as profiles, with an account of every field of it.
//!
//! Here lives what their formats mean, and what of that labels can say. No files are read here and nothing is printed:
//! that is the command line's.

mod account;
pub mod admission_configuration;

pub use account::{Entry, Fate};
