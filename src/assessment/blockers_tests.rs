//! What is told of what blocks.

use super::super::{
    Inventory,
    TemplateKind::*,
    Workloads,
    testing::{BASELINE, IN_DOUBT, PRIVILEGED, RESTRICTED, UNREADABLE, judge, pod, template},
};
use super::*;

/// Each as `Kind/workload pods check container: path = value -> remedy in template`.
fn told(blockers: &[Blocker<'_>]) -> Vec<String> {
    let told = blockers.iter().map(|blocker| {
        let what = match &blocker.obstacle {
            Obstacle::Unreadable(reason) => format!("unreadable: {reason}"),
            Obstacle::Refused(refusal) => {
                let changes = refusal.changes.iter().map(|change| {
                    let value =
                        change.value.as_deref().map(|value| format!(" = {value}")).unwrap_or_default();
                    format!("{}{value} -> {}", change.path, change.remedy)
                });
                let marks = [
                    (refusal.in_doubt, " in doubt"),
                    (refusal.injected, " injected"),
                    (refusal.ephemeral, " ephemeral"),
                ];
                let marks: String = marks.iter().filter(|(set, _)| *set).map(|(_, mark)| *mark).collect();
                let container = refusal.subject.container().unwrap_or("-");
                let changes = changes.collect::<Vec<_>>().join("; ");
                format!("{} {container}: {changes}{marks}", refusal.check.id)
            }
        };
        let template = blocker.template.map(|(kind, name)| format!(" in {}/{name}", kind.as_str()));
        let template = template.unwrap_or_default();
        format!("{}/{} {} {what}{template}", blocker.kind, blocker.workload, blocker.pods)
    });
    told.collect()
}

fn told_of(policy: &str, workloads: &Workloads<'_>) -> Vec<String> {
    told(&judge(policy).assess(workloads).blockers(usize::MAX).listed)
}

fn deployment(inventory: &mut Inventory, name: &str, spec: &str, pods: &[(&str, &str)]) {
    let replica_set = format!("{name}-1");
    inventory.insert_template(template(Deployment, name).revision(name).is(spec).observed());
    let made = template(ReplicaSet, &replica_set).of(Deployment, name).revision(name).is(spec);
    inventory.insert_template(made.observed());
    for (pod_name, spec) in pods {
        inventory.insert_pod(pod(pod_name).of(ReplicaSet, &replica_set).is(spec).observed());
    }
}

#[test]
fn what_blocks_most_comes_first_and_is_mended_in_the_template() {
    let mut inventory = Inventory::default();
    inventory.insert_pod(pod("alone").is(PRIVILEGED).observed());
    inventory.insert_template(template(CronJob, "night").is(PRIVILEGED).observed());
    deployment(&mut inventory, "web", PRIVILEGED, &[("web-b", PRIVILEGED), ("web-a", PRIVILEGED)]);
    inventory.insert_pod(pod("fine").observed());
    inventory.insert_pod(pod("bad").is(UNREADABLE).observed());
    let workloads = inventory.workloads();
    let privileged = "securityContext.privileged = true -> set to false";
    assert_eq!(
        told_of("baseline", &workloads),
        [
            format!(
                "Deployment/web 2 privileged web: spec.template.spec.containers[0].{privileged} in Deployment/web"
            ),
            format!("Pod/alone 1 privileged web: spec.containers[0].{privileged}"),
            "Pod/bad 1 unreadable: spec.hostPID: a string where a boolean belongs".to_owned(),
            format!(
                "CronJob/night 0 privileged web: spec.jobTemplate.spec.template.spec.containers[0].{privileged} in CronJob/night"
            ),
        ]
    );
    let assessment = judge("baseline").assess(&workloads);
    let Blockers { listed, more } = assessment.blockers(1);
    assert_eq!((told(&listed).len(), more, listed[0].first_pod), (1, 3, Some("web-a")));
    let Obstacle::Refused(refusal) = &listed[0].obstacle else { panic!("{listed:?}") };
    assert_eq!(
        refusal.message,
        "privileged (container \"web\" must not set securityContext.privileged=true)"
    );
    let checks: Vec<_> =
        assessment.checks().iter().map(|count| (count.check.id, count.workloads, count.pods)).collect();
    assert_eq!(checks, [("privileged", 3, 3)]);
}

#[test]
fn a_workload_is_told_as_the_api_server_tells_it() {
    let mut inventory = Inventory::default();
    deployment(&mut inventory, "web", RESTRICTED, &[("a", PRIVILEGED), ("b", BASELINE), ("c", BASELINE)]);
    let workloads = inventory.workloads();
    let message = |policy| {
        let assessment = judge(policy).assess(&workloads);
        assessment.message(workloads.iter().next().unwrap())
    };
    assert_eq!(
        message("baseline:v1.30").as_deref(),
        Some(
            "violates PodSecurity \"baseline:v1.30\": privileged (container \"web\" must not set securityContext.privileged=true)"
        )
    );
    let of_most = message("restricted").unwrap();
    assert!(of_most.starts_with("violates PodSecurity \"restricted:latest\": allowPriv"), "{of_most}");
    assert_eq!(message("privileged"), None);
}

#[test]
fn what_webhooks_put_in_and_mend_is_told() {
    let sidecar = r#"{"containers": [
        {"name": "proxy", "securityContext": {"capabilities": {"add": ["NET_ADMIN"]}}}, {"name": "web"}
    ]}"#;
    let mut inventory = Inventory::default();
    deployment(&mut inventory, "injected", BASELINE, &[("i", sidecar)]);
    deployment(&mut inventory, "mended", PRIVILEGED, &[("m", BASELINE)]);
    deployment(&mut inventory, "plain", BASELINE, &[("p", BASELINE)]);
    let workloads = inventory.workloads();
    assert_eq!(
        told_of("baseline", &workloads),
        [
            "Deployment/injected 1 capabilities_baseline proxy: spec.containers[0].securityContext.capabilities.add[0] = NET_ADMIN -> remove injected"
        ]
    );
    let assessment = judge("baseline").assess(&workloads);
    let mended = workloads.iter().map(|workload| {
        let mended = assessment.mended(workload).into_iter();
        let ids = mended.map(|mended| mended.check.unwrap().id).collect::<Vec<_>>();
        (workload.name(), ids)
    });
    let expected = [("injected", vec![]), ("mended", vec!["privileged"]), ("plain", vec![])];
    assert_eq!(mended.collect::<Vec<_>>(), expected);
    assert_eq!(assessment.mended_workloads(), 1);
    assert_eq!(judge("privileged").assess(&workloads).mended_workloads(), 0, "nothing has to be");
}

#[test]
fn what_only_an_ephemeral_container_causes_is_marked() {
    let debugged = r#"{
        "containers": [{"name": "web"}],
        "ephemeralContainers": [{"name": "debug", "securityContext": {"privileged": true}}]
    }"#;
    let mut inventory = Inventory::default();
    deployment(&mut inventory, "web", BASELINE, &[("a", debugged), ("b", BASELINE)]);
    let told = told_of("baseline", &inventory.workloads());
    assert_eq!(
        told,
        [
            "Deployment/web 1 privileged debug: spec.ephemeralContainers[0].securityContext.privileged = true -> set to false ephemeral"
        ]
    );
}

#[test]
fn findings_of_earlier_pods_and_of_templates_are_one_blocker() {
    let mut inventory = Inventory::default();
    deployment(&mut inventory, "web", PRIVILEGED, &[]);
    let earlier = template(ReplicaSet, "web-0").of(Deployment, "web").revision("0").is(PRIVILEGED);
    inventory.insert_template(earlier.observed());
    inventory.insert_pod(pod("web-0-a").of(ReplicaSet, "web-0").is(PRIVILEGED).observed());
    let told = told_of("baseline", &inventory.workloads());
    let [told] = &told[..] else { panic!("{told:?}") };
    assert!(
        told.starts_with("Deployment/web 1 privileged web: spec.template.")
            && told.ends_with("in Deployment/web")
    );
}

#[test]
fn each_template_below_one_controller_is_told() {
    let mut inventory = Inventory::default();
    for name in ["back", "front"] {
        let app = super::super::Kind::of("example.com/v1", "App");
        inventory.insert_template(template(Deployment, name).under(app, "shop").is(PRIVILEGED).observed());
    }
    let workloads = inventory.workloads();
    let blockers = judge("baseline").assess(&workloads).blockers(usize::MAX).listed;
    let templates: Vec<_> = blockers.iter().map(|blocker| (blocker.workload, blocker.template)).collect();
    assert_eq!(templates, [("shop", Some((Deployment, "back"))), ("shop", Some((Deployment, "front")))]);
}

#[test]
fn what_only_an_earlier_template_has_is_told_of_that() {
    let mut inventory = Inventory::default();
    deployment(&mut inventory, "web", RESTRICTED, &[("web-1-a", RESTRICTED)]);
    let earlier = template(ReplicaSet, "web-0").of(Deployment, "web").revision("0").is(PRIVILEGED);
    inventory.insert_template(earlier.observed());
    inventory.insert_pod(pod("web-0-a").of(ReplicaSet, "web-0").is(PRIVILEGED).observed());
    let told = told_of("baseline", &inventory.workloads());
    let [told] = &told[..] else { panic!("{told:?}") };
    assert!(
        told.starts_with("Deployment/web 1 privileged") && told.ends_with("in ReplicaSet/web-0"),
        "{told}"
    );
}

#[test]
fn doubt_is_told_as_doubt() {
    let mut inventory = Inventory::default();
    inventory.insert_pod(pod("a").is(IN_DOUBT).observed());
    let told = told_of("restricted", &inventory.workloads());
    let [told] = &told[..] else { panic!("{told:?}") };
    assert!(told.starts_with("Pod/a 1 restrictedVolumes -: ") && told.ends_with(" in doubt"), "{told}");
}
