//! podsec beside Argo CD: what its own code takes for a difference, and what its writes do.
//!
//! Argo CD itself does not run here. It writes as `kubectl apply` does, as the field manager `argocd-controller`: by
//! server-side apply that takes every field, or by an update.

mod writes;

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use podsec_control_plane::{Cluster, GitopsTool};
use serde_json::{Value, json};

use crate::stage::{Stage, path};

/// The field manager of Argo CD's controller.
const MANAGER: &str = "argocd-controller";

/// What Git says where it has the labels.
const KEYS: [(&str, &str); 2] = [("enforce", "baseline"), ("enforce-version", "latest")];

const OWNED: &str = "enforce=restricted+podsec enforce-version=v1.37+podsec";

/// A profile that raises enforce at once, whoever set it.
fn forcing(names: &str, on_release: &str) -> Value {
    json!({
        "namespaceNames": [names], "enforce": {"level": "restricted"}, "rollout": {"strategy": "Immediate"},
        "conflictPolicy": "Force", "releasePolicy": on_release,
    })
}

/// A namespace in Git and in the cluster.
struct Row {
    what: &'static str,
    git: Value,
    live: Value,
    /// Without a rule, with the managers alone, and with the pointers.
    expected: [&'static str; 3],
}

#[tokio::test(flavor = "multi_thread")]
async fn what_podsec_sets_is_no_difference_to_argo_cd() {
    let mut stage = Stage::without_controller(Cluster::builder()).await;
    stage.start();
    let (same, other) = ("Synced", "OutOfSync");
    let mut rows = Vec::new();
    let mut row = |what, git: &Value, live: Value, expected| {
        rows.push(Row { what, git: git.clone(), live, expected });
    };

    let git = in_git("plain-a", &[]);
    writes::syncs(&stage, &git).await;
    stage.settled_profile("plain", forcing("plain-*", "Retain")).await;
    stage.shows("plain-a", OWNED).await;
    row("not in Git", &git, live(&stage, "plain-a").await, [same; 3]);

    for (name, on_release) in [("kept", "Retain"), ("gone", "Remove")] {
        let namespace = format!("{name}-a");
        let git = in_git(&namespace, &KEYS);
        writes::syncs(&stage, &git).await;
        stage.settled_profile(name, forcing(&format!("{name}-*"), on_release)).await;
        stage.shows(&namespace, OWNED).await;
        row("podsec's", &git, live(&stage, &namespace).await, [other, same, same]);
        stage.delete_profile(name).await;
        let retained = OWNED.replace("+podsec", "+retained");
        stage.shows(&namespace, if name == "kept" { &retained } else { "" }).await;
        // One manager alone would not do, and where the label is gone none does.
        let managers = if name == "kept" { same } else { other };
        row(on_release, &git, live(&stage, &namespace).await, [other, managers, same]);
    }

    let git = in_git("hand-a", &KEYS);
    writes::syncs(&stage, &git).await;
    stage.label("hand-a", &[("enforce", Some("restricted"))]).await;
    row("a person's", &git, live(&stage, "hand-a").await, [other, other, same]);

    let git = in_git("plain-a", &[("team", "another")]);
    row("another label", &git, live(&stage, "plain-a").await, [other; 3]);

    let tool = Tool(&stage);
    for Rule { what, config, application, column } in tool.rules() {
        for (answer, row) in tool.compares(&config, &application, &rows).iter().zip(&rows) {
            assert_eq!(*answer, row.expected[column], "{} with {what}: {:#}", row.what, row.live);
        }
    }
    tool.excludes_reports();
}

/// A namespace as it stands in Git.
fn in_git(name: &str, labels: &[(&str, &str)]) -> Value {
    let labels: serde_json::Map<_, _> = labels
        .iter()
        .map(|(key, value)| {
            let prefix = if *key == "team" { "" } else { "pod-security.kubernetes.io/" };
            (format!("{prefix}{key}"), json!(value))
        })
        .collect();
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
}

async fn live(stage: &Stage, name: &str) -> Value {
    let mut live = serde_json::to_value(stage.namespaces().get(name).await.unwrap()).unwrap();
    live["apiVersion"] = "v1".into();
    live["kind"] = "Namespace".into();
    live
}

/// What is to be no difference.
struct Rule {
    what: &'static str,
    /// Of Argo CD.
    config: PathBuf,
    /// Of the application.
    application: Value,
    /// The column that tells what is expected.
    column: usize,
}

/// Argo CD's own comparison.
struct Tool<'a>(&'a Stage);

impl Tool<'_> {
    fn rules(&self) -> Vec<Rule> {
        const KEY: &str = "resource.customizations.ignoreDifferences.";
        let shipped: Value =
            serde_saphyr::from_str(&fs::read_to_string(path("deploy/argocd/argocd-cm.yaml")).unwrap())
                .unwrap();
        let config = |what, keys: &[&str], column| {
            let keys = keys.iter().map(|key| format!("{KEY}{key}"));
            let data: Value = keys.map(|key| (key.clone(), shipped["data"][&key].clone())).collect();
            let config = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": data});
            let config = self.file(&format!("{what}.yaml"), &config.to_string());
            Rule { what, config, application: json!([]), column }
        };
        let page = fs::read_to_string(path("docs/gitops.md")).unwrap();
        let blocks = page.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        let documented = blocks
            .filter_map(|block| serde_saphyr::from_str::<Value>(block).ok())
            .find_map(|block| block.pointer("/spec/ignoreDifferences/0").cloned())
            .expect("the rule of an application");
        let application = |what, field: &str, column| {
            let application = json!([{"kind": "Namespace", field: documented[field]}]);
            Rule { application, ..config(what, &[], column) }
        };
        vec![
            config("no rule", &[], 0),
            config("shipped managers", &["all"], 1),
            config("shipped pointers", &["Namespace"], 2),
            config("all that is shipped", &["all", "Namespace"], 2),
            application("the managers in an application", "managedFieldsManagers", 1),
            application("the pointers in an application", "jsonPointers", 2),
        ]
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let file = self.0.cluster.folder().join(name);
        fs::write(&file, text).unwrap();
        file
    }

    /// One answer for each row.
    fn compares(&self, config: &Path, application: &Value, rows: &[Row]) -> Vec<String> {
        let mut command = self.command("compare", config);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        for Row { git, live, .. } in rows {
            let question = json!({"git": git, "live": live, "ignoreDifferences": application});
            writeln!(stdin, "{question}").unwrap();
        }
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let answers: Vec<_> =
            String::from_utf8(output.stdout).unwrap().lines().map(ToOwned::to_owned).collect();
        assert_eq!(answers.len(), rows.len());
        answers
    }

    /// Argo CD leaves reports out when the shipped entry is in its list, and nothing else of podsec.
    fn excludes_reports(&self) {
        let entry = fs::read_to_string(path("deploy/argocd/resource-exclusions.yaml")).unwrap();
        let config = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "data": {"resource.exclusions": entry},
        });
        let config = self.file("exclusions.yaml", &config.to_string());
        for (kind, excluded) in [("PodSecurityReport", "true\n"), ("ClusterPodSecurityProfile", "false\n")] {
            let output = self.command("excluded", &config).args(["podsec.dev", kind]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), excluded, "{kind}");
        }
    }

    fn command(&self, subcommand: &str, config: &Path) -> Command {
        let mut command = Command::new(GitopsTool::ArgocdDiff.ensure().unwrap());
        command.arg(subcommand).arg(config).env("HOME", self.0.cluster.folder());
        command
    }
}
