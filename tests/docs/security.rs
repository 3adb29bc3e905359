//! `docs/security.md`: the rights it tells of are those that are shipped.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{quoted, read};

/// Role, group, resource, name and verb; an empty name stands for all of them.
type Right = [String; 5];

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// Each right of a rule by itself.
fn rights(
    role: &str,
    groups: &[String],
    resources: &[String],
    names: &[String],
    verbs: &[String],
) -> Vec<Right> {
    let mut rights = Vec::new();
    for group in groups {
        for resource in resources {
            for name in names {
                for verb in verbs {
                    rights.push([role, group, resource, name, verb].map(ToOwned::to_owned));
                }
            }
        }
    }
    rights
}

fn or_all(mut words: Vec<String>) -> Vec<String> {
    if words.is_empty() {
        words.push(String::new());
    }
    words
}

#[test]
fn the_rules_are_told_one_by_one_and_no_others() {
    let documents: Vec<Value> = serde_saphyr::from_multiple(&read("deploy/install.yaml")).unwrap();
    let mut granted = BTreeSet::new();
    for role in
        documents.iter().filter(|object| ["ClusterRole", "Role"].iter().any(|kind| object["kind"] == *kind))
    {
        let name = role["metadata"]["name"].as_str().unwrap();
        for rule in role["rules"].as_array().unwrap() {
            let names = or_all(texts(&rule["resourceNames"]));
            let (groups, resources) = (texts(&rule["apiGroups"]), texts(&rule["resources"]));
            assert!(rule.get("nonResourceURLs").is_none(), "{name}");
            granted.extend(rights(name, &groups, &resources, &names, &texts(&rule["verbs"])));
        }
    }
    assert!(granted.len() > 30, "{granted:?}");

    let page = read("docs/security.md");
    let section = page.split("\n## ").find(|section| section.starts_with("The rules, one by one\n")).unwrap();
    let mut told = BTreeSet::new();
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = row.split('|').skip(1).map(str::trim).collect();
        let [role, group, resources, names, verbs, why, _] = cells.as_slice() else { panic!("{row}") };
        assert!(why.len() > 5, "{row}");
        let role = quoted(role).remove(0);
        let (groups, names) = (or_all(quoted(group)), or_all(quoted(names)));
        told.extend(rights(&role, &groups, &quoted(resources), &names, &quoted(verbs)));
    }
    let missing: Vec<_> = granted.difference(&told).collect();
    assert!(missing.is_empty(), "docs/security.md says nothing of {missing:?}");
    let invented: Vec<_> = told.difference(&granted).collect();
    assert!(
        invented.is_empty(),
        "docs/security.md tells of {invented:?}, which deploy/install.yaml does not grant"
    );
}

#[test]
fn what_it_says_there_is_none_of_there_is_none_of() {
    let shipped = read("deploy/install.yaml");
    for word in ["secrets", "configmaps", "impersonate", "escalate", "\"*\"", "'*'", "WebhookConfiguration"] {
        let rules = shipped
            .split("\nkind: ")
            .filter(|object| object.starts_with("ClusterRole\n") || object.starts_with("Role\n"));
        for rule in rules {
            assert!(!rule.contains(word), "{word} in {rule}");
        }
    }
    assert!(read("Cargo.toml").contains("unsafe_code = \"forbid\""));
}
