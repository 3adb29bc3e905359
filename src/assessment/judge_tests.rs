//! Verdicts and counts.

use super::super::{
    Inventory,
    TemplateKind::*,
    testing::{IN_DOUBT, PRIVILEGED, RESTRICTED, UNREADABLE, judge, pod, template},
};
use super::*;

const GVISOR: &str = r#"{"runtimeClassName": "gvisor", "hostPID": true}"#;

fn inventory() -> Inventory {
    let mut inventory = Inventory::default();
    inventory.insert_template(template(Deployment, "web").revision("1").observed());
    inventory.insert_template(template(ReplicaSet, "web-1").of(Deployment, "web").revision("1").observed());
    for name in ["web-1-a", "web-1-b", "web-1-c"] {
        inventory.insert_pod(pod(name).of(ReplicaSet, "web-1").observed());
    }
    inventory.insert_pod(pod("web-1-d").of(ReplicaSet, "web-1").is(PRIVILEGED).observed());
    inventory.insert_pod(pod("alone").is(IN_DOUBT).observed());
    inventory.insert_pod(pod("unread").is(UNREADABLE).observed());
    inventory.insert_pod(pod("fine").is(RESTRICTED).observed());
    inventory.insert_pod(pod("sandboxed").is(GVISOR).observed());
    inventory
}

#[test]
fn counts_are_exact_and_each_pod_counts_by_its_own_verdict() {
    let inventory = inventory();
    let workloads = inventory.workloads();
    let assessment = judge("restricted").exempting(["gvisor".to_owned()]).assess(&workloads);
    assert_eq!(assessment.workloads(), Counts { conforming: 1, violating: 1, inconclusive: 2 });
    assert_eq!(assessment.pods(), Counts { conforming: 4, violating: 1, inconclusive: 2 });
    assert_eq!((assessment.exempt_workloads(), assessment.exempt_pods()), (1, 1));
    assert_eq!((assessment.workloads().judged(), assessment.pods().judged()), (4, 7));
    assert_eq!(assessment.verdict(), Verdict::Violates);

    let assessment = judge("baseline").assess(&workloads);
    assert_eq!(assessment.workloads(), Counts { conforming: 2, violating: 2, inconclusive: 1 });
    let assessment = judge("privileged").assess(&workloads);
    assert_eq!(assessment.workloads(), Counts { conforming: 5, violating: 0, inconclusive: 0 });
    assert_eq!(assessment.verdict(), Verdict::Conforms);
}

#[test]
fn what_cannot_be_told_is_not_clean() {
    let verdict = |inventory: &Inventory| judge("restricted").assess(&inventory.workloads()).verdict();
    let mut inventory = Inventory::default();
    assert_eq!(verdict(&inventory), Verdict::Conforms);
    inventory.miss("pods: the list ended early");
    inventory.miss("jobs");
    assert_eq!(verdict(&inventory), Verdict::Inconclusive);
    inventory.complete("jobs");
    assert_eq!(verdict(&inventory), Verdict::Inconclusive);
    inventory.complete("pods: the list ended early");
    assert_eq!(verdict(&inventory), Verdict::Conforms);
    inventory.insert_pod(pod("a").is(IN_DOUBT).observed());
    assert_eq!(verdict(&inventory), Verdict::Inconclusive);
    inventory.insert_pod(pod("a").is(UNREADABLE).observed());
    assert_eq!(verdict(&inventory), Verdict::Inconclusive);
    inventory.insert_pod(pod("b").is(PRIVILEGED).observed());
    inventory.miss("pods");
    assert_eq!(verdict(&inventory), Verdict::Violates, "what is refused is refused, whatever else there is");
}

#[test]
fn a_server_has_its_own_newest_rules() {
    let mut inventory = Inventory::default();
    let probed = r#"{"containers": [{"name": "web", "livenessProbe": {"httpGet": {"host": "h"}}}]}"#;
    inventory.insert_pod(pod("probed").is(probed).observed());
    let workloads = inventory.workloads();
    let judge = judge("baseline:latest");
    assert_eq!(judge.assess(&workloads).verdict(), Verdict::Violates);
    assert_eq!(judge.on_server(33).assess(&workloads).verdict(), Verdict::Conforms);
}

#[test]
fn pods_share_what_is_true_of_their_workload_or_do_not() {
    let mut inventory = inventory();
    inventory.insert_template(template(Deployment, "paused").revision("2").is(PRIVILEGED).observed());
    inventory
        .insert_template(template(ReplicaSet, "paused-1").of(Deployment, "paused").revision("1").observed());
    inventory.insert_pod(pod("paused-1-a").of(ReplicaSet, "paused-1").observed());
    let workloads = inventory.workloads();
    let assessment = judge("baseline").assess(&workloads);
    let sharing = |name: &str| {
        let mut verdicts = assessment.verdicts();
        let (workload, verdict) = verdicts.find(|(workload, _)| workload.name() == name).unwrap();
        (verdict, workload.pods(), assessment.pods_sharing(workload, verdict))
    };
    assert_eq!(sharing("web"), (Some(Verdict::Violates), 4, 1));
    assert_eq!(sharing("paused"), (Some(Verdict::Violates), 1, 0), "only its template does");
    assert_eq!(sharing("fine"), (Some(Verdict::Conforms), 1, 1));
}
