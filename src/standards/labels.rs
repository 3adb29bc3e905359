//! What a namespace's labels ask for, as upstream resolves them (`PolicyToEvaluate` of `pod-security-admission`).

use std::fmt;

use super::{Level, LevelVersion, Mode, ParseLevelError, ParseVersionError, Version, quote::quoted};

/// The level and version of each mode, in the order of [`Mode::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Policy([LevelVersion; 3]);

impl Policy {
    /// A policy from one value a mode, in the order of [`Mode::ALL`].
    pub const fn new(modes: [LevelVersion; 3]) -> Self {
        Self(modes)
    }

    /// The value of a mode.
    pub const fn get(&self, mode: Mode) -> LevelVersion {
        self.0[mode.index()]
    }

    /// Puts another value at a mode.
    pub const fn set(&mut self, mode: Mode, value: LevelVersion) {
        self.0[mode.index()] = value;
    }
}

impl Default for Policy {
    /// What an API server without a configuration of its own defaults to.
    fn default() -> Self {
        Self([LevelVersion::new(Level::Privileged, Version::Latest); 3])
    }
}

/// A label that the API server cannot read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelError {
    /// The label's key.
    pub key: &'static str,
    /// The value found.
    pub value: String,
    /// What it should have been, in upstream's words.
    pub message: &'static str,
}

impl LabelError {
    /// What is wrong with the value, without the label's key.
    pub fn cause(&self) -> String {
        format!("Invalid value: {}: {}", quoted(&self.value), self.message)
    }

    /// Several errors in one text, as the API server has it: one alone stands bare, more stand in brackets, and what
    /// would be said twice is said once.
    pub fn aggregate(errors: &[Self]) -> String {
        let mut texts: Vec<String> = Vec::new();
        for text in errors.iter().map(ToString::to_string) {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        if let [only] = &texts[..] { only.clone() } else { format!("[{}]", texts.join(", ")) }
    }
}

impl std::error::Error for LabelError {}

impl fmt::Display for LabelError {
    /// Upstream's text: `metadata.labels[…/enforce]: Invalid value: "x": must be one of …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "metadata.labels[{}]: {}", self.key, self.cause())
    }
}

/// What the two labels of one mode ask for, over the server's `default`, and what of them could not be read.
///
/// `label` gives the value of a key, `None` when the label is absent; a label with an empty value is present.
/// An unreadable enforce level counts as restricted, an unreadable audit or warn level as privileged, an
/// unreadable version as latest. That an absent `warn` follows a stricter `enforce` is left to [`effective_policy`].
pub fn labelled<'a>(
    mode: Mode,
    default: LevelVersion,
    label: impl Fn(&'static str) -> Option<&'a str>,
) -> (LevelVersion, Vec<LabelError>) {
    let keys = mode.keys();
    let mut value = default;
    let mut errors = Vec::new();
    if let Some(text) = label(keys.level) {
        value.level = text.parse().unwrap_or_else(|ParseLevelError| {
            errors.push(LabelError {
                key: keys.level,
                value: text.to_owned(),
                message: ParseLevelError::TEXT,
            });
            if mode == Mode::Enforce { Level::Restricted } else { Level::Privileged }
        });
    }
    if let Some(text) = label(keys.version) {
        value.version = text.parse().unwrap_or_else(|ParseVersionError| {
            errors.push(LabelError {
                key: keys.version,
                value: text.to_owned(),
                message: ParseVersionError::TEXT,
            });
            Version::Latest
        });
    }
    (value, errors)
}

/// The policy that labels ask for, over the server's `defaults`, with what could not be read.
///
/// Each mode as [`labelled`] has it; then a `warn` label that is absent follows a stricter `enforce` label.
pub fn effective_policy<'a>(
    defaults: &Policy,
    label: impl Fn(&'static str) -> Option<&'a str>,
) -> (Policy, Vec<LabelError>) {
    let mut policy = *defaults;
    let mut errors = Vec::new();
    for mode in Mode::ALL {
        let (value, unreadable) = labelled(mode, defaults.get(mode), &label);
        policy.set(mode, value);
        errors.extend(unreadable);
    }
    let warn = Mode::Warn.keys();
    let enforce_is_set =
        label(Mode::Enforce.keys().level).is_some_and(|level| level.parse::<Level>().is_ok());
    if enforce_is_set && label(warn.level).is_none() {
        let enforce = policy.get(Mode::Enforce);
        let mut value = policy.get(Mode::Warn);
        if enforce.level > value.level {
            value.level = enforce.level;
            if label(warn.version).is_none() {
                value.version = enforce.version;
            }
            policy.set(Mode::Warn, value);
        }
    }
    (policy, errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `enforce=baseline,warn-version=latest`, resolves it, and prints enforce / audit / warn.
    fn resolve(labels: &str) -> (String, usize) {
        let pairs: Vec<_> = labels.split(',').filter_map(|pair| pair.split_once('=')).collect();
        let (policy, errors) = effective_policy(&Policy::default(), |key| {
            pairs
                .iter()
                .find(|(name, _)| key.strip_prefix(super::super::LABEL_PREFIX) == Some(name))
                .map(|(_, v)| *v)
        });
        (Mode::ALL.map(|mode| policy.get(mode).to_string()).join(" / "), errors.len())
    }

    #[test]
    fn resolves_upstreams_own_examples() {
        let p = "privileged:latest";
        let table = [
            ("", format!("{p} / {p} / {p}"), 0),
            ("enforce=baseline", format!("baseline:latest / {p} / baseline:latest"), 0),
            ("warn=restricted", format!("{p} / {p} / restricted:latest"), 0),
            ("audit=baseline", format!("{p} / baseline:latest / {p}"), 0),
            ("enforce=baseline,warn=restricted", format!("baseline:latest / {p} / restricted:latest"), 0),
            ("enforce=baseline,enforce-version=v1.22", format!("baseline:v1.22 / {p} / baseline:v1.22"), 0),
            (
                "enforce=baseline,enforce-version=v1.22,warn-version=latest",
                format!("baseline:v1.22 / {p} / baseline:latest"),
                0,
            ),
            ("enforce=baseline,warn-version=v1.23", format!("baseline:latest / {p} / baseline:v1.23"), 0),
            ("enforce=baseline,warn=privileged", format!("baseline:latest / {p} / {p}"), 0),
            ("enforce=baseline,warn=foo", format!("baseline:latest / {p} / {p}"), 1),
            ("enforce=foo", format!("restricted:latest / {p} / {p}"), 1),
            ("enforce=,enforce-version=", format!("restricted:latest / {p} / {p}"), 2),
            ("enforce-version=v1.5", format!("privileged:v1.5 / {p} / {p}"), 0),
        ];
        for (labels, expected, errors) in table {
            assert_eq!(resolve(labels), (expected, errors), "{labels}");
        }
    }
}
