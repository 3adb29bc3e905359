//! Why one profile governs a mode of a namespace and the others do not, for those who ask.

use std::fmt;

use super::{Ledger, Namespace, Profile, Profiles, Settings, resolution::by_rank};
use crate::{
    api::{NamespaceSelector, Operator, Requirement},
    standards::{LevelVersion, Mode},
};

/// A profile that selects a namespace, beside one of its modes.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// What it sets the mode to, before any exemption.
    pub asks: Option<LevelVersion>,
    /// What it is to the mode.
    pub place: Place<'a>,
}

/// What a profile that selects a namespace is to one of its modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// It governs the mode.
    Governs,
    /// Another profile governs it, for this reason.
    Outranked {
        /// The one that governs.
        by: &'a str,
        /// What decided.
        rank: Rank,
    },
    /// It is suspended.
    Suspended,
    /// It is a dry run.
    DryRun,
    /// It says nothing of the mode.
    Silent,
}

/// What decides between two profiles, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    /// The higher priority.
    Priority,
    /// At equal priority the stricter level.
    Level,
    /// At the same level the newer version.
    Version,
    /// Where they ask for the same, the name in byte order.
    Name,
}

impl Profiles {
    /// The profiles that select a namespace, beside one of its modes: that which governs first, then those that would by
    /// rank, then the rest by name.
    pub fn candidates<'a>(
        &'a self,
        mode: Mode,
        namespace: &Namespace,
        ledger: &Ledger,
        settings: &Settings,
    ) -> Vec<Candidate<'a>> {
        let winner = self.winner(mode, namespace, ledger, settings).map(|winner| winner.profile);
        let matching = self.iter().filter(|profile| profile.matches(namespace, settings));
        let mut candidates: Vec<_> = matching
            .map(|profile| Candidate {
                profile,
                asks: profile.asks(mode),
                place: place(mode, profile, winner),
            })
            .collect();
        candidates.sort_by(|one, other| {
            let silent = |candidate: &Candidate<'_>| candidate.asks.is_none();
            let last = silent(one).cmp(&silent(other));
            let governs = |candidate: &Candidate<'_>| candidate.place != Place::Governs;
            last.then(governs(one).cmp(&governs(other))).then(by_rank(mode, one.profile, other.profile))
        });
        candidates
    }
}

fn place<'a>(mode: Mode, profile: &'a Profile, winner: Option<&'a Profile>) -> Place<'a> {
    match winner {
        _ if profile.asks(mode).is_none() => Place::Silent,
        Some(winner) if winner.name == profile.name => Place::Governs,
        _ if profile.suspended => Place::Suspended,
        Some(by) if profile.is_active() => Place::Outranked { by: &by.name, rank: rank(mode, profile, by) },
        _ => Place::DryRun,
    }
}

/// What decided against a profile.
fn rank(mode: Mode, profile: &Profile, winner: &Profile) -> Rank {
    let level = |profile: &Profile| profile.asks(mode).map(|asked| asked.level);
    let version = |profile: &Profile| profile.asks(mode).map(|asked| asked.version);
    if profile.priority != winner.priority {
        Rank::Priority
    } else if level(profile) != level(winner) {
        Rank::Level
    } else if version(profile) != version(winner) {
        Rank::Version
    } else {
        Rank::Name
    }
}

/// Why a profile does not select a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// It is protected, and not named in full.
    Protected,
    /// None of the names and globs is its own.
    Name,
    /// A label is not as the selector wants it.
    Label {
        /// What the selector wants.
        wanted: String,
        /// What the label is, if it is there.
        is: Option<String>,
    },
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protected => {
                f.write_str("the namespace is protected, and namespaceNames does not name it in full")
            }
            Self::Name => f.write_str("namespaceNames does not name it"),
            Self::Label { wanted, is: None } => {
                write!(f, "namespaceSelector wants {wanted}, and the label is not there")
            }
            Self::Label { wanted, is: Some(value) } => {
                write!(f, "namespaceSelector wants {wanted}, and the label is {value:?}")
            }
        }
    }
}

/// The first label that is not as a selector wants it.
pub(super) fn unmet(
    selector: &NamespaceSelector,
    namespace: &Namespace,
    meets: impl Fn(&Requirement) -> bool,
) -> Option<Mismatch> {
    let is = |key: &str| namespace.label(key).map(ToOwned::to_owned);
    let equal = selector.match_labels.iter().flatten();
    let unequal = equal
        .filter(|(key, value)| namespace.label(key) != Some(value))
        .map(|(key, value)| Mismatch::Label { wanted: format!("{key}={value}"), is: is(key) });
    let requirements = selector.match_expressions.iter().flatten().filter(|requirement| !meets(requirement));
    let unmet = requirements
        .map(|requirement| Mismatch::Label { wanted: wanted(requirement), is: is(&requirement.key) });
    unequal.chain(unmet).next()
}

fn wanted(requirement: &Requirement) -> String {
    let Requirement { key, operator, values } = requirement;
    let values = values.as_deref().unwrap_or_default().join(", ");
    match operator {
        Operator::In => format!("{key} in ({values})"),
        Operator::NotIn => format!("{key} not in ({values})"),
        Operator::Exists => format!("{key} to be there"),
        Operator::DoesNotExist => format!("{key} not to be there"),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing, *};
    use crate::rollout::NamePattern;

    fn told(specs: &[(&str, &str)], mode: Mode) -> Vec<String> {
        let profiles = testing::profiles(specs);
        let namespace = testing::namespace("a", &[("tier", "apps")]);
        let candidates = profiles.candidates(mode, &namespace, &Ledger::default(), &Settings::default());
        let line = |candidate: &Candidate<'_>| {
            let place = match candidate.place {
                Place::Outranked { by, rank } => format!("{rank:?} of {by}"),
                other => format!("{other:?}"),
            };
            format!("{} {place}", candidate.profile.name)
        };
        candidates.iter().map(line).collect()
    }

    #[test]
    fn the_winner_comes_first_and_each_other_has_its_reason() {
        let spec = |rest: &str| format!(r#"{{"namespaceSelector": {{}}, {rest}}}"#);
        let enforce = r#""enforce": {"level": "baseline", "version": "v1.30"}"#;
        let specs = [
            ("by-name", spec(enforce)),
            ("a-winner", spec(&format!(r#"{enforce}, "priority": 0"#))),
            ("older", spec(r#""enforce": {"level": "baseline", "version": "v1.29"}"#)),
            ("weaker", spec(r#""enforce": {"level": "privileged"}"#)),
            ("low", spec(r#""enforce": {"level": "restricted"}, "priority": -1"#)),
            ("dry", spec(&format!(r#"{enforce}, "priority": 9, "rollout": {{"strategy": "DryRun"}}"#))),
            ("off", spec(&format!(r#"{enforce}, "priority": 9, "suspend": true"#))),
            ("silent", spec(r#""warn": {"level": "baseline"}"#)),
            ("elsewhere", format!(r#"{{"namespaceNames": ["b"], {enforce}}}"#)),
        ];
        let specs = specs.each_ref().map(|(name, spec)| (*name, spec.as_str()));
        assert_eq!(
            told(&specs, Mode::Enforce),
            [
                "a-winner Governs",
                "dry DryRun",
                "off Suspended",
                "by-name Name of a-winner",
                "older Version of a-winner",
                "weaker Level of a-winner",
                "low Priority of a-winner",
                "silent Silent",
            ]
        );
        assert_eq!(told(&specs, Mode::Warn)[0], "silent Governs");
    }

    #[test]
    fn why_a_profile_does_not_select_a_namespace() {
        let settings = Settings { protected: vec![NamePattern::new("kube-*")], ..Settings::default() };
        let reason = |name, labels: &[(&str, &str)], spec| {
            let namespace = testing::namespace(name, labels);
            let profile = testing::profile("p", spec);
            let mismatch = profile.mismatch(&namespace, &settings);
            assert_eq!(mismatch.is_none(), profile.matches(&namespace, &settings), "{spec}");
            mismatch.map(|mismatch| mismatch.to_string()).unwrap_or_default()
        };
        assert_eq!(reason("a", &[], r#"{"namespaceNames": ["a"]}"#), "");
        assert_eq!(reason("a", &[], r#"{"namespaceNames": ["b"]}"#), "namespaceNames does not name it");
        let protected = "the namespace is protected, and namespaceNames does not name it in full";
        assert_eq!(reason("kube-x", &[], r#"{"namespaceSelector": {}}"#), protected);
        assert_eq!(reason("kube-x", &[], r#"{"namespaceNames": ["kube-*"]}"#), protected);
        let named = r#"{"namespaceNames": ["kube-x"], "namespaceSelector": {"matchLabels": {"a": "b"}}}"#;
        assert_eq!(reason("kube-x", &[], named), "namespaceSelector wants a=b, and the label is not there");
        let apps = r#"{"namespaceSelector": {"matchLabels": {"tier": "apps"}}}"#;
        assert_eq!(reason("a", &[], apps), "namespaceSelector wants tier=apps, and the label is not there");
        assert_eq!(
            reason("a", &[("tier", "db")], apps),
            r#"namespaceSelector wants tier=apps, and the label is "db""#
        );
        let not = r#"{"namespaceSelector": {"matchExpressions": [{"key": "x", "operator": "NotIn", "values": ["1", "2"]}]}}"#;
        assert_eq!(
            reason("a", &[("x", "2")], not),
            r#"namespaceSelector wants x not in (1, 2), and the label is "2""#
        );
    }
}
