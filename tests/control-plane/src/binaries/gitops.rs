//! The tools that podsec is tested beside.
//!
//! Each has a folder with a go.mod of its own under `tests/gitops/`: they do not agree about their dependencies, nor with
//! the control plane.

use std::fs;
use std::path::{Path, PathBuf};

use super::{cache, go};
use crate::error::{Doing as _, Error};

/// A program that applies manifests, or installs podsec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum GitopsTool {
    /// The controller of Flux that applies manifests.
    KustomizeController,
    /// Argo CD's command line, which judges health as its controller does.
    Argocd,
    /// Argo CD's own comparison of a manifest with what is live, by a program around it.
    ArgocdDiff,
    /// Helm.
    Helm,
    /// krew, which installs plugins of kubectl.
    Krew,
}

impl GitopsTool {
    /// All of them, in the order in which they are built.
    pub const ALL: [Self; 5] =
        [Self::KustomizeController, Self::Helm, Self::Krew, Self::Argocd, Self::ArgocdDiff];

    /// Its file name. Argo CD's program is another thing under another name.
    const fn name(self) -> &'static str {
        match self {
            Self::KustomizeController => "kustomize-controller",
            Self::Argocd => "argocd",
            Self::ArgocdDiff => "argocd-diff",
            Self::Helm => "helm",
            Self::Krew => "krew",
        }
    }

    /// The folder of its go.mod.
    fn source(self) -> PathBuf {
        folder(match self {
            Self::KustomizeController => "flux",
            Self::Argocd | Self::ArgocdDiff => "argocd",
            Self::Helm => "helm",
            Self::Krew => "krew",
        })
    }

    const fn package(self) -> &'static str {
        match self {
            Self::KustomizeController => "github.com/fluxcd/kustomize-controller",
            Self::Argocd => "github.com/argoproj/argo-cd/v3/cmd",
            Self::ArgocdDiff => ".",
            Self::Helm => "helm.sh/helm/v4/cmd/helm",
            Self::Krew => "sigs.k8s.io/krew/cmd/krew",
        }
    }

    /// Where it is. Built when it is nowhere, which takes minutes once, and says so on standard error. Blocks.
    pub fn ensure(self) -> Result<PathBuf, Error> {
        let source = self.source();
        let (name, package) = (self.name(), self.package());
        cache::build(&go::Job { name, source: &source, package, flags: go::stripped_flags() })
    }
}

/// A folder with the definitions of the resources that Flux's controller watches, as the releases have them. Blocks.
pub fn flux_definitions() -> Result<PathBuf, Error> {
    let controllers = [
        (folder("flux"), "github.com/fluxcd/kustomize-controller"),
        (folder("flux-sources"), "github.com/fluxcd/source-controller"),
    ];
    let sources = controllers.each_ref().map(|(source, _)| source.clone());
    cache::collect("flux-definitions", &sources, |target| {
        for (source, module) in &controllers {
            let definitions = go::module_folder(source, module)?.join("config/crd/bases");
            let entries = fs::read_dir(&definitions).doing(|| format!("read {}", definitions.display()))?;
            for entry in entries.flatten() {
                copy(&entry.path(), target)?;
            }
        }
        Ok(())
    })
}

/// A folder with the definitions of the Prometheus operator's resources that podsec's chart can make. Blocks.
pub fn monitoring_definitions() -> Result<PathBuf, Error> {
    let source = folder("prometheus-operator");
    cache::collect("monitoring-definitions", std::slice::from_ref(&source), |target| {
        let module = go::module_folder(&source, "github.com/prometheus-operator/prometheus-operator")?;
        let definitions = module.join("example/prometheus-operator-crd");
        for name in ["servicemonitors", "prometheusrules"] {
            copy(&definitions.join(format!("monitoring.coreos.com_{name}.yaml")), target)?;
        }
        Ok(())
    })
}

/// Copies a file into a folder.
fn copy(file: &Path, folder: &Path) -> Result<(), Error> {
    let copied = fs::copy(file, folder.join(file.file_name().unwrap_or_default()));
    copied.doing(|| format!("copy {}", file.display()))?;
    Ok(())
}

fn folder(name: &str) -> PathBuf {
    Path::new(go::SOURCE).join("../gitops").join(name)
}
