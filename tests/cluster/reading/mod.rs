//! What runs in a cluster is read as it is, and followed as it changes.

mod access;
mod rules;
mod watching;

use std::{fmt::Write as _, time::Duration};

use kube::Client;
use podsec::{
    assessment::{Inventory, Judge},
    cluster::workloads::{Listing, Scope, list},
    standards::Verdict,
};
use tokio::time::{Instant, sleep};

/// How long anything may take to come true. Generous: a slow machine must not fail a test.
const DEADLINE: Duration = Duration::from_mins(3);

/// Lists everything, whole.
async fn listed(client: &Client) -> Listing {
    let listing = list(client, &Scope::All, |_| {}).await;
    assert!(listing.problems.is_empty(), "{:?}", listing.problems);
    listing
}

/// The workloads of a namespace with how many live pods they have and what baseline says of them, and what is counted
/// apart, as in `Deployment/web 2 violates, finished jobs 1`.
fn shown(inventory: &Inventory) -> String {
    let workloads = inventory.workloads();
    let judge = Judge::new("baseline:latest".parse().unwrap());
    let assessment = judge.assess(&workloads);
    let mut shown: Vec<_> = assessment
        .verdicts()
        .map(|(workload, verdict)| {
            let verdict = match verdict.expect("nothing is exempt") {
                Verdict::Conforms => "conforms",
                Verdict::Violates => "violates",
                Verdict::Inconclusive => "inconclusive",
            };
            format!("{}/{} {} {verdict}", workload.kind(), workload.name(), workload.pods())
        })
        .collect();
    let apart = assessment.apart();
    for (what, count) in [
        ("finished pods", apart.finished_pods),
        ("deleting pods", apart.deleting_pods),
        ("finished jobs", apart.finished_jobs),
        ("idle replica sets", apart.idle_replica_sets),
    ] {
        if count > 0 {
            shown.push(format!("{what} {count}"));
        }
    }
    let mut shown = shown.join(", ");
    for missing in assessment.missing() {
        write!(shown, ", without {missing}").unwrap();
    }
    shown
}

/// Waits until a namespace shows what it should.
async fn shows(client: &Client, namespace: &str, expected: &str) {
    let last = std::cell::RefCell::default();
    eventually(
        || async {
            let shown = shown(&listed(client).await.take(namespace));
            let holds = shown == expected;
            *last.borrow_mut() = shown;
            holds
        },
        || format!("{namespace} shows\n  {}\nand not\n  {expected}", last.borrow()),
    )
    .await;
}

/// Waits until something holds.
async fn eventually(holds: impl AsyncFn() -> bool, else_: impl Fn() -> String) {
    let end = Instant::now() + DEADLINE;
    while !holds().await {
        assert!(Instant::now() < end, "{}", else_());
        sleep(Duration::from_millis(100)).await;
    }
}
