//! The version of a mode as a profile asks for it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::standards::Version;

/// `server`, `server-N`, `latest` or `v1.N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum VersionSpec {
    /// The API server's own minor, less so many; written to the label as a concrete `v1.M`.
    Server {
        /// How many minors behind the server, 0 to 99.
        behind: u32,
    },
    /// A version that goes to the label as it stands.
    Fixed(Version),
}

impl fmt::Display for VersionSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server { behind: 0 } => f.write_str("server"),
            Self::Server { behind } => write!(f, "server-{behind}"),
            Self::Fixed(version) => write!(f, "{version}"),
        }
    }
}

/// A text that is no version of a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be server, server-N, latest or v1.N")]
pub struct ParseVersionSpecError;

impl FromStr for VersionSpec {
    type Err = ParseVersionSpecError;

    fn from_str(text: &str) -> Result<Self, ParseVersionSpecError> {
        if text == "server" {
            return Ok(Self::Server { behind: 0 });
        }
        if let Some(digits) = text.strip_prefix("server-") {
            let plain = matches!(digits.len(), 1 | 2) && digits.bytes().all(|b| b.is_ascii_digit());
            return match digits.parse() {
                Ok(behind) if plain && !digits.starts_with('0') => Ok(Self::Server { behind }),
                _ => Err(ParseVersionSpecError),
            };
        }
        match text.parse() {
            // Wider than any minor that will ever be, and the CRD's pattern stops there too.
            Ok(Version::Minor(minor)) if minor > 9999 => Err(ParseVersionSpecError),
            Ok(version) => Ok(Self::Fixed(version)),
            Err(_) => Err(ParseVersionSpecError),
        }
    }
}

impl TryFrom<String> for VersionSpec {
    type Error = ParseVersionSpecError;

    fn try_from(text: String) -> Result<Self, ParseVersionSpecError> {
        text.parse()
    }
}

impl From<VersionSpec> for String {
    fn from(spec: VersionSpec) -> Self {
        spec.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_four_forms_and_nothing_else() {
        for valid in ["server", "server-1", "server-12", "latest", "v1.0", "v1.37", "v1.9999"] {
            assert_eq!(valid.parse::<VersionSpec>().unwrap().to_string(), valid);
        }
        for invalid in [
            "",
            "Server",
            "server-",
            "server-0",
            "server-01",
            "server-100",
            "server+1",
            "1.37",
            "v1",
            "v1.037",
            "v2.1",
            "v1.10000",
        ] {
            assert!(invalid.parse::<VersionSpec>().is_err(), "{invalid:?}");
        }
    }
}
