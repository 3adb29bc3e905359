//! What is said of the chart, against the chart.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::read;

const CHART: &str = "deploy/helm/podsec";

/// What an umbrella chart hands down, which is not for users to set.
const HANDED_DOWN: [&str; 2] = ["enabled", "global"];

/// The values and defaults that the page tells of.
fn told() -> BTreeMap<String, Value> {
    let page = read("docs/installing.md");
    let section = page.split("\n## ").find(|section| section.starts_with("Values\n")).unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let pairs = rows.map(|row| {
        let mut cells = row.split(" | ").map(|cell| cell.trim_matches(['|', ' ', '`']));
        let (key, default) = (cells.next().unwrap(), cells.next().unwrap());
        (key.to_owned(), serde_saphyr::from_str(default).unwrap())
    });
    pairs.collect()
}

/// Walks down to what the page tells of, or to where nothing is below.
fn flat(value: &Value, path: &str, told: &BTreeMap<String, Value>, found: &mut BTreeMap<String, Value>) {
    match value.as_object() {
        Some(fields) if !fields.is_empty() && !told.contains_key(path) => {
            for (key, value) in fields {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flat(value, &path, told, found);
            }
        }
        _ => drop(found.insert(path.to_owned(), value.clone())),
    }
}

fn values() -> Value {
    serde_saphyr::from_str(&read(&format!("{CHART}/values.yaml"))).unwrap()
}

#[test]
fn the_values_are_documented_and_no_others() {
    let told = told();
    let mut given = BTreeMap::new();
    flat(&values(), "", &told, &mut given);
    assert!(given.len() > 40, "{given:?}");
    assert_eq!(told, given);
}

#[test]
fn the_schema_knows_the_values_and_no_others() {
    let schema: Value = serde_json::from_str(&read(&format!("{CHART}/values.schema.json"))).unwrap();
    let mut open = vec![(String::new(), schema, values())];
    let mut seen = 0;
    while let Some((path, schema, value)) = open.pop() {
        let Some(properties) = schema["properties"].as_object() else { continue };
        assert_eq!(schema["additionalProperties"], false, "{path}");
        let known: BTreeSet<_> = properties.keys().map(String::as_str).collect();
        let given: BTreeSet<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
        // What stands in the values of its own accord need not name all that may.
        if ["resources", "controller.serverDefaults"].contains(&path.as_str()) {
            assert!(known.is_superset(&given), "{path}");
            continue;
        }
        let handed_down = if path.is_empty() { BTreeSet::from(HANDED_DOWN) } else { BTreeSet::new() };
        assert_eq!(known, &given | &handed_down, "{path}");
        for (key, schema) in properties {
            assert!(schema["description"].is_string(), "{path}: {key}");
            if !handed_down.contains(key.as_str()) {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                open.push((path, schema.clone(), value[key].clone()));
                seen += 1;
            }
        }
    }
    assert!(seen > 50, "{seen}");
}
