//! Flux's kustomize-controller beside the API server.

use std::path::PathBuf;

use super::Cluster;
use crate::binaries::{GitopsTool, flux_definitions};
use crate::credentials::FLUX;
use crate::error::Error;
use crate::process::{Process, Slot};

const NAME: &str = "kustomize-controller";

impl Cluster {
    /// Installs what the controller watches, and starts it. It may do everything, as it may where Flux is installed.
    pub(super) fn start_flux(&mut self, parts: &Flux) -> Result<(), Error> {
        self.apply_file(&parts.definitions)?;
        self.kubectl(&["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"])?;
        let kubeconfig = self.kubeconfig(FLUX)?;
        let (health, metrics) = (self.companion_port()?, self.companion_port()?);
        let arguments = vec![
            format!("--health-addr=127.0.0.1:{health}"),
            format!("--metrics-addr=127.0.0.1:{metrics}"),
            String::from("--log-level=debug"),
            String::from("--no-remote-bases"),
            // So that a test waits for nothing but what it is about.
            String::from("--interval-jitter-percentage=0"),
            String::from("--requeue-dependency=1s"),
            String::from("--max-retry-delay=2s"),
            String::from("--concurrent=16"),
        ];
        let mut launch = self.launch(NAME, &parts.program, arguments);
        launch.environment.extend([
            ("KUBECONFIG", kubeconfig.into()),
            ("RUNTIME_NAMESPACE", "default".into()),
            // Artifacts are unpacked there.
            ("TMPDIR", self.folder().into()),
        ]);
        let process = Process::start(launch)?;
        self.companions.push(Slot::with(process));
        Ok(())
    }
}

/// What Flux consists of here.
#[derive(Debug)]
pub(super) struct Flux {
    program: PathBuf,
    definitions: PathBuf,
}

impl Flux {
    /// Finds it, or builds it. Blocks.
    pub(super) fn ensure() -> Result<Self, Error> {
        Ok(Self { program: GitopsTool::KustomizeController.ensure()?, definitions: flux_definitions()? })
    }
}
