//! A namespace as it was observed: what of it bears on a plan.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    contest::{Contest, Take},
    key_values::KeyValues,
    ledger::{self, LEDGER_KEYS, Ledger},
    request::Manager,
};
use crate::standards::{LabelError, LevelVersion, Mode, Policy, labelled};

/// The six label keys, then the annotation keys, whose owners are kept.
pub const TRACKED_KEYS: [&str; 10] = [
    Mode::Enforce.keys().level,
    Mode::Enforce.keys().version,
    Mode::Audit.keys().level,
    Mode::Audit.keys().version,
    Mode::Warn.keys().level,
    Mode::Warn.keys().version,
    ledger::GOVERNED_BY,
    ledger::ENFORCED,
    ledger::ON_RELEASE,
    ledger::TAKEN_FROM,
];

/// Whether a tracked key is that of an annotation; all others are labels'.
pub fn is_annotation(key: &str) -> bool {
    LEDGER_KEYS.contains(&key)
}

/// How a field manager wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Server-side apply.
    Apply,
    /// Any other write.
    Update,
}

/// One entry of `metadata.managedFields`, reduced to the tracked keys.
#[derive(Clone, Debug)]
pub struct ManagedFields {
    /// The field manager.
    pub manager: String,
    /// How it wrote.
    pub operation: Operation,
    /// The subresource it wrote through; empty for the object itself.
    pub subresource: String,
    /// When this entry last changed.
    pub time: Option<Timestamp>,
    /// Those of [`TRACKED_KEYS`] that it owns.
    pub keys: Vec<&'static str>,
}

/// Somebody who owns a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The field manager.
    pub manager: String,
    /// How it wrote.
    pub operation: Operation,
    /// The subresource it wrote through; empty for the object itself.
    pub subresource: String,
    /// When its entry last changed.
    pub time: Option<Timestamp>,
}

impl Owner {
    fn is(&self, manager: Manager) -> bool {
        self.manager == manager.as_str() && self.operation == Operation::Apply && self.subresource.is_empty()
    }

    /// Whether this is neither podsec nor the manager that keeps what podsec let go of.
    fn is_foreign(&self) -> bool {
        self.manager != Manager::Podsec.as_str() && self.manager != Manager::Retained.as_str()
    }
}

/// Who owns the tracked keys.
///
/// Nearly always all keys that have an owner have the same ones: those are kept once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owners([Option<Arc<[Owner]>>; TRACKED_KEYS.len()]);

impl Owners {
    /// The owners of the tracked keys, from the entries of `metadata.managedFields`.
    ///
    /// Update entries count like Apply entries, and so do entries of a subresource: a write through
    /// `namespaces/status` changes labels all the same.
    pub fn from_managed_fields(entries: impl IntoIterator<Item = ManagedFields>) -> Self {
        let entries = entries.into_iter().map(|entry| {
            let ManagedFields { manager, operation, subresource, time, keys } = entry;
            (Owner { manager, operation, subresource, time }, keys)
        });
        let entries: Vec<_> = entries.collect();
        let mut owners = Self::default();
        for (index, key) in TRACKED_KEYS.iter().enumerate() {
            let of_key = entries.iter().filter(|(_, keys)| keys.contains(key)).map(|(owner, _)| owner);
            owners.set(index, of_key);
        }
        owners
    }

    /// Has the key at a position owned by these, which another key may have as well.
    fn set<'o>(&mut self, index: usize, owners: impl Iterator<Item = &'o Owner> + Clone) {
        let known = self.0.iter().flatten().find(|known| known.iter().eq(owners.clone()));
        let set = known.cloned().or_else(|| {
            let owners: Arc<[Owner]> = owners.cloned().collect();
            (!owners.is_empty()).then_some(owners)
        });
        self.0[index] = set;
    }

    /// The owners of a key; none for a key that is not tracked.
    pub fn of(&self, key: &str) -> &[Owner] {
        let index = TRACKED_KEYS.iter().position(|tracked| *tracked == key);
        index.and_then(|index| self.0[index].as_deref()).unwrap_or_default()
    }

    /// Whether one of podsec's two managers owns the key by Apply.
    pub fn is_owned_by(&self, key: &str, manager: Manager) -> bool {
        self.of(key).iter().any(|owner| owner.is(manager))
    }

    /// The foreign owner of a key who wrote last.
    pub fn foreign(&self, key: &str) -> Option<&Owner> {
        self.of(key).iter().filter(|owner| owner.is_foreign()).max_by_key(|owner| owner.time)
    }

    /// Whether podsec's own apply is all that owns the key, so that another value needs no force. A write of any other
    /// kind under podsec's name counts as another owner; and where nobody is on record, because somebody wiped
    /// `managedFields`, the API server books the key to `before-first-apply`.
    pub fn is_podsecs_alone(&self, key: &str) -> bool {
        !self.of(key).is_empty() && self.of(key).iter().all(|owner| owner.is(Manager::Podsec))
    }

    /// When podsec's own entry last changed, if podsec owns any tracked key.
    pub fn written_by_podsec(&self) -> Option<Timestamp> {
        let owners = self.0.iter().flatten().flat_map(|owners| owners.iter());
        owners.filter(|owner| owner.is(Manager::Podsec)).filter_map(|owner| owner.time).max()
    }

    /// Changes the owners of a key.
    #[cfg(test)]
    pub(crate) fn change<T>(&mut self, key: &str, change: impl FnOnce(&mut Vec<Owner>) -> T) -> T {
        let index = TRACKED_KEYS.iter().position(|tracked| *tracked == key).unwrap();
        let mut owners = self.of(key).to_vec();
        let changed = change(&mut owners);
        self.set(index, owners.iter());
        changed
    }
}

/// A namespace as observed at one resourceVersion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// Its uid: a namespace re-created under its name is another one.
    pub uid: String,
    /// The version observed; every write carries it.
    pub resource_version: String,
    /// Whether it is being deleted.
    pub terminating: bool,
    /// When it was created, to the second.
    pub created: Timestamp,
    /// All its labels, which selectors are matched against.
    pub labels: KeyValues,
    /// The annotations of [`LEDGER_KEYS`] that are present.
    pub ledger_annotations: KeyValues,
    /// Who owns the tracked keys.
    pub owners: Owners,
    /// What podsec remembers to have noted on it, where it does: a second witness beside the annotations, which
    /// whoever may write the namespace can drop.
    pub remembered: Option<Ledger>,
    /// Who takes the labels of each mode from podsec, as podsec remembers it; in the order of [`Mode::ALL`].
    pub contests: [Option<Arc<Contest>>; 3],
}

impl Namespace {
    /// The value of a label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.get(key)
    }

    /// What the labels of a mode ask for, over the API server's `defaults`, and which of them cannot be read.
    ///
    /// The modes are taken one by one: that an absent warn label follows enforce is not considered, so that what is
    /// planned for one mode does not change what is there of another.
    pub fn labelled(&self, mode: Mode, defaults: &Policy) -> (LevelVersion, Vec<LabelError>) {
        labelled(mode, defaults.get(mode), |key| self.label(key))
    }

    /// What podsec noted on it. A note that somebody else has changed is not podsec's, and does not count; and since
    /// anybody may write under podsec's name, what podsec remembers comes before what stands there.
    pub fn ledger(&self) -> Ledger {
        let noted = self.noted();
        match &self.remembered {
            Some(remembered) => noted.witnessed_by(remembered),
            None => noted,
        }
    }

    /// What stands in podsec's notes that podsec itself has written there.
    pub fn noted(&self) -> Ledger {
        Ledger::read(&self.ledger_annotations.iter().filter(|(key, _)| self.owns(key)).collect())
    }

    /// How somebody has changed the labels of a mode at which podsec had left this value, if somebody has.
    ///
    /// Whoever last wrote what differs is named; nobody where it was removed, which leaves no record.
    pub fn taken(&self, mode: Mode, left: LevelVersion) -> Option<Take> {
        let keys = mode.keys();
        let (level, version) = (left.level.as_str(), left.version.to_string());
        let differs = [(keys.level, level), (keys.version, version.as_str())]
            .into_iter()
            .filter(|(key, value)| self.label(key) != Some(value));
        let changed = differs.map(|(key, _)| (key, self.owners.foreign(key)));
        let (key, owner) = changed.max_by_key(|(_, owner)| owner.map(|owner| owner.time))?;
        let (present, errors) = self.labelled(mode, &Policy::default());
        let weakens = !errors.is_empty() || present.is_weaker_than(left);
        let manager = owner.map(|owner| owner.manager.clone()).unwrap_or_default();
        Some(Take { manager, value: left, weakens, key })
    }

    /// Whoever else owns the level of a mode: with them it stays when podsec lets go of it.
    pub fn shares_level(&self, mode: Mode) -> Option<&Owner> {
        self.owners.foreign(mode.keys().level)
    }

    /// Whether podsec owns the key.
    pub fn owns(&self, key: &str) -> bool {
        self.owners.is_owned_by(key, Manager::Podsec)
    }

    /// Whether the manager that keeps what podsec let go of owns the key.
    pub fn is_retained(&self, key: &str) -> bool {
        self.owners.is_owned_by(key, Manager::Retained)
    }

    /// The keys of a mode that podsec owns, with their present values.
    pub fn owned_keys(&self, mode: Mode) -> impl Iterator<Item = (&'static str, &str)> {
        let keys = mode.keys();
        [keys.level, keys.version]
            .into_iter()
            .filter(|key| self.owns(key))
            .filter_map(|key| self.label(key).map(|value| (key, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_read_from_apply_update_and_subresource_entries() {
        let level = Mode::Enforce.keys().level;
        let entry = |manager: &str, operation, subresource: &str, keys: &[&'static str]| ManagedFields {
            manager: manager.into(),
            operation,
            subresource: subresource.into(),
            time: None,
            keys: keys.to_vec(),
        };
        let owners = Owners::from_managed_fields([
            entry("podsec", Operation::Apply, "", &[level]),
            entry("kubectl-label", Operation::Update, "status", &[level]),
            entry("other", Operation::Update, "", &["app"]),
            entry("none", Operation::Update, "", &[]),
        ]);
        assert_eq!(owners.of(level).len(), 2);
        assert!(owners.is_owned_by(level, Manager::Podsec));
        assert_eq!(owners.foreign(level).unwrap().manager, "kubectl-label");
        assert_eq!(owners.of("app"), &[]);
    }
}
