//! What `docs/rollout.md` says: its profiles, one after the other, and its commands.

use std::path::Path;

use podsec_control_plane::Cluster;
use serde_json::Value;

use crate::{
    ownership::page::{blocks, run},
    stage::{Stage, path},
};

/// The steps of the page, by the names of their files.
const STEPS: [&str; 4] = ["1-watch", "2-baseline", "3-restricted", "4-deadline"];

/// The profile of a step.
fn profile(step: &str) -> Value {
    let text = std::fs::read_to_string(path(&format!("examples/rollout/{step}.yaml"))).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

/// The cells of the table of what becomes of the example workloads: the namespace, what runs there, and the label after
/// each step.
fn table(page: &str) -> Vec<Vec<String>> {
    let (_, rows) = page.split_once("| namespace | runs |").unwrap();
    let rows = rows.lines().skip(2).take_while(|line| line.starts_with('|'));
    let cells =
        |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect();
    rows.map(cells).collect()
}

async fn stage() -> Stage {
    let mut stage = Stage::without_controller(Cluster::builder().controller_manager().nodes(1)).await;
    for workload in ["payments", "shop", "sandbox", "legacy-billing", "monitoring"] {
        stage.cluster.apply_file(Path::new(&path(&format!("examples/workloads/{workload}.yaml")))).unwrap();
    }
    let run = ["wait", "--for=condition=Ready", "pod", "--all", "-A", "--timeout=90s"];
    stage
        .eventually("a pod in each namespace", || async {
            let pods = stage.cluster.kubectl(&["get", "pods", "-A", "-o", "name"]).unwrap();
            (pods.lines().count() >= 7).then_some(())
        })
        .await;
    stage.cluster.kubectl(&run).unwrap();
    stage.start();
    stage
}

#[tokio::test]
async fn its_profiles_do_what_it_says_one_after_the_other() {
    let page = std::fs::read_to_string(path("docs/rollout.md")).unwrap();
    let rows = table(&page);
    assert_eq!(rows.len(), 5, "{rows:#?}");
    let stage = stage().await;
    for (index, step) in STEPS.iter().enumerate() {
        // First as it stands: three days are not over.
        let mut spec = profile(step)["spec"].take();
        stage.settled_profile("everything", spec.clone()).await;
        if spec["rollout"]["soak"].is_null() {
            assert_eq!(index, 0, "only the first step enforces nothing");
        } else {
            let soaks = if *step == "2-baseline" { "shop" } else { "payments" };
            if index < 3 {
                stage.is_held("everything", soaks, "Soaking").await;
            }
            spec["rollout"]["soak"] = "0s".into();
            stage.settled_profile("everything", spec).await;
        }
        // The last step changes nothing before its day.
        let column = 2 + index.min(2);
        for row in &rows {
            let (namespace, expected) = (&row[0], Some(row[column].as_str()).filter(|cell| *cell != "-"));
            let what = format!("{namespace} to carry {expected:?} after {step}");
            stage
                .eventually(&what, || async {
                    let observed = stage.observed(namespace).await;
                    let warned = observed.label("pod-security.kubernetes.io/warn") == Some("restricted");
                    let enforced = observed.label("pod-security.kubernetes.io/enforce") == expected;
                    (warned && enforced).then_some(())
                })
                .await;
        }
        if *step == "2-baseline" {
            stage.is_held("everything", "legacy-billing", "Violations").await;
        }
    }
}

#[tokio::test]
async fn its_commands_work() {
    let page = std::fs::read_to_string(path("docs/rollout.md")).unwrap();
    let stage = stage().await;
    let commands = blocks(&page, "console");
    assert!(commands.len() >= 7, "{commands:#?}");
    let printed: Vec<_> = commands.iter().map(|commands| run(&stage, path("."), commands)).collect();
    let everything = printed.concat();
    for part in [
        "clean at baseline",
        "legacy-billing",
        "everything",
        "clusterpodsecurityprofile.podsec.dev/everything patched",
    ] {
        assert!(everything.contains(part), "{part} is not in\n{everything}");
    }
}
