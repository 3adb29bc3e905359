//! The commands of `docs/gitops.md`.

use std::{env, fs, process::Command};

use k8s_openapi::api::core::v1::ConfigMap;
use podsec_control_plane::Program;
use serde_json::json;

use crate::stage::{Stage, path};

#[tokio::test]
async fn the_commands_work() {
    let stage = Stage::new().await;
    stage.namespace("shop", &[]).await;
    stage.namespace("argocd", &[]).await;
    let present = json!({"metadata": {"name": "argocd-cm"}, "data": {"url": "https://argocd.example"}});
    stage.creates::<ConfigMap>("argocd", present).await;
    let spec = json!({
        "namespaceNames": ["shop"], "enforce": {"level": "baseline"}, "conflictPolicy": "Yield",
        "rollout": {"strategy": "Immediate"},
    });
    stage.settled_profile("apps", spec).await;
    stage.label("shop", &[("enforce", Some("privileged"))]).await;
    stage.event("LeftAlone", "shop").await;
    stage.counts("apps", "yielded", 1).await;

    let page = fs::read_to_string(path("docs/gitops.md")).unwrap();
    let blocks = page.split("```console\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let printed: Vec<_> = blocks.flat_map(str::lines).map(|line| (line, run(&stage, line))).collect();
    assert!(printed.len() >= 7, "{printed:?}");
    let prints = |part: &str, expected: &str| {
        let (line, output) = printed.iter().find(|(line, _)| line.contains(part)).expect(part);
        assert!(output.contains(expected), "{line}\n{output}");
    };
    prints("{.status.leftAlone}", "kubectl-label");
    prints("reason=LeftAlone", "shop");
    prints("--show-managed-fields", "manager: kubectl-label");
    prints("wait --for=condition=Ready", "condition met");

    let config = stage.of::<ConfigMap>("argocd").get("argocd-cm").await.unwrap().data.unwrap();
    assert_eq!(config["url"], "https://argocd.example");
    assert!(config.contains_key("resource.customizations.health.podsec.dev_ClusterPodSecurityProfile"));
}

/// What a line prints, run in the repository.
fn run(stage: &Stage, line: &str) -> String {
    assert!(line.starts_with("kubectl "), "{line}");
    let kubectl = stage.cluster.binaries().path(Program::Kubectl);
    let folder = kubectl.parent().unwrap().display().to_string();
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).current_dir(path(""));
    shell.env("PATH", format!("{folder}:{}", env::var("PATH").unwrap()));
    shell.env("KUBECONFIG", stage.cluster.admin_kubeconfig().unwrap()).env("HOME", stage.cluster.folder());
    let output = shell.output().unwrap();
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{line}\n{text}");
    text
}
