//! `podsec plan` and its kin on a real API server: what they foretell is what the controller then does.

mod deed;
mod gate;
mod kin;
mod pages;
mod rights;

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Output},
};

use k8s_openapi::api::core::v1::Pod;
use kube::{Api, api::PostParams};
use podsec::standards::LABEL_PREFIX;
use podsec_control_plane::Cluster;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::stage::Stage;

/// Runs the binary with a kubeconfig.
fn podsec(kubeconfig: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_podsec"));
    command.env("KUBECONFIG", kubeconfig).env("NO_COLOR", "1").args(arguments);
    command.output().expect("the binary runs")
}

/// A plan as JSON, and the exit status.
struct Planned {
    status: Option<i32>,
    json: Value,
}

fn planned(cluster: &Cluster, arguments: &[&str]) -> Planned {
    planned_as(&cluster.admin_kubeconfig().unwrap(), arguments)
}

/// Who may do everything, and is not to change anything.
const PLANNER: &str = "planner";

fn planned_as(kubeconfig: &Path, arguments: &[&str]) -> Planned {
    let output = podsec(kubeconfig, &[&["plan", "-o", "json"], arguments].concat());
    let json = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    Planned { status: output.status.code(), json }
}

impl Planned {
    fn namespace(&self, name: &str) -> &Value {
        let mut namespaces = self.json["namespaces"].as_array().unwrap().iter();
        namespaces.find(|namespace| namespace["name"] == name).unwrap_or_else(|| panic!("{name} is planned"))
    }

    /// The enforce mode of a namespace.
    fn enforce(&self, name: &str) -> &Value {
        let mut modes = self.namespace(name)["modes"].as_array().unwrap().iter();
        modes.find(|mode| mode["mode"] == "enforce").unwrap_or_else(|| panic!("{name} has enforce planned"))
    }

    /// `Raise`, `Hold`, …
    fn step(&self, name: &str) -> &str {
        self.enforce(name)["step"].as_str().unwrap()
    }

    /// The labels as they are to be, by namespace.
    fn labels(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let labels = |namespace: &Value| {
            let name = namespace["name"].as_str().unwrap().to_owned();
            (name, serde_json::from_value(namespace["labels"]["planned"].clone()).unwrap())
        };
        self.json["namespaces"].as_array().unwrap().iter().map(labels).collect()
    }
}

impl Stage {
    async fn pod(&self, namespace: &str, name: &str, spec: Value) {
        let pod: Pod = serde_json::from_value(json!({"metadata": {"name": name}, "spec": spec})).unwrap();
        let pods: Api<Pod> = Api::namespaced(self.admin.clone(), namespace);
        pods.create(&PostParams::default(), &pod).await.unwrap();
    }

    /// The Pod Security labels of all namespaces.
    async fn labels(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let all = self.namespaces().list(&kube::api::ListParams::default()).await.unwrap();
        let labels = |namespace: k8s_openapi::api::core::v1::Namespace| {
            let labels = namespace.metadata.labels.unwrap_or_default().into_iter();
            let own = labels.filter(|(key, _)| key.starts_with(LABEL_PREFIX)).collect();
            (namespace.metadata.name.unwrap(), own)
        };
        all.items.into_iter().map(labels).collect()
    }

    /// Waits until the labels are as they were foretold.
    async fn has_labels(&self, foretold: &BTreeMap<String, BTreeMap<String, String>>) {
        self.eventually(&format!("{foretold:#?}"), || async {
            (self.labels().await == *foretold).then_some(())
        })
        .await;
    }

    /// Namespaces of all sorts with what runs in them.
    async fn village(&self) {
        let privileged =
            json!({"containers": [{"name": "c", "image": "i", "securityContext": {"privileged": true}}]});
        let plain = json!({"containers": [{"name": "c", "image": "i"}]});
        let apps = ("tier", "apps");
        for (name, labels) in [
            ("clean", &[apps][..]),
            ("open", &[apps, ("enforce", "privileged")]),
            ("strict", &[apps, ("enforce", "restricted"), ("enforce-version", "v1.30")]),
            ("garbled", &[apps, ("enforce", "privileged"), ("enforce-version", "v1.2")]),
            ("legacy-one", &[apps]),
            ("broken", &[apps]),
            ("other", &[("tier", "db"), ("warn", "baseline")]),
        ] {
            self.namespace(name, labels).await;
        }
        for namespace in ["clean", "open", "other"] {
            self.pod(namespace, "web", plain.clone()).await;
        }
        for namespace in ["broken", "legacy-one"] {
            self.pod(namespace, "agent", privileged.clone()).await;
            self.pod(namespace, "agent-2", privileged.clone()).await;
        }
    }
}

fn apps(strategy: &str, conflicts: &str) -> Value {
    json!({
        "namespaceSelector": {"matchLabels": {"tier": "apps"}},
        "priority": 10,
        "enforce": {"level": "baseline"},
        "warn": {"level": "restricted"},
        "exemptions": [{"name": "legacy-*", "reason": "the vendor's agent"}],
        "conflictPolicy": conflicts,
        "releasePolicy": "Remove",
        "rollout": {"strategy": strategy},
    })
}

fn everything() -> Value {
    json!({"namespaceSelector": {}, "enforce": {"level": "restricted"}, "audit": {"level": "baseline"}})
}

/// Profiles in a file, as `-f` takes them.
fn file(folder: &TempDir, name: &str, profiles: &[(&str, Value)]) -> String {
    let objects: Vec<_> = profiles
        .iter()
        .map(|(name, spec)| {
            json!({"apiVersion": "podsec.dev/v1alpha1", "kind": "ClusterPodSecurityProfile",
                "metadata": {"name": name}, "spec": spec})
            .to_string()
        })
        .collect();
    let path = folder.path().join(name);
    std::fs::write(&path, objects.join("\n---\n")).unwrap();
    path.display().to_string()
}
