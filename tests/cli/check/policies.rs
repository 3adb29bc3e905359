//! What manifests are judged by: flags, server versions, profiles.

use std::process::Output;

use super::{Folder, GOOD, POD};
use crate::{stderr, stdout};

/// Baseline, but for a probe to another host, which is refused since v1.34.
const PROBE: &str = "apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  containers:
  - name: c
    livenessProbe: {tcpSocket: {host: 10.0.0.1, port: 80}}
";

fn check(files: &[(&str, &str)], arguments: &[&str]) -> Output {
    Folder::new(files).check(arguments)
}

#[test]
fn versions_are_applied_and_clamped_as_by_the_server() {
    let status =
        |arguments: &[&str]| check(&[("p.yaml", PROBE)], &[arguments, &["p.yaml"]].concat()).status.code();
    assert_eq!(status(&["--enforce", "baseline:v1.33"]), Some(0));
    assert_eq!(status(&["--enforce", "baseline:v1.34"]), Some(1));
    assert_eq!(
        status(&["--enforce", "baseline:v1.99"]),
        Some(1),
        "an unknown pin is judged by the newest rules"
    );
    assert_eq!(status(&["--enforce", "baseline", "--server-version", "v1.33"]), Some(0));
    assert_eq!(status(&["--enforce", "baseline:v1.34", "--server-version", "v1.33"]), Some(0));
    assert_eq!(status(&["--enforce", "privileged"]), Some(0));

    let pinned = check(&[("p.yaml", PROBE)], &["--enforce", "baseline:v1.99", "p.yaml"]);
    assert_eq!(
        stderr(&pinned),
        "podsec: enforce: v1.99 is taken for v1.37, as an API server of v1.37 does\n"
    );
    assert!(
        stdout(&pinned).contains("violates baseline:v1.99"),
        "the message names the pin, as upstream's does"
    );
    let newer = check(&[("g.yaml", GOOD)], &["--server-version", "v1.99", "g.yaml"]);
    assert_eq!(newer.status.code(), Some(0));
    assert!(
        stderr(&newer).contains("v1.99 may have rules that podsec does not know yet"),
        "{}",
        stderr(&newer)
    );
}

#[test]
fn only_enforce_decides_the_status() {
    for mode in ["--audit", "--warn"] {
        let output = check(&[("p.yaml", POD)], &["--enforce", "baseline", mode, "restricted", "p.yaml"]);
        assert_eq!(output.status.code(), Some(0));
        assert!(stdout(&output).contains("conforms to baseline:latest, but not to"), "{}", stdout(&output));
    }
    let both = check(&[("p.yaml", POD)], &["--warn", "restricted", "p.yaml"]);
    assert!(!stdout(&both).contains("only"), "what both find is said once");
}

const PROFILES: &str = "\
apiVersion: podsec.dev/v1alpha1
kind: ClusterPodSecurityProfile
metadata: {name: all}
spec:
  namespaceSelector: {}
  enforce: {level: baseline}
---
apiVersion: podsec.dev/v1alpha1
kind: ClusterPodSecurityProfile
metadata: {name: strict}
spec:
  priority: 10
  namespaceSelector: {matchLabels: {tier: apps}}
  enforce: {level: restricted, version: server-1}
  exemptions:
  - {name: legacy-*, enforce: baseline, reason: old}
";

#[test]
fn a_profile_says_what_to_judge_by() {
    let (all, strict) = PROFILES.split_once("---\n").unwrap();
    let files = [("pod.yaml", POD), ("all.yaml", all), ("strict.yaml", strict), ("both.yaml", PROFILES)];
    let policy = |arguments: &[&str]| {
        let output = check(&files, &[&["pod.yaml"], arguments].concat());
        let policy = stdout(&output).lines().last().unwrap_or_default().split(';').next().unwrap().to_owned();
        (output.status.code().unwrap(), policy, stderr(&output).to_owned())
    };
    let expect = |arguments: &[&str], status: i32, enforce: &str| {
        let found = policy(arguments);
        assert_eq!((found.0, found.1.as_str()), (status, enforce), "{arguments:?}: {}", found.2);
    };
    expect(&["--profile", "all.yaml"], 0, "enforce baseline:v1.37");
    expect(&["--profile", "strict.yaml"], 1, "enforce restricted:v1.36");
    expect(&["--profile", "strict.yaml", "--server-version", "v1.30"], 1, "enforce restricted:v1.29");
    let of = ["--profile", "both.yaml", "--namespace"];
    expect(&[&of[..], &["shop"]].concat(), 0, "enforce baseline:v1.37");
    expect(
        &[&of[..], &["shop", "--namespace-labels", "a=b,tier=apps"]].concat(),
        1,
        "enforce restricted:v1.36",
    );
    expect(
        &[&of[..], &["legacy-a", "--namespace-labels", "tier=apps"]].concat(),
        0,
        "enforce baseline:v1.36",
    );
    let (.., told) = policy(&[&of[..], &["legacy-a", "--namespace-labels", "tier=apps"]].concat());
    assert_eq!(told, "podsec: profile strict exempts the namespace legacy-a: enforce is baseline (old)\n");
}

#[test]
fn what_labels_could_decide_is_told_where_none_are_given() {
    let (all, strict) = PROFILES.split_once("---\n").unwrap();
    let files = [("pod.yaml", POD), ("both.yaml", PROFILES), ("strict.yaml", strict), ("all.yaml", all)];
    let said = |arguments: &[&str]| {
        let output = check(&files, &[&["pod.yaml", "--profile"], arguments].concat());
        (output.status.code().unwrap(), stderr(&output).to_owned())
    };
    let undecided = "profile strict selects by tier=apps; the namespace is taken to have no labels, for \
                     --namespace-labels does not say any\n";
    assert_eq!(said(&["both.yaml", "--namespace", "shop"]), (0, format!("podsec: {undecided}")));
    let (status, error) = said(&["strict.yaml", "--namespace", "shop"]);
    assert!(
        status == 2 && error.ends_with(&format!("governs the namespace \"shop\": {undecided}")),
        "{error}"
    );
    for decided in [
        &["all.yaml", "--namespace", "shop"][..],
        &["both.yaml", "--namespace", "shop", "--namespace-labels", "a=b"],
    ] {
        assert_eq!(said(decided), (0, String::new()), "{decided:?}");
    }
    let selector = "{matchExpressions: [{key: a, operator: In, values: [b, c]}, {key: d, operator: DoesNotExist}, \
                    {key: kubernetes.io/metadata.name, operator: Exists}]}";
    let expressions = all.replace("namespaceSelector: {}", &format!("namespaceSelector: {selector}"));
    let output = check(
        &[("p.yaml", &expressions), ("pod.yaml", POD)],
        &["pod.yaml", "--profile", "p.yaml", "--namespace", "n"],
    );
    assert!(stderr(&output).contains("profile all selects by a in (b,c),!d;"), "{}", stderr(&output));
}

#[test]
fn profiles_that_do_not_say_are_an_error() {
    let (_, strict) = PROFILES.split_once("---\n").unwrap();
    let twice = format!("{strict}---\n{strict}");
    let invalid = strict.replace("restricted", "strict");
    // No label would have it govern shop.
    let named = strict.replace("  priority", "  namespaceNames: [team-*]\n  priority");
    let files = [
        ("pod.yaml", POD),
        ("both.yaml", PROFILES),
        ("strict.yaml", strict),
        ("twice.yaml", &twice),
        ("invalid.yaml", &invalid),
        ("named.yaml", &named),
        ("broken.yaml", "kind: [\n"),
    ];
    for (arguments, says) in [
        (&["--profile", "both.yaml"][..], "both.yaml: holds 2 profiles; say which namespace"),
        (
            &["--profile", "strict.yaml", "--namespace", "shop"],
            "no profile there governs the namespace \"shop\"",
        ),
        (
            &["--profile", "strict.yaml", "--namespace", "kube-system", "--namespace-labels", "tier=apps"],
            "no profile there governs the namespace \"kube-system\": it is protected, and only a profile that names it \
             in full in namespaceNames governs it",
        ),
        (
            &["--profile", "strict.yaml", "--namespace", "podsec-system"],
            "no profile there governs the namespace \"podsec-system\": it is protected",
        ),
        (
            &["--profile", "named.yaml", "--namespace", "shop"],
            "no profile there governs the namespace \"shop\" with these labels\n",
        ),
        (&["--profile", "twice.yaml", "--namespace", "a"], "two profiles of the name \"strict\""),
        (
            &["--profile", "invalid.yaml"],
            "the profile \"strict\" is invalid: spec.enforce.level must be one of",
        ),
        (&["--profile", "broken.yaml"], "broken.yaml:1:7: unclosed"),
        (&["--profile", "pod.yaml"], "pod.yaml: holds no ClusterPodSecurityProfile"),
        (&["--profile", "absent.yaml"], "absent.yaml: No such file"),
    ] {
        let output = check(&files, &[&["pod.yaml"], arguments].concat());
        assert_eq!((output.status.code(), stdout(&output)), (Some(2), ""), "{arguments:?}");
        assert!(stderr(&output).contains(says), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn manifests_for_another_namespace_are_not_judged_by_its_profile() {
    let (all, _) = PROFILES.split_once("---\n").unwrap();
    let other = POD.replace("name: web}", "name: web, namespace: other}");
    let same = POD.replace("name: web}", "name: web, namespace: shop}");
    let folder = Folder::new(&[("all.yaml", all), ("other.yaml", &other), ("same.yaml", &same)]);
    let found = folder.report(&["--profile", "all.yaml", "--namespace", "shop", "other.yaml", "same.yaml"]);
    assert_eq!((found.status, found.counts()), (Some(2), [2, 2, 1, 0, 1]));
    assert_eq!(
        found.failures(),
        ["other.yaml:1:1 Pod other/web: is for the namespace other, and not for shop"]
    );
}

#[test]
fn what_is_assumed_without_a_namespace_is_told() {
    let (all, strict) = PROFILES.split_once("---\n").unwrap();
    let named = all.replace("namespaceSelector: {}", "namespaceNames: [team-*, shop]");
    let suspended = all.replace("spec:", "spec:\n  suspend: true");
    let files = [
        ("pod.yaml", POD),
        ("all.yaml", all),
        ("strict.yaml", strict),
        ("named.yaml", &named),
        ("suspended.yaml", &suspended),
    ];
    for (profile, status, told) in [
        ("all.yaml", 0, ""),
        (
            "strict.yaml",
            1,
            "podsec: no --namespace is given: all is judged by profile strict, although it selects \
             by tier=apps; its exemptions (legacy-*) are left aside\n",
        ),
        (
            "named.yaml",
            0,
            "podsec: no --namespace is given: all is judged by profile all, although it selects by \
             name (team-*, shop)\n",
        ),
        (
            "suspended.yaml",
            0,
            "podsec: no --namespace is given: all is judged by profile all, although it is suspended\n",
        ),
    ] {
        let output = check(&files, &["pod.yaml", "--profile", profile]);
        assert_eq!((output.status.code(), stderr(&output)), (Some(status), told), "{profile}");
    }
}

#[test]
fn profiles_are_read_from_a_folder_as_well() {
    let (all, strict) = PROFILES.split_once("---\n").unwrap();
    let files = [("pod.yaml", POD), ("profiles/all.yaml", all), ("profiles/b/strict.yaml", strict)];
    let labels = ["--namespace-labels", "tier=apps"];
    for (arguments, status) in [
        (&["-n", "shop"][..], 0),
        (&["-n", "shop", labels[0], labels[1]], 1),
        (&["-n", "legacy-a", labels[0], labels[1]], 0),
    ] {
        let output = check(&files, &[&["pod.yaml", "--profile", "profiles"], arguments].concat());
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {}", stderr(&output));
    }
    let output = check(&files, &["pod.yaml", "--profile", "profiles"]);
    assert!(
        stderr(&output).contains("profiles: holds 2 profiles; say which namespace"),
        "{}",
        stderr(&output)
    );
}
