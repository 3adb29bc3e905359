//! The shipped roles grant what the controller uses, and nothing besides.

use std::{collections::BTreeSet, sync::Arc};

use http::Method;
use podsec::controller::SystemClock;
use podsec_control_plane::Cluster;
use serde_json::{Value, json};

use crate::{
    interposer::Passed,
    stage::{LEASE, Stage, USER, namespaces::label},
};

/// What a role may grant, in the words of RBAC: API group, resource with subresource, namespace, name, verb. An
/// empty namespace or name stands for all of them.
type Right = (String, String, String, String, String);

/// The rights that a role's rules grant.
fn granted(stage: &Stage, kind: &str, name: &str, namespace: &str) -> BTreeSet<Right> {
    let mut arguments = vec!["get", kind, name, "-o", "json"];
    if !namespace.is_empty() {
        arguments.extend(["-n", namespace]);
    }
    let role: Value = serde_json::from_str(&stage.cluster.kubectl(&arguments).unwrap()).unwrap();
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let mut rights = BTreeSet::new();
    for rule in role["rules"].as_array().unwrap() {
        let mut names = texts(&rule["resourceNames"]);
        if names.is_empty() {
            names.push(String::new());
        }
        for group in texts(&rule["apiGroups"]) {
            for resource in texts(&rule["resources"]) {
                for name in &names {
                    for verb in texts(&rule["verbs"]) {
                        let (group, resource) = (group.clone(), resource.clone());
                        rights.insert((group, resource, namespace.to_owned(), name.clone(), verb));
                    }
                }
            }
        }
    }
    rights
}

/// The right that a request needs, in full: with the namespace and the name it is about.
fn needed(passed: &Passed) -> Option<Right> {
    let segments: Vec<_> = passed.path().trim_matches('/').split('/').collect();
    let (group, rest) = match *segments.as_slice() {
        ["api", _, ref rest @ ..] => ("", rest),
        ["apis", group, _, ref rest @ ..] => (group, rest),
        // Everybody who is authenticated may ask for the version.
        ["version"] => return None,
        _ => panic!("no request for a resource: {passed:?}"),
    };
    let (namespace, rest) = match *rest {
        ["namespaces", namespace, ref rest @ ..] if !rest.is_empty() && rest != ["status"] => {
            (namespace, rest)
        }
        _ => ("", rest),
    };
    let (resource, name) = match *rest {
        [resource] => (resource.to_owned(), ""),
        [resource, name] => (resource.to_owned(), name),
        [resource, name, subresource] => (format!("{resource}/{subresource}"), name),
        _ => panic!("no request for a resource: {passed:?}"),
    };
    let watches = passed.uri.contains("watch=true") || passed.uri.contains("watch=1");
    let verb = match (&passed.method, name.is_empty()) {
        (&Method::GET, true) if watches => "watch",
        (&Method::GET, true) => "list",
        (&Method::GET, false) => "get",
        (&Method::POST, _) => "create",
        (&Method::PUT, _) => "update",
        (&Method::PATCH, _) => "patch",
        (&Method::DELETE, true) => "deletecollection",
        (&Method::DELETE, false) => "delete",
        _ => panic!("no verb: {passed:?}"),
    };
    Some((group.to_owned(), resource, namespace.to_owned(), name.to_owned(), verb.to_owned()))
}

/// All rights that a request needs: an apply that created something needs that of creating it, too.
fn needed_in_all(passed: &Passed) -> Vec<Right> {
    let right = needed(passed);
    let creates = passed.method == Method::PATCH && passed.code == Some(201);
    let create = right
        .clone()
        .filter(|_| creates)
        .map(|right| (right.0, right.1, right.2, right.3, "create".to_owned()));
    right.into_iter().chain(create).collect()
}

/// Whether a granted right is of use for what is needed.
fn covers(granted: &Right, needed: &Right) -> bool {
    let (group, resource, namespace, name, verb) = granted;
    let any_or = |text: &str, of: &str| text.is_empty() || text == of;
    (group, resource, verb) == (&needed.0, &needed.1, &needed.4)
        && any_or(namespace, &needed.2)
        && any_or(name, &needed.3)
}

#[tokio::test]
async fn every_right_granted_is_used_and_no_other_is_needed() {
    let mut stage = Stage::without_controller(Cluster::builder()).await;
    stage.clock = Some(Arc::new(SystemClock));
    stage.start();
    let spec = json!({
        "namespaceNames": ["team-*"], "enforce": {"level": "baseline"}, "rollout": {"strategy": "Immediate"},
    });
    stage.settled_profile("teams", spec.clone()).await;
    // Somebody comes in between, so that the namespace has to be read again.
    let api = stage.namespaces();
    stage.interposer.before_next_write(move || async move {
        label(&api, "team-a", &[("team", Some("a"))]).await.unwrap();
    });
    stage.namespace("team-a", &[]).await;
    let baseline = "enforce=baseline+podsec enforce-version=v1.37+podsec";
    stage.shows("team-a", baseline).await;
    stage.event("Raised", "team-a").await;
    stage.label("team-a", &[("enforce", None)]).await;
    stage.shows("team-a", baseline).await;
    stage.report("team-a").await;
    stage.delete_profile("teams").await;
    stage.shows("team-a", &baseline.replace("+podsec", "+retained")).await;
    stage.has_no_report("team-a").await;
    stage.stop().await;
    stage.start();
    stage
        .eventually("the second start", || async {
            let (code, body) = stage.asked("/readyz").await?;
            (code == 200 && body == "ok\n").then_some(())
        })
        .await;

    let mut granted_rights = granted(&stage, "clusterrole", "podsec", "");
    granted_rights.extend(granted(&stage, "role", LEASE.1, LEASE.0));
    let passed = stage.interposer.passed();
    let refused: Vec<_> = passed.iter().filter(|passed| matches!(passed.code, Some(401 | 403))).collect();
    assert!(refused.is_empty(), "{refused:?}");
    let needed: BTreeSet<_> = passed.iter().flat_map(needed_in_all).collect();
    let missing: Vec<_> =
        needed.iter().filter(|needed| !granted_rights.iter().any(|right| covers(right, needed))).collect();
    assert!(missing.is_empty(), "needed, but not granted: {missing:?}");
    let idle: Vec<_> =
        granted_rights.iter().filter(|right| !needed.iter().any(|needed| covers(right, needed))).collect();
    assert!(idle.is_empty(), "granted, but not used: {idle:?}");

    // Rights that are missing for a while, as on an API server that has just started, are not missed for long.
    stage.settled_profile("teams", spec).await;
    let tells = ["create", "clusterrole", "tells", "--verb=create", "--resource=events.events.k8s.io"];
    stage.cluster.kubectl(&tells).unwrap();
    let user = format!("--user={USER}");
    stage.cluster.kubectl(&["create", "clusterrolebinding", "tells", "--clusterrole=tells", &user]).unwrap();
    stage.cluster.kubectl(&["delete", "clusterrolebinding", "test"]).unwrap();
    stage.eventually("the role to lose its effect", || async { (!stage.may_patch()).then_some(()) }).await;
    stage.namespace("team-b", &[]).await;
    stage.event("Unwritable", "team-b").await;
    stage.bind_cluster_role();
    stage.shows("team-b", baseline).await;
}

#[test]
fn requests_are_told_apart_as_rbac_does() {
    let right = |method: Method, uri: &str| {
        let passed = Passed { method, uri: uri.to_owned(), code: None };
        needed(&passed).map(|(group, resource, namespace, name, verb)| {
            [group, resource, namespace, name, verb].join(" ")
        })
    };
    let table = [
        (Method::GET, "/version", None),
        (Method::GET, "/api/v1/namespaces?watch=true", Some(" namespaces   watch")),
        (Method::GET, "/api/v1/namespaces?limit=500", Some(" namespaces   list")),
        (Method::PATCH, "/api/v1/namespaces/a?force=true", Some(" namespaces  a patch")),
        (Method::PATCH, "/api/v1/namespaces/a/status", Some(" namespaces/status  a patch")),
        (Method::GET, "/api/v1/namespaces/a/pods", Some(" pods a  list")),
        (
            Method::POST,
            "/apis/events.k8s.io/v1/namespaces/default/events",
            Some("events.k8s.io events default  create"),
        ),
        (
            Method::PATCH,
            "/apis/podsec.dev/v1alpha1/clusterpodsecurityprofiles/p/status?",
            Some("podsec.dev clusterpodsecurityprofiles/status  p patch"),
        ),
    ];
    for (method, uri, expected) in table {
        assert_eq!(right(method, uri).as_deref(), expected, "{uri}");
    }
}
