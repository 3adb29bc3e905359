//! What was found out about an API server, and how sure it is.

use std::collections::BTreeMap;

use crate::standards::{Level, LevelVersion, Mode};

/// An answer to one question, with what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer<T> {
    /// The API server showed it.
    Sure {
        /// The answer.
        value: T,
        /// What it did.
        because: String,
    },
    /// Nothing speaks against it.
    Likely {
        /// The answer.
        value: T,
        /// What it did.
        because: String,
        /// What else could be the reason.
        unless: String,
    },
    /// It did not show.
    Unknown {
        /// Why not.
        why: String,
    },
}

impl<T> Answer<T> {
    pub(super) fn sure(value: T, because: impl Into<String>) -> Self {
        Self::Sure { value, because: because.into() }
    }

    pub(super) fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown { why: why.into() }
    }

    /// The answer, however sure.
    pub(super) const fn value(&self) -> Option<&T> {
        match self {
            Self::Sure { value, .. } | Self::Likely { value, .. } => Some(value),
            Self::Unknown { .. } => None,
        }
    }

    pub(super) const fn is_sure(&self) -> bool {
        matches!(self, Self::Sure { .. })
    }

    /// How sure, in a word.
    pub(super) const fn certainty(&self) -> &'static str {
        match self {
            Self::Sure { .. } => "sure",
            Self::Likely { .. } => "likely",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// What it rests on, in a sentence.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Sure { because, .. } => because.clone(),
            Self::Likely { because, unless, .. } => format!("{because}, unless {unless}"),
            Self::Unknown { why } => why.clone(),
        }
    }

    /// The same, less sure.
    pub(super) fn unless(self, unless: &str) -> Self {
        match self {
            Self::Sure { value, because } => Self::Likely { value, because, unless: unless.to_owned() },
            other => other,
        }
    }
}

/// What the API server does of its own accord.
#[derive(Clone, Debug)]
pub(super) struct Findings {
    /// Its minor.
    pub(super) server_minor: u32,
    /// As whom it was asked, where it tells.
    pub(super) user: Option<String>,
    /// Where canaries were sent, if they were.
    pub(super) namespace: Option<String>,
    /// What it applies to a namespace without labels, in the order of [`Mode::ALL`].
    pub(super) defaults: [Answer<LevelVersion>; 3],
    /// Whether it exempts whoever asked.
    pub(super) user_exempt: Answer<bool>,
    /// Whether it exempts a namespace, by name.
    pub(super) namespaces: BTreeMap<String, Answer<bool>>,
    /// Whether it exempts pods of a runtime class, by name.
    pub(super) runtime_classes: BTreeMap<String, Answer<bool>>,
    /// What was not asked at all, and why.
    pub(super) not_asked: Vec<String>,
}

impl Findings {
    /// The default of a mode.
    pub(super) const fn default_of(&self, mode: Mode) -> &Answer<LevelVersion> {
        &self.defaults[mode.index()]
    }

    /// The flags that the controller needs.
    pub(super) fn flags(&self) -> Vec<String> {
        let defaults = Mode::ALL.into_iter().filter_map(|mode| {
            let value = self.default_of(mode).value()?;
            (value.level != Level::Privileged).then(|| format!("{mode}={value}"))
        });
        let classes = self
            .runtime_classes
            .iter()
            .filter(|(_, exempt)| exempt.value() == Some(&true))
            .map(|(name, _)| name.clone());
        [
            ("--server-defaults", defaults.collect::<Vec<_>>()),
            ("--server-exempt-runtime-classes", classes.collect()),
        ]
        .into_iter()
        .filter(|(_, values)| !values.is_empty())
        .map(|(flag, values)| format!("{flag}={}", values.join(",")))
        .collect()
    }

    /// Whether all that bears on the flags and on labels is sure. The audit default is left out: on most clusters
    /// nothing that a client sees tells it. So is whether the user is exempt, which only matters to the other answers.
    pub(super) fn is_sure(&self) -> bool {
        [Mode::Enforce, Mode::Warn].into_iter().all(|mode| self.default_of(mode).is_sure())
            && self.namespaces.values().chain(self.runtime_classes.values()).all(Answer::is_sure)
            && self.not_asked.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(defaults: [&str; 3], classes: &[(&str, bool)]) -> Findings {
        let classes =
            classes.iter().map(|(name, exempt)| ((*name).to_owned(), Answer::sure(*exempt, "it was so")));
        Findings {
            server_minor: 37,
            user: None,
            namespace: None,
            defaults: defaults.map(|text| match text.parse() {
                Ok(value) => Answer::sure(value, "it was so"),
                Err(_) => Answer::unknown("nothing told"),
            }),
            user_exempt: Answer::sure(false, "it was so"),
            namespaces: BTreeMap::new(),
            runtime_classes: classes.collect(),
            not_asked: Vec::new(),
        }
    }

    #[test]
    fn flags_are_for_what_is_not_as_usual() {
        let usual = findings(["privileged:latest", "?", "privileged:v1.30"], &[("kata", false)]);
        assert!(usual.flags().is_empty() && usual.is_sure());
        let unusual = findings(
            ["baseline:latest", "restricted:v1.30", "?"],
            &[("gvisor", true), ("kata", false), ("zoo", true)],
        );
        let expected = [
            "--server-defaults=enforce=baseline:latest,audit=restricted:v1.30",
            "--server-exempt-runtime-classes=gvisor,zoo",
        ];
        assert_eq!(unusual.flags(), expected);
        assert!(!unusual.is_sure());
    }

    #[test]
    fn what_is_likely_is_not_sure() {
        let likely = Answer::sure(1, "it was so").unless("it lied");
        assert_eq!((likely.value(), likely.is_sure()), (Some(&1), false));
        assert_eq!(likely.reason(), "it was so, unless it lied");
    }
}
