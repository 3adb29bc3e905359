//! What a plan says, and how often, of clusters made by hand.

use serde_json::json;

use super::{
    output::Format,
    testing::{BASELINE, Cluster, PRIVILEGED, RESTRICTED, cluster, written},
};
use crate::standards::Level;

fn line<'t>(shown: &'t str, part: &str) -> &'t str {
    shown.lines().find(|line| line.contains(part)).unwrap_or_else(|| panic!("{part}: {shown}"))
}

#[test]
fn what_is_left_out_of_the_overview_is_counted() {
    let names = ["a", "b", "c", "d"];
    let all = names.into_iter().fold(cluster("c"), |all, name| {
        all.namespace(name, &[], "kubectl-create").pod(name, "web", BASELINE)
    });
    let plan = [all.plan()];
    let shown = written(Format::Table, &plan, &[]);
    // Four checks are in the way of each.
    let expected =
        "allowPrivilegeEscalation in 4, capabilities_restricted in 4, runAsNonRoot in 4 and 1 more";
    assert!(line(&shown, "in the way of restricted").ends_with(expected), "{shown}");
    assert!(line(&shown, "nearest to").ends_with("c to restricted (1 of 1 workload) and 1 more"), "{shown}");
    let markdown = written(Format::Markdown, &plan, &[]);
    assert!(markdown.contains("in 4 and 1 more"), "{markdown}");
}

/// A namespace that restricted breaks half-way, and others.
fn asked(level: Level) -> Cluster {
    let labels = [("enforce", "baseline"), ("enforce-version", "v1.37")];
    let mut cluster = cluster("c")
        .namespace("clean", &[], "kubectl-create")
        .pod("clean", "web", RESTRICTED)
        .namespace("half", &[], "kubectl-create")
        .pod("half", "web", BASELINE)
        .namespace("labelled", &labels, "kubectl-label")
        .pod("labelled", "web", BASELINE)
        .namespace("open", &[], "kubectl-create")
        .pod("open", "agent", PRIVILEGED)
        .namespace("strict", &[("enforce", "restricted")], "kubectl-label")
        .profile("apps", &json!({"namespaceSelector": {}, "enforce": {"level": "baseline"}}));
    cluster.question.enforce = Some((level, "server".parse().unwrap()));
    cluster
}

#[test]
fn whoever_typed_a_flag_is_told_of_no_profile() {
    for level in [Level::Baseline, Level::Restricted] {
        for format in
            [Format::Table, Format::Wide, Format::Json, Format::Yaml, Format::Markdown, Format::Html]
        {
            let shown = written(format, &[asked(level).plan()], &[]);
            let told = shown.split("<style>").next().unwrap_or_default().to_owned()
                + shown.split("</script>").last().unwrap_or_default();
            for word in ["--enforce", "profile ", "apps"] {
                let is_told = told.lines().any(|line| line.contains(word) && !line.contains("| plan |"));
                assert!(!is_told, "{level} {format:?} says {word}: {told}");
            }
        }
    }
    let plan = asked(Level::Restricted).plan();
    let half = plan.reports.iter().find(|report| report.name == "half").unwrap();
    assert_eq!(half.word(), "held", "to raise it to baseline is not what was asked");
    assert_eq!(half.labels_planned.iter().count(), 0);
    let shown = written(Format::Table, &[plan], &[]);
    assert!(line(&shown, "half ").contains("none, asked restricted:v1.37"), "{shown}");
    assert!(
        shown.contains("held (enforce): half, labelled, open: 1 workload violates restricted:v1.37"),
        "{shown}"
    );
}

#[test]
fn a_namespace_is_counted_once_in_the_last_line() {
    let plan = cluster("c")
        .namespace("broken", &[("tier", "apps")], "kubectl-create")
        .pod("broken", "agent", PRIVILEGED)
        .namespace("clean", &[("tier", "apps")], "kubectl-create")
        .pod("clean", "web", BASELINE)
        .namespace("kube-system", &[], "kubectl-create")
        .namespace("partly", &[("tier", "gated")], "kubectl-create")
        .pod("partly", "web", BASELINE)
        .namespace("other", &[], "kubectl-create")
        .profile(
            "apps",
            &json!({
                "namespaceSelector": {"matchLabels": {"tier": "apps"}}, "enforce": {"level": "baseline"},
                "rollout": {"strategy": "Immediate"},
            }),
        )
        .profile(
            "gated",
            &json!({
                "namespaceSelector": {"matchLabels": {"tier": "gated"}}, "enforce": {"level": "restricted"},
                "rollout": {"soak": "0s"},
            }),
        )
        .plan();
    let totals = plan.totals();
    assert_eq!(totals.by_word.values().sum::<usize>(), totals.namespaces);
    let shown = written(Format::Table, &[plan], &[]);
    let expected = "5 namespaces: 1 raised, 1 raised (breaks), 1 raised (held), 2 ungoverned; 2 of 3 workloads violate, with \
                    2 of 3 pods";
    assert_eq!(shown.lines().last(), Some(expected));
}

#[test]
fn one_is_not_told_as_many() {
    let plan = cluster("c")
        .namespace("a", &[], "kubectl-create")
        .pod("a", "agent", PRIVILEGED)
        .profile("p", &json!({"namespaceSelector": {}, "enforce": {"level": "baseline"}}))
        .plan();
    let shown = written(Format::Table, &[plan], &[]);
    let expected = "1 namespace: 1 held; 1 of 1 workload violates, with 1 of 1 pod";
    assert_eq!(shown.lines().last(), Some(expected));
}

#[test]
fn what_two_modes_say_alike_is_said_once() {
    let restricted = json!({"level": "restricted", "version": "latest"});
    let plan = cluster("c")
        .namespace("a", &[], "kubectl-create")
        .pod("a", "agent", PRIVILEGED)
        .profile(
            "p",
            &json!({
                "namespaceSelector": {}, "enforce": {"level": "baseline"}, "audit": restricted, "warn": restricted,
            }),
        )
        .plan();
    let shown = written(Format::Wide, &[plan], &[]);
    assert_eq!(shown.matches("    would violate PodSecurity \"restricted:latest\"").count(), 1, "{shown}");
    assert!(line(&shown, "    would violate").ends_with(" (audit and warn only)"), "{shown}");
    assert!(!line(&shown, "    violates PodSecurity").ends_with("only)"), "{shown}");
}
