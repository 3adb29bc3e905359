//! One source: what is applied without Helm comes from the chart, and the chart's CRDs are those of `podsec crds`.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use podsec_control_plane::{Binaries, GitopsTool, Program};
use serde_json::Value;

use super::{CHART, name, objects, rendered};
use crate::stage::path;

const CRDS: [&str; 2] = ["podsec.dev_clusterpodsecurityprofiles.yaml", "podsec.dev_podsecurityreports.yaml"];

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn what_comes_from_the_chart_is_fresh() {
    let folder = tempfile::tempdir().unwrap();
    let helm = GitopsTool::Helm.ensure().unwrap();
    let mut script = Command::new(path("deploy/helm/render.sh"));
    let output = script.args([&helm, folder.path()]).env("HOME", folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let monitoring =
        ["kustomize/monitoring/monitoring.yaml", "monitoring/alerts.yaml", "monitoring/dashboard.json"];
    for file in ["install.yaml"].into_iter().chain(monitoring) {
        let made = fs::read_to_string(folder.path().join(file)).unwrap();
        assert!(
            read(&format!("deploy/{file}")) == made,
            "deploy/{file} is stale; refresh it: make manifests"
        );
    }
}

#[test]
fn the_definitions_are_those_of_the_program() {
    for file in CRDS {
        let copy = read(&format!("{CHART}/files/crds/{file}"));
        assert!(read(&format!("crds/{file}")) == copy, "{CHART}/files/crds/{file} is stale: make crds");
    }
    let expected: Vec<_> = CRDS.iter().flat_map(|file| objects(&read(&format!("crds/{file}")))).collect();
    let shown = |keep: &str| objects(&rendered(&["--show-only=templates/crds.yaml", "--set", keep]).unwrap());
    for (keep, policy) in [("crds.keep=true", Value::from("keep")), ("crds.keep=false", Value::Null)] {
        let mut crds = shown(keep);
        for crd in &mut crds {
            let metadata = crd["metadata"].as_object_mut().unwrap();
            let annotations = metadata.remove("annotations").unwrap_or_default();
            assert_eq!(annotations["helm.sh/resource-policy"], policy);
            assert_eq!(metadata.remove("labels").unwrap()["app.kubernetes.io/name"], "podsec");
        }
        assert_eq!(crds, expected);
    }
}

#[test]
fn the_chart_says_what_it_is_the_chart_of() {
    let about: Value = serde_saphyr::from_str(&read(&format!("{CHART}/Chart.yaml"))).unwrap();
    assert_eq!(about["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(about["appVersion"], env!("CARGO_PKG_VERSION"));
    assert_eq!(about["description"], env!("CARGO_PKG_DESCRIPTION"));
    let listed: Vec<Value> =
        serde_saphyr::from_str(about["annotations"]["artifacthub.io/crds"].as_str().unwrap()).unwrap();
    let crds = objects(&rendered(&["--show-only=templates/crds.yaml"]).unwrap());
    let found: Vec<_> = crds
        .iter()
        .map(|crd| {
            let (names, version) = (&crd["spec"]["names"], &crd["spec"]["versions"][0]["name"]);
            [&names["kind"], version, &crd["metadata"]["name"]].map(Clone::clone)
        })
        .collect();
    let told: Vec<_> =
        listed.iter().map(|crd| [&crd["kind"], &crd["version"], &crd["name"]].map(Clone::clone)).collect();
    assert_eq!(told, found);
}

/// kubectl's own kustomize.
fn kustomize(folder: &Path) -> Output {
    let kubectl = Binaries::ensure(&[Program::Kubectl]).unwrap().path(Program::Kubectl);
    Command::new(kubectl)
        .arg("kustomize")
        .arg(folder)
        .env("HOME", env!("CARGO_TARGET_TMPDIR"))
        .output()
        .unwrap()
}

fn kustomized(folder: &Path) -> Vec<String> {
    let output = kustomize(folder);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut names: Vec<_> = objects(&String::from_utf8(output.stdout).unwrap()).iter().map(name).collect();
    names.sort();
    names
}

#[test]
fn kustomize_takes_all_of_it() {
    let names = |file: &str| objects(&read(file)).iter().map(name).collect::<Vec<_>>();
    let mut installed = names("deploy/install.yaml");
    installed.sort();
    assert_eq!(kustomized(path("deploy").as_ref()), installed);
    assert!(installed.contains(&"NetworkPolicy podsec".to_owned()), "{installed:?}");

    // An overlay lies beside a copy of deploy/.
    let overlay = tempfile::tempdir().unwrap();
    let copied = Command::new("cp").arg("-R").arg(path("deploy")).arg(overlay.path()).status().unwrap();
    assert!(copied.success());
    let page = read("docs/installing.md");
    let shown = page.split("```").find(|block| block.contains("kind: Kustomization")).expect("an overlay");
    let text = shown.trim_start_matches("yaml\n");
    fs::write(overlay.path().join("kustomization.yaml"), text).unwrap();
    let mut expected = [installed, names("deploy/kustomize/monitoring/monitoring.yaml")].concat();
    expected.sort();
    assert_eq!(kustomized(overlay.path()), expected);
    let output = String::from_utf8(kustomize(overlay.path()).stdout).unwrap();
    assert!(output.contains("image: registry.example/podsec:0.1.0\n"), "{output}");
}
