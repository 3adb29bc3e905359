//! How a status shows what a mode is set to: `baseline:server (v1.37)`.

use super::VersionSpec;
use crate::standards::{Level, Version};

/// What a mode is set to, and what its version stands for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModeSummary {
    /// The level.
    pub level: Level,
    /// The version as the profile has it.
    pub version: VersionSpec,
    /// The version that the labels carry.
    pub resolved: Version,
}

impl std::fmt::Display for ModeSummary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { level, version, resolved } = self;
        match version {
            VersionSpec::Server { .. } => write!(f, "{level}:{version} ({resolved})"),
            VersionSpec::Fixed(_) => write!(f, "{level}:{version}"),
        }
    }
}

impl ModeSummary {
    /// Reads the version spec out of a summary and what it stood for. Nothing when the text is no summary.
    pub fn read_version(text: &str) -> Option<(VersionSpec, Version)> {
        let (_, rest) = text.split_once(':')?;
        let (spec, resolved) = match rest.split_once(" (") {
            Some((spec, resolved)) => (spec, resolved.strip_suffix(')')?),
            None => (rest, rest),
        };
        Some((spec.parse().ok()?, resolved.parse().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_can_be_read_back() {
        let table = [
            ("server", "v1.37", "baseline:server (v1.37)"),
            ("server-2", "v1.35", "baseline:server-2 (v1.35)"),
            ("v1.30", "v1.30", "baseline:v1.30"),
            ("latest", "latest", "baseline:latest"),
        ];
        for (version, resolved, text) in table {
            let summary = ModeSummary {
                level: Level::Baseline,
                version: version.parse().unwrap(),
                resolved: resolved.parse().unwrap(),
            };
            assert_eq!(summary.to_string(), text);
            assert_eq!(ModeSummary::read_version(text), Some((summary.version, summary.resolved)));
        }
        for text in [
            "",
            "baseline",
            "baseline:server",
            "baseline:server (",
            "baseline:server (x)",
            "restricted: (v1.1)",
        ] {
            assert_eq!(ModeSummary::read_version(text), None, "{text}");
        }
    }
}
