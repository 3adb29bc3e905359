//! Whatever has workloads: clusters, or manifests in files.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
};

use clap::{Args, ValueHint};

use super::{Extent, Manifests, Observed, Problem, Progress, Selection, Source};
use crate::{assessment::Inventory, cluster::profiles::Listing, rollout::Namespace};

/// Where workloads come from.
#[derive(Debug, Args)]
pub(in crate::cli) struct Sources {
    /// Files, folders or - for standard input, in place of a cluster
    #[arg(
        value_name = "FILE|DIR|-",
        value_hint = ValueHint::AnyPath,
        conflicts_with_all = ["kubeconfig", "contexts", "namespaces", "selector"]
    )]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    selection: Selection,
}

/// What has workloads.
#[derive(Debug)]
pub(in crate::cli) struct Subject {
    /// The context; nothing for files.
    pub(in crate::cli) context: Option<String>,
    /// The API server's minor, where there is one.
    pub(in crate::cli) minor: Option<u32>,
    /// By namespace.
    pub(in crate::cli) inventories: BTreeMap<String, Inventory>,
    /// The profiles, where they were asked for and could be listed.
    pub(in crate::cli) profiles: Option<Listing>,
    /// The namespaces as they are; none for files.
    pub(in crate::cli) namespaces: BTreeMap<String, Namespace>,
    /// Where each workload stands, by namespace, kind and name; none for clusters.
    pub(in crate::cli) sources: HashMap<(String, &'static str, String), Source>,
    /// What could not be read.
    pub(in crate::cli) problems: Vec<Problem>,
    /// The namespaces that were named and are not there.
    pub(in crate::cli) absent: Vec<String>,
}

impl Sources {
    /// That no namespace is as was asked for, where so many were found and so many clusters could not be read.
    pub(in crate::cli) fn unmatched(&self, namespaces: usize, unreadable: usize) -> Option<String> {
        self.selection.unmatched(namespaces, unreadable)
    }

    /// Whether they are files.
    pub(in crate::cli) const fn are_files(&self) -> bool {
        !self.paths.is_empty()
    }

    /// How many subjects there are to be.
    pub(in crate::cli) fn count(&self) -> usize {
        if self.are_files() { 1 } else { self.selection.connections().len() }
    }

    /// Reads one after the other, and gives each to `take` as it comes.
    ///
    /// # Errors
    ///
    /// With what `take` says, and when nothing can be read at all.
    pub(in crate::cli) fn each<E: From<std::io::Error>>(
        &self,
        extent: Extent,
        mut take: impl FnMut(Result<Subject, Problem>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.are_files() {
            return take(Ok(Manifests::read(&self.paths).into()));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let progress = Progress::on_stderr();
        for connection in self.selection.connections() {
            let observed = runtime.block_on(self.selection.observe(&connection, extent, &progress));
            take(observed.map(|(observed, _)| observed.into()))?;
        }
        Ok(())
    }
}

impl From<Manifests> for Subject {
    fn from(manifests: Manifests) -> Self {
        let Manifests { inventories, sources, problems } = manifests;
        Self {
            context: None,
            minor: None,
            inventories,
            profiles: None,
            namespaces: BTreeMap::new(),
            sources,
            problems,
            absent: Vec::new(),
        }
    }
}

impl From<Observed> for Subject {
    fn from(observed: Observed) -> Self {
        let Observed { name, minor, namespaces, mut workloads, profiles, problems, absent, .. } = observed;
        let mut take =
            |name: &String| workloads.as_mut().map(|listing| listing.take(name)).unwrap_or_default();
        let inventories = namespaces.keys().map(|name| (name.clone(), take(name))).collect();
        Self {
            context: Some(name),
            minor: Some(minor),
            inventories,
            profiles,
            namespaces,
            sources: HashMap::new(),
            problems,
            absent,
        }
    }
}

impl Subject {
    /// `kind-dev (v1.37)`, or `manifests`.
    pub(in crate::cli) fn title(&self) -> String {
        match (&self.context, self.minor) {
            (Some(context), Some(minor)) => format!("{context} (v1.{minor})"),
            (Some(context), None) => context.clone(),
            (None, _) => "manifests".to_owned(),
        }
    }
}
