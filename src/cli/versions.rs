//! Levels and versions on the command line: one form of what is refused, whichever subcommand is asked.

use crate::{
    api::VersionSpec,
    standards::{Level, LevelVersion, Version},
};

/// A version of the standards.
pub(super) fn version(text: &str) -> Result<Version, String> {
    text.parse().map_err(|_| "version must be latest or v1.N, as in v1.33".to_owned())
}

/// A level, and a version that is latest where none is given.
pub(super) fn level_version(text: &str) -> Result<LevelVersion, String> {
    let (level, given) = text.split_once(':').unwrap_or((text, "latest"));
    Ok(LevelVersion::new(level_of(level)?, version(given)?))
}

/// A level, and a version as a profile has it, which is the API server's own where none is given.
pub(super) fn level_and_spec(text: &str) -> Result<(Level, VersionSpec), String> {
    let (level, given) = text.split_once(':').unwrap_or((text, "server"));
    let version = given.parse().map_err(|error| format!("version {error}"))?;
    Ok((level_of(level)?, version))
}

/// The minor of an API server.
pub(super) fn server_version(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(Version::Minor(minor)) => {
            u32::try_from(minor).map_err(|_| "version is none of Kubernetes".to_owned())
        }
        _ => Err("version must be v1.N, as in v1.33".to_owned()),
    }
}

fn level_of(text: &str) -> Result<Level, String> {
    text.parse().map_err(|error| format!("level {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_refused_in_one_form() {
        let version_must = "version must be latest or v1.N, as in v1.33";
        assert_eq!(version("1.33").unwrap_err(), version_must);
        assert_eq!(level_version("baseline:1.33").unwrap_err(), version_must);
        assert_eq!(server_version("latest").unwrap_err(), "version must be v1.N, as in v1.33");
        let level_must = level_version("secure").unwrap_err();
        assert!(level_must.starts_with("level must be"), "{level_must}");
        assert_eq!(level_and_spec("secure").unwrap_err(), level_must);
        assert!(level_and_spec("baseline:1.33").unwrap_err().starts_with("version must be "));
    }

    #[test]
    fn a_level_alone_has_the_version_of_its_flag() {
        assert_eq!(level_version("baseline").unwrap().to_string(), "baseline:latest");
        assert_eq!(level_and_spec("baseline").unwrap().1, "server".parse().unwrap());
    }
}
