//! `podsec crds` and the files that come of it.

use std::{collections::BTreeSet, path::Path};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::Value;

use crate::{run, stdout};

/// The files in the repository, in the order in which the definitions are printed.
const FILES: [&str; 2] = ["podsec.dev_clusterpodsecurityprofiles.yaml", "podsec.dev_podsecurityreports.yaml"];

fn file(name: &str) -> String {
    let crds = Path::new(env!("CARGO_MANIFEST_DIR")).join("crds");
    std::fs::read_to_string(crds.join(name)).unwrap_or_default()
}

#[test]
fn the_files_are_fresh() {
    let printed = run(&["crds"]);
    let documents: Vec<_> = stdout(&printed).split("---\n").collect();
    assert_eq!(documents.len(), FILES.len());
    for (name, document) in FILES.iter().zip(documents) {
        assert!(file(name) == document, "crds/{name} is stale; refresh it: make crds");
    }
}

#[test]
fn kustomize_takes_every_definition() {
    let kustomization: Value = serde_saphyr::from_str(&file("Kustomization")).unwrap();
    let resources: BTreeSet<_> =
        kustomization["resources"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(resources, BTreeSet::from(FILES));
}

#[test]
fn the_yaml_says_what_the_types_say() {
    let printed: Vec<Value> = serde_saphyr::from_multiple(stdout(&run(&["crds"]))).unwrap();
    let printed: Vec<CustomResourceDefinition> =
        printed.into_iter().map(|crd| serde_json::from_value(crd).unwrap()).collect();
    assert_eq!(printed, [podsec::api::profile_crd(), podsec::api::report_crd()]);
}
