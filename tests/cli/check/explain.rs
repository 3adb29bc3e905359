//! `podsec checks` and `podsec explain`, against the registry.

use podsec::standards::{Level, checks};
use serde_json::Value;

use super::Report;
use crate::{run, stderr, stdout};

#[test]
fn every_check_is_listed() {
    let output = run(&["checks"]);
    assert_eq!(output.status.code(), Some(0));
    let lines: Vec<_> = stdout(&output).lines().collect();
    assert_eq!(lines.len(), 1 + checks().len());
    for (check, line) in checks().iter().zip(&lines[1..]) {
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!(words[..3], [check.id, check.level.as_str(), &format!("v1.{}", check.since())]);
        for item in check.about.cis.iter().chain(check.about.nsa) {
            assert!(line.contains(item), "{line}: {item}");
        }
        assert!(line.ends_with(check.about.protects), "{line}");
    }
    insta::assert_snapshot!(stdout(&output));
}

#[test]
fn every_check_is_explained_by_manifests_that_show_it() {
    for check in checks() {
        let output = run(&["explain", check.id]);
        assert_eq!(output.status.code(), Some(0));
        let text = stdout(&output);
        for part in
            [check.about.title, check.about.allows, check.about.protects].iter().chain(check.about.fields)
        {
            assert!(text.contains(part), "{}: {part}", check.id);
        }
        for revision in check.revisions {
            assert!(text.contains(&format!("v1.{}: {revision}", revision.since)), "{}", check.id);
        }
        let (_, manifests) = text.split_once("\nRefused:\n\n").unwrap();
        let (bad, good) = manifests.split_once("\n\nAccepted:\n\n").unwrap();
        let level = if check.level == Level::Baseline { "baseline" } else { "restricted" };
        let judge = |manifest: &str| {
            let lines = manifest.lines().map(|line| line.strip_prefix("    ").unwrap_or(line));
            let manifest = lines.collect::<Vec<_>>().join(
                "
",
            );
            Report::of(&super::check_stdin(&["-o", "json", "--enforce", level, "-"], manifest))
        };
        let bad = judge(bad);
        assert_eq!(bad.status, Some(1), "{}: {bad:?}", check.id);
        let findings = bad.json["results"][0]["findings"].as_array().unwrap();
        assert!(findings.iter().any(|finding| finding["check"] == check.id), "{}: {findings:?}", check.id);
        let good = judge(good);
        assert_eq!((good.status, good.counts()[2]), (Some(0), 1), "{}: {good:?}", check.id);
    }
    insta::assert_snapshot!(stdout(&run(&["explain", "runAsNonRoot"])));
}

#[test]
fn a_check_is_found_by_the_reason_that_is_printed() {
    for (reason, checks) in [
        (&["seccompProfile"][..], &["seccompProfile_baseline", "seccompProfile_restricted"][..]),
        (&["runAsNonRoot != true"], &["runAsNonRoot"]),
        (&["allowPrivilegeEscalation", "!=", "false"], &["allowPrivilegeEscalation"]),
        (&["unrestricted", "capabilities"], &["capabilities_restricted"]),
        (&["procMount"], &["procMount"]),
    ] {
        let output = run(&[&["explain"], reason].concat());
        assert_eq!(output.status.code(), Some(0), "{reason:?}: {}", stderr(&output));
        let heads = stdout(&output)
            .lines()
            .filter(|line| checks.iter().any(|id| line.starts_with(&format!("{id}: "))));
        assert_eq!(heads.count(), checks.len(), "{}", stdout(&output));
        assert_eq!(stdout(&output).matches("\nRefused:\n").count(), checks.len());
    }
}

#[test]
fn an_unknown_check_is_told_those_that_there_are() {
    let output = run(&["explain", "privilegd"]);
    assert_eq!((output.status.code(), stdout(&output)), (Some(2), ""));
    let told =
        "podsec: there is no check or reason \"privilegd\"; is privileged meant? podsec checks lists all\n";
    assert_eq!(stderr(&output), told);
    let near = run(&["explain", "hostport"]);
    assert!(stderr(&near).contains("is hostPort or hostPorts meant?"), "{}", stderr(&near));
    let far = run(&["explain", "nothing of the sort"]);
    assert!(stderr(&far).contains("the checks are appArmorProfile, "), "{}", stderr(&far));
}

#[test]
fn programs_read_the_same_of_checks() {
    let document = |arguments: &[&str]| -> Value {
        let [json, yaml] = ["json", "yaml"].map(|format| run(&[arguments, &["-o", format]].concat()));
        let read: Value = serde_json::from_slice(&json.stdout).expect("JSON");
        assert_eq!(serde_saphyr::from_str::<Value>(stdout(&yaml)).expect("YAML"), read);
        assert_eq!(
            (&read["apiVersion"], &read["kind"]),
            (&"podsec.dev/v1alpha1".into(), &"CheckList".into())
        );
        read
    };
    let all = document(&["checks"]);
    let ids: Vec<_> = all["checks"].as_array().expect("a list").iter().map(|check| &check["id"]).collect();
    assert_eq!(ids, checks().iter().map(|check| check.id).collect::<Vec<_>>());
    let one = document(&["explain", "hostPort"]);
    assert_eq!(one["checks"].as_array().map(Vec::len), Some(1));
    insta::assert_json_snapshot!(one["checks"][0]);
}
