//! What each format looks like.

use super::{FORMATS, Folder, check_stdin, repository};
use crate::{podsec, stdout};

/// Manifests with four reasons, two of them in both containers, and what else there can be.
const SHOP: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  template:
    spec:
      securityContext:
        runAsNonRoot: true
      containers:
      - name: web
        image: web:1
        securityContext:
          allowPrivilegeEscalation: true
          capabilities:
            add:
            - NET_ADMIN
      - name: log
        image: log:1
        securityContext:
          runAsUser: 0
          allowPrivilegeEscalation: false
          capabilities:
            drop: [ALL]
---
apiVersion: v1
kind: Service
metadata:
  name: web
---
apiVersion: v1
kind: Pod
metadata:
  generateName: debug-
spec:
  containers: oops
";

fn folder() -> Folder {
    Folder::new(&[("deploy/shop.yaml", SHOP), ("deploy/empty.json", "{}")])
}

#[test]
fn each_format_is_as_it_is_documented() {
    for format in FORMATS.into_iter().filter(|format| *format != "sarif") {
        let output = folder().check(&["-o", format, "deploy"]);
        insta::assert_snapshot!(format, stdout(&output));
    }
}

#[test]
fn sarif_is_as_it_is_documented() {
    let output = folder().check(&["-o", "sarif", "deploy"]);
    let mut sarif: serde_json::Value = serde_json::from_str(stdout(&output)).unwrap();
    // What the rules say is the registry's.
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"].take();
    let ids: Vec<_> = rules.as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(ids, podsec::standards::checks().iter().map(|check| check.id).collect::<Vec<_>>());
    insta::assert_json_snapshot!("sarif", sarif);
}

#[test]
fn other_modes_are_told_apart() {
    for format in ["table", "json", "github"] {
        let arguments = [
            "-o",
            format,
            "--enforce",
            "baseline:v1.30",
            "--audit",
            "restricted:v1.20",
            "--warn",
            "restricted",
            "deploy",
        ];
        let output = folder().check(&arguments);
        insta::assert_snapshot!(format!("modes-{format}"), stdout(&output));
    }
}

#[test]
fn four_reasons_take_eight_lines() {
    let output = check_stdin(&["-"], super::POD);
    let lines: Vec<_> = stdout(&output).lines().collect();
    // The file, the workload, the reasons, and the counts.
    assert_eq!(lines.len(), 2 + 8 + 2, "{lines:#?}");
}

#[test]
fn a_pipe_gets_no_colours() {
    for format in FORMATS {
        let folder = folder();
        let mut command = podsec();
        command.current_dir(folder.0.path()).env_remove("NO_COLOR").args(["check", "-o", format, "deploy"]);
        assert!(!stdout(&command.output().unwrap()).contains('\u{1b}'), "{format}");
    }
}

#[test]
fn the_examples_show_every_outcome() {
    let examples = repository("examples");
    let output = podsec().current_dir(&examples).args(["check", "."]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    insta::assert_snapshot!("examples", stdout(&output));
    let baseline = podsec()
        .current_dir(&examples)
        .args(["check", "--enforce", "baseline", "workloads/shop.yaml"])
        .output();
    assert_eq!(baseline.unwrap().status.code(), Some(0));
}

#[test]
fn the_runtime_class_exempts() {
    let pod = super::POD.replace("spec:", "spec:\n  runtimeClassName: kata");
    let output = check_stdin(&["-o", "wide", "--exempt-runtime-class", "gvisor,kata", "-"], pod);
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).contains("Pod web is exempt (runtime class kata)"), "{}", stdout(&output));
    assert!(
        stdout(&output).contains("1 workload judged (0 conforming, 0 violating, 1 exempt)"),
        "{}",
        stdout(&output)
    );
}
