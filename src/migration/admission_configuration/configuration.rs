//! What the API server takes, and what it makes of it.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::Deserialize;

use crate::standards::{
    Level, LevelVersion, Mode, ParseLevelError, ParseVersionError, Policy, Segment, Version,
};

/// A `PodSecurityConfiguration` as it is written. Unknown and doubled fields are errors, as they are to the API server.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    #[serde(rename = "apiVersion")]
    _api_version: Option<String>,
    #[serde(rename = "kind")]
    _kind: Option<String>,
    defaults: Option<WrittenDefaults>,
    exemptions: Option<WrittenExemptions>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct WrittenDefaults {
    enforce: Option<String>,
    enforce_version: Option<String>,
    audit: Option<String>,
    audit_version: Option<String>,
    warn: Option<String>,
    warn_version: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenExemptions {
    usernames: Option<Vec<String>>,
    namespaces: Option<Vec<String>>,
    runtime_classes: Option<Vec<String>>,
}

/// A configuration that the API server takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// What a namespace has that says nothing itself.
    pub defaults: Policy,
    /// What is not looked at.
    pub exempt: Exempt,
}

/// What Pod Security does not look at, by exact names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exempt {
    /// Users.
    pub usernames: Vec<String>,
    /// Namespaces.
    pub namespaces: Vec<String>,
    /// Runtime classes.
    pub runtime_classes: Vec<String>,
}

/// A field of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    section: &'static str,
    name: &'static str,
    index: Option<usize>,
}

impl Field {
    /// The level, or the version, that a mode has by default.
    pub(super) const fn of_default(mode: Mode, is_version: bool) -> Self {
        let name = match (mode, is_version) {
            (Mode::Enforce, false) => "enforce",
            (Mode::Enforce, true) => "enforce-version",
            (Mode::Audit, false) => "audit",
            (Mode::Audit, true) => "audit-version",
            (Mode::Warn, false) => "warn",
            (Mode::Warn, true) => "warn-version",
        };
        Self { section: "defaults", name, index: None }
    }

    /// One of a list of exemptions.
    pub(super) const fn of_exempt(name: &'static str, index: usize) -> Self {
        Self { section: "exemptions", name, index: Some(index) }
    }

    /// The way to it.
    pub fn segments(self) -> impl Iterator<Item = Segment<'static>> {
        let index = self.index.map(Segment::Index);
        [Segment::Key(self.section), Segment::Key(self.name)].into_iter().chain(index)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.section, self.name)?;
        self.index.map_or(Ok(()), |index| write!(f, "[{index}]"))
    }
}

/// A value that the API server would not start with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct Invalid {
    /// The field.
    pub field: Field,
    /// What is the matter, in the API server's words after the value.
    pub message: String,
}

impl Written {
    /// What the API server makes of it: what is not said is `privileged` and `latest`.
    ///
    /// # Errors
    ///
    /// All values that it would not start with, in the order in which it tells them.
    pub fn check(&self) -> Result<Configuration, Vec<Invalid>> {
        let mut invalid = Vec::new();
        let written = self.defaults.clone().unwrap_or_default();
        let values = [
            (written.enforce, written.enforce_version),
            (written.audit, written.audit_version),
            (written.warn, written.warn_version),
        ];
        let mut defaults = Policy::default();
        for (mode, (level, version)) in Mode::ALL.into_iter().zip(values) {
            let (of_level, of_version) = (Field::of_default(mode, false), Field::of_default(mode, true));
            let level = parsed(level, (Level::Privileged, ParseLevelError::TEXT), of_level, &mut invalid);
            let version =
                parsed(version, (Version::Latest, ParseVersionError::TEXT), of_version, &mut invalid);
            defaults.set(mode, LevelVersion::new(level, version));
        }
        let written = self.exemptions.clone().unwrap_or_default();
        let exempt = Exempt {
            namespaces: listed(written.namespaces, "namespaces", label_problem, &mut invalid),
            runtime_classes: listed(
                written.runtime_classes,
                "runtimeClasses",
                subdomain_problem,
                &mut invalid,
            ),
            usernames: listed(written.usernames, "usernames", username_problem, &mut invalid),
        };
        if invalid.is_empty() { Ok(Configuration { defaults, exempt }) } else { Err(invalid) }
    }
}

/// A value as it is parsed; the default where it is absent or empty.
fn parsed<T: FromStr>(
    written: Option<String>,
    (default, wanted): (T, &str),
    field: Field,
    invalid: &mut Vec<Invalid>,
) -> T {
    let Some(written) = written.filter(|written| !written.is_empty()) else { return default };
    written.parse().unwrap_or_else(|_| {
        invalid.push(Invalid { field, message: format!("invalid value {written:?}: {wanted}") });
        default
    })
}

/// The entries of a list, none of which may be there twice.
fn listed(
    written: Option<Vec<String>>,
    name: &'static str,
    problem: fn(&str) -> Option<String>,
    invalid: &mut Vec<Invalid>,
) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut listed = Vec::new();
    for (index, value) in written.into_iter().flatten().enumerate() {
        let field = Field::of_exempt(name, index);
        if let Some(problem) = problem(&value) {
            invalid.push(Invalid { field, message: format!("invalid value {value:?}: {problem}") });
        } else if seen.insert(value.clone()) {
            listed.push(value);
        } else {
            invalid.push(Invalid { field, message: format!("duplicate value {value:?}") });
        }
    }
    listed
}

fn label_problem(value: &str) -> Option<String> {
    let problems = [
        (value.contains('.'), "must not contain dots"),
        (value.len() > 63, "must be no more than 63 characters"),
        (
            !value.split('.').all(is_label),
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end \
             with an alphanumeric character",
        ),
    ];
    told(problems)
}

fn subdomain_problem(value: &str) -> Option<String> {
    let problems = [
        (value.len() > 253, "must be no more than 253 characters"),
        (
            !value.split('.').all(is_label),
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start \
             and end with an alphanumeric character",
        ),
    ];
    told(problems)
}

fn username_problem(value: &str) -> Option<String> {
    value.is_empty().then(|| "username must not be empty".to_owned())
}

fn told<const N: usize>(problems: [(bool, &str); N]) -> Option<String> {
    let found: Vec<_> =
        problems.into_iter().filter(|(is_so, _)| *is_so).map(|(_, problem)| problem).collect();
    (!found.is_empty()).then(|| found.join(", "))
}

/// Whether a text consists as a label of DNS does, of whatever length.
fn is_label(text: &str) -> bool {
    let is_end =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    is_end(text.as_bytes().first())
        && is_end(text.as_bytes().last())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}
