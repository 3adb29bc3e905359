//! By which levels and versions manifests are judged: as the flags say, or as profiles do.

use std::path::{Path, PathBuf};

use clap::{Args, ValueHint};
use jiff::Timestamp;

use super::{file_name::FileName, report::Modes};
use crate::{
    api::{NamespaceSelector, Operator, Requirement},
    cli::profile_files::{ProfileFileError, read_file},
    rollout::{
        Completeness, KeyValues, Ledger, NamePattern, Namespace, Owners, Pin, Profile, Profiles, ServerView,
        Settings,
    },
    standards::{Evaluator, Level, LevelVersion, Mode, NEWEST_MINOR, Version},
};

/// The label that the API server gives every namespace: its name.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

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
    /// Take the levels from a ClusterPodSecurityProfile in a file; from several, from those that govern --namespace
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    profile: Option<PathBuf>,
    /// The namespace that the manifests go to: the profiles that govern it count, with their exemptions
    #[arg(long, value_name = "NAME", requires = "profile", value_parser = namespace)]
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
    /// None of which it is known that it governs.
    #[error("{file}: no profile there governs the namespace {namespace:?}: {undecided}")]
    Undecided { file: String, namespace: String, undecided: String },
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
        let Read { profiles, selectors } = self.profiles(file)?;
        let file = shown(file);
        let modes: [Option<LevelVersion>; 3] = match &self.namespace {
            Some(namespace) => self.governing(profiles, namespace, notices),
            None => match profiles.as_slice() {
                [profile] => Mode::ALL.map(|mode| profile.asks(mode)),
                _ => return Err(ProfileError::Several { file, count: profiles.len() }),
            },
        };
        let [enforce, audit, warn] = modes;
        if let Some(namespace) = &self.namespace {
            let undecided = self.undecided(&selectors);
            match (modes, undecided) {
                ([None, None, None], None) => {
                    return Err(ProfileError::Ungoverned { file, namespace: namespace.clone() });
                }
                ([None, None, None], Some(undecided)) => {
                    return Err(ProfileError::Undecided { file, namespace: namespace.clone(), undecided });
                }
                (_, undecided) => notices.extend(undecided),
            }
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
            ledger_annotations: KeyValues::default(),
            owners: Owners::default(),
            remembered: None,
            contests: Default::default(),
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

    /// Which profiles select by labels that were not given.
    fn undecided(&self, selectors: &[(String, String)]) -> Option<String> {
        if selectors.is_empty() || !self.namespace_labels.is_empty() {
            return None;
        }
        let selectors =
            selectors.iter().map(|(name, selector)| format!("profile {name} selects by {selector}"));
        let selectors = selectors.collect::<Vec<_>>().join(", ");
        Some(format!(
            "{selectors}; the namespace is taken to have no labels, for --namespace-labels does not say any"
        ))
    }

    /// The namespace's labels, with the one that the API server gives every namespace.
    fn labels(&self, name: &str) -> KeyValues {
        let given = self.namespace_labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        given.chain([(NAME_LABEL, name)]).collect()
    }

    fn profiles(&self, file: &Path) -> Result<Read, ProfileError> {
        let minor = self.server_version.unwrap_or(NEWEST_MINOR);
        let server = ServerView { minor, watched_in_full: true };
        let objects = read_file(file)?;
        let mut read = Read { profiles: Vec::new(), selectors: Vec::new() };
        for object in &objects {
            let profile = Profile::new(object, server, |_| Pin::default());
            let selector = object.spec.namespace_selector.as_ref().and_then(by_labels);
            read.selectors.extend(selector.map(|selector| (profile.name.clone(), selector)));
            read.profiles.push(profile);
        }
        Ok(read)
    }
}

/// A file's name, as it is told.
fn shown(file: &Path) -> String {
    FileName::from(file).as_str().to_owned()
}

/// Profiles that were read from a file.
struct Read {
    profiles: Vec<Profile>,
    /// Those that select by labels: their names, and what by.
    selectors: Vec<(String, String)>,
}

/// What a selector asks of labels, as kubectl writes it; `None` where no label that it is asked for can decide.
fn by_labels(selector: &NamespaceSelector) -> Option<String> {
    let equal = selector.match_labels.iter().flatten().map(|(key, value)| (key, format!("{key}={value}")));
    let others = selector.match_expressions.iter().flatten().map(|Requirement { key, operator, values }| {
        let values = values.iter().flatten().map(String::as_str).collect::<Vec<_>>().join(",");
        let shown = match operator {
            Operator::In => format!("{key} in ({values})"),
            Operator::NotIn => format!("{key} notin ({values})"),
            Operator::Exists => key.clone(),
            Operator::DoesNotExist => format!("!{key}"),
        };
        (key, shown)
    });
    // The API server gives this one to every namespace.
    let asked = equal.chain(others).filter(|(key, _)| *key != NAME_LABEL);
    let asked: Vec<_> = asked.map(|(_, shown)| shown).collect();
    (!asked.is_empty()).then(|| asked.join(","))
}

fn level_version(text: &str) -> Result<LevelVersion, String> {
    text.parse::<LevelVersion>().map_err(|error| match text.split_once(':') {
        Some((level, _)) if level.parse::<Level>().is_ok() => {
            "version must be latest or v1.N, as in v1.33".into()
        }
        _ => error.to_string(),
    })
}

/// The name of a namespace: a label of RFC 1123.
fn namespace(text: &str) -> Result<String, String> {
    let is_good = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    if text.is_empty()
        || text.len() > 63
        || !text.bytes().all(is_good)
        || text.starts_with('-')
        || text.ends_with('-')
    {
        return Err(
            "must be the name of a namespace: at most 63 lower-case letters, digits and -, and no - at either end".into()
        );
    }
    Ok(text.to_owned())
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
