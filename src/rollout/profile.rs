//! A profile made ready for planning: patterns compiled, versions resolved, defaults filled in.

use jiff::{SignedDuration, Timestamp};

use super::{
    Mismatch, NamePattern, Namespace, Pin, ServerView, Settings,
    candidates::unmet,
    matching::{meets, selects},
    resolve_version,
};
use crate::{
    api::{
        Batch, ClusterPodSecurityProfile, ConflictPolicy, NamespaceSelector, ProfileSpec, ReleasePolicy,
        Strategy, VersionSpec,
    },
    standards::{Level, LevelVersion, Mode},
};

/// A profile that could be read, with the versions that its modes stand for now.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// The generation of its spec.
    pub generation: i64,
    /// Its rank.
    pub priority: i32,
    /// Whether it is suspended.
    pub suspended: bool,
    /// When enforce is raised.
    pub strategy: Strategy,
    /// How long a namespace must be clean before enforce is raised through the gate.
    pub soak: SignedDuration,
    /// How many namespaces may be raised through the gate in what time.
    pub batch: Option<Batch>,
    /// From when on namespaces are raised that were held before.
    pub force_after: Option<Timestamp>,
    /// What it does about foreign values.
    pub conflict_policy: ConflictPolicy,
    /// What it leaves behind.
    pub release_policy: ReleasePolicy,
    /// Whether it may lower what another profile raised.
    pub allow_weakening: bool,
    modes: [Option<LevelVersion>; 3],
    follows_server: [bool; 3],
    selector: Option<NamespaceSelector>,
    names: Option<Vec<NamePattern>>,
    exemptions: Vec<CompiledExemption>,
}

#[derive(Clone, Debug)]
pub(super) struct CompiledExemption {
    pub(super) pattern: NamePattern,
    pub(super) level: Level,
    reason: String,
    pub(super) expires: Option<Timestamp>,
}

/// An exemption that holds for a namespace now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveExemption {
    /// The exemption's name.
    pub name: String,
    /// What enforce is while it lasts.
    pub level: Level,
    /// Why it was given.
    pub reason: String,
    /// When it ends.
    pub expires: Option<Timestamp>,
}

impl Profile {
    /// Makes a profile ready. `previous` gives what is known of a mode's version from before.
    pub fn new(
        object: &ClusterPodSecurityProfile,
        server: ServerView,
        previous: impl Fn(Mode) -> Pin,
    ) -> Self {
        let spec = &object.spec;
        Self {
            name: object.metadata.name.clone().unwrap_or_default(),
            uid: object.metadata.uid.clone().unwrap_or_default(),
            generation: object.metadata.generation.unwrap_or_default(),
            priority: spec.priority.unwrap_or_default(),
            suspended: spec.suspend.unwrap_or_default(),
            strategy: spec.strategy(),
            soak: SignedDuration::try_from(spec.soak()).unwrap_or(SignedDuration::MAX),
            batch: spec.rollout.as_ref().and_then(|rollout| rollout.batch),
            force_after: spec.rollout.as_ref().and_then(|rollout| rollout.force_after).map(|moment| moment.0),
            conflict_policy: spec.conflict_policy.unwrap_or_default(),
            release_policy: spec.release_policy.unwrap_or_default(),
            allow_weakening: spec.allow_weakening.unwrap_or_default(),
            modes: Mode::ALL.map(|mode| {
                let version = resolve_version(spec.version_of(mode)?, previous(mode).version, server);
                spec.mode(mode).map(|policy| LevelVersion::new(policy.level, version))
            }),
            follows_server: Mode::ALL.map(|mode| {
                let follows = matches!(spec.version_of(mode), Some(VersionSpec::Server { .. }));
                follows && !previous(mode).edited
            }),
            selector: spec.namespace_selector.clone(),
            names: spec
                .namespace_names
                .as_ref()
                .map(|names| names.iter().map(|name| NamePattern::new(name)).collect()),
            exemptions: exemptions(spec),
        }
    }

    /// What the profile sets a mode to, before any exemption.
    pub const fn asks(&self, mode: Mode) -> Option<LevelVersion> {
        self.modes[mode.index()]
    }

    /// Whether the version of a mode is the API server's own, and as far as anybody knows has always been. Then it
    /// is nobody's wish that it move down.
    pub const fn follows_server(&self, mode: Mode) -> bool {
        self.follows_server[mode.index()]
    }

    /// What it selects namespaces by, if it does so by labels.
    pub(super) const fn selector(&self) -> Option<&NamespaceSelector> {
        self.selector.as_ref()
    }

    /// What it selects namespaces by, if it does so by names.
    pub(super) fn name_patterns(&self) -> Option<&[NamePattern]> {
        self.names.as_deref()
    }

    /// Whether the profile selects a namespace.
    ///
    /// Where both a selector and names stand, both must match; a protected namespace must be named in full.
    pub fn matches(&self, namespace: &Namespace, settings: &Settings) -> bool {
        if self.selector.is_none() && self.names.is_none() {
            return false;
        }
        self.names(namespace, settings)
            && self.selector.as_ref().is_none_or(|selector| selects(selector, &namespace.labels))
    }

    /// Whether a namespace is among the names, or may be, where there are none.
    fn names(&self, namespace: &Namespace, settings: &Settings) -> bool {
        let protected = settings.protects(&namespace.name);
        let named =
            |pattern: &NamePattern| pattern.matches(&namespace.name) && (!protected || pattern.is_literal());
        self.names.as_ref().map_or(!protected, |names| names.iter().any(named))
    }

    /// Why the profile does not select a namespace; nothing when it does.
    pub fn mismatch(&self, namespace: &Namespace, settings: &Settings) -> Option<Mismatch> {
        if self.matches(namespace, settings) {
            return None;
        }
        if !self.names(namespace, settings) {
            let protected = settings.protects(&namespace.name);
            return Some(if protected { Mismatch::Protected } else { Mismatch::Name });
        }
        let meets = |requirement: &_| meets(requirement, &namespace.labels);
        // Without selector and names it selects nothing.
        let unmet = self.selector.as_ref().and_then(|selector| unmet(selector, namespace, meets));
        Some(unmet.unwrap_or(Mismatch::Name))
    }

    /// Whether the profile writes: neither suspended nor a dry run.
    pub fn is_active(&self) -> bool {
        !self.suspended && self.strategy != Strategy::DryRun
    }

    /// The exemption that holds for a namespace at `now`. A literal name comes before a glob, a longer glob before
    /// a shorter one, then the order of names.
    pub fn exemption(&self, namespace: &str, now: Timestamp) -> Option<ActiveExemption> {
        self.exemptions
            .iter()
            .filter(|exemption| exemption.pattern.matches(namespace))
            .filter(|exemption| exemption.lasts(now))
            .min_by(|a, b| a.rank().cmp(&b.rank()))
            .map(|exemption| ActiveExemption {
                name: exemption.pattern.as_str().to_owned(),
                level: exemption.level,
                reason: exemption.reason.clone(),
                expires: exemption.expires,
            })
    }

    /// The exemptions that have not ended by `now`. Of those that mean a namespace the first holds.
    pub(super) fn lasting_exemptions(&self, now: Timestamp) -> impl Iterator<Item = &CompiledExemption> {
        let mut lasting: Vec<_> = self.exemptions.iter().filter(|exemption| exemption.lasts(now)).collect();
        lasting.sort_by(|a, b| a.rank().cmp(&b.rank()));
        lasting.into_iter()
    }

    /// Whether a namespace had an exemption that has ended by `now`.
    pub fn had_exemption(&self, namespace: &str, now: Timestamp) -> bool {
        let mut matching = self.exemptions.iter().filter(|exemption| exemption.pattern.matches(namespace));
        matching.any(|exemption| exemption.expires.is_some_and(|expires| expires <= now))
    }

    /// When the next exemption of a namespace ends, if any.
    pub fn next_expiry(&self, namespace: &str, now: Timestamp) -> Option<Timestamp> {
        let matching = self.exemptions.iter().filter(|exemption| exemption.pattern.matches(namespace));
        matching.filter_map(|exemption| exemption.expires).filter(|expires| *expires > now).min()
    }

    /// What a namespace's mode should carry, exemptions considered.
    pub fn wants(&self, mode: Mode, exemption: Option<&ActiveExemption>) -> Option<LevelVersion> {
        let mut wanted = self.asks(mode)?;
        if let (Mode::Enforce, Some(exemption)) = (mode, exemption) {
            wanted.level = exemption.level;
        }
        Some(wanted)
    }
}

impl CompiledExemption {
    fn lasts(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    fn rank(&self) -> (bool, std::cmp::Reverse<usize>, &str) {
        (!self.pattern.is_literal(), std::cmp::Reverse(self.pattern.as_str().len()), self.pattern.as_str())
    }
}

fn exemptions(spec: &ProfileSpec) -> Vec<CompiledExemption> {
    let compile = |exemption: &crate::api::Exemption| CompiledExemption {
        pattern: NamePattern::new(&exemption.name),
        level: exemption.enforce.unwrap_or_default().into(),
        reason: exemption.reason.clone(),
        expires: exemption.expires.map(|moment| moment.0),
    };
    spec.exemptions.iter().flatten().map(compile).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::testing, *};

    #[test]
    fn both_selector_and_names_must_match() {
        let profile = testing::profile(
            "p",
            r#"{"namespaceSelector": {"matchLabels": {"tier": "apps"}}, "namespaceNames": ["team-*"]}"#,
        );
        let settings = Settings::default();
        let matches =
            |name, labels: &[(&str, &str)]| profile.matches(&testing::namespace(name, labels), &settings);
        assert!(matches("team-a", &[("tier", "apps")]));
        assert!(!matches("team-a", &[]));
        assert!(!matches("other", &[("tier", "apps")]));
    }

    #[test]
    fn a_protected_namespace_must_be_named_in_full() {
        let settings = Settings { protected: vec![NamePattern::new("kube-*")], ..Settings::default() };
        let namespace = testing::namespace("kube-system", &[]);
        let matches = |spec| testing::profile("p", spec).matches(&namespace, &settings);
        assert!(!matches(r#"{"namespaceSelector": {}}"#));
        assert!(!matches(r#"{"namespaceNames": ["kube-*"]}"#));
        assert!(matches(r#"{"namespaceNames": ["kube-system"]}"#));
        assert!(matches(r#"{"namespaceNames": ["kube-system"], "namespaceSelector": {}}"#));
    }

    #[test]
    fn the_nearest_exemption_holds_and_ends_at_its_time() {
        let profile = testing::profile(
            "p",
            r#"{"namespaceSelector": {}, "exemptions": [
                {"name": "a-*", "reason": "r"},
                {"name": "a-b", "enforce": "baseline", "reason": "r", "expires": "2027-01-01T00:00:00Z"}]}"#,
        );
        let before: Timestamp = "2026-12-31T23:59:59Z".parse().unwrap();
        let after: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(profile.exemption("a-b", before).unwrap().level, Level::Baseline);
        assert_eq!(profile.exemption("a-b", after).unwrap().level, Level::Privileged, "the glob is left");
        assert_eq!(profile.exemption("b", before), None);
        assert_eq!(profile.next_expiry("a-b", before), Some(after));
        assert_eq!(profile.next_expiry("a-b", after), None);
    }
}
