//! What labels ask for, and what is said of those that cannot be read: as upstream has it.

use std::collections::BTreeMap;

use podsec::standards::{LabelError, Mode, Policy, effective_policy};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use serde::{Deserialize, Serialize};

use crate::{
    pods::policy,
    upstream::{self, Lines},
};

const CASES: usize = 20_000;

#[derive(Debug, Serialize)]
struct Namespace {
    labels: BTreeMap<String, String>,
    defaults: [upstream::Policy; 3],
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Resolved {
    modes: [String; 3],
    errors: Vec<String>,
    all: String,
}

fn namespace() -> impl Strategy<Value = Namespace> {
    let keys = Mode::ALL.map(|mode| [mode.keys().level, mode.keys().version]).concat();
    let key = prop_oneof![12 => prop::sample::select(keys), 1 => Just("pod-security.kubernetes.io/other")];
    let level = prop::sample::select(&["privileged", "baseline", "restricted"][..]).prop_map(str::to_owned);
    let version = policy().prop_map(|policy| policy.asked.version.to_string());
    let odd = prop::sample::select(
        &[
            "",
            " ",
            "Restricted",
            "restricted ",
            "latest",
            "Latest",
            "v1",
            "v1.",
            "v1.01",
            "v1.00",
            "v1.-1",
            "v2.0",
            "1.1",
            "v1.9223372036854775807",
            "v1.9223372036854775808",
            "v1.1\n",
            "\u{1b}[0m\"\\",
            "é\u{ad}",
        ][..],
    );
    let value = prop_oneof![8 => level, 8 => version, 4 => odd.prop_map(str::to_owned), 1 => ".{0,3}"];
    let labels = prop::collection::vec((key.prop_map(str::to_owned), value), 0..7);
    (labels, [policy(), policy(), policy()])
        .prop_map(|(labels, defaults)| Namespace { labels: labels.into_iter().collect(), defaults })
}

fn resolve(namespace: &Namespace) -> Resolved {
    let defaults = Policy::new(namespace.defaults.map(|policy| policy.asked));
    let (policy, errors) = effective_policy(&defaults, |key| namespace.labels.get(key).map(String::as_str));
    Resolved {
        modes: Mode::ALL.map(|mode| policy.get(mode).to_string()),
        all: if errors.is_empty() { String::new() } else { LabelError::aggregate(&errors) },
        errors: errors.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn labels_ask_for_what_upstream_reads_in_them() {
    let strategy = namespace();
    let mut runner = TestRunner::new(Config::default());
    let mut upstream = Lines::start("labels");
    let mut unreadable = 0;
    for _ in 0..CASES / 500 {
        let batch: Vec<_> = (0..500).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
        let answers: Vec<Resolved> = upstream.ask(&batch);
        for (namespace, said) in batch.iter().zip(&answers) {
            assert_eq!(resolve(namespace), *said, "{namespace:#?}");
            unreadable += usize::from(said.errors.len() > 1);
        }
    }
    assert!(unreadable > CASES / 20, "only {unreadable} namespaces with several labels that cannot be read");
}
