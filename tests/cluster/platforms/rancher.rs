//! Rancher's webhook asks whether whoever changes a label of Pod Security has the verb `updatepsa` on its projects. Here an
//! admission policy asks the same.

use k8s_openapi::api::authorization::v1::SubjectAccessReview;
use kube::{Api, api::PostParams};
use podsec_control_plane::Cluster;
use serde_json::json;

use super::page;
use crate::{
    ownership::page::blocks,
    stage::{Stage, USER},
};

/// What the webhook looks at and asks, in the words of an admission policy.
fn policy() -> String {
    let changed = "['enforce', 'enforce-version', 'audit', 'audit-version', 'warn', 'warn-version']\
                   .map(key, 'pod-security.kubernetes.io/' + key)\
                   .exists(key, object.metadata.?labels[?key].orValue('') != (oldObject == null ? '' : \
                   oldObject.metadata.?labels[?key].orValue('')))";
    let may = "authorizer.group('management.cattle.io').resource('projects').check('updatepsa').allowed()";
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "rancher"},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {"resourceRules": [{
                "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["namespaces"],
            }]},
            "validations": [{"expression": format!("!{changed} || {may}"), "message": "Unauthorized", "reason": "Forbidden"}],
        },
    });
    let binding = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "rancher"}, "spec": {"policyName": "rancher", "validationActions": ["Deny"]},
    });
    format!("{policy}\n---\n{binding}\n")
}

/// What the webhook asks the API server about a user.
async fn may(stage: &Stage, user: &str) -> bool {
    let attributes = json!({"verb": "updatepsa", "group": "management.cattle.io", "version": "v3", "resource": "projects"});
    let review =
        serde_json::from_value(json!({"spec": {"user": user, "resourceAttributes": attributes}})).unwrap();
    let reviews: Api<SubjectAccessReview> = Api::all(stage.admin.clone());
    reviews.create(&PostParams::default(), &review).await.unwrap().status.unwrap().allowed
}

#[tokio::test]
async fn podsec_says_that_it_is_refused_until_it_has_the_verb() {
    let page = page();
    let [role] = blocks(&page, "yaml").try_into().expect("one manifest");
    let mut stage = Stage::without_controller(Cluster::builder()).await;
    stage.namespace("shop", &[]).await;
    stage.cluster.apply(&policy()).unwrap();
    let attempt =
        ["label", "namespace", "shop", "pod-security.kubernetes.io/warn=baseline", "--dry-run=server"];
    let refusal = stage
        .eventually("podsec's user to be refused", || async {
            stage.cluster.kubectl_as(USER, &attempt).err().map(|error| error.to_string())
        })
        .await;
    assert!(refusal.contains("Unauthorized"), "{refusal}");

    stage.start();
    // Whether or not the gate would be asked: nothing is written, audit and warn neither.
    let spec = json!({
        "namespaceNames": ["shop"], "enforce": {"level": "baseline"}, "warn": {"level": "restricted"},
    });
    stage.profile("shop", spec).await;
    let event = stage.event("Unwritable", "shop").await;
    assert!(event.note.as_deref().is_some_and(|note| note.contains("Unauthorized")), "{event:?}");
    let (status, reason, message) = stage
        .eventually("the profile to be stalled", || async {
            stage.condition("shop", "Stalled").await.filter(|(status, ..)| status == "True")
        })
        .await;
    assert_eq!((status.as_str(), reason.as_str()), ("True", "Forbidden"), "{message}");
    assert!(message.contains("Unauthorized"), "{message}");
    let unwritable = stage.status("shop").await["unwritable"].take();
    assert_eq!(unwritable[0]["name"], "shop", "{unwritable}");
    assert_eq!(stage.shown("shop").await, "");

    // What the page says is right for podsec as it is installed, and does here for the user whom it runs as.
    stage.cluster.apply(role).unwrap();
    stage
        .eventually("the role to take effect", || async {
            may(&stage, "system:serviceaccount:podsec-system:podsec").await.then_some(())
        })
        .await;
    assert!(!may(&stage, USER).await);
    let user = format!("--user={USER}");
    let bind = ["create", "clusterrolebinding", "here", "--clusterrole=podsec-rancher", &user];
    stage.cluster.kubectl(&bind).unwrap();
    stage.eventually("the user to have it, too", || async { may(&stage, USER).await.then_some(()) }).await;
    // podsec goes on by itself, less and less often; when the namespace changes, at once.
    stage.label("shop", &[("looked-at", Some("again"))]).await;
    stage.shows("shop", "enforce=baseline+podsec enforce-version=v1.37+podsec warn=restricted+podsec warn-version=latest+podsec").await;
    stage
        .eventually("the profile to be carried out", || async {
            let stalled = stage.condition("shop", "Stalled").await;
            let ready = stage.condition("shop", "Ready").await?;
            (stalled.is_none() && ready.0 == "True").then_some(())
        })
        .await;
}
