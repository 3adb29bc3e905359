//! What podsec remembers to have left behind on each namespace.
//!
//! It is the second witness of the ledger: the annotations may be changed, also under podsec's own name, by whoever may
//! write the namespace. It does not outlive the process, nor the namespace.

use std::collections::HashMap;

use parking_lot::Mutex;

use super::apply::Applied;
use crate::{
    assessment::Fingerprint,
    rollout::{Ledger, Namespace},
};

/// What was left behind on each namespace when its plan was last carried out.
#[derive(Debug, Default)]
pub(super) struct Memory {
    by_name: Mutex<HashMap<String, Left>>,
}

#[derive(Debug)]
struct Left {
    /// Of the uid.
    uid: Fingerprint,
    ledger: Ledger,
    /// The version that podsec's own last write left, if it wrote.
    version: Option<String>,
}

impl Left {
    fn is_of(&self, namespace: &Namespace) -> bool {
        self.uid == Fingerprint::of(&namespace.uid)
    }
}

impl Memory {
    /// What was noted on this very namespace.
    pub(super) fn of(&self, namespace: &Namespace) -> Option<Ledger> {
        let by_name = self.by_name.lock();
        by_name.get(&namespace.name).filter(|left| left.is_of(namespace)).map(|left| left.ledger.clone())
    }

    /// Whether the namespace was observed before podsec's own last write. (Versions of one resource are numbers that
    /// grow, KEP-5504; where they are none, nothing can be told.)
    pub(super) fn outdates(&self, namespace: &Namespace) -> bool {
        let number = |text: &str| text.parse::<u64>().ok();
        let by_name = self.by_name.lock();
        let left = by_name.get(&namespace.name).filter(|left| left.is_of(namespace));
        let written = left.and_then(|left| left.version.as_deref()).and_then(number);
        written.zip(number(&namespace.resource_version)).is_some_and(|(written, observed)| observed < written)
    }

    /// Notes what a plan that was carried out has left behind.
    pub(super) fn note(&self, namespace: &Namespace, applied: &Applied) {
        let mut by_name = self.by_name.lock();
        let before = by_name.remove(&namespace.name).filter(|left| left.is_of(namespace));
        let version =
            applied.version().map(ToOwned::to_owned).or_else(|| before.and_then(|left| left.version));
        let (uid, ledger) = (Fingerprint::of(&namespace.uid), applied.ledger().clone());
        by_name.insert(namespace.name.clone(), Left { uid, ledger, version });
    }

    /// Forgets a namespace that is gone.
    pub(super) fn forget(&self, name: &str) {
        self.by_name.lock().remove(name);
    }
}
