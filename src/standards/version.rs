//! Versions of the standards, which are Kubernetes minor versions.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::registry::newest_revision;

/// The newest release of Kubernetes whose evaluator podsec was compared with. To be raised also for a release that
/// brought no new rule.
const COMPARED_WITH: u32 = 37;

/// The newest minor whose checks podsec knows. A newer label is judged by these checks.
pub const NEWEST_MINOR: u32 =
    if newest_revision() > COMPARED_WITH { newest_revision() } else { COMPARED_WITH };

/// A version of the standards: a minor of Kubernetes 1, or whatever the API server is at. `Latest` ranks highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Version {
    /// `v1.N`. Upstream takes any N that fits a signed 64-bit integer.
    Minor(u64),
    /// `latest`.
    Latest,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minor(minor) => write!(f, "v1.{minor}"),
            Self::Latest => f.write_str("latest"),
        }
    }
}

/// A value that is no version. The text is upstream's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", Self::TEXT)]
pub struct ParseVersionError;

impl ParseVersionError {
    /// What the API server says of such a value.
    pub const TEXT: &'static str = "must be \"latest\" or \"v1.x\"";
}

impl FromStr for Version {
    type Err = ParseVersionError;

    /// Reads a version exactly as upstream does: `latest`, or `v1.N` with a decimal N without a leading zero.
    fn from_str(text: &str) -> Result<Self, ParseVersionError> {
        if text == "latest" {
            return Ok(Self::Latest);
        }
        let digits = text.strip_prefix("v1.").ok_or(ParseVersionError)?;
        let canonical = digits == "0" || !digits.starts_with('0');
        if !canonical || digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(ParseVersionError);
        }
        let minor: i64 = digits.parse().map_err(|_| ParseVersionError)?;
        Ok(Self::Minor(minor.unsigned_abs()))
    }
}

impl TryFrom<String> for Version {
    type Error = ParseVersionError;

    fn try_from(text: String) -> Result<Self, ParseVersionError> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_upstream_reads() {
        for valid in ["latest", "v1.0", "v1.1", "v1.20", "v1.10000", "v1.9223372036854775807"] {
            assert_eq!(valid.parse::<Version>().unwrap().to_string(), valid);
        }
        let invalid = [
            "foo",
            "",
            "v2.0",
            "v1",
            "v1.",
            "1.1",
            "v1.01",
            "v1.00",
            "Latest",
            "v1.-1",
            "v1.+1",
            " v1.1",
            "v1.9223372036854775808",
        ];
        for text in invalid {
            assert!(text.parse::<Version>().is_err(), "{text:?} must not be a version");
        }
    }

    #[test]
    fn latest_is_newest() {
        assert!(Version::Latest > Version::Minor(u64::MAX));
        assert!(Version::Minor(9) < Version::Minor(10));
    }
}
