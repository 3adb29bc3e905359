//! What a report says of workloads.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::assessment::{
    Activity, Inventory, PodPhase,
    TemplateKind::*,
    model::{Model, policy, steps},
    testing::{self, BASELINE, IN_DOUBT, PRIVILEGED, UNREADABLE, judge, pod, template},
};
use crate::standards::Level;

fn told(inventory: &Inventory, policy: &str) -> ReportContent {
    told_by(inventory, policy.parse().unwrap())
}

fn told_by(inventory: &Inventory, policy: LevelVersion) -> ReportContent {
    let workloads = inventory.workloads();
    let judge = testing::judge("privileged").by(policy);
    let cleanness = judge.cleanness(policy.version, &workloads);
    let mut content = ReportContent::default();
    Judgement::new(&judge.assess(&workloads), cleanness).tell(&mut content);
    content.within_bounds()
}

fn json_of(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

#[test]
fn a_namespace_is_counted_and_its_blockers_say_what_to_do() {
    let mut inventory = Inventory::default();
    inventory.insert_template(template(Deployment, "web").revision("1").is(PRIVILEGED).observed());
    let made = template(ReplicaSet, "web-1").of(Deployment, "web").revision("1").is(PRIVILEGED);
    inventory.insert_template(made.observed());
    for name in ["web-1-a", "web-1-b"] {
        inventory.insert_pod(pod(name).of(ReplicaSet, "web-1").is(PRIVILEGED).observed());
    }
    inventory.insert_pod(pod("fine").observed());
    inventory.insert_pod(pod("done").is(PRIVILEGED).phase(PodPhase::Finished).observed());
    inventory.insert_pod(pod("going").phase(PodPhase::Deleting).observed());
    inventory.insert_template(template(Job, "once").activity(Activity::Finished).observed());
    let content = told(&inventory, "restricted:v1.37");
    assert_eq!(content.policy.unwrap().to_string(), "restricted:v1.37");
    assert_eq!(content.clean_at.unwrap().to_string(), "privileged:v1.37");
    let workloads = json!({"conforming": 1, "exempt": 0, "inconclusive": 0, "judged": 2, "violating": 1});
    assert_eq!(json_of(&content.workloads), workloads);
    let pods = json!({"conforming": 1, "exempt": 0, "inconclusive": 0, "judged": 3, "violating": 2});
    assert_eq!(json_of(&content.pods), pods);
    let apart = json!({"deletingPods": 1, "finishedJobs": 1, "finishedPods": 1, "idleReplicaSets": 0});
    assert_eq!(json_of(&content.not_judged), apart);
    let summary = json!({"blocker": "deploy/web", "cleanAt": "privileged", "violating": "1/2"});
    assert_eq!(json_of(&content.summary), summary);

    let checks: Vec<_> = content.blockers.iter().map(|blocker| blocker.check.as_str()).collect();
    let at_restricted =
        ["allowPrivilegeEscalation", "capabilities_restricted", "runAsNonRoot", "seccompProfile_restricted"];
    assert_eq!(checks[0], "privileged");
    assert_eq!(checks[1..], at_restricted);
    let blocker = json!({
        "check": "privileged", "container": "web", "pods": 2, "workload": "Deployment/web",
        "field": "spec.template.spec.containers[0].securityContext.privileged", "remedy": "set to false",
        "message": "privileged (container \"web\" must not set securityContext.privileged=true)",
    });
    assert_eq!(json_of(&content.blockers[0]), blocker);
    let remedy = "set to true, here or in spec.template.spec.securityContext.runAsNonRoot";
    assert_eq!(content.blockers[3].remedy, remedy);
    assert_eq!(content.more_blockers, 0);
}

#[test]
fn a_blocker_names_the_object_to_look_into_and_what_else_there_is_to_know() {
    let mut inventory = Inventory::default();
    let app = Kind::of("example.com/v1", "App");
    inventory
        .insert_template(template(StatefulSet, "db").under(app.clone(), "shop").is(PRIVILEGED).observed());
    inventory.insert_pod(pod("other-x").under(app, "other").is(UNREADABLE).observed());
    let sidecar = r#"{"containers": [{"name": "web"}, {"name": "proxy", "securityContext": {"capabilities": {"add": ["A", "B"]}}}]}"#;
    inventory.insert_template(template(DaemonSet, "agent").revision("1").is(BASELINE).observed());
    inventory.insert_pod(pod("agent-x").of(DaemonSet, "agent").revision("1").is(sidecar).observed());
    let content = told(&inventory, "baseline:v1.37");
    let shown: Vec<_> = content
        .blockers
        .iter()
        .map(|b| [&*b.workload, &*b.object, &*b.field, &*b.note, &*b.message].join("|"))
        .collect();
    assert_eq!(
        shown,
        [
            "DaemonSet/agent|Pod/agent-x|spec.containers[1].securityContext.capabilities.add[0]|something adds it to \
             the pods when they are created|non-default capabilities (container \"proxy\" must not include \"A\", \"B\" in \
             securityContext.capabilities.add)",
            "App.example.com/other|Pod/other-x|||cannot be read: spec.hostPID: a string where a boolean belongs",
            "App.example.com/shop|StatefulSet/db|spec.template.spec.containers[0].securityContext.privileged||privileged \
             (container \"web\" must not set securityContext.privileged=true)",
        ]
    );
    assert_eq!(content.blockers[0].more_fields, 1);
    assert_eq!(content.summary.blocker, "ds/agent");
}

#[test]
fn what_conforms_only_since_its_pods_are_changed_is_counted() {
    let mut inventory = Inventory::default();
    inventory.insert_template(template(DaemonSet, "agent").revision("1").is(PRIVILEGED).observed());
    inventory.insert_pod(pod("agent-x").of(DaemonSet, "agent").revision("1").is(BASELINE).observed());
    inventory.insert_template(template(DaemonSet, "proxy").revision("1").is(BASELINE).observed());
    inventory.insert_pod(pod("proxy-x").of(DaemonSet, "proxy").revision("1").is(BASELINE).observed());
    let content = told(&inventory, "baseline:v1.37");
    assert_eq!((content.workloads.unwrap().conforming, content.mended), (2, 1));
    // It is not mended enough.
    let content = told(&inventory, "restricted:v1.37");
    assert_eq!((content.workloads.unwrap().conforming, content.mended), (0, 0));
}

#[test]
fn what_cannot_be_told_is_not_called_clean() {
    let mut inventory = Inventory::default();
    inventory.insert_pod(pod("mars").is(IN_DOUBT).observed());
    let content = told(&inventory, "restricted:v1.37");
    assert_eq!(content.clean_at.unwrap().to_string(), "baseline:v1.37");
    assert_eq!(content.workloads.unwrap().inconclusive, 1);
    assert_eq!(content.blockers[0].note, "an API server that knows more than podsec might accept it");
    inventory.miss("pods");
    let content = told(&inventory, "restricted:v1.37");
    assert_eq!((content.clean_at, &*content.summary.clean_at), (None, "unknown"));
    assert_eq!(content.missing, ["pods"]);
}

#[test]
fn hundreds_of_workloads_with_the_longest_names_fit() {
    let container = "c".repeat(63);
    let volume = "v".repeat(63);
    let spec = format!(
        r#"{{"hostNetwork": true, "volumes": [{{"name": "{volume}", "hostPath": {{"path": "/"}}}}],
            "containers": [{{"name": "{container}"}}]}}"#
    );
    let mut inventory = Inventory::default();
    for index in 0..500 {
        let name = format!("{}{index:04}", "n".repeat(249));
        inventory.insert_template(template(ReplicationController, &name).is(&spec).observed());
    }
    let content = told(&inventory, "restricted:v1.37");
    assert_eq!(content.workloads.unwrap().violating, 500);
    let size = serde_json::to_vec(&content).unwrap().len();
    assert!(size <= 18_500, "{size}");
    assert_eq!(content.blockers.len() + content.more_blockers as usize, 500 * 6);
    assert!(content.blockers.len() >= 18, "{} of 20 fit", content.blockers.len());
    assert!(content.blockers.iter().all(|blocker| blocker.workload.len() == 275), "names are whole");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_report_says_what_the_assessment_says(steps in steps(), policy in policy()) {
        let inventory = Model::after(&steps).inventory();
        let content = told_by(&inventory, policy);
        let workloads = inventory.workloads();
        let assessment = judge("privileged").by(policy).assess(&workloads);
        let counts = content.workloads.unwrap();
        prop_assert_eq!(counts.violating as usize, assessment.workloads().violating);
        prop_assert_eq!(counts.judged, counts.conforming + counts.violating + counts.inconclusive);
        let all = assessment.blockers(usize::MAX).listed.len();
        prop_assert_eq!(content.blockers.len() + content.more_blockers as usize, all);
        prop_assert!(content.blockers.iter().all(|blocker| !blocker.workload.is_empty() && !blocker.message.is_empty()));
        let is_clean = content.clean_at.is_some_and(|clean| clean.level == Level::Restricted);
        let restricted = assessment.judge().by(LevelVersion::new(Level::Restricted, policy.version));
        prop_assert_eq!(is_clean, restricted.assess(&workloads).verdict() == crate::standards::Verdict::Conforms);
    }
}
