//! Whether an API server goes by what is stored.
//!
//! It decides by copies of what is stored: of namespaces, of each of the four kinds of RBAC, of policies. It follows each
//! kind in the order of storing. So it has followed when it goes by what is stored last: the marks.

use std::sync::atomic::{AtomicUsize, Ordering};

use k8s_openapi::api::{authorization::v1::SubjectAccessReview, core::v1::Pod};
use kube::{Api, Client, api::PostParams};
use serde_json::{Value, json};

use crate::{
    fences::{is_in_effect, marking},
    stage::{eventually, installed::apply, workloads::privileged},
};

/// Waits until the API server goes by all that is stored, policies included where there were any. Gives what the names
/// of the marks begin with, which are left.
pub(super) async fn caught_up(admin: &Client, policies: bool) -> String {
    // Never the same twice: the API server forgets a mark a moment after it is gone.
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let mark = format!("lent-on-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    // Of a namespace that is not there yet.
    let new = format!("{mark}-new");
    let policies = if policies { marking(&new).to_vec() } else { Vec::new() };
    for object in marks(&mark).iter().chain(&policies) {
        apply(admin, object).await;
    }
    let goes_by_them = || async {
        let decides = is_refused(admin, &mark).await
            && may(admin, &mark, "cluster").await
            && may(admin, &mark, "namespace").await;
        let acts = policies.is_empty() || is_in_effect(admin, &new).await;
        (decides && acts).then_some(())
    };
    eventually("the API server to go by what is stored", goes_by_them).await;
    mark
}

fn marks(mark: &str) -> [Value; 5] {
    let (api, group) = ("rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io");
    let rules = |verb: &str| json!([{"apiGroups": ["podsec.dev"], "resources": [mark], "verbs": [verb]}]);
    let subjects = json!([{"apiGroup": group, "kind": "User", "name": mark}]);
    let name = json!({"name": mark});
    let within = json!({"name": mark, "namespace": mark});
    let role_ref = |kind: &str| json!({"apiGroup": group, "kind": kind, "name": mark});
    [
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": mark, "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
        }}),
        json!({"apiVersion": api, "kind": "ClusterRole", "metadata": name, "rules": rules("cluster")}),
        json!({"apiVersion": api, "kind": "ClusterRoleBinding", "metadata": name,
            "roleRef": role_ref("ClusterRole"), "subjects": subjects}),
        json!({"apiVersion": api, "kind": "Role", "metadata": within, "rules": rules("namespace")}),
        json!({"apiVersion": api, "kind": "RoleBinding", "metadata": within,
            "roleRef": role_ref("Role"), "subjects": subjects}),
    ]
}

/// Whether Pod Security goes by the namespace.
async fn is_refused(admin: &Client, mark: &str) -> bool {
    let pod = json!({"metadata": {"name": mark}, "spec": privileged()});
    let pod: Pod = serde_json::from_value(pod).unwrap();
    let params = PostParams { dry_run: true, ..PostParams::default() };
    let refused = Api::<Pod>::namespaced(admin.clone(), mark).create(&params, &pod).await;
    refused.is_err_and(|error| error.to_string().contains("violates PodSecurity"))
}

/// Whether the authorizer goes by one of the two roles.
async fn may(admin: &Client, mark: &str, verb: &str) -> bool {
    let attributes = json!({"verb": verb, "group": "podsec.dev", "resource": mark, "namespace": mark});
    let review = json!({"spec": {"user": mark, "resourceAttributes": attributes}});
    let review: SubjectAccessReview = serde_json::from_value(review).unwrap();
    let review = Api::all(admin.clone()).create(&PostParams::default(), &review).await;
    review.is_ok_and(|review| review.status.is_some_and(|status| status.allowed))
}
