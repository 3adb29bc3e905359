//! What a large cluster has in it: namespaces, each with a Deployment, its ReplicaSet and their pods.

use std::{error::Error, future::Future, ops::Range};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use http::{Method, Request};
use kube::Client;
use serde_json::{Value, json};

/// How many requests are in flight.
const AT_A_TIME: usize = 48;

/// How many applications there are; every namespace runs one of them.
const APPLICATIONS: usize = 500;

/// What an API server keeps of a pod that never ran lacks status and the kubelet's `managedFields`: an annotation of so
/// many bytes stands in for them.
const PADDING: usize = 3700;

/// A namespace by its number.
pub(crate) fn name(number: usize) -> String {
    format!("team-{number:05}")
}

/// Sends a request, and reads its answer as JSON.
pub(crate) async fn send(
    client: &Client,
    method: Method,
    uri: &str,
    body: Option<&Value>,
) -> Result<Value, Box<dyn Error + Send + Sync>> {
    let content = match method {
        Method::PATCH => "application/merge-patch+json",
        _ => "application/json",
    };
    let request = Request::builder().method(method).uri(uri).header("Content-Type", content);
    Ok(client.request(request.body(body.map(Value::to_string).unwrap_or_default().into_bytes())?).await?)
}

/// Does something for many numbers, some at a time, and ends at the first failure.
pub(crate) async fn each<F: Future<Output = Result<(), Box<dyn Error + Send + Sync>>>>(
    numbers: Range<usize>,
    work: impl FnMut(usize) -> F,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    stream::iter(numbers.map(work)).buffer_unordered(AT_A_TIME).try_collect::<()>().await
}

/// Creates namespaces each with a Deployment and a `ReplicaSet`, and no pods. Returns the uids of the latter.
pub(crate) async fn namespaces(
    client: &Client,
    count: usize,
) -> Result<Vec<String>, Box<dyn Error + Send + Sync>> {
    let make = async |number: usize| -> Result<String, Box<dyn Error + Send + Sync>> {
        let name = name(number);
        let namespace = json!({"metadata": {"name": name, "labels": {"team": name}}});
        send(client, Method::POST, "/api/v1/namespaces", Some(&namespace)).await?;
        let apps = |plural| format!("/apis/apps/v1/namespaces/{name}/{plural}");
        let deployment = send(client, Method::POST, &apps("deployments"), Some(&deployment(number))).await?;
        let set = replica_set(number, &deployment["metadata"]["uid"]);
        let set = send(client, Method::POST, &apps("replicasets"), Some(&set)).await?;
        Ok(set["metadata"]["uid"].as_str().unwrap_or_default().to_owned())
    };
    stream::iter((0..count).map(make)).buffered(AT_A_TIME).try_collect().await
}

/// Creates pods so that every namespace has as many as the end of `each_has`, after having had as many as its begin.
pub(crate) async fn pods(
    client: &Client,
    sets: &[String],
    each_has: Range<usize>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let every = each_has.len();
    each(0..sets.len() * every, async |index| {
        let (number, of_namespace) = (index / every, each_has.start + index % every);
        let uid = sets.get(number).map_or("", String::as_str);
        let pod = pod(number, of_namespace, uid);
        let uri = format!("/api/v1/namespaces/{}/pods", name(number));
        send(client, Method::POST, &uri, Some(&pod)).await?;
        Ok(())
    })
    .await
}

/// The pod that an application is made of: half of the namespaces run one that restricted accepts, the other half one
/// that not even baseline does.
fn application(number: usize) -> Value {
    let wanted = if number.is_multiple_of(2) { "large, conforming" } else { "large, violating" };
    let sample = super::pods::all().into_iter().find(|sample| sample.name == wanted);
    let mut pod: Value =
        sample.and_then(|sample| serde_json::from_str(&sample.json).ok()).unwrap_or_default();
    let application = number % APPLICATIONS;
    pod["spec"]["containers"][0]["name"] = format!("orders-api-{application:03}").into();
    // On a host's network, two containers cannot have the same ports.
    pod["spec"]["containers"][1]["ports"] = json!([]);
    let mut annotations = pod["metadata"]["annotations"].clone();
    annotations["example.com/filler"] = "x".repeat(PADDING).into();
    json!({
        "metadata": {"labels": {"app": "orders-api"}, "annotations": annotations},
        "spec": pod["spec"],
    })
}

/// What a Deployment's template may hold of a pod's spec: the node and the volume of the service account's token are
/// put in later.
fn template(number: usize) -> Value {
    let mut template = application(number);
    if let Some(spec) = template["spec"].as_object_mut() {
        spec.remove("nodeName");
    }
    template["metadata"]["annotations"] = json!({});
    template
}

fn deployment(number: usize) -> Value {
    json!({
        "metadata": {"name": "orders-api", "annotations": {"deployment.kubernetes.io/revision": "1"}},
        "spec": {"replicas": 10, "selector": {"matchLabels": {"app": "orders-api"}}, "template": template(number)},
    })
}

const HASH: &str = "6d8f7b9c5d";

fn replica_set(number: usize, deployment: &Value) -> Value {
    let mut template = template(number);
    template["metadata"]["labels"]["pod-template-hash"] = HASH.into();
    json!({
        "metadata": {
            "name": format!("orders-api-{HASH}"),
            "labels": {"app": "orders-api", "pod-template-hash": HASH},
            "annotations": {"deployment.kubernetes.io/revision": "1"},
            "ownerReferences": [owner("Deployment", "orders-api", deployment)],
        },
        "spec": {
            "replicas": 10,
            "selector": {"matchLabels": {"app": "orders-api", "pod-template-hash": HASH}},
            "template": template,
        },
    })
}

fn pod(number: usize, of_namespace: usize, set: &str) -> Value {
    let mut pod = application(number);
    let set_name = format!("orders-api-{HASH}");
    pod["metadata"]["labels"]["pod-template-hash"] = HASH.into();
    pod["metadata"]["name"] = format!("{set_name}-{of_namespace:05}").into();
    pod["metadata"]["generateName"] = format!("{set_name}-").into();
    pod["metadata"]["ownerReferences"] = json!([owner("ReplicaSet", &set_name, &set.into())]);
    pod
}

fn owner(kind: &str, name: &str, uid: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": true,
        "blockOwnerDeletion": true,
    })
}
