use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::{
    assessment::{Activity, Fingerprint, Kind, PodPhase, Reference, TemplateKind},
    standards::pod::Pod,
};

/// An object with what the API server always sets.
fn object(metadata: &Value, rest: &Value) -> Value {
    let mut object = json!({"metadata": {
        "name": "web", "namespace": "team-a", "uid": "u-web", "generation": 2, "resourceVersion": "7",
        "creationTimestamp": "2026-11-22T10:00:00Z",
        "managedFields": [{"manager": "m", "fieldsV1": {"f:metadata": {"f:name": {}}}}],
    }});
    merge(&mut object["metadata"], metadata);
    merge(&mut object, rest);
    object
}

fn merge(into: &mut Value, from: &Value) {
    for (key, value) in from.as_object().unwrap() {
        into[key] = value.clone();
    }
}

fn observed(resource: Resource, object: &Value) -> Observed {
    let text = object.to_string();
    let mut shapes = Shapes::default();
    let (namespace, observed) = read(resource, text.as_bytes(), &mut shapes).unwrap();
    assert_eq!(&*namespace, "team-a");
    let (namespace, name) = identify(text.as_bytes()).unwrap();
    assert_eq!((&*namespace, &*name), ("team-a", observed.name()));
    observed
}

fn pod(metadata: &Value, rest: &Value) -> ObservedPod {
    match observed(Resource::Pods, &object(metadata, rest)) {
        Observed::Pod(pod) => pod,
        Observed::Template(template) => panic!("{template:?}"),
    }
}

fn template(kind: TemplateKind, metadata: &Value, rest: &Value) -> ObservedTemplate {
    match observed(Resource::Templates(kind), &object(metadata, rest)) {
        Observed::Template(template) => template,
        Observed::Pod(pod) => panic!("{pod:?}"),
    }
}

fn reason(reading: &Reading) -> &str {
    match reading {
        Reading::Unreadable(reason) => reason,
        Reading::Judgeable(shape) => panic!("{shape:?}"),
    }
}

fn owner(api_version: &str, kind: &str) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "name": "db", "uid": "u-db", "controller": true})
}

#[test]
fn a_pod_is_read_with_what_bears_on_a_judgement() {
    let spec = json!({"hostPID": true, "containers": [{"name": "c", "image": "i"}], "nodeName": "n"});
    let pod = pod(
        &json!({
            "labels": {"app": "web", "controller-revision-hash": "db-1", "pod-template-generation": "3"},
            "annotations": {
                "other": "\"", "container.apparmor.security.beta.kubernetes.io/c": "unconfined",
            },
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "Node", "name": "n", "uid": "u-n"},
                owner("apps/v1", "StatefulSet"),
            ],
        }),
        &json!({"spec": spec, "status": {"phase": "Running", "podIP": "10.0.0.1"}}),
    );
    let expected = ObservedPod {
        name: "web".into(),
        controller: Some(Reference {
            uid: Fingerprint::of("u-db"),
            kind: Kind::Template(TemplateKind::StatefulSet),
            name: "db".into(),
        }),
        revision: Some(Fingerprint::of("db-1")),
        reading: pod.reading.clone(),
        phase: PodPhase::Live,
        mirror: false,
        created: "2026-11-22T10:00:00Z".parse().unwrap(),
    };
    assert_eq!(pod, expected);
    let Reading::Judgeable(shape) = pod.reading else { panic!("{pod:?}") };
    let text = json!({
        "metadata": {"annotations": {"container.apparmor.security.beta.kubernetes.io/c": "unconfined"}},
        "spec": {"hostPID": true, "containers": [{"name": "c"}]},
    });
    assert_eq!(*shape.pod(), Pod::from_json(&text.to_string()).unwrap());
}

#[rstest]
#[case("apps/v1", "StatefulSet", Some("hash"))]
#[case("apps/v1", "DaemonSet", Some("3"))]
#[case("apps/v1", "ReplicaSet", None)]
#[case("apps.kruise.io/v1beta1", "StatefulSet", None)]
fn the_revision_of_a_pod_is_what_its_controller_marks_it_with(
    #[case] api_version: &str,
    #[case] kind: &str,
    #[case] revision: Option<&str>,
) {
    let labels = json!({"controller-revision-hash": "hash", "pod-template-generation": "3"});
    let pod = pod(&json!({"labels": labels, "ownerReferences": [owner(api_version, kind)]}), &json!({}));
    assert_eq!(pod.revision, revision.map(Fingerprint::of));
    assert_eq!(pod.controller.unwrap().kind, Kind::of(api_version, kind));
}

#[test]
fn only_a_controller_controls() {
    for controller in [json!(false), json!(null)] {
        let mut owner = owner("apps/v1", "ReplicaSet");
        owner["controller"] = controller;
        assert_eq!(pod(&json!({"ownerReferences": [owner]}), &json!({})).controller, None);
    }
    assert_eq!(pod(&json!({"ownerReferences": null}), &json!({})).controller, None);
}

#[rstest]
#[case("Running", None, PodPhase::Live)]
#[case("Pending", None, PodPhase::Live)]
#[case("Unknown", None, PodPhase::Live)]
#[case("Succeeded", None, PodPhase::Finished)]
#[case("Failed", Some("2026-11-22T10:00:00Z"), PodPhase::Finished)]
#[case("Running", Some("2026-11-22T10:00:00Z"), PodPhase::Deleting)]
fn a_pod_has_come_so_far(#[case] phase: &str, #[case] deleted: Option<&str>, #[case] expected: PodPhase) {
    let pod = pod(&json!({"deletionTimestamp": deleted}), &json!({"status": {"phase": phase}}));
    assert_eq!(pod.phase, expected);
}

#[test]
fn a_mirror_pod_is_told_by_its_annotation() {
    let mirror = |annotations: Value| pod(&json!({"annotations": annotations}), &json!({})).mirror;
    assert!(mirror(json!({"kubernetes.io/config.mirror": "hash"})));
    assert!(mirror(json!({"kubernetes.io/config.mirror": ""})));
    assert!(!mirror(json!({"kubernetes.io/config.source": "file"})));
    assert!(!mirror(json!(null)));
}

#[test]
fn a_pod_that_cannot_be_read_is_one_all_the_same() {
    let pod = pod(
        &json!({"ownerReferences": [owner("apps/v1", "ReplicaSet")]}),
        &json!({"spec": {"containers": [{"name": "c"}], "hostPID": "yes"}, "status": {"phase": "Succeeded"}}),
    );
    assert_eq!(reason(&pod.reading), "spec.hostPID: invalid type: string \"yes\", expected a boolean");
    assert_eq!(pod.phase, PodPhase::Finished);
    assert!(pod.controller.is_some());
}

#[test]
fn a_pod_whose_status_cannot_be_read_counts_as_live() {
    let pod = pod(&json!({}), &json!({"status": 1}));
    assert_eq!(pod.phase, PodPhase::Live);
    assert!(reason(&pod.reading).contains("invalid type"));
}

#[test]
fn a_pod_without_an_age_cannot_be_judged() {
    for created in [json!(null), json!("soon")] {
        let pod = pod(&json!({"creationTimestamp": created}), &json!({}));
        assert!(reason(&pod.reading).starts_with("metadata.creationTimestamp"));
    }
}

#[test]
fn what_is_said_of_an_unreadable_pod_is_short() {
    let pod = pod(&json!({}), &json!({"spec": {"hostPID": "é".repeat(5000)}}));
    assert!(reason(&pod.reading).chars().count() <= LONGEST_REASON + 1);
}

#[test]
fn an_object_that_does_not_say_which_one_it_is_is_an_error() {
    for field in ["name", "namespace", "uid"] {
        for value in [json!(null), json!(""), json!(1)] {
            for resource in Resource::ALL {
                let text = object(&json!({field: value}), &json!({})).to_string();
                let read = read(resource, text.as_bytes(), &mut Shapes::default());
                assert!(matches!(read, Err(BrokenAnswer::Unidentified(_))), "{read:?}");
            }
        }
    }
    assert!(read(Resource::Pods, b"{}", &mut Shapes::default()).is_err());
}

/// Where the template of a kind stands, around the template.
fn with_template(kind: TemplateKind, template: &Value) -> Value {
    let path = kind.template_path();
    path.rsplit('.').fold(template.clone(), |value, field| json!({field: value}))
}

#[test]
fn the_template_of_every_kind_is_found() {
    let spec = json!({"spec": {"containers": [{"name": "c", "securityContext": {"privileged": true}}]}});
    for kind in TemplateKind::ALL {
        let observed = template(kind, &json!({}), &with_template(kind, &spec));
        let Reading::Judgeable(shape) = observed.reading else { panic!("{observed:?}") };
        assert_eq!(*shape.pod(), Pod::from_json(&spec.to_string()).unwrap());
        assert_eq!((observed.kind, observed.uid), (kind, Fingerprint::of("u-web")));
    }
}

#[test]
fn a_template_that_cannot_be_read_is_one_all_the_same() {
    for kind in TemplateKind::ALL {
        let observed = template(kind, &json!({}), &with_template(kind, &json!({"spec": {"hostPID": 1}})));
        assert!(reason(&observed.reading).contains("a boolean"), "{observed:?}");
        let observed = template(kind, &json!({}), &json!({}));
        assert_eq!(reason(&observed.reading), format!("{}: is missing", kind.template_path()));
        assert_eq!((observed.name.as_str(), observed.revision), ("web", None));
    }
}

#[test]
fn an_object_asks_for_pods_unless_it_says_otherwise() {
    let activity = |kind, rest: Value| template(kind, &json!({}), &rest).activity;
    for kind in TemplateKind::ALL {
        let scales = matches!(
            kind,
            TemplateKind::Deployment
                | TemplateKind::ReplicaSet
                | TemplateKind::ReplicationController
                | TemplateKind::StatefulSet
        );
        let at_zero = if scales { Activity::AtZero } else { Activity::Active };
        assert_eq!(activity(kind, json!({"spec": {"replicas": 0}})), at_zero, "{kind:?}");
        assert_eq!(activity(kind, json!({"spec": {"replicas": 3}})), Activity::Active);
        assert_eq!(activity(kind, json!({"spec": {"suspend": true}})), Activity::Active);
        assert_eq!(activity(kind, json!({})), Activity::Active);
    }
}

#[rstest]
#[case(json!([{"type": "Complete", "status": "True"}]), Activity::Finished)]
#[case(json!([{"type": "Suspended", "status": "False"}, {"type": "Failed", "status": "True"}]), Activity::Finished)]
#[case(json!([{"type": "Failed", "status": "False"}]), Activity::Active)]
#[case(json!([{"type": "FailureTarget", "status": "True"}]), Activity::Active)]
#[case(json!([{"type": "Suspended", "status": "True"}]), Activity::Active)]
#[case(json!(null), Activity::Active)]
fn a_job_is_finished_once_it_says_so(#[case] conditions: Value, #[case] expected: Activity) {
    let job = template(TemplateKind::Job, &json!({}), &json!({"status": {"conditions": conditions}}));
    assert_eq!(job.activity, expected);
}

fn revision(kind: TemplateKind, metadata: &Value, rest: &Value) -> Option<Fingerprint> {
    template(kind, metadata, rest).revision
}

#[test]
fn a_deployment_has_the_revision_of_the_replica_set_that_it_makes() {
    let of = |kind, template: Value| revision(kind, &json!({}), &json!({"spec": {"template": template}}));
    let template = |labels: Value, image: &str| json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": image}]}});
    let deployment = |image| of(TemplateKind::Deployment, template(json!({"app": "web"}), image));
    let replica_set = |labels, image| of(TemplateKind::ReplicaSet, template(labels, image));
    let hashed = json!({"app": "web", "pod-template-hash": "7d4b9c6f5d"});
    assert_eq!(deployment("i:1"), replica_set(hashed.clone(), "i:1"));
    assert!(deployment("i:1").is_some());
    assert_ne!(deployment("i:1"), replica_set(hashed, "i:2"), "also in what no check reads");
    assert_ne!(deployment("i:1"), replica_set(json!({"app": "web", "x-hash": "1"}), "i:1"));
    // Only there, and only as a label.
    let annotated = |value: &str| {
        let mut template = template(json!({"app": "web"}), "i:1");
        template["metadata"]["annotations"] = json!({"pod-template-hash": value});
        of(TemplateKind::Deployment, template)
    };
    assert_ne!(annotated("a"), annotated("b"));
}

#[test]
fn templates_that_differ_in_anything_have_different_revisions() {
    let of = |spec: Value| {
        revision(TemplateKind::Deployment, &json!({}), &json!({"spec": {"template": {"spec": spec}}}))
    };
    let specs = [
        json!({}),
        json!({"a": "1"}),
        json!({"a": 1}),
        json!({"a": -1}),
        json!({"a": 1.5}),
        json!({"a": true}),
        json!({"a": false}),
        json!({"a": []}),
        json!({"a": [[]]}),
        json!({"a": [{}]}),
        json!({"a": {"b": "1"}}),
        json!({"a": {}, "b": "1"}),
        json!({"a": ["b", "c"]}),
        json!({"a": ["bc"]}),
        json!({"a": ["c", "b"]}),
    ];
    for (index, one) in specs.iter().enumerate() {
        for other in &specs[..index] {
            assert_ne!(of(one.clone()), of(other.clone()), "{one} {other}");
        }
        assert_eq!(of(one.clone()), of(one.clone()));
    }
    assert_eq!(of(json!({"a": null})), of(json!({})), "as some versions write what others leave out");
}

#[test]
fn the_revision_of_a_stateful_set_is_known_once_its_status_is_of_the_template() {
    let of = |observed: i64, revision: &str| {
        let status = json!({"observedGeneration": observed, "updateRevision": revision});
        self::revision(TemplateKind::StatefulSet, &json!({"generation": 2}), &json!({"status": status}))
    };
    assert_eq!(of(2, "web-2"), Some(Fingerprint::of("web-2")));
    assert_eq!(of(1, "web-1"), None);
    assert_eq!(of(2, ""), None);
}

#[test]
fn the_revision_of_a_daemon_set_is_how_often_its_template_changed() {
    let annotations = json!({"deprecated.daemonset.template.generation": "3"});
    let of =
        |annotations| revision(TemplateKind::DaemonSet, &json!({"annotations": annotations}), &json!({}));
    assert_eq!(of(annotations), Some(Fingerprint::of("3")));
    assert_eq!(of(json!({})), None);
}
