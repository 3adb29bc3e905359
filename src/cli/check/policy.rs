//! By which levels and versions manifests are judged: as the flags say, or as profiles do.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use clap::{Args, ValueHint};
use jiff::Timestamp;

use super::report::Modes;
use crate::{
    cli::profile_files::{ProfileFileError, read_file},
    rollout::{
        Completeness, Ledger, NamePattern, Namespace, Owners, Pin, Profile, Profiles, ServerView, Settings,
    },
    standards::{Evaluator, Level, LevelVersion, Mode, NEWEST_MINOR, Version},
};

/// The flags that say what to judge by.
#[derive(Debug, Args)]
pub(super) struct Levels {
    /// The level to enforce; its version is latest unless given. What violates it makes the exit status 1
    #[arg(
        long,
        value_name = "LEVEL[:VERSION]",
        default_value = "restricted:latest",
        conflicts_with = "profile"
    )]
    enforce: LevelVersion,
    /// A level to report beside it, as for the audit log; the exit status is not changed by it
    #[arg(long, value_name = "LEVEL[:VERSION]", conflicts_with = "profile")]
    audit: Option<LevelVersion>,
    /// A level to report beside it, as a warning; the exit status is not changed by it
    #[arg(long, value_name = "LEVEL[:VERSION]", conflicts_with = "profile")]
    warn: Option<LevelVersion>,
    /// Take the levels from a ClusterPodSecurityProfile in a file; from several, from those that govern --namespace
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    profile: Option<PathBuf>,
    /// The namespace that the manifests go to: the profiles that govern it count, with their exemptions
    #[arg(long, value_name = "NAME", requires = "profile")]
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

/// Why profiles say nothing of what to judge by.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProfileError {
    /// The file, or what is in it.
    #[error(transparent)]
    File(#[from] ProfileFileError),
    /// Several, and nothing to choose by.
    #[error(
        "{file}: holds {count} profiles; say which namespace the manifests go to, with --namespace and --namespace-labels"
    )]
    Several { file: String, count: usize },
    /// None that governs.
    #[error("{file}: no profile there governs the namespace {namespace:?} with these labels")]
    Ungoverned { file: String, namespace: String },
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
            Some(file) => self.by_profile(file, &mut notices)?,
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

    fn by_profile(&self, file: &Path, notices: &mut Vec<String>) -> Result<Modes, ProfileError> {
        let profiles = self.profiles(file)?;
        let file = file.display().to_string();
        let modes: [Option<LevelVersion>; 3] = match &self.namespace {
            Some(namespace) => self.governing(profiles, namespace, notices),
            None => match profiles.as_slice() {
                [profile] => Mode::ALL.map(|mode| profile.asks(mode)),
                _ => return Err(ProfileError::Several { file, count: profiles.len() }),
            },
        };
        let [enforce, audit, warn] = modes;
        if let (Some(namespace), [None, None, None]) = (&self.namespace, modes) {
            return Err(ProfileError::Ungoverned { file, namespace: namespace.clone() });
        }
        if enforce.is_none() {
            notices.push("the profile enforces nothing: violations are warnings only".into());
        }
        let nothing = LevelVersion::new(Level::Privileged, Version::Latest);
        Ok(Modes { enforce: enforce.unwrap_or(nothing), audit, warn })
    }

    /// What the profiles that govern a namespace want there.
    fn governing(
        &self,
        profiles: Vec<Profile>,
        name: &str,
        notices: &mut Vec<String>,
    ) -> [Option<LevelVersion>; 3] {
        let now = Timestamp::now();
        let namespace = Namespace {
            name: name.to_owned(),
            uid: String::new(),
            resource_version: String::new(),
            terminating: false,
            created: jiff::Timestamp::UNIX_EPOCH,
            labels: self.labels(name),
            ledger_annotations: BTreeMap::new(),
            owners: Owners::default(),
            remembered: None,
        };
        let protected = Settings::DEFAULT_PROTECTED.map(NamePattern::new).into();
        let settings = Settings { protected, ..Settings::default() };
        let profiles = Profiles::new(profiles, [], Completeness::InDoubt("read from a file"));
        Mode::ALL.map(|mode| {
            let profile = profiles.winner(mode, &namespace, &Ledger::default(), &settings)?.profile;
            let exemption = profile.exemption(name, now);
            if let (Mode::Enforce, Some(exemption)) = (mode, &exemption) {
                notices.push(format!(
                    "profile {} exempts the namespace {name}: enforce is {} ({})",
                    profile.name, exemption.level, exemption.reason
                ));
            }
            profile.wants(mode, exemption.as_ref())
        })
    }

    /// The namespace's labels, with the one that the API server gives every namespace.
    fn labels(&self, name: &str) -> BTreeMap<String, String> {
        let mut labels: BTreeMap<_, _> = self.namespace_labels.iter().cloned().collect();
        labels.insert("kubernetes.io/metadata.name".into(), name.to_owned());
        labels
    }

    fn profiles(&self, file: &Path) -> Result<Vec<Profile>, ProfileError> {
        let minor = self.server_version.unwrap_or(NEWEST_MINOR);
        let server = ServerView { minor, watched_in_full: true };
        let profiles = read_file(file)?;
        Ok(profiles.iter().map(|profile| Profile::new(profile, server, |_| Pin::default())).collect())
    }
}

fn server_version(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(Version::Minor(minor)) => u32::try_from(minor).map_err(|_| "is no version of Kubernetes".into()),
        _ => Err("must be v1.N, as in v1.33".into()),
    }
}

fn label(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("must be KEY=VALUE")?;
    if key.is_empty() {
        return Err("must be KEY=VALUE".into());
    }
    Ok((key.to_owned(), value.to_owned()))
}
