//! What `podsec generate admission-policies` prints, carried out by the API server.

mod fence;
mod guard;
mod labelling;
mod page;
mod random;
mod traps;
mod window;

use std::{
    io::Write as _,
    process::{Command, Output, Stdio},
};

use k8s_openapi::api::core::v1::Namespace as KubeNamespace;
use kube::{Api, Client, api::PostParams};
use podsec_control_plane::{Builder, Cluster};
use serde_json::{Value, json};

use crate::stage::{Stage, USER};

/// Somebody who may do with namespaces what they like.
pub(crate) const TENANT: &str = "tenant";

/// A cluster with somebody beside podsec who may write namespaces in every way.
async fn stage(builder: Builder) -> Stage {
    let stage = Stage::without_controller(builder.user(TENANT)).await;
    let resources = "--resource=namespaces,namespaces/status,namespaces/finalize";
    stage.cluster.kubectl(&["create", "clusterrole", "namespaces", "--verb=*", resources]).unwrap();
    bind(&stage, "namespaces", TENANT);
    stage
}

fn bind(stage: &Stage, role: &str, user: &str) {
    let (name, role, user) =
        (format!("{role}-{user}"), format!("--clusterrole={role}"), format!("--user={user}"));
    stage.cluster.kubectl(&["create", "clusterrolebinding", &name, &role, &user]).unwrap();
}

/// `podsec generate admission-policies`, as the administrator.
fn generate(stage: &Stage, arguments: &[&str]) -> Output {
    let mut podsec = Command::new(env!("CARGO_BIN_EXE_podsec"));
    podsec.args(["generate", "admission-policies", "--user", USER]).args(arguments);
    podsec.env("KUBECONFIG", stage.cluster.admin_kubeconfig().unwrap()).output().unwrap()
}

/// What it prints.
fn generated(stage: &Stage, arguments: &[&str]) -> String {
    let output = generate(stage, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Applies manifests as `kubectl apply --server-side -f -` does.
fn apply(stage: &Stage, manifests: &str) {
    let mut kubectl = stage.cluster.kubectl_command(USER).unwrap();
    kubectl.env("KUBECONFIG", stage.cluster.admin_kubeconfig().unwrap());
    let arguments = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
    let mut running = kubectl.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    running.stdin.take().unwrap().write_all(manifests.as_bytes()).unwrap();
    assert!(running.wait().unwrap().success(), "{manifests}");
}

/// Puts policies in place, and waits until the API server goes by them: by others that are put in place after them, and
/// show it. Gives the mark of those.
async fn put_in_place(stage: &Stage, arguments: &[&str]) -> String {
    apply(stage, &generated(stage, arguments));
    // The API server follows policies of both kinds, and their bindings, by watches of their own.
    let mark = format!("mark-{}", next_mark());
    apply(stage, &marking(&mark).map(|document| document.to_string()).join("\n---\n"));
    stage
        .eventually("the policies to be in effect", || async {
            is_in_effect(&stage.admin, &mark).await.then_some(())
        })
        .await;
    mark
}

/// Takes the policy that labels away again, and waits until the API server goes by that; `mark` is of its place.
async fn take_away(stage: &Stage, mark: &str) {
    for policy in ["podsec-label-new-namespaces", mark] {
        stage.cluster.kubectl(&["delete", "mutatingadmissionpolicy", policy]).unwrap();
    }
    stage
        .eventually("the policies to be gone", || async {
            (!is_marked(&try_create(&stage.admin, &new(mark, &[])).await.ok()?)).then_some(())
        })
        .await;
}

/// Whether the API server goes by the policies of [`marking`], and so by all that were put in place before.
pub(crate) async fn is_in_effect(client: &Client, mark: &str) -> bool {
    let labelled = try_create(client, &new(mark, &[])).await;
    let refused = try_create(client, &new(&format!("{mark}-refused"), &[])).await;
    labelled.is_ok_and(|namespace| is_marked(&namespace))
        && refused.is_err_and(|refusal| refusal.to_string().contains("marked"))
}

fn is_marked(namespace: &KubeNamespace) -> bool {
    namespace.metadata.labels.iter().flatten().any(|(key, _)| key == "mark")
}

/// A number that no other call gives.
fn next_mark() -> usize {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Policies of both kinds that show when they are in effect, and touch nothing but what is named so.
pub(crate) fn marking(mark: &str) -> [Value; 4] {
    let api = "admissionregistration.k8s.io/v1";
    let requests = json!({"resourceRules": [
        {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["namespaces"]},
    ]});
    let metadata = json!({"name": mark});
    let of_it = json!([{"name": "marked", "expression": format!("object.metadata.?name.orValue('').startsWith('{mark}')")}]);
    [
        json!({"apiVersion": api, "kind": "MutatingAdmissionPolicy", "metadata": metadata, "spec": {
            "failurePolicy": "Fail", "reinvocationPolicy": "Never", "matchConstraints": requests,
            "matchConditions": of_it,
            "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {
                "expression": format!("Object{{metadata: Object.metadata{{labels: {{'mark': '{mark}'}}}}}}"),
            }}],
        }}),
        json!({"apiVersion": api, "kind": "MutatingAdmissionPolicyBinding", "metadata": metadata,
            "spec": {"policyName": mark}}),
        json!({"apiVersion": api, "kind": "ValidatingAdmissionPolicy", "metadata": metadata, "spec": {
            "failurePolicy": "Fail", "matchConstraints": requests, "matchConditions": of_it,
            "validations": [{"expression": "!object.metadata.name.endsWith('-refused')", "message": "marked"}],
        }}),
        json!({"apiVersion": api, "kind": "ValidatingAdmissionPolicyBinding", "metadata": metadata,
            "spec": {"policyName": mark, "validationActions": ["Deny"]}}),
    ]
}

/// A namespace that is to be created; the modes of Pod Security may be named without their prefix.
fn new(name: &str, labels: &[(&str, &str)]) -> KubeNamespace {
    let labels: std::collections::BTreeMap<_, _> =
        labels.iter().map(|(key, value)| (crate::stage::namespaces::full(key), *value)).collect();
    serde_json::from_value(json!({"metadata": {"name": name, "labels": labels}})).unwrap()
}

/// Has the API server carry out a creation up to the storing.
async fn try_create(client: &Client, namespace: &KubeNamespace) -> kube::Result<KubeNamespace> {
    let params = PostParams { dry_run: true, field_manager: Some("kubectl-create".into()) };
    Api::all(client.clone()).create(&params, namespace).await
}

/// The labels of Pod Security on a namespace, as in `enforce=baseline enforce-version=v1.37`.
fn levels(namespace: &KubeNamespace) -> String {
    let labels = namespace.metadata.labels.iter().flatten().filter_map(|(key, value)| {
        Some(format!("{}={value}", key.strip_prefix(podsec::standards::LABEL_PREFIX)?))
    });
    labels.collect::<Vec<_>>().join(" ")
}

/// A profile that governs by a label, and one for all the rest.
async fn two_profiles(stage: &Stage) {
    stage.profile("apps", apps()).await;
    let rest = json!({
        "namespaceSelector": {}, "priority": -1, "enforce": {"level": "restricted", "version": "v1.30"},
        "exemptions": [{"name": "legacy-*", "reason": "OPS-1412"}],
    });
    stage.profile("rest", rest).await;
}

fn apps() -> Value {
    json!({
        "namespaceSelector": {"matchLabels": {"tier": "apps"}},
        "enforce": {"level": "baseline"}, "warn": {"level": "restricted"},
        "rollout": {"strategy": "Immediate"},
    })
}

/// A cluster with both profiles and all policies in place.
async fn fenced(builder: Builder) -> Stage {
    let stage = stage(builder).await;
    two_profiles(&stage).await;
    put_in_place(&stage, &[]).await;
    stage
}

/// The same without anything beside the API server.
async fn fenced_alone() -> Stage {
    fenced(Cluster::builder()).await
}
