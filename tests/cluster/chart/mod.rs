//! podsec's own chart, and what comes from it, by the real Helm.

mod lifecycle;
mod sources;
mod templates;

use std::{
    fs,
    path::PathBuf,
    process::{Command, Output},
};

use podsec_control_plane::GitopsTool;
use serde_json::Value;

use crate::stage::path;

/// Where the chart is, in the repository.
const CHART: &str = "deploy/helm/podsec";

/// The namespace of podsec wherever a command does not say another.
const NAMESPACE: &str = "podsec-system";

/// The kinds of other projects that the chart makes where the cluster has them.
const MONITORING: [&str; 2] =
    ["monitoring.coreos.com/v1/ServiceMonitor", "monitoring.coreos.com/v1/PrometheusRule"];

/// Helm without a cluster. What it is told comes from its arguments alone.
fn helm(arguments: &[&str]) -> Output {
    let mut command = Command::new(GitopsTool::Helm.ensure().unwrap());
    command.args(arguments).env("KUBECONFIG", "/dev/null").env("HOME", env!("CARGO_TARGET_TMPDIR"));
    command.output().unwrap()
}

/// What Helm renders from the chart with these arguments; otherwise what it says against it.
fn rendered(arguments: &[&str]) -> Result<String, String> {
    let chart = path(CHART);
    let output = helm(&[&["template", "podsec", &chart, "--namespace", NAMESPACE], arguments].concat());
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

/// The objects in a text.
fn objects(text: &str) -> Vec<Value> {
    let all: Vec<Value> = serde_saphyr::from_multiple(text).unwrap();
    all.into_iter().filter(|object| !object.is_null()).collect()
}

/// What an object is called, with its kind.
fn name(object: &Value) -> String {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    format!("{} {}", word(&object["kind"]), word(&object["metadata"]["name"]))
}

/// The object of a kind, where there is one.
fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Option<&'a Value> {
    objects.iter().find(|object| object["kind"] == kind)
}

/// The files of values that the chart is tried with.
fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(path(&format!("{CHART}/ci"))).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 4, "{files:?}");
    files
}
