//! The cluster for demonstrations: `up` leaves it running, `down` ends it, and neither touches what is not theirs.

#![expect(clippy::unwrap_used, reason = "the lint spares test functions, not what they call")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn tool(command: &str, folder: &Path) -> Output {
    let mut tool = Command::new(env!("CARGO_BIN_EXE_podsec-control-plane"));
    tool.arg(command).arg("--dir").arg(folder).output().unwrap()
}

/// Ends the cluster when an assertion fails.
struct Down<'a>(&'a Path);

impl Drop for Down<'_> {
    fn drop(&mut self) {
        tool("down", self.0);
    }
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn process_ids(folder: &Path) -> Vec<u64> {
    let text = fs::read_to_string(folder.join("podsec-processes.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["pid"].as_u64().unwrap())
        .collect()
}

#[test]
fn up_leaves_a_cluster_and_down_ends_it() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("run");
    let _down = Down(&folder);
    let export = format!("export KUBECONFIG='{}'\n", folder.join("kubeconfig").display());
    assert_eq!(said(&tool("up", &folder)), export);
    let ids = process_ids(&folder);
    assert_eq!(ids.len(), 5);
    assert!(said(&tool("up", &folder)).contains("running already"));
    assert_eq!(process_ids(&folder), ids);

    said(&tool("down", &folder));
    assert!(!folder.exists());
    for id in ids {
        let line = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&line).contains(&folder.display().to_string()), "{id} still runs");
    }
    assert!(String::from_utf8_lossy(&tool("down", &folder).stderr).contains("no control plane runs"));
}

#[test]
fn a_folder_of_something_else_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let config = place.path().join("kubeconfig");
    fs::write(&config, "mine").unwrap();
    for command in ["up", "down"] {
        assert!(!tool(command, place.path()).status.success());
    }
    assert_eq!(fs::read_to_string(config).unwrap(), "mine");
}
