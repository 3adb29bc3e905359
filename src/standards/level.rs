//! Levels, and a level with its version.

use std::{cmp::Ordering, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::Version;

/// A level of the Pod Security Standards. The order is the order of strictness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// No check at all.
    Privileged,
    /// Known privilege escalations are refused.
    Baseline,
    /// Current hardening practice is required.
    Restricted,
}

impl Level {
    /// All levels, the most permissive first.
    pub const ALL: [Self; 3] = [Self::Privileged, Self::Baseline, Self::Restricted];

    /// The value as it stands in a label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A value that is no level. The text is upstream's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", Self::TEXT)]
pub struct ParseLevelError;

impl ParseLevelError {
    /// What the API server says of such a value.
    pub const TEXT: &'static str = "must be one of privileged, baseline, restricted";
}

impl FromStr for Level {
    type Err = ParseLevelError;

    /// Reads a level exactly as upstream does: lower case, nothing trimmed.
    fn from_str(text: &str) -> Result<Self, ParseLevelError> {
        Self::ALL.into_iter().find(|level| level.as_str() == text).ok_or(ParseLevelError)
    }
}

/// How one policy compares with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// A lower level, or an older version of the same level.
    Weaker,
    /// The same policy. Versions of `privileged` do not differ: it checks nothing.
    Same,
    /// A higher level, or a newer version of the same level.
    Stricter,
}

/// A level at a version, written `restricted:v1.37`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LevelVersion {
    /// The level.
    pub level: Level,
    /// The version of the level's checks.
    pub version: Version,
}

impl LevelVersion {
    /// A level at a version.
    pub const fn new(level: Level, version: Version) -> Self {
        Self { level, version }
    }

    /// How `self` compares with `other` by rank: the level first, then the version.
    ///
    /// A newer version is not always the stricter one to a given pod; as a *label* it ranks higher, and this is
    /// what "weaker" means everywhere in podsec.
    pub fn compared_to(self, other: Self) -> Strictness {
        let by_version =
            if self.level == Level::Privileged { Ordering::Equal } else { self.version.cmp(&other.version) };
        match self.level.cmp(&other.level).then(by_version) {
            Ordering::Less => Strictness::Weaker,
            Ordering::Equal => Strictness::Same,
            Ordering::Greater => Strictness::Stricter,
        }
    }

    /// Whether `self` ranks below `other`.
    pub fn is_weaker_than(self, other: Self) -> bool {
        self.compared_to(other) == Strictness::Weaker
    }

    /// The lower-ranking of the two; `self` when they rank the same.
    #[must_use]
    pub fn weaker_of(self, other: Self) -> Self {
        if other.is_weaker_than(self) { other } else { self }
    }
}

impl fmt::Display for LevelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.level, self.version)
    }
}

/// A text that is no `level:version`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseLevelVersionError {
    /// The part before the colon.
    #[error("level {0}")]
    Level(#[from] ParseLevelError),
    /// The part after the colon.
    #[error("version {0}")]
    Version(#[from] super::ParseVersionError),
}

impl FromStr for LevelVersion {
    type Err = ParseLevelVersionError;

    /// Reads `level:version`; a level alone means `latest`.
    fn from_str(text: &str) -> Result<Self, ParseLevelVersionError> {
        let (level, version) = text.split_once(':').unwrap_or((text, "latest"));
        Ok(Self::new(level.parse()?, version.parse()?))
    }
}

impl TryFrom<String> for LevelVersion {
    type Error = ParseLevelVersionError;

    fn try_from(text: String) -> Result<Self, ParseLevelVersionError> {
        text.parse()
    }
}

impl From<LevelVersion> for String {
    fn from(policy: LevelVersion) -> Self {
        policy.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lv(text: &str) -> LevelVersion {
        text.parse().unwrap()
    }

    #[test]
    fn the_level_outranks_the_version() {
        assert_eq!(lv("restricted:v1.0").compared_to(lv("baseline:latest")), Strictness::Stricter);
        assert_eq!(lv("baseline:v1.30").compared_to(lv("baseline:latest")), Strictness::Weaker);
        assert_eq!(lv("baseline:v1.30").compared_to(lv("baseline:v1.4")), Strictness::Stricter);
    }

    #[test]
    fn versions_of_privileged_do_not_differ() {
        assert_eq!(lv("privileged:v1.0").compared_to(lv("privileged:latest")), Strictness::Same);
    }

    #[test]
    fn text_goes_both_ways() {
        for text in ["privileged:latest", "baseline:v1.0", "restricted:v1.37"] {
            assert_eq!(lv(text).to_string(), text);
        }
        assert_eq!(
            "Baseline".parse::<LevelVersion>().unwrap_err().to_string(),
            "level must be one of privileged, baseline, restricted"
        );
        assert_eq!(
            "baseline:1.2".parse::<LevelVersion>().unwrap_err().to_string(),
            "version must be \"latest\" or \"v1.x\""
        );
    }
}
