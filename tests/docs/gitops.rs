//! `docs/gitops.md`: what it shows is what is shipped. Its commands are run in `tests/cluster/`.

use podsec::standards::Mode;
use serde_json::Value;

use crate::{profiles::blocks, read};

/// The documents of a YAML text.
fn documents(text: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(text).unwrap()
}

/// The block of the page that has such a field.
fn block(pointer: &str) -> Value {
    let page = read("docs/gitops.md");
    let found = blocks(&page)
        .iter()
        .flat_map(|block| documents(block))
        .find(|block| block.pointer(pointer).is_some());
    found.unwrap_or_else(|| panic!("docs/gitops.md shows no {pointer}"))
}

/// The pointers of the six labels.
fn pointers() -> Vec<Value> {
    let keys = Mode::ALL.iter().flat_map(|mode| [mode.keys().level, mode.keys().version]);
    keys.map(|key| format!("/metadata/labels/{}", key.replace('/', "~1")).into()).collect()
}

#[test]
fn the_kustomization_is_that_of_the_example() {
    let example = documents(&read("examples/flux/kustomizations.yaml"));
    assert!(example.contains(&block("/spec/healthCheckExprs")));
}

#[test]
fn the_exclusion_is_what_is_shipped() {
    assert_eq!(documents(&read("deploy/argocd/resource-exclusions.yaml")), [block("/0/apiGroups")]);
}

#[test]
fn the_rules_are_about_the_six_labels_and_the_shipped_managers() {
    let flux = block("/spec/ignore");
    assert_eq!(flux["spec"]["ignore"][0]["paths"].as_array().unwrap(), &pointers());

    let shipped = &documents(&read("deploy/argocd/argocd-cm.yaml"))[0];
    let rule = |of: &str| {
        let rule = &shipped["data"][format!("resource.customizations.ignoreDifferences.{of}")];
        documents(rule.as_str().unwrap()).remove(0)
    };
    let application = &block("/spec/ignoreDifferences")["spec"]["ignoreDifferences"][0];
    assert_eq!(application["kind"], "Namespace");
    assert_eq!(application["jsonPointers"].as_array().unwrap(), &pointers());
    assert_eq!(application["jsonPointers"], rule("Namespace")["jsonPointers"]);
    assert_eq!(application["managedFieldsManagers"], serde_json::json!(["podsec", "podsec-retained"]));
    assert_eq!(application["managedFieldsManagers"], rule("all")["managedFieldsManagers"]);
}
