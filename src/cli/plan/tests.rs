//! What a plan looks like, of clusters made by hand.

use std::collections::BTreeSet;

use serde_json::json;

use super::{
    model::{State, Step},
    output::Format,
    testing::{BASELINE, Cluster, DEBUGGED, IN_DOUBT, PRIVILEGED, RESTRICTED, cluster, written},
};
use crate::{
    assessment::ServerVerdict,
    cli::observing::Problem,
    rollout::KeyValues,
    standards::{Level, Mode},
};

const FORMATS: [(&str, Format); 5] = [
    ("table", Format::Table),
    ("wide", Format::Wide),
    ("json", Format::Json),
    ("yaml", Format::Yaml),
    ("markdown", Format::Markdown),
];

/// Namespaces of all sorts.
fn workloads() -> Cluster {
    cluster("kind-dev")
        .namespace("payments", &[("tier", "apps")], "kubectl-create")
        .deployment("payments", "api", RESTRICTED, 3)
        .namespace("shop", &[("tier", "apps"), ("enforce", "privileged")], "kustomize-controller")
        .deployment("shop", "web", BASELINE, 2)
        .deployment("shop", "admin", RESTRICTED, 1)
        .namespace("monitoring", &[("tier", "apps")], "kubectl-create")
        .deployment("monitoring", "agent", PRIVILEGED, 2)
        .pod("monitoring", "debug", PRIVILEGED)
        .namespace(
            "strict",
            &[("tier", "apps"), ("enforce", "restricted"), ("enforce-version", "v1.30")],
            "kubectl-label",
        )
        .deployment("strict", "vault", RESTRICTED, 1)
        .namespace("legacy-billing", &[("tier", "apps")], "kubectl-create")
        .pod("legacy-billing", "biller", PRIVILEGED)
        .namespace("sandbox", &[], "kubectl-create")
        .pod("sandbox", "shell", BASELINE)
        .pod("sandbox", "mars", IN_DOUBT)
        .namespace("kube-system", &[], "kube-apiserver")
        .deployment("kube-system", "proxy", PRIVILEGED, 1)
}

fn planned() -> Cluster {
    workloads().profile(
        "apps",
        &json!({
            "namespaceSelector": {"matchLabels": {"tier": "apps"}},
            "enforce": {"level": "baseline"},
            "warn": {"level": "restricted"},
            "exemptions": [{"name": "legacy-*", "reason": "the vendor's agent needs hostPath"}],
            "conflictPolicy": "Force",
            "rollout": {"soak": "0s"},
        }),
    )
}

#[test]
fn a_plan_in_each_format() {
    for (name, format) in FORMATS {
        insta::assert_snapshot!(format!("plan-{name}"), written(format, &[planned().plan()], &[]));
    }
}

#[test]
fn nothing_to_plan_answers_the_newcomer() {
    for (name, format) in FORMATS {
        insta::assert_snapshot!(format!("overview-{name}"), written(format, &[workloads().plan()], &[]));
    }
}

#[test]
fn the_first_screen_takes_about_ten_lines() {
    let shown = written(Format::Table, &[workloads().plan()], &[]);
    assert!((9..=12).contains(&shown.lines().count()), "{shown}");
}

#[test]
fn a_cluster_that_cannot_be_read_does_not_hide_the_rest() {
    let plans = [planned().plan(), cluster("kind-empty").missing_profiles().plan()];
    let unreadable = [Problem { place: "context gone".into(), message: "connection refused".into() }];
    let shown = written(Format::Table, &plans, &unreadable);
    insta::assert_snapshot!("clusters", shown);
}

#[test]
fn a_dry_run_is_judged_and_planned_for_nothing() {
    let dry = json!({
        "namespaceSelector": {}, "enforce": {"level": "baseline"}, "rollout": {"strategy": "DryRun"},
    });
    let plan = workloads().profile("dry", &dry).plan();
    let totals = plan.totals();
    assert_eq!((totals.raised, totals.held, totals.broken), (0, 0, 0));
    assert_eq!(totals.violating_pods, 4, "three of monitoring, one of legacy-billing");
    let shown = written(Format::Table, &[plan], &[]);
    assert!(shown.contains("monitoring       dry run   -"), "{shown}");
    assert!(shown.contains("profile dry would ask for baseline:v1.37 if it were active"), "{shown}");
}

#[test]
fn what_is_enforced_already_can_be_broken() {
    let plan = cluster("c")
        .namespace("a", &[("enforce", "baseline"), ("enforce-version", "v1.37")], "kubectl-label")
        .pod("a", "old", PRIVILEGED)
        .profile("p", &json!({"namespaceSelector": {}, "enforce": {"level": "baseline"}}))
        .plan();
    assert_eq!((plan.totals().broken, plan.totals().held), (1, 0));
    assert!(written(Format::Table, &[plan], &[]).contains("adopted, broken"));
}

#[test]
fn enforce_alone_is_planned_for_every_namespace_and_lowers_none() {
    let mut cluster = workloads();
    cluster.question.enforce = Some((Level::Baseline, "v1.30".parse().unwrap()));
    let plan = cluster.plan();
    let words: Vec<_> =
        plan.reports.iter().map(|report| format!("{} {}", report.name, report.word())).collect();
    assert_eq!(
        words,
        [
            "kube-system held",
            "legacy-billing held",
            "monitoring held",
            "payments raised",
            "sandbox raised",
            "shop raised",
            "strict in sync",
        ]
    );
    let violating: usize = plan.reports.iter().map(|report| report.judged.pods.violating).sum();
    assert_eq!(violating, 5);
}

#[test]
fn what_may_be_missing_is_never_clean() {
    let cluster = planned().missing("payments", "pods", "forbidden");
    let plan = cluster.plan();
    let payments = plan.reports.iter().find(|report| report.name == "payments").unwrap();
    assert!(payments.is_inconclusive() && payments.enforce_step() == Step::Hold);
    assert_eq!((plan.totals().inconclusive_namespaces, plan.totals().failed), (1, 1));
    let shown = written(Format::Table, &[plan], &[]);
    assert!(shown.contains("cannot be told: namespace payments: cannot list pods: forbidden"), "{shown}");
    assert!(shown.contains("may be missing: pods"), "{shown}");
}

#[test]
fn where_the_profiles_cannot_be_listed_nothing_is_said_to_be_let_go() {
    let governed = || {
        let labels = [("enforce", "baseline"), ("enforce-version", "v1.37")];
        cluster("c").namespace("shop", &labels, "podsec").governed_by("shop", "apps")
    };
    let step = |cluster: Cluster| cluster.plan().reports[0].mode(Mode::Enforce).map(|plan| plan.step);
    let state = |cluster: Cluster| cluster.plan().reports[0].state;
    assert_eq!(step(governed()), Some(Step::Retain), "its profile is gone");
    assert_eq!(step(governed().missing_profiles()), None);
    assert_eq!(
        state(governed().missing_profiles()),
        State::Unknown,
        "and no decision of podsec's is made up"
    );
}

#[test]
fn labels_are_planned_as_an_apply_would_leave_them() {
    let plan = planned().plan();
    let strict = plan.reports.iter().find(|report| report.name == "strict").unwrap();
    let shown = |labels: &KeyValues| {
        labels
            .iter()
            .map(|(key, value): (&str, &str)| format!("{}={value}", &key[27..]))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(shown(&strict.labels_now), "enforce=restricted enforce-version=v1.30");
    assert_eq!(
        shown(&strict.labels_planned),
        "enforce=baseline enforce-version=v1.37 warn=restricted warn-version=latest"
    );
}

/// Names that try to steer what shows them.
const HOSTILE: [&str; 6] = [
    "\u{1b}[2J\u{1b}[31mred\u{7}",
    "\u{202e}drawkcab\u{2066}",
    "a\n::error::injected",
    "</td><script>alert(1)</script><img src=x onerror=alert(1)>&amp;\"'",
    "| cell | ![i](http://evil.example/i.png) `code` @someone #1 **b**",
    "{0} \u{0}\u{b}\u{fffe}",
];

fn hostile() -> Cluster {
    let mut all = cluster(HOSTILE[3]);
    for name in HOSTILE {
        let quoted = serde_json::to_string(name).unwrap();
        let spec = format!(
            r#"{{"containers": [{{"name": {quoted}, "securityContext": {{"capabilities": {{"add": [{quoted}]}}}}}}],
            "volumes": [{{"name": {quoted}, "hostPath": {{}}}}]}}"#
        );
        all = all
            .namespace(name, &[("enforce", name), ("tier", "apps")], name)
            .deployment(name, name, &spec, 1)
            .custom(name, name, &spec)
            .missing(name, name, name);
    }
    all.profile(
        "p",
        &json!({
            "namespaceSelector": {}, "enforce": {"level": "baseline"}, "conflictPolicy": "Yield",
            "exemptions": [{"name": "x", "reason": HOSTILE[3]}],
        }),
    )
}

#[test]
fn no_name_steers_what_shows_it() {
    for (name, format) in FORMATS.into_iter().chain([("html", Format::Html)]) {
        let unreadable = [Problem { place: HOSTILE[0].into(), message: HOSTILE[3].into() }];
        let shown = written(format, &[hostile().plan()], &unreadable);
        assert_eq!(shown.chars().find(|c| c.is_control() && *c != '\n'), None, "{name}");
        assert!(name == "yaml" || !shown.contains('\u{202e}'), "{name}");
        assert!(!shown.lines().any(|line| line.starts_with("::")), "{name}");
    }
}

#[test]
fn html_has_no_markup_but_podsecs_own() {
    let shown = written(Format::Html, &[hostile().plan()], &[]);
    let plain = written(Format::Html, &[planned().plan()], &[]);
    let tags = |html: &str| {
        let tags = html.split('<').skip(1).filter_map(|rest| rest.split(['>', ' ', '\n']).next());
        tags.map(ToOwned::to_owned).collect::<BTreeSet<_>>()
    };
    let own = tags(&plain);
    assert!(own.contains("script") && own.contains("td"));
    // `code` is around what is to be mended, which the plain one has too.
    assert!(tags(&shown).is_subset(&own), "{:?}", tags(&shown).difference(&own));
    assert_eq!(shown.matches("<script").count(), 1);
    // No name got into an attribute either: podsec quotes all, and escapes quotes.
    assert!(!shown.contains("onerror=alert(1)>"));
}

#[test]
fn html_loads_nothing_and_runs_nothing_else() {
    use sha2::{Digest as _, Sha256};

    let shown = written(Format::Html, &[planned().plan()], &[]);
    for elsewhere in ["http:", "https:", "src=", "href=", "@import", "url(", "<link", "<iframe"] {
        assert!(!shown.to_lowercase().contains(elsewhere), "{elsewhere}");
    }
    let script = shown.split("<script>").nth(1).and_then(|rest| rest.split("</script>").next()).unwrap();
    let hash = format!("sha256-{}", base64(&Sha256::digest(script)));
    assert!(shown.contains(&format!("script-src '{hash}'")), "the script's hash is {hash}");
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for index in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * index) & 63) as usize];
            text.push(if index > chunk.len() { '=' } else { char::from(letter) });
        }
    }
    text
}

#[test]
fn json_and_yaml_say_the_same() {
    let json: serde_json::Value =
        serde_json::from_str(&written(Format::Json, &[planned().plan()], &[])).unwrap();
    let yaml: serde_json::Value =
        serde_saphyr::from_str(&written(Format::Yaml, &[planned().plan()], &[])).unwrap();
    assert_eq!(json, yaml);
    assert_eq!(json["namespaces"].as_array().unwrap().len(), 7);
    assert_eq!(json["namespaces"][2]["violatingPods"], 3, "monitoring");
}

/// What of a row of Markdown is no code: code ends at the first run of as many backticks as it began with.
fn outside_of_code(row: &str) -> String {
    let mut outside = String::new();
    let mut rest = row;
    while let Some((before, code)) = rest.split_once('`') {
        outside.push_str(before);
        let inner = code.trim_start_matches('`');
        let fence = "`".repeat(1 + code.len() - inner.len());
        let is_end = |begin: &usize| {
            let run = inner[*begin..].len() - inner[*begin..].trim_start_matches('`').len();
            run == fence.len() && !inner[..*begin].ends_with('`')
        };
        let end = inner.match_indices('`').map(|(begin, _)| begin).find(is_end).expect("code that ends");
        assert!(!inner[..end].replace("\\|", "").contains('|'), "{row}");
        rest = &inner[end + fence.len()..];
    }
    outside + rest
}

#[test]
fn markdown_rows_have_their_cells_and_nothing_else() {
    let shown = written(Format::Markdown, &[hostile().plan()], &[]);
    let mut cells = 0;
    for row in shown.lines().filter(|line| line.starts_with('|')) {
        let outside = outside_of_code(row);
        if row.starts_with("| --- ") || row.starts_with("| namespace") {
            cells = row.matches('|').count();
        } else if !row.starts_with("| ---") && !row.starts_with("|---") {
            assert!(!outside.contains(['<', '>', '!', '@', '[']), "{row}");
            assert!(!outside.contains("&#64;someone"), "nobody is mentioned: {row}");
        }
        assert_eq!(outside.matches('|').count(), cells, "{row}");
    }
    assert!(cells > 0);
}

/// A plan in which everything is that a report can have.
fn with_everything() -> Cluster {
    planned()
        .namespace("garbled", &[("tier", "apps"), ("enforce", "basic")], "kubectl-label")
        .pod("garbled", "debugged", DEBUGGED)
        .namespace("dry", &[("tier", "dry")], "kubectl-create")
        .pod("dry", "shell", BASELINE)
        .namespace("gvisor", &[("tier", "apps")], "kubectl-create")
        .pod("gvisor", "boxed", r#"{"runtimeClassName": "gvisor", "hostPID": true}"#)
        .mutated("gvisor", "injected", BASELINE, PRIVILEGED)
        .mutated("gvisor", "mended", PRIVILEGED, RESTRICTED)
        .missing("payments", "pods", "forbidden")
        .profile(
            "dry",
            &json!({
                "namespaceSelector": {"matchLabels": {"tier": "dry"}}, "enforce": {"level": "baseline"},
                "rollout": {"strategy": "DryRun"},
            }),
        )
        .of_controller("0.0.1", &["gvisor"])
        .checked(
            "monitoring",
            ServerVerdict::Disagrees {
                only_server: vec!["a: privileged".into()],
                only_podsec: vec!["b: privileged".into()],
            },
        )
}

#[test]
fn a_report_with_all_that_it_can_have() {
    insta::assert_snapshot!("all-json", written(Format::Json, &[with_everything().plan()], &[]));
    insta::assert_snapshot!("all-wide", written(Format::Wide, &[with_everything().plan()], &[]));
}

#[test]
fn whoever_would_remove_labels_beside_flux_is_told() {
    let plan = |policy: &str| {
        let flux = [("kustomize.toolkit.fluxcd.io/name", "apps")];
        let spec =
            json!({"namespaceSelector": {}, "enforce": {"level": "baseline"}, "releasePolicy": policy});
        cluster("c").namespace("a", &flux, "kustomize-controller").profile("p", &spec).plan()
    };
    assert_eq!(plan("Retain").notices, Vec::<String>::new());
    let notices = plan("Remove").notices;
    assert!(notices[0].starts_with("profile p: Flux applies 1 namespace (first a)"), "{notices:?}");
}
