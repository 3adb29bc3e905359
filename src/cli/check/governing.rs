//! What profiles in files say of the namespace that manifests go to.

use std::path::Path;

use jiff::Timestamp;

use super::{file_name::FileName, report::Modes};
use crate::{
    api::{ClusterPodSecurityProfile, NamespaceSelector, Operator, Requirement},
    cli::profile_files::{ProfileFileError, read_paths},
    rollout::{
        Completeness, KeyValues, Ledger, Mismatch, Namespace, Owners, Pin, Profile, Profiles, ServerView,
        Settings,
    },
    standards::{Level, LevelVersion, Mode, NEWEST_MINOR, Version},
};

/// The label that the API server gives every namespace: its name.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

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
    /// None that may, for it is protected.
    #[error(
        "{file}: no profile there governs the namespace {namespace:?}: it is protected, and only a profile that names it \
         in full in namespaceNames governs it"
    )]
    Protected { file: String, namespace: String },
    /// None of which it is known that it governs.
    #[error("{file}: no profile there governs the namespace {namespace:?}: {undecided}")]
    Undecided { file: String, namespace: String, undecided: String },
}

/// Profiles that were read from files.
#[derive(Debug)]
pub(super) struct Governing {
    /// Where they stand, as it is told.
    file: String,
    /// Each as it was written, and made ready.
    profiles: Vec<(ClusterPodSecurityProfile, Profile)>,
}

impl Governing {
    /// Reads them, as an API server of this minor has them.
    ///
    /// # Errors
    ///
    /// When the API server would not take one of them, or there is none.
    pub(super) fn read(file: &Path, server_version: Option<u32>) -> Result<Self, ProfileError> {
        let minor = server_version.unwrap_or(NEWEST_MINOR);
        let server = ServerView { minor, watched_in_full: true };
        let ready = |object: ClusterPodSecurityProfile| {
            let profile = Profile::new(&object, server, |_| Pin::default());
            (object, profile)
        };
        let profiles = read_paths(&[file.to_owned()])?.into_iter().map(ready).collect();
        Ok(Self { file: FileName::from(file).as_str().to_owned(), profiles })
    }

    /// What they want of a namespace, with what the user should know of how it came about.
    ///
    /// # Errors
    ///
    /// When they do not say.
    pub(super) fn modes(
        self,
        namespace: Option<&str>,
        labels: &[(String, String)],
        notices: &mut Vec<String>,
    ) -> Result<Modes, ProfileError> {
        let [enforce, audit, warn] = match namespace {
            Some(name) => self.of_namespace(&namespace_of(name, labels), labels.is_empty(), notices)?,
            None => match self.profiles.as_slice() {
                [(object, profile)] => {
                    notices.extend(assumed(object, profile));
                    Mode::ALL.map(|mode| profile.asks(mode))
                }
                several => return Err(ProfileError::Several { file: self.file, count: several.len() }),
            },
        };
        if enforce.is_none() {
            notices.push("the profile enforces nothing: violations are warnings only".into());
        }
        let nothing = LevelVersion::new(Level::Privileged, Version::Latest);
        Ok(Modes { enforce: enforce.unwrap_or(nothing), audit, warn })
    }

    /// What the profiles that govern a namespace want there.
    fn of_namespace(
        self,
        namespace: &Namespace,
        is_unlabelled: bool,
        notices: &mut Vec<String>,
    ) -> Result<[Option<LevelVersion>; 3], ProfileError> {
        let settings = Settings::as_installed();
        let mut mismatches = self.profiles.iter().map(|(_, profile)| profile.mismatch(namespace, &settings));
        let is_barred = mismatches.all(|mismatch| mismatch == Some(Mismatch::Protected));
        let undecided = if is_unlabelled { self.undecided(namespace, &settings) } else { None };
        let (file, name) = (self.file, namespace.name.clone());
        let now = Timestamp::now();
        let profiles = self.profiles.into_iter().map(|(_, profile)| profile);
        let profiles = Profiles::new(profiles, [], Completeness::InDoubt("read from a file"));
        let modes = Mode::ALL.map(|mode| {
            let profile = profiles.winner(mode, namespace, &Ledger::default(), &settings)?.profile;
            let exemption = profile.exemption(&name, now);
            if let (Mode::Enforce, Some(exemption)) = (mode, &exemption) {
                notices.push(format!(
                    "profile {} exempts the namespace {name}: enforce is {} ({})",
                    profile.name, exemption.level, exemption.reason
                ));
            }
            profile.wants(mode, exemption.as_ref())
        });
        match (modes, undecided) {
            ([None, None, None], _) if is_barred => Err(ProfileError::Protected { file, namespace: name }),
            ([None, None, None], None) => Err(ProfileError::Ungoverned { file, namespace: name }),
            ([None, None, None], Some(undecided)) => {
                Err(ProfileError::Undecided { file, namespace: name, undecided })
            }
            (modes, undecided) => {
                notices.extend(undecided);
                Ok(modes)
            }
        }
    }

    /// Which profiles select by labels, none of which were given.
    fn undecided(&self, namespace: &Namespace, settings: &Settings) -> Option<String> {
        let may_govern = |profile: &Profile| {
            // By its name it is decided already.
            !matches!(profile.mismatch(namespace, settings), Some(Mismatch::Protected | Mismatch::Name))
        };
        let selectors = self.profiles.iter().filter(|(_, profile)| may_govern(profile));
        let selectors = selectors.filter_map(|(object, profile)| {
            // The API server gives this one to every namespace.
            let selector = by_labels(object.spec.namespace_selector.as_ref()?, |key| key != NAME_LABEL)?;
            Some(format!("profile {} selects by {selector}", profile.name))
        });
        let selectors: Vec<_> = selectors.collect();
        let selectors = (!selectors.is_empty()).then(|| selectors.join(", "))?;
        Some(format!(
            "{selectors}; the namespace is taken to have no labels, for --namespace-labels does not say any"
        ))
    }
}

/// A namespace of this name and these labels, with the one that the API server gives every namespace.
fn namespace_of(name: &str, labels: &[(String, String)]) -> Namespace {
    let given = labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    Namespace {
        name: name.to_owned(),
        uid: String::new(),
        resource_version: String::new(),
        terminating: false,
        created: Timestamp::UNIX_EPOCH,
        labels: given.chain([(NAME_LABEL, name)]).collect(),
        ledger_annotations: KeyValues::default(),
        owners: Owners::default(),
        remembered: None,
        contests: Default::default(),
    }
}

/// What is left aside of the only profile, where nobody says which namespace the manifests go to.
fn assumed(object: &ClusterPodSecurityProfile, profile: &Profile) -> Option<String> {
    let spec = &object.spec;
    let selector = spec.namespace_selector.as_ref().and_then(|selector| by_labels(selector, |_| true));
    let names = spec.namespace_names.as_ref().map(|names| names.join(", "));
    let inactive = if profile.suspended { "is suspended" } else { "is a dry run" };
    let limits = [
        selector.map(|selector| format!("selects by {selector}")),
        names.map(|names| format!("selects by name ({names})")),
        (!profile.is_active()).then(|| inactive.to_owned()),
    ];
    let limits: Vec<_> = limits.into_iter().flatten().collect();
    let exemptions: Vec<_> =
        spec.exemptions.iter().flatten().map(|exemption| exemption.name.as_str()).collect();
    let mut told = format!("no --namespace is given: all is judged by profile {}", profile.name);
    if !limits.is_empty() {
        told = format!("{told}, although it {}", limits.join(" and "));
    }
    if !exemptions.is_empty() {
        told = format!("{told}; its exemptions ({}) are left aside", exemptions.join(", "));
    }
    (!limits.is_empty() || !exemptions.is_empty()).then_some(told)
}

/// What a selector asks of labels with such keys, as kubectl writes it; `None` where it asks nothing of them.
fn by_labels(selector: &NamespaceSelector, is_asked: impl Fn(&str) -> bool) -> Option<String> {
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
    let asked = equal.chain(others).filter(|(key, _)| is_asked(key));
    let asked: Vec<_> = asked.map(|(_, shown)| shown).collect();
    (!asked.is_empty()).then(|| asked.join(","))
}
