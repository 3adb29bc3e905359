//! What is followed is what is there.

use std::{collections::BTreeMap, sync::Arc};

use futures::future::join_all;
use kube::Client;
use parking_lot::Mutex;
use podsec::{
    assessment::{Inventory, Shapes},
    cluster::workloads::{Resource, WorkloadEvent, WorkloadStream},
};
use podsec_control_plane::Cluster;
use serde_json::{Value, json};

use super::{eventually, listed};
use crate::interposer::Interposer;

const NAMESPACES: [&str; 3] = ["a", "b", "c"];

/// The inventories of a cluster, kept up to date by streams.
#[derive(Clone, Default)]
struct Followed(Arc<Mutex<BTreeMap<String, Inventory>>>);

impl Followed {
    /// Follows everything for as long as the streams are polled.
    async fn follow(self, client: Client) {
        let shapes = Arc::<Mutex<Shapes>>::default();
        let open = |resource| WorkloadStream::open(client.clone(), resource, Arc::clone(&shapes), None);
        let streams = Resource::ALL.map(open);
        join_all(streams.map(|stream| self.take_all(stream))).await;
    }

    async fn take_all(&self, mut stream: WorkloadStream) {
        let resource = stream.resource();
        while let Some(event) = stream.next().await {
            self.take(resource, event);
        }
    }

    fn take(&self, resource: Resource, event: WorkloadEvent) {
        let mut inventories = self.0.lock();
        match event {
            WorkloadEvent::Applied { namespace, observed } => {
                observed.put_into(inventories.entry(namespace).or_default());
            }
            WorkloadEvent::Removed { namespace, name } => {
                resource.remove_from(inventories.entry(namespace).or_default(), &name);
            }
            WorkloadEvent::Listed(listed) => {
                for (namespace, inventory) in inventories.iter_mut() {
                    resource.retain_in(inventory, |name| listed.has(namespace, name));
                }
            }
            WorkloadEvent::Silent { .. } | WorkloadEvent::Alive => {}
        }
    }

    fn shown(&self) -> BTreeMap<String, String> {
        shown(&self.0.lock())
    }
}

/// All that is in inventories, word for word; without those that are empty.
fn shown(inventories: &BTreeMap<String, Inventory>) -> BTreeMap<String, String> {
    let filled = inventories.iter().filter(|(_, inventory)| !inventory.is_empty());
    filled.map(|(name, inventory)| (name.clone(), format!("{inventory:#?}"))).collect()
}

/// Numbers that look random, and are the same in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        // Knuth's MMIX.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// Makes, changes or deletes something somewhere.
async fn change(client: &Client, numbers: &mut Numbers) {
    let namespace = numbers.of(&NAMESPACES);
    let resource = numbers.of(&[
        "api/v1|pods|Pod",
        "api/v1|pods|Pod",
        "apis/apps/v1|deployments|Deployment",
        "apis/apps/v1|replicasets|ReplicaSet",
        "apis/apps/v1|statefulsets|StatefulSet",
        "apis/apps/v1|daemonsets|DaemonSet",
        "apis/batch/v1|jobs|Job",
        "apis/batch/v1|cronjobs|CronJob",
        "api/v1|podtemplates|PodTemplate",
        "api/v1|replicationcontrollers|ReplicationController",
    ]);
    let [root, plural, kind] = resource.split('|').collect::<Vec<_>>().try_into().unwrap();
    let name = format!("x{}", numbers.below(4));
    let collection = format!("/{root}/namespaces/{namespace}/{plural}");
    let object = format!("{collection}/{name}");
    let (method, uri, body) = match numbers.below(4) {
        0 => ("DELETE", format!("{object}?gracePeriodSeconds=0&propagationPolicy=Background"), json!({})),
        1 => (
            "PATCH",
            object,
            json!({
                "metadata": {"labels": {"controller-revision-hash": numbers.below(3).to_string()}},
                // Of no kind that does not have it.
                "spec": {"replicas": numbers.below(2)},
            }),
        ),
        _ => ("POST", collection, made(kind, root, &name, numbers)),
    };
    let request = http::Request::builder().method(method).uri(uri);
    let request = request.header(
        "content-type",
        if method == "PATCH" { "application/merge-patch+json" } else { "application/json" },
    );
    // Much of it is refused, because it is there already, or not there.
    let _ = client.request_text(request.body(body.to_string().into_bytes()).unwrap()).await;
}

fn made(kind: &str, root: &str, name: &str, numbers: &mut Numbers) -> Value {
    let api_version = root.split_once('/').unwrap().1;
    let spec = json!({
        "hostPID": numbers.below(2) == 0, "restartPolicy": if matches!(kind, "Job" | "CronJob") { "Never" } else { "Always" },
        "containers": [{"name": "c", "image": format!("i:{}", numbers.below(3))}],
    });
    let template = json!({"metadata": {"labels": {"app": "x"}}, "spec": spec});
    let mut object = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}});
    if numbers.below(2) == 0 {
        object["metadata"]["ownerReferences"] = json!([
            {"apiVersion": "example.com/v1", "kind": "App", "name": "app", "uid": format!("u{}", numbers.below(3)), "controller": true},
        ]);
    }
    let replicas = numbers.below(2);
    let rest = match kind {
        "Pod" => json!({"spec": spec}),
        "PodTemplate" => json!({"template": template}),
        "Job" => json!({"spec": {"template": template}}),
        "CronJob" => {
            json!({"spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": template}}}})
        }
        "ReplicationController" => {
            json!({"spec": {"replicas": replicas, "selector": {"app": "x"}, "template": template}})
        }
        "DaemonSet" => json!({"spec": {"selector": {"matchLabels": {"app": "x"}}, "template": template}}),
        "StatefulSet" => {
            json!({"spec": {"serviceName": "x", "replicas": replicas, "selector": {"matchLabels": {"app": "x"}}, "template": template}})
        }
        _ => {
            json!({"spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "x"}}, "template": template}})
        }
    };
    for (key, value) in rest.as_object().unwrap() {
        object[key] = value.clone();
    }
    object
}

/// Waits until what is followed is what a list has.
async fn agree(client: &Client, followed: &Followed) -> usize {
    let expected = shown(&listed(client).await.inventories);
    eventually(
        || async { followed.shown() == expected },
        || format!("what is followed is\n{:#?}\nand what is listed\n{expected:#?}", followed.shown()),
    )
    .await;
    expected.values().map(|text| text.matches("reading:").count()).sum()
}

#[tokio::test]
async fn what_is_followed_through_changes_and_outages_is_what_is_there() {
    let cluster = Cluster::builder().start().await.unwrap();
    for namespace in NAMESPACES {
        cluster.kubectl(&["create", "namespace", namespace]).unwrap();
    }
    let client = cluster.admin().unwrap();
    let mut numbers = Numbers(1);
    for _ in 0..100 {
        change(&client, &mut numbers).await;
    }
    let interposer = Interposer::default();
    let followed = Followed::default();
    let following = tokio::spawn(followed.clone().follow(interposer.before(client.clone())));
    assert!(agree(&client, &followed).await > 20);
    for _ in 0..5 {
        for _ in 0..100 {
            change(&client, &mut numbers).await;
        }
        agree(&client, &followed).await;
    }
    assert_eq!(
        interposer.count(|passed| !passed.uri.contains("watch=true")),
        Resource::ALL.len(),
        "one list each"
    );

    cluster.stop_api_server().await.unwrap();
    cluster.start_api_server(&[]).await.unwrap();
    for _ in 0..100 {
        change(&client, &mut numbers).await;
    }
    agree(&client, &followed).await;
    let relisted = interposer.count(|passed| passed.uri.contains("NotOlderThan"));
    assert!(relisted > 0, "an API server that has just started knows nothing of what happened before");
    let refused: Vec<_> = interposer.passed().into_iter().filter(|passed| passed.code == Some(400)).collect();
    assert!(refused.is_empty(), "{refused:?}");
    following.abort();
}

/// The version from which each watch so far goes on.
fn versions(interposer: &Interposer) -> Vec<u64> {
    let watches = interposer.passed().into_iter().filter(|passed| passed.uri.contains("watch=true"));
    watches.map(|passed| passed.uri.split_once("resourceVersion=").unwrap().1.parse().unwrap()).collect()
}

#[tokio::test]
async fn a_stream_on_which_nothing_happens_is_told_so() {
    let cluster = Cluster::builder().start().await.unwrap();
    let client = cluster.admin().unwrap();
    let interposer = Interposer::default();
    let mut stream =
        WorkloadStream::open(interposer.before(client.clone()), Resource::Pods, Arc::default(), None);
    let following = tokio::spawn(async move { while stream.next().await.is_some() {} });
    eventually(|| async { !versions(&interposer).is_empty() }, || "no watch".to_owned()).await;
    // Something else happens, so that the version goes on.
    cluster.kubectl(&["create", "namespace", "a"]).unwrap();
    eventually(
        || async {
            let versions = versions(&interposer);
            versions.last() > versions.first()
        },
        || format!("{:?}", interposer.passed()),
    )
    .await;
    // It needed no other list for that.
    let lists = interposer.passed().into_iter().filter(|passed| !passed.uri.contains("watch=true"));
    let lists: Vec<_> = lists.map(|passed| passed.uri).collect();
    assert_eq!(lists, ["/api/v1/pods?resourceVersion=0", "/api/v1/pods?limit=1"]);
    following.abort();
}
