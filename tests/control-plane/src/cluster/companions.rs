//! What runs beside the API server: controllers, the scheduler, nodes.

use std::path::PathBuf;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Node, ServiceAccount};
use kube::Client;
use kube::api::{Api, ListParams, PostParams};
use serde_json::json;

use super::Cluster;
use crate::binaries::Program;
use crate::credentials::{CONTROLLER_MANAGER, KWOK, SCHEDULER};
use crate::error::Error;
use crate::ports::Port;
use crate::process::Slot;

const LIMIT: Duration = Duration::from_secs(90);

impl Cluster {
    pub(super) fn start_controller_manager(&mut self) -> Result<(), Error> {
        let mut arguments = self.leaderless(CONTROLLER_MANAGER)?;
        arguments.extend([
            format!("--service-account-private-key-file={}", self.credentials.file("accounts.key")),
            format!("--root-ca-file={}", self.credentials.file("ca.crt")),
            String::from("--use-service-account-credentials"),
            // It begins with some hundred requests for its accounts' tokens; its default of 20 a second makes
            // that 5 s.
            String::from("--kube-api-qps=1000"),
            String::from("--kube-api-burst=1000"),
            // Its default is a folder under /usr, which it creates.
            format!("--flex-volume-plugin-dir={}", self.credentials.file("flex-volumes")),
        ]);
        self.start_companion(Program::ControllerManager, arguments)
    }

    pub(super) fn start_scheduler(&mut self) -> Result<(), Error> {
        let arguments = self.leaderless(SCHEDULER)?;
        self.start_companion(Program::Scheduler, arguments)
    }

    pub(super) fn start_kwok(&mut self) -> Result<(), Error> {
        let port = self.companion_port()?;
        let kubeconfig = self.kubeconfig(KWOK)?;
        let mut arguments = vec![
            format!("--kubeconfig={}", kubeconfig.display()),
            String::from("--manage-all-nodes=true"),
            String::from("--node-lease-duration-seconds=40"),
            format!("--server-address=127.0.0.1:{port}"),
        ];
        let stages: Vec<PathBuf> = self.binaries.stages();
        arguments.extend(stages.iter().map(|stage| format!("--config={}", stage.display())));
        self.start_companion(Program::Kwok, arguments)
    }

    /// Waits for what shows that each of them works.
    pub(super) async fn companions_ready(&self, accounts: bool, nodes: usize) -> Result<(), Error> {
        let client = self.probing_client()?;
        for companion in &self.companions {
            if accounts {
                companion.until("service account in `default`", LIMIT, || account(&client)).await?;
            }
            if nodes > 0 {
                companion.until("node that is ready", LIMIT, || ready(&client, nodes)).await?;
            }
        }
        Ok(())
    }

    /// Creates the nodes, which kwok then takes over.
    pub(super) async fn create_nodes(&self, count: usize) -> Result<(), Error> {
        let nodes = Api::<Node>::all(self.probing_client()?);
        for number in 1..=count {
            let name = format!("node-{number}");
            let node = json!({
                "metadata": {
                    "name": name,
                    "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"},
                },
            });
            let node = serde_json::from_value(node).map_err(kube::Error::SerdeError)?;
            nodes.create(&PostParams::default(), &node).await?;
        }
        Ok(())
    }

    /// The arguments of a controller that is alone, and so needs no lease.
    fn leaderless(&mut self, user: &str) -> Result<Vec<String>, Error> {
        let port = self.companion_port()?;
        let kubeconfig = self.kubeconfig(user)?;
        let kubeconfigs = ["kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig"];
        let mut arguments: Vec<String> =
            kubeconfigs.iter().map(|flag| format!("--{flag}={}", kubeconfig.display())).collect();
        arguments.extend([
            String::from("--leader-elect=false"),
            String::from("--bind-address=127.0.0.1"),
            format!("--secure-port={port}"),
        ]);
        Ok(arguments)
    }

    pub(super) fn companion_port(&mut self) -> Result<u16, Error> {
        let port = Port::claim()?;
        let number = port.number();
        self.ports.push(port);
        Ok(number)
    }

    fn start_companion(&mut self, program: Program, arguments: Vec<String>) -> Result<(), Error> {
        let path = self.binaries.path(program);
        let process = self.start_process(program.name(), &path, arguments)?;
        self.companions.push(Slot::with(process));
        Ok(())
    }
}

async fn account(client: &Client) -> Result<(), String> {
    let accounts = Api::<ServiceAccount>::namespaced(client.clone(), "default");
    accounts.get("default").await.map(drop).map_err(|error| error.to_string())
}

async fn ready(client: &Client, count: usize) -> Result<(), String> {
    let nodes = Api::<Node>::all(client.clone());
    let nodes = nodes.list(&ListParams::default()).await.map_err(|error| error.to_string())?;
    let ready = nodes.items.iter().filter(|node| is_ready(node)).count();
    if ready >= count { Ok(()) } else { Err(format!("{ready} of {count} nodes are ready")) }
}

fn is_ready(node: &Node) -> bool {
    let conditions = node.status.iter().filter_map(|status| status.conditions.as_ref()).flatten();
    conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}
