//! `podsec crds` and the file that comes of it.

use std::path::Path;

use serde_json::Value;

use crate::{run, stdout};

/// The file in the repository.
const FILE: &str = "crds/podsec.dev_clusterpodsecurityprofiles.yaml";

#[test]
fn the_file_is_fresh() {
    let file = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE)).unwrap_or_default();
    assert!(stdout(&run(&["crds"])) == file, "{FILE} is stale; refresh it: cargo run -- crds > {FILE}");
}

#[test]
fn the_yaml_says_what_the_types_say() {
    let printed: Value = serde_saphyr::from_str(stdout(&run(&["crds"]))).unwrap();
    let printed: k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition =
        serde_json::from_value(printed).unwrap();
    assert_eq!(printed, podsec::api::crd());
}
