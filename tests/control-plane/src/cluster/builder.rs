//! What a cluster is to have, and its start.

use std::collections::BTreeSet;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use super::Cluster;
use super::flux::Flux;
use crate::api_server;
use crate::audit;
use crate::binaries::{Binaries, Program};
use crate::credentials::Credentials;
use crate::error::{Doing as _, Error};
use crate::etcd::Etcd;
use crate::ports::Port;
use crate::process::{Lifetime, Slot};

/// What a cluster is to have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use = "nothing starts before `start`"]
pub struct Builder {
    users: BTreeSet<String>,
    arguments: Vec<String>,
    pod_security: Option<serde_json::Value>,
    audit_log: bool,
    controller_manager: bool,
    nodes: usize,
    flux: bool,
    standing: Option<PathBuf>,
}

impl Builder {
    /// A user with a token and no rights: give it some with RBAC objects. The roles `view`, `edit` and `admin`
    /// are empty without a controller manager, which puts them together.
    pub fn user(mut self, name: impl Into<String>) -> Self {
        self.users.insert(name.into());
        self
    }

    /// An argument of the API server, such as `--emulated-version=1.36`, for each of its starts.
    pub fn api_server_argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// The Pod Security configuration of the API server: its `defaults` and `exemptions`.
    pub fn pod_security(mut self, configuration: serde_json::Value) -> Self {
        self.pod_security = Some(configuration);
        self
    }

    /// Writes down every request that writes, for [`Cluster::audit_events`].
    pub fn audit_log(mut self) -> Self {
        self.audit_log = true;
        self
    }

    /// Runs kube-controller-manager: without it no namespace finishes its deletion, and no Deployment makes
    /// pods. Without it the API server also does not ask for a pod's service account, which nobody would make.
    pub fn controller_manager(mut self) -> Self {
        self.controller_manager = true;
        self
    }

    /// Runs kube-scheduler, and kwok with as many nodes, named `node-1` and up, on which pods run.
    pub fn nodes(mut self, count: usize) -> Self {
        self.nodes = count;
        self
    }

    /// Runs Flux's kustomize-controller, which applies what `GitRepository` objects point at. Nothing fetches from Git:
    /// a test writes their status.
    pub fn flux(mut self) -> Self {
        self.flux = true;
        self
    }

    /// A cluster in `folder` that outlives this process.
    pub(crate) fn standing(mut self, folder: PathBuf) -> Self {
        self.standing = Some(folder);
        self
    }

    /// Builds what is not built yet, starts everything and waits until it is ready: the API server serves, a
    /// controller manager has made the first service account, the nodes are ready.
    pub async fn start(self) -> Result<Cluster, Error> {
        let nodes = self.nodes;
        let controller_manager = self.controller_manager;
        // Files, locks and etcd's start block, and a build does so for minutes.
        let (mut cluster, flux) = tokio::task::spawn_blocking(move || {
            let flux = self.flux.then(Flux::ensure).transpose()?;
            Ok::<_, Error>((self.prepare()?, flux))
        })
        .await??;
        cluster.start_api_server(&[]).await?;
        if let Some(flux) = &flux {
            cluster.start_flux(flux)?;
        }
        if controller_manager {
            cluster.start_controller_manager()?;
        }
        if nodes > 0 {
            cluster.start_scheduler()?;
            cluster.start_kwok()?;
            cluster.create_nodes(nodes).await?;
        }
        cluster.companions_ready(controller_manager, nodes).await?;
        Ok(cluster)
    }

    fn programs(&self) -> Vec<Program> {
        let mut programs = vec![Program::Etcd, Program::Kubectl, Program::ApiServer];
        if self.controller_manager {
            programs.push(Program::ControllerManager);
        }
        if self.nodes > 0 {
            programs.extend([Program::Scheduler, Program::Kwok]);
        }
        programs
    }

    fn prepare(self) -> Result<Cluster, Error> {
        let binaries = Binaries::ensure(&self.programs())?;
        let record = self.standing.as_deref().map(crate::standing::record_file);
        let program = binaries.path(Program::Etcd);
        let etcd = match (&self.standing, &record) {
            (Some(folder), Some(record)) => {
                let lifetime = Lifetime::Standing { record: record.clone() };
                Arc::new(Etcd::start(&program, folder, lifetime)?)
            }
            _ => Etcd::shared(&program)?,
        };
        let name = etcd.next_cluster();
        let folder = self.standing.unwrap_or_else(|| etcd.folder().join(&name));
        create_private(&folder)?;
        let port = Port::claim()?;
        let url = format!("https://127.0.0.1:{}", port.number());
        let credentials = Credentials::create(&folder, &url, &self.users)?;
        let mut arguments = api_server::arguments(&credentials, &etcd.url(), &name, port.number());
        if self.audit_log {
            arguments.extend(audit::arguments(&folder)?);
        }
        if let Some(configuration) = self.pod_security {
            arguments.push(api_server::pod_security(&folder, configuration)?);
        }
        if !self.controller_manager {
            arguments.push(String::from("--disable-admission-plugins=ServiceAccount"));
        }
        arguments.extend(self.arguments);
        Ok(Cluster {
            binaries,
            etcd,
            name,
            folder,
            url,
            credentials,
            api_server: Slot::default(),
            api_server_arguments: arguments,
            disturbed: AtomicBool::new(false),
            companions: Vec::new(),
            ports: vec![port],
            applied: AtomicUsize::new(0),
            record,
            left: false,
        })
    }
}

/// A folder for keys and tokens.
pub(crate) fn create_private(folder: &Path) -> Result<(), Error> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.doing(|| format!("create {}", folder.display()))
}
