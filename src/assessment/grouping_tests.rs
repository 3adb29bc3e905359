//! Each rule of what is judged, by name.

use super::super::{
    Activity::{AtZero, Finished},
    ObservedPod, ObservedTemplate, PodPhase,
    TemplateKind::*,
    testing::{BASELINE, PRIVILEGED, RESTRICTED, UNREADABLE, judge, pod, template},
};
use super::*;
use crate::assessment::Apart;

/// What stands in a namespace.
enum Object {
    Pod(ObservedPod),
    Template(ObservedTemplate),
}

impl From<super::super::testing::PodBuilder> for Object {
    fn from(pod: super::super::testing::PodBuilder) -> Self {
        Self::Pod(pod.observed())
    }
}

impl From<super::super::testing::TemplateBuilder> for Object {
    fn from(template: super::super::testing::TemplateBuilder) -> Self {
        Self::Template(template.observed())
    }
}

macro_rules! objects {
    ($($object:expr),* $(,)?) => { vec![$(Object::from($object)),*] };
}

fn inventory(objects: Vec<Object>) -> Inventory {
    let mut inventory = Inventory::default();
    for object in objects {
        match object {
            Object::Pod(pod) => inventory.insert_pod(pod),
            Object::Template(template) => inventory.insert_template(template),
        }
    }
    inventory
}

/// Each workload with its verdict at restricted, the templates that count and its live pods.
fn told(inventory: &Inventory) -> Vec<String> {
    let workloads = inventory.workloads();
    let assessment = judge("restricted").assess(&workloads);
    let told = assessment.verdicts().map(|(workload, verdict)| {
        let templates = workload.templates.iter().filter(|template| template.decides);
        let mut by: Vec<_> = templates
            .map(|template| format!("{}/{}", template.object.0.as_str(), template.object.1))
            .collect();
        by.push(format!("{} pods", workload.pods()));
        let verdict = verdict.unwrap();
        format!("{}/{} {verdict} by {}", workload.kind(), workload.name(), by.join(" "))
    });
    told.collect()
}

#[track_caller]
fn holds(objects: Vec<Object>, expected: &[&str]) {
    assert_eq!(told(&inventory(objects)), expected);
}

#[track_caller]
fn apart(objects: Vec<Object>, expected: &[&str], counted: Apart) {
    let inventory = inventory(objects);
    assert_eq!(told(&inventory), expected);
    assert_eq!(inventory.workloads().apart(), counted);
}

#[test]
fn a_workload_is_the_top_most_controller() {
    holds(
        objects![
            template(Deployment, "web").revision("1"),
            template(ReplicaSet, "web-1").of(Deployment, "web").revision("1"),
            pod("web-1-a").of(ReplicaSet, "web-1"),
            pod("web-1-b").of(ReplicaSet, "web-1"),
            template(CronJob, "night"),
            template(Job, "night-1").of(CronJob, "night"),
            pod("night-1-a").of(Job, "night-1"),
            template(ReplicationController, "old"),
            pod("old-a").of(ReplicationController, "old"),
            template(PodTemplate, "unused"),
        ],
        &[
            "CronJob/night conforms by CronJob/night 1 pods",
            "Deployment/web conforms by 2 pods",
            "PodTemplate/unused conforms by PodTemplate/unused 0 pods",
            "ReplicationController/old conforms by ReplicationController/old 1 pods",
        ],
    );
}

#[test]
fn a_pod_without_a_controller_is_its_own_workload() {
    holds(
        objects![pod("a"), pod("b").is(BASELINE)],
        &["Pod/a conforms by 1 pods", "Pod/b violates by 1 pods"],
    );
}

#[test]
fn a_mirror_pod_is_its_own_workload() {
    let node = || Kind::of("v1", "Node");
    holds(
        objects![pod("etcd-n1").under(node(), "n1").mirror(), pod("api-n1").under(node(), "n1").mirror()],
        &["Pod/api-n1 conforms by 1 pods", "Pod/etcd-n1 conforms by 1 pods"],
    );
}

#[test]
fn references_to_other_kinds_lead_on() {
    let rollout = || Kind::of("argoproj.io/v1alpha1", "Rollout");
    let app = || Kind::of("example.com/v1", "App");
    holds(
        objects![
            template(ReplicaSet, "r-1").under(rollout(), "r"),
            pod("r-1-a").of(ReplicaSet, "r-1"),
            pod("clone-a").under(Kind::of("apps.kruise.io/v1", "CloneSet"), "clone"),
            template(Deployment, "front").under(app(), "shop"),
            template(StatefulSet, "db").under(app(), "shop").is(PRIVILEGED),
        ],
        &[
            "App/shop violates by Deployment/front StatefulSet/db 0 pods",
            "CloneSet/clone conforms by 1 pods",
            "Rollout/r conforms by ReplicaSet/r-1 1 pods",
        ],
    );
}

#[test]
fn a_controller_that_is_gone_is_still_the_workload() {
    holds(
        objects![
            template(ReplicaSet, "web-1").of(Deployment, "web").is(BASELINE),
            pod("web-1-a").of(ReplicaSet, "web-1"),
            pod("job-a").of(Job, "gone").is(BASELINE),
        ],
        &["Deployment/web violates by ReplicaSet/web-1 1 pods", "Job/gone violates by 1 pods"],
    );
}

#[test]
fn a_circle_of_references_loses_nothing() {
    holds(
        objects![
            template(ReplicaSet, "a").of(ReplicaSet, "b"),
            template(ReplicaSet, "b").of(ReplicaSet, "a").is(BASELINE)
        ],
        &["ReplicaSet/a violates by ReplicaSet/b 0 pods", "ReplicaSet/b conforms by ReplicaSet/a 0 pods"],
    );
}

#[test]
fn the_replica_set_of_a_deployment_and_the_job_of_a_cron_job_are_not_judged_alone() {
    apart(
        objects![
            template(Deployment, "web").revision("2"),
            template(ReplicaSet, "web-1").of(Deployment, "web").revision("1").is(PRIVILEGED).activity(AtZero),
            template(CronJob, "night"),
            template(Job, "night-1").of(CronJob, "night").is(PRIVILEGED),
            template(Job, "night-0").of(CronJob, "night").is(PRIVILEGED).activity(Finished),
        ],
        &[
            "CronJob/night conforms by CronJob/night 0 pods",
            "Deployment/web conforms by Deployment/web 0 pods",
        ],
        Apart::default(),
    );
}

#[test]
fn a_template_below_a_controller_that_does_not_make_it_is_judged() {
    // Operators name their own Deployment as the controller of what they make.
    holds(
        objects![
            template(Deployment, "operator"),
            template(StatefulSet, "db").of(Deployment, "operator").is(PRIVILEGED)
        ],
        &["Deployment/operator violates by Deployment/operator StatefulSet/db 0 pods"],
    );
}

#[test]
fn a_replica_set_at_zero_under_another_controller_is_counted_apart() {
    let rollout = || Kind::of("argoproj.io/v1alpha1", "Rollout");
    apart(
        objects![
            template(ReplicaSet, "r-1").under(rollout(), "r").is(PRIVILEGED).activity(AtZero),
            template(ReplicaSet, "r-2").under(rollout(), "r"),
        ],
        &["Rollout/r conforms by ReplicaSet/r-2 0 pods"],
        Apart { idle_replica_sets: 1, ..Apart::default() },
    );
}

#[test]
fn what_asks_for_no_replicas_by_itself_is_judged() {
    apart(
        objects![
            template(Deployment, "web").is(PRIVILEGED).activity(AtZero),
            template(ReplicaSet, "alone").is(PRIVILEGED).activity(AtZero),
        ],
        &[
            "Deployment/web violates by Deployment/web 0 pods",
            "ReplicaSet/alone violates by ReplicaSet/alone 0 pods",
        ],
        Apart::default(),
    );
}

#[test]
fn a_finished_job_is_counted_apart() {
    apart(
        objects![
            template(Job, "done").is(PRIVILEGED).activity(Finished),
            template(Job, "workflow-step").under(Kind::of("example.com/v1", "Flow"), "f").activity(Finished),
            template(Job, "running").is(PRIVILEGED),
        ],
        &["Job/running violates by Job/running 0 pods"],
        Apart { finished_jobs: 2, ..Apart::default() },
    );
}

#[test]
fn pods_that_finished_or_are_being_deleted_are_counted_apart() {
    apart(
        objects![
            pod("done").is(PRIVILEGED).phase(PodPhase::Finished),
            pod("going").is(PRIVILEGED).phase(PodPhase::Deleting),
            template(Job, "job"),
            pod("job-a").of(Job, "job").is(PRIVILEGED).phase(PodPhase::Finished),
        ],
        &["Job/job conforms by Job/job 0 pods"],
        Apart { finished_pods: 2, deleting_pods: 1, ..Apart::default() },
    );
}

#[test]
fn finished_pods_without_a_judged_template_are_told() {
    let inventory = inventory(objects![
        pod("runner-1").is(PRIVILEGED).phase(PodPhase::Finished).created(100),
        pod("runner-2").is(PRIVILEGED).phase(PodPhase::Finished).created(300),
        pod("fine").phase(PodPhase::Finished).created(900),
        template(Job, "old").activity(Finished),
        pod("old-a").of(Job, "old").is(UNREADABLE).phase(PodPhase::Finished).created(200),
        template(CronJob, "night"),
        template(Job, "night-1").of(CronJob, "night").activity(Finished),
        pod("night-1-a").of(Job, "night-1").is(PRIVILEGED).phase(PodPhase::Finished).created(900),
        pod("live").is(PRIVILEGED).created(900),
    ]);
    let workloads = inventory.workloads();
    let found = judge("restricted").assess(&workloads).finished_violating().unwrap();
    assert_eq!((found.pods, found.newest.as_second()), (3, 300));
    assert_eq!(judge("privileged").assess(&workloads).finished_violating(), None);
}

#[test]
fn live_pods_of_the_present_template_win_over_it() {
    // The other way round as well: what a webhook puts in is refused.
    for (in_template, in_pods, verdict) in
        [(PRIVILEGED, RESTRICTED, "conforms"), (RESTRICTED, PRIVILEGED, "violates")]
    {
        holds(
            objects![
                template(Deployment, "web").revision("1").is(in_template),
                template(ReplicaSet, "web-1").of(Deployment, "web").revision("1").is(in_template),
                pod("web-1-a").of(ReplicaSet, "web-1").is(in_pods),
                template(StatefulSet, "db").revision("db-1").is(in_template),
                pod("db-0").of(StatefulSet, "db").revision("db-1").is(in_pods),
                template(DaemonSet, "agent").revision("1").is(in_template),
                pod("agent-a").of(DaemonSet, "agent").revision("1").is(in_pods),
            ],
            &[
                &format!("DaemonSet/agent {verdict} by 1 pods"),
                &format!("Deployment/web {verdict} by 1 pods"),
                &format!("StatefulSet/db {verdict} by 1 pods"),
            ],
        );
    }
}

#[test]
fn a_paused_roll_out_does_not_look_clean() {
    // The new template is refused; the pods are still those of the old one.
    holds(
        objects![
            template(Deployment, "web").revision("2").is(PRIVILEGED),
            template(ReplicaSet, "web-1").of(Deployment, "web").revision("1"),
            pod("web-1-a").of(ReplicaSet, "web-1"),
            template(StatefulSet, "db").revision("db-2").is(PRIVILEGED),
            pod("db-0").of(StatefulSet, "db").revision("db-1"),
            template(DaemonSet, "agent").revision("2").is(PRIVILEGED),
            pod("agent-a").of(DaemonSet, "agent").revision("1"),
        ],
        &[
            "DaemonSet/agent violates by DaemonSet/agent 1 pods",
            "Deployment/web violates by Deployment/web 1 pods",
            "StatefulSet/db violates by StatefulSet/db 1 pods",
        ],
    );
}

#[test]
fn a_pod_of_an_earlier_template_that_violates_counts() {
    holds(
        objects![
            template(Deployment, "web").revision("2"),
            template(ReplicaSet, "web-1").of(Deployment, "web").revision("1").is(PRIVILEGED),
            template(ReplicaSet, "web-2").of(Deployment, "web").revision("2"),
            pod("web-1-a").of(ReplicaSet, "web-1").is(PRIVILEGED),
            pod("web-2-a").of(ReplicaSet, "web-2"),
            template(StatefulSet, "db").revision("db-2"),
            pod("db-0").of(StatefulSet, "db").revision("db-1").is(PRIVILEGED),
            pod("db-1").of(StatefulSet, "db").revision("db-2"),
        ],
        &["Deployment/web violates by 2 pods", "StatefulSet/db violates by 2 pods"],
    );
}

#[test]
fn an_earlier_template_that_still_asks_for_pods_counts_while_it_has_none() {
    let objects = |activity| {
        objects![
            template(Deployment, "web").revision("2"),
            template(ReplicaSet, "web-1")
                .of(Deployment, "web")
                .revision("1")
                .is(PRIVILEGED)
                .activity(activity),
        ]
    };
    holds(objects(Activity::Active), &["Deployment/web violates by Deployment/web ReplicaSet/web-1 0 pods"]);
    holds(objects(AtZero), &["Deployment/web conforms by Deployment/web 0 pods"]);
}

#[test]
fn where_it_cannot_be_told_what_a_pod_was_made_from_the_template_counts() {
    holds(
        objects![
            template(StatefulSet, "unknown").is(PRIVILEGED),
            pod("unknown-0").of(StatefulSet, "unknown").revision("1"),
            template(DaemonSet, "unlabelled").is(PRIVILEGED).revision("1"),
            pod("unlabelled-a").of(DaemonSet, "unlabelled"),
            template(DaemonSet, "neither").is(PRIVILEGED),
            pod("neither-a").of(DaemonSet, "neither"),
            template(Deployment, "web").is(PRIVILEGED),
            template(ReplicaSet, "web-1").of(Deployment, "web").activity(AtZero),
            pod("web-1-a").of(ReplicaSet, "web-1"),
            template(Job, "job").is(PRIVILEGED),
            pod("job-a").of(Job, "job"),
            template(ReplicaSet, "alone").is(PRIVILEGED),
            pod("alone-a").of(ReplicaSet, "alone"),
        ],
        &[
            "DaemonSet/neither violates by DaemonSet/neither 1 pods",
            "DaemonSet/unlabelled violates by DaemonSet/unlabelled 1 pods",
            "Deployment/web violates by Deployment/web 1 pods",
            "Job/job violates by Job/job 1 pods",
            "ReplicaSet/alone violates by ReplicaSet/alone 1 pods",
            "StatefulSet/unknown violates by StatefulSet/unknown 1 pods",
        ],
    );
}

#[test]
fn what_cannot_be_read_leaves_its_workload_in_doubt() {
    holds(
        objects![
            template(StatefulSet, "db").revision("1").is(UNREADABLE),
            pod("db-0").of(StatefulSet, "db").revision("1"),
            template(Deployment, "web").revision("1"),
            template(ReplicaSet, "web-1").of(Deployment, "web").revision("1"),
            pod("web-1-a").of(ReplicaSet, "web-1").is(UNREADABLE),
            pod("web-1-b").of(ReplicaSet, "web-1"),
            template(Job, "worse").is(UNREADABLE),
            pod("worse-a").of(Job, "worse").is(PRIVILEGED),
        ],
        &[
            "Deployment/web inconclusive by 2 pods",
            "Job/worse violates by Job/worse 1 pods",
            "StatefulSet/db inconclusive by StatefulSet/db 1 pods",
        ],
    );
}
