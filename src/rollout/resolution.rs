//! Which profile governs which mode of a namespace.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use jiff::Timestamp;

use super::{Ledger, Namespace, Profile, Settings};
use crate::{
    api::{ReleasePolicy, Strategy},
    standards::{LevelVersion, Mode},
};

/// Whether the list of profiles can be relied on for letting go of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// All profiles were listed and read, and after that the CRD stood, created at this time, not being deleted.
    Complete {
        /// When the present CRD was created. Labels written before it are only ever retained.
        crd_created: Timestamp,
    },
    /// Something is in doubt; nothing is released or weakened. The text says what, for people.
    InDoubt(&'static str),
}

/// All profiles as of one moment.
#[derive(Clone, Debug)]
pub struct Profiles {
    readable: BTreeMap<String, Profile>,
    unreadable: BTreeSet<String>,
    completeness: Completeness,
    /// What the profiles asked for that are gone, as far as that was seen.
    gone: BTreeMap<String, ReleasePolicy>,
}

/// What has become of a profile that a ledger names.
#[derive(Debug)]
pub(super) enum Standing<'a> {
    /// It is there.
    Listed(&'a Profile),
    /// It is there, but cannot be read or cannot work.
    Unreadable,
    /// It is not in a list that may be incomplete.
    Unlisted,
    /// It was deleted.
    Deleted,
}

/// The profile that governs a mode.
#[derive(Clone, Copy, Debug)]
pub struct Winner<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// Whether the namespace is protected: then the gate holds whatever the strategy says.
    pub protected: bool,
}

impl Winner<'_> {
    /// The strategy that holds here.
    pub fn strategy(&self) -> Strategy {
        if self.protected { Strategy::WhenClean } else { self.profile.strategy }
    }
}

impl Profiles {
    /// All profiles; a name in `unreadable` stands for one that cannot be read or cannot work.
    pub fn new(
        readable: impl IntoIterator<Item = Profile>,
        unreadable: impl IntoIterator<Item = String>,
        completeness: Completeness,
    ) -> Self {
        let readable = readable.into_iter().map(|profile| (profile.name.clone(), profile)).collect();
        let unreadable = unreadable.into_iter().collect();
        Self { readable, unreadable, completeness, gone: BTreeMap::new() }
    }

    /// With the release policies that profiles had when they were last seen.
    #[must_use]
    pub fn with_last_seen(self, policies: &BTreeMap<String, ReleasePolicy>) -> Self {
        let is_gone = |(name, _): &(&String, &ReleasePolicy)| !self.readable.contains_key(*name);
        let gone = policies.iter().filter(is_gone).map(|(name, policy)| (name.clone(), *policy)).collect();
        Self { gone, ..self }
    }

    /// What becomes of the labels of a profile that is gone: they are removed only where the ledger says so and
    /// nothing else was seen of the profile since. (An edit that podsec had not yet noted on each namespace counts.)
    pub(super) fn policy_of_gone(&self, name: &str, noted: Option<ReleasePolicy>) -> ReleasePolicy {
        match (noted, self.gone.get(name)) {
            (Some(ReleasePolicy::Remove), None | Some(ReleasePolicy::Remove)) => ReleasePolicy::Remove,
            _ => ReleasePolicy::Retain,
        }
    }

    /// The same profiles, relied on more or less.
    #[must_use]
    pub fn with_completeness(&self, completeness: Completeness) -> Self {
        Self { completeness, ..self.clone() }
    }

    /// The profiles that can be read, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Profile> {
        self.readable.values()
    }

    /// How many there are, those included that cannot be read.
    pub fn count(&self) -> usize {
        self.readable.len() + self.unreadable.len()
    }

    /// A profile that can be read.
    pub fn get(&self, name: &str) -> Option<&Profile> {
        self.readable.get(name)
    }

    /// When the CRD was created, if the list may be relied on for letting go.
    ///
    /// # Errors
    ///
    /// What is in doubt, for people.
    pub fn complete(&self) -> Result<Timestamp, &'static str> {
        match self.completeness {
            Completeness::InDoubt(reason) => Err(reason),
            Completeness::Complete { .. } if !self.unreadable.is_empty() => {
                Err("a profile cannot be read, and it may ask for more")
            }
            Completeness::Complete { crd_created } => Ok(crd_created),
        }
    }

    /// When the CRD was created, if it stands.
    pub(super) const fn crd_created(&self) -> Option<Timestamp> {
        match self.completeness {
            Completeness::Complete { crd_created } => Some(crd_created),
            Completeness::InDoubt(_) => None,
        }
    }

    pub(super) fn standing(&self, name: &str) -> Standing<'_> {
        if let Some(profile) = self.readable.get(name) {
            return Standing::Listed(profile);
        }
        if self.unreadable.contains(name) {
            return Standing::Unreadable;
        }
        match self.completeness {
            Completeness::Complete { .. } => Standing::Deleted,
            Completeness::InDoubt(_) => Standing::Unlisted,
        }
    }

    /// The profiles that select a namespace, by name.
    pub fn matching<'a>(
        &'a self,
        namespace: &'a Namespace,
        settings: &'a Settings,
    ) -> impl Iterator<Item = &'a Profile> {
        self.iter().filter(move |profile| profile.matches(namespace, settings))
    }

    /// The profile that governs a mode of a namespace.
    ///
    /// Of the active profiles that match and set the mode, the first by rank. A profile that turned inactive keeps
    /// its place where the ledger says that it wrote the mode: nobody of lower rank takes over what it left.
    pub fn winner<'a>(
        &'a self,
        mode: Mode,
        namespace: &Namespace,
        ledger: &Ledger,
        settings: &Settings,
    ) -> Option<Winner<'a>> {
        let profile = self
            .iter()
            .filter(|profile| profile.is_active() || ledger.profile_of(mode) == Some(profile.name.as_str()))
            .filter(|profile| profile.asks(mode).is_some() && profile.matches(namespace, settings))
            .min_by(|a, b| by_rank(mode, a, b))?;
        Some(Winner { profile, protected: settings.protects(&namespace.name) })
    }
}

/// The order of precedence, the first governs: priority, then level, then version, then name.
///
/// Rank goes by what a profile sets, not by what an exemption makes of it: an exempted namespace does not fall
/// through to another profile.
pub(super) fn by_rank(mode: Mode, a: &Profile, b: &Profile) -> Ordering {
    let strictness = |profile: &Profile| profile.asks(mode).map(|asked| (asked.level, asked.version));
    let by_priority = b.priority.cmp(&a.priority);
    by_priority.then_with(|| strictness(b).cmp(&strictness(a))).then_with(|| a.name.cmp(&b.name))
}

/// The pairs of profiles of equal priority that disagree about a mode of a namespace, one of which governs it.
///
/// Each pair is given once, the lesser name first.
pub fn overlaps<'a>(
    profiles: &'a Profiles,
    namespace: &Namespace,
    settings: &Settings,
    now: Timestamp,
) -> BTreeSet<(&'a str, &'a str)> {
    let mut pairs = BTreeSet::new();
    for mode in Mode::ALL {
        let wanted = |profile: &Profile| -> Option<LevelVersion> {
            profile.wants(mode, profile.exemption(&namespace.name, now).as_ref())
        };
        let setting: Vec<_> = profiles
            .iter()
            .filter(|profile| profile.is_active() && profile.asks(mode).is_some())
            .filter(|profile| profile.matches(namespace, settings))
            .collect();
        // Against the one that governs only: of many that tie, each pair would be a list that grows with its square.
        let Some(first) = setting.iter().copied().min_by(|a, b| by_rank(mode, a, b)) else { continue };
        for other in setting.into_iter().filter(|profile| profile.priority == first.priority) {
            if wanted(other) != wanted(first) {
                let (a, b) = (first.name.as_str(), other.name.as_str());
                pairs.insert((a.min(b), a.max(b)));
            }
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::{super::testing, *};

    fn winner_of(specs: &[(&str, &str)]) -> Option<String> {
        let profiles = testing::profiles(specs);
        let namespace = testing::namespace("a", &[]);
        let winner = profiles.winner(Mode::Enforce, &namespace, &Ledger::default(), &Settings::default());
        winner.map(|winner| winner.profile.name.clone())
    }

    #[test]
    fn priority_then_level_then_version_then_name() {
        let spec = |priority: i32, level: &str, version: &str| {
            format!(
                r#"{{"namespaceSelector": {{}}, "priority": {priority}, "enforce": {{"level": "{level}", "version": "{version}"}}}}"#
            )
        };
        let first = |a: String, b: String| winner_of(&[("a", &a), ("b", &b)]).unwrap();
        assert_eq!(first(spec(1, "restricted", "latest"), spec(2, "privileged", "v1.0")), "b");
        assert_eq!(first(spec(1, "baseline", "latest"), spec(1, "restricted", "v1.0")), "b");
        assert_eq!(first(spec(1, "baseline", "v1.9"), spec(1, "baseline", "v1.10")), "b");
        assert_eq!(first(spec(1, "baseline", "v1.9"), spec(1, "baseline", "v1.9")), "a");
    }

    #[test]
    fn a_dry_run_and_a_suspended_profile_do_not_govern() {
        let dry = r#"{"namespaceSelector": {}, "priority": 9, "enforce": {"level": "restricted"}, "rollout": {"strategy": "DryRun"}}"#;
        let suspended = r#"{"namespaceSelector": {}, "priority": 9, "enforce": {"level": "restricted"}, "suspend": true}"#;
        let plain = r#"{"namespaceSelector": {}, "enforce": {"level": "baseline"}}"#;
        assert_eq!(winner_of(&[("d", dry), ("p", plain), ("s", suspended)]), Some("p".into()));
        assert_eq!(winner_of(&[("d", dry), ("s", suspended)]), None);
    }

    #[test]
    fn equal_priority_and_another_value_is_an_overlap() {
        let profiles = testing::profiles(&[
            ("a", r#"{"namespaceSelector": {}, "warn": {"level": "baseline"}}"#),
            ("b", r#"{"namespaceSelector": {}, "warn": {"level": "restricted"}}"#),
            ("c", r#"{"namespaceSelector": {}, "priority": -1, "warn": {"level": "privileged"}}"#),
            ("d", r#"{"namespaceSelector": {}, "warn": {"level": "baseline"}}"#),
        ]);
        let namespace = testing::namespace("x", &[]);
        let pairs = overlaps(&profiles, &namespace, &Settings::default(), Timestamp::UNIX_EPOCH);
        assert_eq!(pairs, BTreeSet::from([("a", "b"), ("b", "d")]));
    }
}
