//! The three modes and their label keys.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What all Pod Security labels start with.
pub const LABEL_PREFIX: &str = "pod-security.kubernetes.io/";

/// What the API server does with a pod that violates the level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Refuse it.
    Enforce,
    /// Note it in the audit log.
    Audit,
    /// Tell the client.
    Warn,
}

/// The two label keys of a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModeKeys {
    /// The key that carries the level.
    pub level: &'static str,
    /// The key that carries the version.
    pub version: &'static str,
}

impl Mode {
    /// All modes, in the order in which upstream reads them.
    pub const ALL: [Self; 3] = [Self::Enforce, Self::Audit, Self::Warn];

    /// The name as it stands in a label key.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Audit => "audit",
            Self::Warn => "warn",
        }
    }

    /// The two label keys.
    pub const fn keys(self) -> ModeKeys {
        match self {
            Self::Enforce => ModeKeys {
                level: "pod-security.kubernetes.io/enforce",
                version: "pod-security.kubernetes.io/enforce-version",
            },
            Self::Audit => ModeKeys {
                level: "pod-security.kubernetes.io/audit",
                version: "pod-security.kubernetes.io/audit-version",
            },
            Self::Warn => ModeKeys {
                level: "pod-security.kubernetes.io/warn",
                version: "pod-security.kubernetes.io/warn-version",
            },
        }
    }

    /// The position in [`Self::ALL`], for arrays of one value a mode.
    pub const fn index(self) -> usize {
        match self {
            Self::Enforce => 0,
            Self::Audit => 1,
            Self::Warn => 2,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A text that is no mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be one of enforce, audit, warn")]
pub struct ParseModeError;

impl FromStr for Mode {
    type Err = ParseModeError;

    fn from_str(text: &str) -> Result<Self, ParseModeError> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text).ok_or(ParseModeError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_made_of_the_prefix_and_the_name() {
        for mode in Mode::ALL {
            assert_eq!(mode.keys().level, format!("{LABEL_PREFIX}{mode}"));
            assert_eq!(mode.keys().version, format!("{LABEL_PREFIX}{mode}-version"));
            assert_eq!(Mode::ALL[mode.index()], mode);
        }
    }
}
