//! How fast a profile may raise namespaces.

use jiff::Timestamp;

/// How fast the profile that governs enforce may go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// When the next namespace may be raised; `None`: now.
    pub slot: Option<Timestamp>,
    /// Why no namespace may be raised for the time being.
    pub halted: Option<String>,
}
