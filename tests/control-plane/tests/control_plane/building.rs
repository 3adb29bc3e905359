//! The cache of built programs, with a `go` that only pretends: what it is asked, how often, and what is said.

#![expect(clippy::unwrap_used, reason = "the lint spares test functions, not what they call")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

/// Writes down what it is asked, and makes the file that `go build -o` names.
const GO: &str = r#"#!/bin/sh
here=$(dirname "$0")
case "$1" in
env) echo "go${PRETENDED_VERSION:-1.99.0}" ;;
build)
  while [ "$1" != -o ]; do shift; done
  echo "$3" >>"$here/built"
  [ -z "$PRETENDED_FAILURE" ] || { echo "no such package"; exit 1; }
  echo built >"$2" ;;
list) echo "$here/kwok" ;;
esac
"#;

/// A cache and a toolchain of a test's own.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let tools = place.tools();
        for stage in ["node/fast/node-initialize", "node/heartbeat-with-lease/node-heartbeat-with-lease"]
            .into_iter()
            .chain(["pod/fast/pod-ready", "pod/fast/pod-complete", "pod/fast/pod-delete"])
        {
            let file = tools.join(format!("kwok/kustomize/stage/{stage}.yaml"));
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "kind: Stage").unwrap();
        }
        let definitions = tools.join("kwok/config/crd/bases");
        fs::create_dir_all(&definitions).unwrap();
        fs::write(definitions.join("definition.yaml"), "kind: CustomResourceDefinition").unwrap();
        let monitoring = tools.join("kwok/example/prometheus-operator-crd");
        fs::create_dir_all(&monitoring).unwrap();
        for kind in ["servicemonitors", "prometheusrules"] {
            let file = monitoring.join(format!("monitoring.coreos.com_{kind}.yaml"));
            fs::write(file, "kind: CustomResourceDefinition").unwrap();
        }
        fs::write(tools.join("go"), GO).unwrap();
        fs::set_permissions(tools.join("go"), Permissions::from_mode(0o755)).unwrap();
        place
    }

    fn tools(&self) -> PathBuf {
        self.0.path().join("tools")
    }

    /// The command line tool, with this place's cache and toolchain.
    fn tool(&self, command: &str) -> Command {
        let mut tool = Command::new(env!("CARGO_BIN_EXE_podsec-control-plane"));
        let path = format!("{}:/usr/bin:/bin", self.tools().display());
        tool.arg(command).env("PATH", path).env("PODSEC_CONTROL_PLANE_CACHE", self.0.path().join("cache"));
        tool.env_remove("KUBEBUILDER_ASSETS").stdout(Stdio::piped()).stderr(Stdio::piped());
        tool
    }

    fn built(&self) -> Vec<String> {
        let text = fs::read_to_string(self.tools().join("built")).unwrap_or_default();
        text.lines().map(String::from).collect()
    }

    fn cache(&self) -> PathBuf {
        let output = self.tool("paths").output().unwrap();
        PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
    }
}

fn failure(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn leftovers(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().flatten();
    entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(".partial-")).count()
}

#[test]
fn several_at_once_build_each_program_once() {
    let place = Place::new();
    let running: Vec<Child> = (0..4).map(|_| place.tool("build").spawn().unwrap()).collect();
    let outputs: Vec<Output> = running.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    for output in &outputs {
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        for path in String::from_utf8_lossy(&output.stdout).lines() {
            assert!(Path::new(path).is_file(), "{path}");
        }
    }
    assert_eq!(place.built().len(), 6, "{:?}", place.built());
    assert!(outputs.iter().any(|output| String::from_utf8_lossy(&output.stderr).contains("(3 of 6)")));
    assert_eq!(fs::read_dir(place.cache().join("kwok-stages")).unwrap().count(), 5);
    assert_eq!(leftovers(&place.cache()), 0);
}

#[test]
fn a_full_cache_needs_no_go() {
    let place = Place::new();
    assert!(place.tool("build").output().unwrap().status.success());
    let again = place.tool("build").env("PATH", "/nowhere").output().unwrap();
    assert!(again.status.success() && again.stderr.is_empty(), "{again:?}");
}

#[test]
fn the_tools_of_gitops_are_built_when_asked_for_and_kept_beside() {
    let place = Place::new();
    let output = place.tool("build").arg("--gitops").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let paths = String::from_utf8(output.stdout).unwrap();
    let programs = ["kustomize-controller", "helm", "krew", "argocd", "argocd-diff"];
    for name in programs.into_iter().chain(["flux-definitions", "monitoring-definitions"]) {
        let path = paths.lines().find(|path| path.ends_with(&format!("/{name}"))).expect(name);
        assert!(Path::new(path).exists(), "{path}");
    }
    assert_eq!(place.built().len(), 6 + programs.len(), "{:?}", place.built());
    let again = place.tool("build").arg("--gitops").env("PATH", "/nowhere").output().unwrap();
    assert!(again.status.success() && again.stderr.is_empty(), "{again:?}");
}

#[test]
fn what_an_interrupted_build_left_is_neither_used_nor_kept() {
    let place = Place::new();
    let left = place.cache().join(".partial-left");
    fs::create_dir_all(&left).unwrap();
    fs::write(left.join("etcd"), "half").unwrap();
    assert!(place.tool("build").output().unwrap().status.success());
    assert_eq!(place.built().len(), 6);
    assert_eq!(leftovers(&place.cache()), 0);
}

#[test]
fn a_failing_build_says_why_and_leaves_nothing() {
    let place = Place::new();
    let said = failure(&place.tool("build").env("PRETENDED_FAILURE", "1").output().unwrap());
    assert!(said.contains("no such package") && said.contains("go.etcd.io/etcd"), "{said}");
    assert!(!place.cache().join("etcd").exists());
    assert_eq!(leftovers(&place.cache()), 0);
}

#[test]
fn ready_made_programs_are_used_and_the_rest_is_built() {
    let place = Place::new();
    let assets = place.0.path().join("assets");
    fs::create_dir(&assets).unwrap();
    for name in ["etcd", "kube-apiserver", "kubectl"] {
        fs::write(assets.join(name), "").unwrap();
    }
    let output = place.tool("build").env("KUBEBUILDER_ASSETS", &assets).output().unwrap();
    let paths = String::from_utf8(output.stdout).unwrap();
    assert!(paths.contains(&assets.join("kube-apiserver").display().to_string()), "{paths}");
    assert_eq!(place.built().len(), 3, "{:?}", place.built());
}

#[test]
fn a_toolchain_that_will_not_do_is_named_in_one_line() {
    let place = Place::new();
    let missing = failure(&place.tool("build").env("PATH", "/nowhere").output().unwrap());
    assert_eq!(missing.lines().count(), 1, "{missing}");
    assert!(missing.contains("no `go` on the PATH: install Go 1.26"), "{missing}");
    let old = failure(&place.tool("build").env("PRETENDED_VERSION", "1.25.4").output().unwrap());
    assert_eq!(old.lines().count(), 1, "{old}");
    assert!(old.contains("Go 1.25.4 is too old: install Go 1.26"), "{old}");
    assert!(place.built().is_empty());
}
