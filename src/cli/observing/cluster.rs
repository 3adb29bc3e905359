//! A cluster as it is now, read and nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::{Duration, Instant},
};

use clap::{Args, ValueHint};
use kube::Client;

use super::{Problem, Progress, Reports};
use crate::{
    cluster::{
        CallError,
        client::{Connection, ConnectionError},
        lease, namespaces, profiles,
        server_version::{VersionError, server_minor},
        workloads::{self, Scope},
    },
    controller::{Vigil, told_of_itself},
    rollout::Namespace,
};

/// Of more namespaces than these that a selector selects, the workloads are read with those of all others: nine lists for
/// each would be more work for the API server.
const FEW: usize = 20;

/// Which clusters are read, and which namespaces of them.
#[derive(Debug, Default, Args)]
pub(in crate::cli) struct Selection {
    /// The kubeconfig to read; otherwise $KUBECONFIG, ~/.kube/config, or the pod's own service account
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig to use. Given several times, the clusters are read one after the other
    #[arg(long = "context", value_name = "NAME")]
    contexts: Vec<String>,
    /// The namespaces to look at, and no others
    #[arg(short, long = "namespace", value_name = "NAME", value_delimiter = ',', value_parser = namespace_name)]
    namespaces: Vec<String>,
    /// The namespaces to look at by their labels, as kubectl selects: tier=apps,!legacy
    #[arg(short = 'l', long, value_name = "LABELS", conflicts_with = "namespaces")]
    selector: Option<String>,
}

/// How much is read of a cluster beside what runs in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cli) enum Extent {
    /// Nothing.
    Workloads,
    /// The profiles.
    Profiles,
    /// The profiles, and the reports of the namespaces.
    Reports,
}

/// A namespace's name as the API server takes it.
pub(in crate::cli) fn namespace_name(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let edge = text.starts_with('-') || text.ends_with('-');
    if text.is_empty() || text.len() > 63 || edge || !text.bytes().all(plain) {
        return Err(
            "must be the name of a namespace: at most 63 lower-case letters, digits and -, and no - at either end"
                .into(),
        );
    }
    Ok(text.to_owned())
}

/// A cluster that could not be read at all.
#[derive(Debug, thiserror::Error)]
enum Unreachable {
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    #[error(transparent)]
    Version(#[from] VersionError),
    #[error("cannot list namespaces: {source}{}", hint(source, "list", "namespaces"))]
    Namespaces { source: CallError },
}

/// What a refusal for want of a right asks for.
fn hint(error: &CallError, verb: &str, resource: &str) -> String {
    match error.code() {
        Some(403) => format!("; grant {verb} {resource}, or name namespaces with -n"),
        _ => String::new(),
    }
}

/// A cluster as it was read.
#[derive(Debug)]
pub(in crate::cli) struct Observed {
    /// The context, or the address where there is none.
    pub(in crate::cli) name: String,
    /// The API server's minor.
    pub(in crate::cli) minor: u32,
    /// The namespaces that were asked for, by name.
    pub(in crate::cli) namespaces: BTreeMap<String, Namespace>,
    /// What they run.
    pub(in crate::cli) workloads: workloads::Listing,
    /// The profiles, unless they could not be listed.
    pub(in crate::cli) profiles: Option<profiles::Listing>,
    /// What the reports of the namespaces tell.
    pub(in crate::cli) reports: Reports,
    /// What is known of whether somebody watches.
    pub(in crate::cli) vigil: Vigil,
    /// Why the Lease that would tell could not be read, if that is so.
    pub(in crate::cli) unread_lease: Option<String>,
    /// What is missing.
    pub(in crate::cli) problems: Vec<Problem>,
    /// The namespaces that were named and are not there, told also on stderr.
    pub(in crate::cli) absent: Vec<String>,
    /// How long it took.
    pub(in crate::cli) took: Duration,
}

/// The namespaces of a cluster, without what they run.
pub(in crate::cli) struct Named {
    /// The context, or the address where there is none.
    pub(in crate::cli) name: String,
    pub(in crate::cli) client: Client,
    /// The namespaces that were asked for, by name.
    pub(in crate::cli) namespaces: BTreeMap<String, Namespace>,
    /// How many profiles there are, as far as they can be listed.
    pub(in crate::cli) profiles: usize,
    /// What is missing.
    pub(in crate::cli) problems: Vec<Problem>,
}

impl Selection {
    /// One namespace of one cluster.
    pub(in crate::cli) fn one(connection: Connection, namespace: String) -> Self {
        let Connection { kubeconfig, context } = connection;
        let contexts = context.into_iter().collect();
        Self { kubeconfig, contexts, namespaces: vec![namespace], selector: None }
    }

    /// Each cluster by itself.
    pub(in crate::cli) fn connections(&self) -> Vec<Connection> {
        let kubeconfig = self.kubeconfig.clone();
        let connection = |context| Connection { kubeconfig: kubeconfig.clone(), context };
        if self.contexts.is_empty() {
            return vec![connection(None)];
        }
        let mut seen = BTreeSet::new();
        let contexts = self.contexts.iter().filter(|context| seen.insert(context.as_str()));
        contexts.cloned().map(Some).map(connection).collect()
    }

    /// Whether there may be namespaces that are not looked at.
    pub(in crate::cli) const fn is_partial(&self) -> bool {
        !self.namespaces.is_empty() || self.selector.is_some()
    }

    /// That no namespace is as the labels ask for, where so many were found and so many clusters could not be read.
    pub(in crate::cli) fn unmatched(&self, namespaces: usize, unreadable: usize) -> Option<String> {
        let selector = self.selector.as_ref().filter(|_| namespaces + unreadable == 0)?;
        Some(format!("no namespace has labels that match {selector:?}"))
    }

    /// Reads a cluster, and gives the client to ask it more.
    ///
    /// # Errors
    ///
    /// When it cannot be reached, or nothing can be read of it.
    pub(in crate::cli) async fn observe(
        &self,
        connection: &Connection,
        extent: Extent,
        progress: &Progress,
    ) -> Result<(Observed, Client), Problem> {
        let name = connection.context_name();
        let place = name.clone().map_or_else(|| "cluster".to_owned(), |name| format!("context {name}"));
        let observed = self.read(connection, name, extent, progress).await;
        progress.end();
        observed.map_err(|error| Problem { place, message: crate::cli::with_causes(&error) })
    }

    async fn read(
        &self,
        connection: &Connection,
        name: Option<String>,
        extent: Extent,
        progress: &Progress,
    ) -> Result<(Observed, Client), Unreachable> {
        let begun = Instant::now();
        let (client, server) = connection.client().await?;
        let name = name.unwrap_or_else(|| server.to_string());
        progress.say(|| format!("{name}: reading namespaces"));
        let minor = server_minor(&client).await?;
        let (mut problems, mut absent) = (Vec::new(), Vec::new());
        let namespaces = self.namespaces(&client, &mut problems, &mut absent).await?;
        let profiles =
            if extent >= Extent::Profiles { list_profiles(&client, &mut problems).await } else { None };
        let is_named = self.is_partial() && (!self.namespaces.is_empty() || namespaces.len() <= FEW);
        let reports = if extent >= Extent::Reports {
            Reports::read(&client, &namespaces, is_named).await
        } else {
            Reports::default()
        };
        let (vigil, unread_lease) = match profiles.as_ref().filter(|_| extent >= Extent::Reports) {
            Some(profiles) => read_vigil(&client, profiles).await,
            None => (Vigil::Unknown, None),
        };
        let scope = if is_named { Scope::Named(namespaces.keys().cloned().collect()) } else { Scope::All };
        let told = |told: workloads::Progress| {
            progress.say(|| {
                let workloads::Progress { objects, bytes, lists_done, lists } = told;
                let megabytes = bytes / 1_000_000;
                format!("{name}: read {objects} objects, {megabytes} MB ({lists_done} of {lists} lists)")
            });
        };
        let workloads = workloads::list(&client, &scope, told).await;
        problems.extend(workloads.problems.iter().map(|problem| {
            let place = match &problem.namespace {
                Some(namespace) => format!("namespace {namespace}"),
                None => "all namespaces".to_owned(),
            };
            let message = format!("cannot list {}: {}", problem.resource.name(), problem.error);
            Problem { place, message }
        }));
        let took = begun.elapsed();
        let observed = Observed {
            name,
            minor,
            namespaces,
            workloads,
            profiles,
            reports,
            vigil,
            unread_lease,
            problems,
            absent,
            took,
        };
        Ok((observed, client))
    }

    /// Lists the namespaces of a cluster, and counts its profiles.
    ///
    /// # Errors
    ///
    /// When it cannot be reached, or nothing can be read of it.
    pub(in crate::cli) async fn list_namespaces(&self, connection: &Connection) -> Result<Named, Problem> {
        let name = connection.context_name();
        let place = name.clone().map_or_else(|| "cluster".to_owned(), |name| format!("context {name}"));
        let list = async {
            let (client, server) = connection.client().await?;
            // What is not there is among the problems too.
            let (mut problems, mut absent) = (Vec::new(), Vec::new());
            let namespaces = self.namespaces(&client, &mut problems, &mut absent).await?;
            // Where there is no CRD there are no profiles.
            let profiles = profiles::list(&client, None).await;
            let profiles = profiles.map_or(0, |listing| listing.readable.len() + listing.unreadable.len());
            let name = name.unwrap_or_else(|| server.to_string());
            Ok(Named { name, client, namespaces, profiles, problems })
        };
        let listed: Result<_, Unreachable> = list.await;
        listed.map_err(|error| Problem { place, message: crate::cli::with_causes(&error) })
    }

    /// The namespaces: named ones are asked for one by one, which takes no right to list them all.
    async fn namespaces(
        &self,
        client: &Client,
        problems: &mut Vec<Problem>,
        absent: &mut Vec<String>,
    ) -> Result<BTreeMap<String, Namespace>, Unreachable> {
        if self.namespaces.is_empty() {
            let listed = namespaces::list(client, self.selector.as_deref()).await;
            let listed = listed.map_err(|source| Unreachable::Namespaces { source })?;
            problems.extend(listed.unreadable.into_iter().map(|(name, reason)| Problem {
                place: format!("namespace {name}"),
                message: format!("cannot be read: {reason}"),
            }));
            return Ok(listed.namespaces);
        }
        let mut found = BTreeMap::new();
        let names: BTreeSet<_> = self.namespaces.iter().collect();
        for name in names {
            let message = match namespaces::get(client, name).await {
                Ok(Some(namespace)) => {
                    found.insert(name.clone(), namespace);
                    continue;
                }
                Ok(None) => {
                    absent.push(format!("there is no namespace {name}"));
                    "is not there".to_owned()
                }
                Err(error) => format!("cannot be read: {error}"),
            };
            problems.push(Problem { place: format!("namespace {name}"), message });
        }
        Ok(found)
    }
}

/// What the Lease tells that the controller says it is elected by; and why that could not be read.
async fn read_vigil(client: &Client, profiles: &profiles::Listing) -> (Vigil, Option<String>) {
    let place = told_of_itself(profiles).and_then(|controller| controller.lease.as_deref());
    let Some((namespace, name)) = place.and_then(|place| place.split_once('/')) else {
        return (Vigil::Unknown, None);
    };
    match lease::get(client, namespace, name).await {
        Ok(lease) => (Vigil::Told(lease.as_ref().map(lease::Told::of)), None),
        Err(error) => (Vigil::Unknown, Some(format!("cannot read the controller's Lease: {error}"))),
    }
}

async fn list_profiles(client: &Client, problems: &mut Vec<Problem>) -> Option<profiles::Listing> {
    match profiles::list(client, None).await {
        Ok(listing) => Some(listing),
        Err(error) => {
            let message = format!("cannot list the profiles: {error}");
            problems.push(Problem { place: "ClusterPodSecurityProfiles".to_owned(), message });
            None
        }
    }
}
