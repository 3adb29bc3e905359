//! What the API server is to decide by itself about a namespace, as CEL.
//!
//! The expressions are written from profiles as they stand: a policy that had them as parameters would be evaluated once
//! for each, in no order, and could not tell which of several governs, nor which version `server` is.

mod guarded;
mod labelling;
mod selection;
mod text;

pub use guarded::{ExemptNames, exempt_names, selecting_keys};
pub use labelling::{Labelling, ModeLabels, labelling};
pub use text::{list, literal};

/// A variable of an admission policy: evaluated once for a request, and only where another expression asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What it is, for those who read the policy.
    pub about: String,
    /// Its expression.
    pub expression: String,
}

impl Variable {
    fn new(name: impl Into<String>, about: impl Into<String>, expression: impl Into<String>) -> Self {
        Self { name: name.into(), about: about.into(), expression: expression.into() }
    }
}
