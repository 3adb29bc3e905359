//! The programs of a control plane: found where `KUBEBUILDER_ASSETS` says, else built once and kept.

mod cache;
mod gitops;
mod go;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use cache::build_module;
pub(crate) use cache::cache_root;
pub use gitops::{GitopsTool, flux_definitions, monitoring_definitions};
pub use go::module_folder;

use crate::error::Error;

/// One program of a control plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Program {
    /// The store.
    Etcd,
    /// The API server.
    ApiServer,
    /// The command line client.
    Kubectl,
    /// The controllers: namespace deletion, Deployments, service accounts.
    ControllerManager,
    /// The scheduler.
    Scheduler,
    /// Nodes without machines.
    Kwok,
}

impl Program {
    /// All of them, in the order in which they are built.
    pub const ALL: [Self; 6] =
        [Self::Etcd, Self::Kubectl, Self::ApiServer, Self::ControllerManager, Self::Scheduler, Self::Kwok];

    /// Its file name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::ApiServer => "kube-apiserver",
            Self::Kubectl => "kubectl",
            Self::ControllerManager => "kube-controller-manager",
            Self::Scheduler => "kube-scheduler",
            Self::Kwok => "kwok",
        }
    }

    /// The Go package that it is built from.
    const fn package(self) -> &'static str {
        match self {
            Self::Etcd => "go.etcd.io/etcd/server/v3",
            Self::ApiServer => "k8s.io/kubernetes/cmd/kube-apiserver",
            Self::Kubectl => "k8s.io/kubernetes/cmd/kubectl",
            Self::ControllerManager => "k8s.io/kubernetes/cmd/kube-controller-manager",
            Self::Scheduler => "k8s.io/kubernetes/cmd/kube-scheduler",
            Self::Kwok => "sigs.k8s.io/kwok/cmd/kwok",
        }
    }
}

/// Where each program is.
#[derive(Debug, Clone)]
pub struct Binaries {
    folder: PathBuf,
    found: BTreeMap<Program, PathBuf>,
}

impl Binaries {
    /// Finds `programs`, and builds those that are nowhere. That takes minutes once, and says so on standard
    /// error; afterwards it only looks. Blocks.
    pub fn ensure(programs: &[Program]) -> Result<Self, Error> {
        let folder = cache::folder()?;
        let mut found = BTreeMap::new();
        let mut missing = Vec::new();
        for &program in programs {
            let candidates = [cache::assets(program), Some(folder.join(program.name()))];
            match candidates.into_iter().flatten().find(|path| path.is_file()) {
                Some(path) => drop(found.insert(program, path)),
                None => missing.push(program),
            }
        }
        let stages = programs.contains(&Program::Kwok) && !cache::stages(&folder).is_dir();
        if stages || !missing.is_empty() {
            cache::fill(&folder, &missing, stages)?;
            found.extend(missing.into_iter().map(|program| (program, folder.join(program.name()))));
        }
        Ok(Self { folder, found })
    }

    /// The path of one of the programs that were asked for; for another, where it would be.
    pub fn path(&self, program: Program) -> PathBuf {
        self.found.get(&program).cloned().unwrap_or_else(|| self.folder.join(program.name()))
    }

    /// The folder that built programs are kept in, whether or not they are there yet.
    pub fn cache_folder() -> Result<PathBuf, Error> {
        cache::folder()
    }

    /// kwok's descriptions of how nodes and pods proceed.
    pub(crate) fn stages(&self) -> Vec<PathBuf> {
        let folder = cache::stages(&self.folder);
        go::STAGES.iter().map(|stage| folder.join(go::stage_file(stage))).collect()
    }
}
