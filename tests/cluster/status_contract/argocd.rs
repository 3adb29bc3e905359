//! Argo CD's verdict, by its own program and the health checks in `deploy/argocd/`.

use std::{fs, process::Command};

use podsec::api::ReportState;
use podsec_control_plane::GitopsTool;
use serde_json::Value;

use super::{Captured, kstatus::Health};
use crate::stage::{Stage, path};

/// Argo CD must see in a profile what Flux sees.
pub(super) fn agrees(stage: &Stage, captured: &[Captured]) {
    for Captured { state, object, health } in captured {
        let expected = match health {
            Health::Current => "Healthy",
            Health::InProgress | Health::Terminating => "Progressing",
            Health::Failed => "Degraded",
        };
        let (status, message) = health_of(stage, object);
        assert_eq!(status, expected, "{state}: {message}");
        let is_observed = object["status"]["observedGeneration"] == object["metadata"]["generation"];
        if is_observed {
            let told = object["status"]["conditions"].as_array().unwrap().iter();
            let texts: Vec<_> = told.map(|condition| condition["message"].as_str().unwrap()).collect();
            assert!(
                texts.iter().any(|text| text.trim() == message),
                "{state}: {message} is none of {texts:?}"
            );
        }
    }
}

/// And it can read a report, whatever that says.
pub(super) fn reads_reports(stage: &Stage, content: &Value) {
    for state in ReportState::ALL {
        let mut report = content.clone();
        report["state"] = state.as_str().into();
        report["apiVersion"] = "podsec.dev/v1alpha1".into();
        report["kind"] = "PodSecurityReport".into();
        report["metadata"] = serde_json::json!({"name": "podsec", "namespace": "held-a"});
        let (status, message) = health_of(stage, &report);
        let expected = match state {
            ReportState::Held | ReportState::Yielded | ReportState::Frozen => "Suspended",
            ReportState::Soaking => "Progressing",
            ReportState::Contested => "Degraded",
            ReportState::Inconclusive => "Unknown",
            _ => "Healthy",
        };
        assert_eq!(status, expected, "{}: {message}", state.as_str());
    }
}

/// Status and message.
fn health_of(stage: &Stage, object: &Value) -> (String, String) {
    let argocd = GitopsTool::Argocd.ensure().unwrap();
    let file = stage.cluster.folder().join("health.yaml");
    fs::write(&file, object.to_string()).unwrap();
    let mut command = Command::new(argocd);
    command.args(["admin", "settings", "resource-overrides", "health"]).arg(&file);
    command.arg("--argocd-cm-path").arg(path("deploy/argocd/argocd-cm.yaml"));
    command.env("HOME", stage.cluster.folder());
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let line =
        |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(|rest| rest.trim().to_owned());
    let status = line("STATUS:")
        .unwrap_or_else(|| panic!("{text}{}\nof {object:#}", String::from_utf8_lossy(&output.stderr)));
    (status, line("MESSAGE:").unwrap_or_default())
}
