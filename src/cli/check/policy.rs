//! By which levels and versions manifests are judged: as the flags say, or as profiles do.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{
    governing::{Governing, ProfileError},
    report::Modes,
};
use crate::{
    cli::{
        observing::namespace_name,
        versions::{level_version, server_version},
    },
    standards::{Evaluator, LevelVersion, NEWEST_MINOR, Version},
};

/// The flags that say what to judge by.
#[derive(Debug, Args)]
pub(super) struct Levels {
    /// The level to enforce; its version is latest unless given. What violates it makes the exit status 1
    #[arg(
        long,
        value_name = "LEVEL[:VERSION]",
        default_value = "restricted:latest",
        conflicts_with = "profile",
        value_parser = level_version
    )]
    enforce: LevelVersion,
    /// A level to report beside it, as for the audit log; the exit status is not changed by it
    #[arg(long, value_name = "LEVEL[:VERSION]", conflicts_with = "profile", value_parser = level_version)]
    audit: Option<LevelVersion>,
    /// A level to report beside it, as a warning; the exit status is not changed by it
    #[arg(long, value_name = "LEVEL[:VERSION]", conflicts_with = "profile", value_parser = level_version)]
    warn: Option<LevelVersion>,
    /// Take the levels from a ClusterPodSecurityProfile in a file or folder; from several, from those that govern
    /// --namespace
    #[arg(long, value_name = "FILE|DIR", value_hint = ValueHint::AnyPath)]
    profile: Option<PathBuf>,
    /// The namespace that the manifests go to: the profiles that govern it count, with their exemptions
    #[arg(short, long, value_name = "NAME", requires = "profile", value_parser = namespace_name)]
    pub(super) namespace: Option<String>,
    /// The labels of that namespace, which profiles select by
    #[arg(long, value_name = "KEY=VALUE", value_delimiter = ',', requires = "namespace", value_parser = label)]
    namespace_labels: Vec<(String, String)>,
    /// Judge as an API server of this version does: what it does not know yet is not applied
    #[arg(long, value_name = "v1.N", value_parser = server_version)]
    server_version: Option<u32>,
}

/// What to judge by.
#[derive(Debug)]
pub(super) struct Policy {
    pub(super) modes: Modes,
    pub(super) evaluator: Evaluator,
    /// What the user should know of how it came about.
    pub(super) notices: Vec<String>,
}

impl Levels {
    /// What to judge by.
    ///
    /// # Errors
    ///
    /// When it is to come from profiles, and they do not say.
    pub(super) fn policy(&self) -> Result<Policy, ProfileError> {
        let mut notices = Vec::new();
        let modes = match &self.profile {
            None => Modes { enforce: self.enforce, audit: self.audit, warn: self.warn },
            Some(file) => Governing::read(file, self.server_version)?.modes(
                self.namespace.as_deref(),
                &self.namespace_labels,
                &mut notices,
            )?,
        };
        let newest = self.server_version.unwrap_or(NEWEST_MINOR);
        if newest > NEWEST_MINOR {
            notices.push(format!(
                "v1.{newest} may have rules that podsec does not know yet; those of v1.{NEWEST_MINOR} are used"
            ));
        }
        let newest = newest.min(NEWEST_MINOR);
        for (mode, policy) in modes.iter() {
            if matches!(policy.version, Version::Minor(minor) if minor > u64::from(newest)) {
                let version = policy.version;
                notices.push(format!(
                    "{mode}: {version} is taken for v1.{newest}, as an API server of v1.{newest} does"
                ));
            }
        }
        Ok(Policy { modes, evaluator: Evaluator::for_server(newest), notices })
    }
}

fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("must be KEY=VALUE")?;
    if key.is_empty() {
        return Err("must be KEY=VALUE".into());
    }
    Ok((key.to_owned(), value.to_owned()))
}
