//! The server-side apply requests that a plan consists of.

use std::collections::BTreeMap;

/// The two field managers of podsec. Their names are an interface: people write them into ignore rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Manager {
    /// Owns what podsec governs.
    Podsec,
    /// Owns what podsec let go of and left in place.
    Retained,
}

impl Manager {
    /// The field manager's name. It must not begin with `kubectl`: Flux adopts such managers and prunes their keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Podsec => "podsec",
            Self::Retained => "podsec-retained",
        }
    }
}

/// One apply: everything this manager is to own on the namespace afterwards.
///
/// What it leaves out and the manager owned before is deleted, unless somebody else owns it too. The name, the uid
/// and the observed resourceVersion go with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplyRequest {
    /// In whose name.
    pub manager: Manager,
    /// The labels.
    pub labels: BTreeMap<&'static str, String>,
    /// The annotations.
    pub annotations: BTreeMap<&'static str, String>,
    /// Whether values that somebody else owns are taken. Never with a key that is to be left alone.
    pub force: bool,
}
