//! What became of what somebody else's configuration said.

use serde::Serialize;

/// What became of one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The field, as in `exemptions.namespaces[0]`.
    pub field: String,
    /// What it says.
    pub value: String,
    /// Whether a profile says the same.
    pub fate: Fate,
    /// Where it went, or what can take its place.
    pub told: String,
}

/// Whether a profile says the same as a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Fate {
    /// It does.
    Carried,
    /// Something else does, which is not in the profiles.
    Otherwise,
    /// Nothing that goes by labels can.
    NotPossible,
}

impl Fate {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Carried => "carried",
            Self::Otherwise => "otherwise",
            Self::NotPossible => "not possible",
        }
    }
}
