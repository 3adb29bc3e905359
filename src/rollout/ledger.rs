//! What podsec notes on a namespace about its own labels there.
//!
//! With `managedFields` the first three of these annotations are enough to repair and to release after a restart, or with the
//! profile gone; so there is no finalizer.

use std::{collections::BTreeMap, fmt::Display, str::FromStr};

use super::KeyValues;
use crate::{
    api::ReleasePolicy,
    standards::{LevelVersion, Mode},
};

/// The annotation that names the profile of each mode that podsec wrote: `enforce=apps,warn=apps`.
pub const GOVERNED_BY: &str = "podsec.dev/governed-by";
/// The annotation with the level and version that podsec raised enforce to: `baseline:v1.37`.
pub const ENFORCED: &str = "podsec.dev/enforced";
/// The annotation with the release policy of each mode: `enforce=Retain,warn=Remove`.
pub const ON_RELEASE: &str = "podsec.dev/on-release";

/// The annotation that says from whom podsec took each mode, where it did: `enforce=helm`.
pub const TAKEN_FROM: &str = "podsec.dev/taken-from";

/// The annotation keys.
pub const LEDGER_KEYS: [&str; 4] = [GOVERNED_BY, ENFORCED, ON_RELEASE, TAKEN_FROM];

/// The longest field manager that is noted, in characters: the API server's own limit.
const MANAGER: usize = 128;

/// The ledger of one namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The profile that last wrote each mode, in the order of [`Mode::ALL`].
    pub governed_by: [Option<String>; 3],
    /// What podsec raised enforce to.
    pub enforced: Option<LevelVersion>,
    /// What becomes of each mode when its profile is gone.
    pub on_release: [Option<ReleasePolicy>; 3],
    /// The field manager whose value podsec overwrote in each mode: it is gone, also once podsec lets go. For people.
    pub taken_from: [Option<String>; 3],
}

impl Ledger {
    /// Reads the annotations. What cannot be read counts as absent, and absent means: keep, never remove.
    pub fn read(annotations: &KeyValues) -> Self {
        let text = |key: &str| annotations.get(key).unwrap_or_default();
        Self {
            governed_by: read_modes::<ProfileName>(text(GOVERNED_BY))
                .map(|name| name.map(|ProfileName(name)| name)),
            enforced: annotations.get(ENFORCED).and_then(|text| text.parse().ok()),
            on_release: read_modes::<PolicyName>(text(ON_RELEASE))
                .map(|policy| policy.map(|PolicyName(policy)| policy)),
            taken_from: read_modes::<ManagerName>(text(TAKEN_FROM))
                .map(|manager| manager.map(|ManagerName(manager)| manager)),
        }
    }

    /// With what podsec itself remembers of it, which nobody else can write: its names count; of `enforced` the
    /// stricter, and `Remove` only where both say so.
    pub(super) fn witnessed_by(&self, remembered: &Self) -> Self {
        let enforced = match (self.enforced, remembered.enforced) {
            (Some(noted), Some(remembered)) if noted.is_weaker_than(remembered) => Some(remembered),
            (noted, remembered) => noted.or(remembered),
        };
        let agreed = |mode: Mode| match (self.on_release[mode.index()], remembered.on_release[mode.index()]) {
            (Some(noted), Some(remembered)) if noted == remembered => Some(noted),
            // Absent means: keep.
            _ => None,
        };
        Self {
            governed_by: remembered.governed_by.clone(),
            enforced,
            on_release: Mode::ALL.map(agreed),
            taken_from: self.taken_from.clone(),
        }
    }

    /// The annotations to write; an empty entry is left out.
    pub fn annotations(&self) -> BTreeMap<&'static str, String> {
        let policies = self.on_release.map(|policy| policy.map(PolicyName));
        let entries = [
            (GOVERNED_BY, write_modes(&self.governed_by)),
            (ENFORCED, self.enforced.map(|value| value.to_string())),
            (ON_RELEASE, write_modes(&policies)),
            (TAKEN_FROM, write_modes(&self.taken_from)),
        ];
        entries.into_iter().filter_map(|(key, value)| value.map(|value| (key, value))).collect()
    }

    /// The profile that last wrote a mode.
    pub fn profile_of(&self, mode: Mode) -> Option<&str> {
        self.governed_by[mode.index()].as_deref()
    }
}

/// A profile's name as it stands in the ledger: nothing else that somebody may have written there.
struct ProfileName(String);

impl FromStr for ProfileName {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
        (text.len() <= 253 && text.bytes().all(is_plain)).then(|| Self(text.to_owned())).ok_or(())
    }
}

/// A field manager as it may stand in the ledger.
struct ManagerName(String);

impl FromStr for ManagerName {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(notable(text)))
    }
}

/// A field manager's name, which anybody may choose, as it is noted: without what would part entries, or play tricks.
pub(super) fn notable(manager: &str) -> String {
    let plain = |c: char| if c.is_ascii_graphic() && !matches!(c, ',' | '=') { c } else { '?' };
    manager.chars().take(MANAGER).map(plain).collect()
}

/// A release policy as it stands in the ledger.
#[derive(Clone, Copy)]
struct PolicyName(ReleasePolicy);

impl Display for PolicyName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            ReleasePolicy::Retain => "Retain",
            ReleasePolicy::Remove => "Remove",
        })
    }
}

impl FromStr for PolicyName {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "Retain" => Ok(Self(ReleasePolicy::Retain)),
            "Remove" => Ok(Self(ReleasePolicy::Remove)),
            _ => Err(()),
        }
    }
}

/// Reads `mode=value,mode=value`; an entry that cannot be read is passed over.
fn read_modes<T: FromStr>(text: &str) -> [Option<T>; 3] {
    let mut modes = [const { None }; 3];
    for entry in text.split(',') {
        let Some((mode, value)) = entry.split_once('=') else {
            continue;
        };
        if let (Ok(mode), Ok(value), false) = (mode.parse::<Mode>(), value.parse(), value.is_empty()) {
            modes[mode.index()] = Some(value);
        }
    }
    modes
}

fn write_modes<T: Display>(modes: &[Option<T>; 3]) -> Option<String> {
    let entries: Vec<_> = Mode::ALL
        .into_iter()
        .filter_map(|mode| modes[mode.index()].as_ref().map(|value| format!("{mode}={value}")))
        .collect();
    (!entries.is_empty()).then(|| entries.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_both_ways() {
        let ledger = Ledger {
            governed_by: [Some("apps".into()), None, Some("base.line".into())],
            enforced: "baseline:v1.37".parse().ok(),
            on_release: [Some(ReleasePolicy::Remove), None, Some(ReleasePolicy::Retain)],
            taken_from: [Some(notable("evil,warn=\u{1b}helm")), None, None],
        };
        let annotations = ledger.annotations();
        assert_eq!(annotations[GOVERNED_BY], "enforce=apps,warn=base.line");
        assert_eq!(annotations[ENFORCED], "baseline:v1.37");
        assert_eq!(annotations[ON_RELEASE], "enforce=Remove,warn=Retain");
        assert_eq!(annotations[TAKEN_FROM], "enforce=evil?warn??helm");
        assert_eq!(Ledger::read(&annotations.iter().collect()), ledger);
        assert!(Ledger::default().annotations().is_empty());
    }

    #[test]
    fn what_cannot_be_read_counts_as_absent() {
        let annotations = [
            (GOVERNED_BY, "enforce=\u{1b}[2J,audit=,nonsense=x,warn=apps"),
            (ENFORCED, "baseline:1.37"),
            (ON_RELEASE, "enforce=remove,warn=Remove"),
        ];
        let ledger = Ledger::read(&annotations.into_iter().collect());
        assert_eq!(ledger.governed_by, [None, None, Some("apps".to_owned())]);
        assert_eq!(ledger.enforced, None);
        assert_eq!(ledger.on_release, [None, None, Some(ReleasePolicy::Remove)]);
    }
}
