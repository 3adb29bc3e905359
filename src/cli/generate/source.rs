//! The profiles that policies are written from.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use jiff::Timestamp;

use crate::{
    cli::{
        Failure,
        observing::{ServerDefaultFlags, settings},
        output::tell,
        profile_files::read_paths,
        versions::server_version,
    },
    cluster::{client::Connection, profiles, server_version::server_minor},
    controller::{Changes, Preview, told_of_itself},
    rollout::{Completeness, NamePattern, Pin, Profile, Profiles, ServerView, Settings},
};

/// Where the profiles come from: a cluster, or files.
#[derive(Debug, Args)]
pub(super) struct ProfileSource {
    /// The profiles of files, folders or - for standard input, in place of those of a cluster, which is not asked then
    #[arg(
        short,
        long = "filename",
        value_name = "FILE|DIR|-",
        value_hint = ValueHint::AnyPath,
        requires = "server_version",
        conflicts_with_all = ["kubeconfig", "context"]
    )]
    filenames: Vec<PathBuf>,
    #[command(flatten)]
    connection: Connection,
    /// The version of the API server that the policies are for, as in v1.37; otherwise that of the cluster
    #[arg(long, value_name = "v1.N", value_parser = server_version)]
    server_version: Option<u32>,
    /// Namespaces that the controller protects, in place of those that it says in the cluster
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    protected_namespaces: Option<Vec<String>>,
    #[command(flatten)]
    defaults: ServerDefaultFlags,
    /// The field managers that the controller takes for reconcilers, in place of those that it says
    #[arg(long, value_name = "MANAGER", value_delimiter = ',')]
    reconcilers: Option<Vec<String>>,
    /// Label nothing weaker than it was created, as the controller does with this flag
    #[arg(long)]
    never_weaken: bool,
}

/// What policies are written from.
#[derive(Debug)]
pub(super) struct Subject {
    /// The profiles, with `server` as the version that it is.
    pub(super) profiles: Profiles,
    /// What the controller goes by.
    pub(super) settings: Settings,
    /// The minor of the API server that they are for.
    pub(super) minor: u32,
    /// The namespace that the controller runs in, where it says so.
    pub(super) installed_in: Option<String>,
}

/// The profiles of a cluster are not all known.
#[derive(Debug, thiserror::Error)]
#[error("the profiles are not all known: {0}")]
struct InDoubt(&'static str);

impl ProfileSource {
    /// Reads the profiles.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read: what it asks for would be missing.
    pub(super) fn read(&self) -> Result<Subject, Failure> {
        match self.server_version {
            Some(minor) if !self.filenames.is_empty() => self.of_files(minor),
            minor => {
                let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
                runtime.block_on(self.of_cluster(minor))
            }
        }
    }

    fn of_files(&self, minor: u32) -> Result<Subject, Failure> {
        let server = ServerView { minor, watched_in_full: true };
        let profiles = read_paths(&self.filenames)?;
        let profiles = profiles.iter().map(|profile| Profile::new(profile, server, |_| Pin::default()));
        let complete = Completeness::Complete { crd_created: Timestamp::UNIX_EPOCH };
        let profiles = Profiles::new(profiles, [], complete);
        let mut settings = Settings::as_installed();
        self.set(&mut settings);
        Ok(Subject { profiles, settings, minor, installed_in: None })
    }

    async fn of_cluster(&self, minor: Option<u32>) -> Result<Subject, Failure> {
        let (client, _) = self.connection.client().await?;
        let minor = match minor {
            Some(minor) => minor,
            None => server_minor(&client).await?,
        };
        let listing = profiles::list(&client, None).await?;
        let lease = told_of_itself(&listing).and_then(|controller| controller.lease.as_deref());
        let installed_in =
            lease.and_then(|lease| lease.split_once('/')).map(|(namespace, _)| namespace.to_owned());
        let mut notices = Vec::new();
        let mut settings = settings(Some(&listing), &mut notices);
        for notice in notices {
            tell(&notice);
        }
        self.set(&mut settings);
        let server = ServerView { minor, watched_in_full: true };
        let preview = Preview::new(listing, Changes::default(), server, settings);
        preview.profiles().complete().map_err(InDoubt)?;
        let (profiles, settings) = (preview.profiles().clone(), preview.settings().clone());
        Ok(Subject { profiles, settings, minor, installed_in })
    }

    fn set(&self, settings: &mut Settings) {
        if let Some(names) = &self.protected_namespaces {
            let names = names.iter().map(String::as_str).filter(|name| !name.is_empty());
            settings.protected = names.chain([Settings::INSTALLED_IN]).map(NamePattern::new).collect();
        }
        self.defaults.set(settings);
        if let Some(reconcilers) = &self.reconcilers {
            settings.reconcilers = reconcilers.iter().filter(|name| !name.is_empty()).cloned().collect();
        }
        settings.never_weaken |= self.never_weaken;
    }
}
