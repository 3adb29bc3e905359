//! Alerts and the dashboard ask for what there is, say what to do about it, and come when they should.

use std::{collections::BTreeSet, io::ErrorKind, process::Command};

use podsec::controller::metric_names;
use serde_json::Value;

use crate::{files, links::anchors, read, root};

const ALERTS: &str = "deploy/helm/podsec/files/alerts.yaml";
const DASHBOARD: &str = "deploy/helm/podsec/files/dashboards/podsec.json";
const RUNBOOKS: &str = "docs/runbooks.md";

fn alerts() -> Vec<Value> {
    let file: Value = serde_saphyr::from_str(&read(ALERTS)).unwrap();
    let groups = file["groups"].as_array().unwrap();
    groups.iter().flat_map(|group| group["rules"].as_array().unwrap().clone()).collect()
}

/// The expressions of all panels.
fn queries() -> Vec<String> {
    let file: Value = serde_json::from_str(&read(DASHBOARD)).unwrap();
    let panels = file["panels"].as_array().unwrap().iter();
    let targets = panels.filter_map(|panel| panel["targets"].as_array()).flatten();
    targets.map(|target| target["expr"].as_str().unwrap().to_owned()).collect()
}

/// The metrics that an expression asks for; of a histogram without what its series add.
fn metrics_in(expression: &str) -> BTreeSet<String> {
    let words = expression.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let is_metric =
        |word: &&str| ["podsec_", "process_", "leader_election_"].iter().any(|start| word.starts_with(start));
    words.filter(is_metric).map(|word| word.trim_end_matches("_bucket").to_owned()).collect()
}

#[test]
fn alerts_and_the_dashboard_ask_for_metrics_that_there_are() {
    let known: BTreeSet<_> = metric_names().unwrap().into_iter().collect();
    let of_alerts = alerts().into_iter().map(|alert| alert["expr"].as_str().unwrap().to_owned());
    for expression in of_alerts.chain(queries()) {
        let metrics = metrics_in(&expression);
        assert!(!metrics.is_empty(), "{expression}");
        for metric in metrics {
            assert!(known.contains(&metric), "there is no {metric}: {expression}");
        }
    }
}

#[test]
fn every_alert_says_what_is_and_what_to_do() {
    let mut runbooks: BTreeSet<_> =
        anchors(&read(RUNBOOKS)).into_iter().filter(|anchor| anchor.starts_with("podsec")).collect();
    for alert in alerts() {
        let name = alert["alert"].as_str().unwrap();
        assert!(["info", "warning"].contains(&alert["labels"]["severity"].as_str().unwrap()), "{name}");
        for annotation in ["summary", "description"] {
            assert!(alert["annotations"][annotation].as_str().is_some_and(|text| text.len() > 10), "{name}");
        }
        let (page, anchor) = alert["annotations"]["runbook_url"].as_str().unwrap().split_once('#').unwrap();
        assert_eq!((page, anchor), (RUNBOOKS, name.to_lowercase().as_str()));
        assert!(runbooks.remove(anchor), "{RUNBOOKS} has nothing about {name}");
    }
    assert!(runbooks.is_empty(), "of no alert: {runbooks:?}");
}

#[test]
fn every_alert_is_tried_out() {
    let tests: Vec<Value> = files("deploy/monitoring", ".test.yaml")
        .iter()
        .map(|file| serde_saphyr::from_str(&read(file)).unwrap())
        .collect();
    let cases = tests.iter().flat_map(|file| file["tests"].as_array().unwrap());
    let tried: Vec<_> = cases.flat_map(|case| case["alert_rule_test"].as_array().unwrap()).collect();
    for alert in alerts() {
        let own = || tried.iter().filter(|case| case["alertname"] == alert["alert"]);
        let comes = own().any(|case| case["exp_alerts"].is_array());
        let is_silent = own().any(|case| case["exp_alerts"].is_null());
        assert!(comes && is_silent, "{}", alert["alert"]);
    }
}

#[test]
fn the_alerts_come_when_they_should() {
    for file in files("deploy/monitoring", ".test.yaml") {
        let file = root(&file);
        let output = match Command::new("promtool").args(["test", "rules"]).arg(&file).output() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let line =
                    "promtool is not installed: the alerts were NOT tried out (it is part of Prometheus)";
                // Not `eprintln`, which a test that passes keeps to itself.
                std::io::Write::write_all(&mut std::io::stderr(), format!("{line}\n").as_bytes()).unwrap();
                return;
            }
            output => output.unwrap(),
        };
        assert!(
            output.status.success(),
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}
