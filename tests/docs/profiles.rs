//! Profiles in the documentation and in `examples/` can be used, and every field of a profile is documented.

use std::collections::BTreeSet;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray,
};
use podsec::api::{profile_crd, read_profile};
use serde_json::Value;

use crate::{files, pages, quoted, read};

/// The YAML blocks of a page.
pub(crate) fn blocks(page: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut inside = false;
    for line in page.lines() {
        match line.trim_end() {
            "```yaml" => {
                inside = true;
                blocks.push(String::new());
            }
            "```" => inside = false,
            text if inside => {
                let block = blocks.last_mut().unwrap();
                block.push_str(text);
                block.push('\n');
            }
            _ => {}
        }
    }
    blocks
}

/// Reads every profile among the documents of `yaml`, and gives how many there were.
fn read_profiles(yaml: &str, place: &str) -> usize {
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(yaml).unwrap_or_else(|error| panic!("{place}: {error}"));
    let profiles = documents.iter().filter(|document| document["kind"] == "ClusterPodSecurityProfile");
    let mut count = 0;
    for profile in profiles {
        read_profile(profile).unwrap_or_else(|refused| panic!("{place}: {refused}"));
        count += 1;
    }
    count
}

#[test]
fn every_profile_in_the_documentation_can_be_used() {
    let mut count = 0;
    for page in pages() {
        for block in blocks(&read(&page)) {
            count += read_profiles(&block, &page);
        }
    }
    assert!(count >= 4, "{count} profiles found");
}

#[test]
fn every_example_profile_can_be_used() {
    for folder in ["examples/profiles", "examples/flux/profiles", "examples/rollout"] {
        for file in files(folder, ".yaml") {
            assert_eq!(read_profiles(&read(&file), &file), 1, "{file}");
        }
    }
}

#[test]
fn every_field_of_a_profile_is_documented() {
    let schema =
        profile_crd().spec.versions.into_iter().next().unwrap().schema.unwrap().open_api_v3_schema.unwrap();
    let mut fields = BTreeSet::new();
    collect(&schema.properties.unwrap()["spec"], &mut fields);
    assert!(fields.len() > 20, "{fields:?}");
    let page = read("docs/profile.md");
    let quoted: BTreeSet<_> =
        quoted(&page).iter().flat_map(|text| text.split(['.', '[', ':']).map(ToOwned::to_owned)).collect();
    let missing: Vec<_> = fields.difference(&quoted).collect();
    assert!(missing.is_empty(), "docs/profile.md does not mention {missing:?}");
}

/// The names of all fields below.
pub(crate) fn collect(schema: &JSONSchemaProps, names: &mut BTreeSet<String>) {
    for (name, field) in schema.properties.iter().flatten() {
        names.insert(name.clone());
        collect(field, names);
    }
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = &schema.items {
        collect(items, names);
    }
}
