//! What counts of what a real control plane makes of workloads, and what does not.

use kube::Client;
use podsec::assessment::{Judge, Obstacle};
use podsec_control_plane::Cluster;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::{eventually, listed, shows};

/// In the namespaces with this label every pod is made without what its template asks for.
const MENDED: &str = "mended";

/// A policy that takes the host's process namespace away from the pods that are made.
const POLICY: &str = r#"
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicy
metadata: {name: mend}
spec:
  matchConstraints:
    namespaceSelector: {matchLabels: {mended: "true"}}
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  failurePolicy: Fail
  reinvocationPolicy: Never
  mutations:
  - patchType: ApplyConfiguration
    applyConfiguration:
      expression: "Object{spec: Object.spec{hostPID: false}}"
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingAdmissionPolicyBinding
metadata: {name: mend}
spec: {policyName: mend}
"#;

/// One control plane for all tests of this file, each of which has namespaces of its own.
struct Stage {
    cluster: &'static Cluster,
    client: Client,
}

impl Stage {
    async fn new() -> Self {
        static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
        let start = || async { Cluster::builder().controller_manager().nodes(1).start().await.unwrap() };
        let cluster = CLUSTER.get_or_init(start).await;
        let client = cluster.admin().unwrap();
        Self { cluster, client }
    }

    fn namespace(&self, name: &str) {
        self.cluster.kubectl(&["create", "namespace", name]).unwrap();
    }

    /// Puts an object in place.
    fn put(&self, namespace: &str, kind: &str, name: &str, rest: &Value) {
        let group = match kind {
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" => "apps/v1",
            "Job" | "CronJob" => "batch/v1",
            _ => "v1",
        };
        let mut object = rest.clone();
        object["apiVersion"] = group.into();
        object["kind"] = kind.into();
        object["metadata"]["name"] = name.into();
        object["metadata"]["namespace"] = namespace.into();
        self.cluster.apply(&object.to_string()).unwrap();
    }

    fn patch(&self, namespace: &str, object: &str, patch: &Value) {
        self.cluster
            .kubectl(&["patch", "-n", namespace, object, "--type=merge", "-p", &patch.to_string()])
            .unwrap();
    }

    async fn shows(&self, namespace: &str, expected: &str) {
        shows(&self.client, namespace, expected).await;
    }

    /// Waits until the pods that are made are mended.
    async fn pods_are_mended(&self, namespace: &str) {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "probe", "namespace": namespace}, "spec": spec(true, "i:1")});
        let file = self.cluster.folder().join("probe.json");
        std::fs::write(&file, pod.to_string()).unwrap();
        let file = file.display().to_string();
        let made = || async {
            let made = self.cluster.kubectl(&["create", "--dry-run=server", "-o=json", "-f", &file]);
            made.is_ok_and(|made| !made.contains(r#""hostPID": true"#))
        };
        eventually(made, || "pods are not mended".to_owned()).await;
    }
}

fn spec(host_pid: bool, image: &str) -> Value {
    json!({"hostPID": host_pid, "containers": [{"name": "c", "image": image}]})
}

/// A template of the app `web`.
fn template(host_pid: bool, image: &str) -> Value {
    json!({"metadata": {"labels": {"app": "web"}}, "spec": spec(host_pid, image)})
}

/// The specification of a controller of so many pods.
fn controller(replicas: usize, host_pid: bool) -> Value {
    json!({"spec": {
        "replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": template(host_pid, "i:1"),
    }})
}

#[tokio::test]
async fn live_pods_speak_for_the_template_that_they_were_made_from_and_no_other() {
    let stage = Stage::new().await;
    stage.namespace(MENDED);
    stage.cluster.kubectl(&["label", "namespace", MENDED, "mended=true"]).unwrap();
    stage.cluster.apply(POLICY).unwrap();
    stage.pods_are_mended(MENDED).await;

    // Every template violates, and every pod is made so that it does not.
    stage.put(MENDED, "Deployment", "web", &controller(2, true));
    let mut set = controller(2, true);
    set["spec"]["serviceName"] = "db".into();
    stage.put(MENDED, "StatefulSet", "db", &set);
    let mut agent = json!({"spec": {
        "selector": {"matchLabels": {"app": "web"}}, "template": template(true, "i:1"),
    }});
    agent["spec"]["updateStrategy"] = json!({"type": "OnDelete"});
    stage.put(MENDED, "DaemonSet", "agent", &agent);
    stage
        .shows(MENDED, "DaemonSet/agent 1 conforms, Deployment/web 2 conforms, StatefulSet/db 2 conforms")
        .await;

    // A roll-out that does not begin must not look as if it had ended.
    let newer = json!({"spec": {"template": {"spec": {"containers": [{"name": "c", "image": "i:2"}]}}}});
    stage.patch(MENDED, "deployment/web", &json!({"spec": {"paused": true}}));
    stage.patch(
        MENDED,
        "statefulset/db",
        &json!({"spec": {"updateStrategy": {"rollingUpdate": {"partition": 2}}}}),
    );
    for object in ["deployment/web", "statefulset/db", "daemonset/agent"] {
        stage.patch(MENDED, object, &newer);
    }
    stage
        .shows(MENDED, "DaemonSet/agent 1 violates, Deployment/web 2 violates, StatefulSet/db 2 violates")
        .await;

    // One pod of the newest revision is enough to know what comes of it.
    stage.patch(
        MENDED,
        "statefulset/db",
        &json!({"spec": {"updateStrategy": {"rollingUpdate": {"partition": 1}}}}),
    );
    stage.patch(MENDED, "deployment/web", &json!({"spec": {"paused": false}}));
    stage
        .cluster
        .kubectl(&[
            "delete",
            "pod",
            "-n",
            MENDED,
            "-l=controller-revision-hash",
            "--field-selector=metadata.name!=db-0,metadata.name!=db-1",
        ])
        .unwrap();
    stage
        .shows(MENDED, "DaemonSet/agent 1 conforms, Deployment/web 2 conforms, StatefulSet/db 2 conforms")
        .await;
}

#[tokio::test]
async fn what_was_replaced_counts_as_long_as_it_runs() {
    let stage = Stage::new().await;
    stage.namespace("rolling");
    let mut web = controller(2, true);
    // A new pod counts as available only after an hour: until then an old one stays.
    web["spec"]["minReadySeconds"] = 3600.into();
    web["spec"]["progressDeadlineSeconds"] = 7200.into();
    web["spec"]["strategy"] = json!({"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}});
    stage.put("rolling", "Deployment", "web", &web);
    stage.shows("rolling", "Deployment/web 2 violates").await;
    stage.patch("rolling", "deployment/web", &json!({"spec": {"template": {"spec": {"hostPID": false}}}}));
    stage.shows("rolling", "Deployment/web 3 violates").await;
    stage.patch("rolling", "deployment/web", &json!({"spec": {"minReadySeconds": 0}}));
    // The old ReplicaSet stays, at zero, with a template that violates.
    stage.shows("rolling", "Deployment/web 2 conforms").await;
    let sets = stage.cluster.kubectl(&["get", "replicasets", "-n=rolling", "-o=name"]).unwrap();
    assert_eq!(sets.lines().count(), 2);
    // Without the Deployment each speaks for itself; one that asks for pods under nobody is judged even at zero.
    stage.cluster.kubectl(&["delete", "deployment/web", "-n=rolling", "--cascade=orphan"]).unwrap();
    let namespace = listed(&stage.client).await.take("rolling");
    assert_eq!(namespace.workloads().iter().len(), 2);
}

#[tokio::test]
async fn jobs_count_until_they_are_finished_and_cron_jobs_always() {
    let stage = Stage::new().await;
    stage.namespace("batch");
    let mut job = json!({"spec": {"template": {"spec": spec(true, "i:1")}}});
    job["spec"]["template"]["spec"]["restartPolicy"] = "Never".into();
    stage.put("batch", "Job", "once", &job);
    stage.shows("batch", "finished pods 1, finished jobs 1").await;
    let finished = listed(&stage.client).await.take("batch");
    let workloads = finished.workloads();
    let judge = Judge::new("baseline:latest".parse().unwrap());
    assert_eq!(judge.assess(&workloads).finished_violating().unwrap().pods, 1);

    let mut suspended = job.clone();
    suspended["spec"]["suspend"] = true.into();
    stage.put("batch", "Job", "later", &suspended);
    let nightly = json!({"spec": {"schedule": "0 3 * * *", "suspend": true, "jobTemplate": job}});
    stage.put("batch", "CronJob", "nightly", &nightly);
    stage.cluster.kubectl(&["create", "job", "-n=batch", "by-hand", "--from=cronjob/nightly"]).unwrap();
    // The Job of the CronJob is judged through it.
    stage
        .shows("batch", "CronJob/nightly 0 violates, Job/later 0 violates, finished pods 2, finished jobs 1")
        .await;
}

#[tokio::test]
async fn what_asks_for_no_pods_counts_and_what_goes_does_not() {
    let stage = Stage::new().await;
    stage.namespace("quiet");
    stage.put("quiet", "Deployment", "web", &controller(0, true));
    stage.put(
        "quiet",
        "ReplicationController",
        "old",
        &json!({"spec": {"replicas": 0, "selector": {"app": "web"}, "template": template(true, "i:1")}}),
    );
    stage.put("quiet", "PodTemplate", "spare", &json!({"template": template(true, "i:1")}));
    stage
        .shows(
            "quiet",
            "Deployment/web 0 violates, PodTemplate/spare 0 violates, ReplicationController/old 0 violates",
        )
        .await;

    stage.namespace("pods");
    stage.put(
        "pods",
        "Pod",
        "stays",
        &json!({"metadata": {"finalizers": ["example.com/stay"]}, "spec": spec(true, "i:1")}),
    );
    stage.put("pods", "Pod", "bare", &json!({"spec": spec(false, "i:1")}));
    // As a kubelet shows a pod that it runs from a file.
    let uid = stage.cluster.kubectl(&["get", "node", "node-1", "-o=jsonpath={.metadata.uid}"]).unwrap();
    let mut mirror = json!({"spec": spec(true, "i:1"), "metadata": {
        "annotations": {"kubernetes.io/config.mirror": "hash"},
        "ownerReferences": [
            {"apiVersion": "v1", "kind": "Node", "name": "node-1", "uid": uid.trim(), "controller": true},
        ],
    }});
    mirror["spec"]["nodeName"] = "node-1".into();
    stage.put("pods", "Pod", "static-node-1", &mirror);
    stage.shows("pods", "Pod/bare 1 conforms, Pod/static-node-1 1 violates, Pod/stays 1 violates").await;
    stage.cluster.kubectl(&["delete", "pod", "stays", "-n=pods", "--wait=false"]).unwrap();
    stage.shows("pods", "Pod/bare 1 conforms, Pod/static-node-1 1 violates, deleting pods 1").await;
    stage.patch("pods", "pod/stays", &json!({"metadata": {"finalizers": null}}));
    stage.shows("pods", "Pod/bare 1 conforms, Pod/static-node-1 1 violates").await;
}

#[tokio::test]
async fn what_only_an_ephemeral_container_causes_is_marked() {
    let stage = Stage::new().await;
    stage.namespace("debugged");
    stage.put("debugged", "Deployment", "web", &controller(1, false));
    stage.shows("debugged", "Deployment/web 1 conforms").await;
    let pods = stage.cluster.kubectl(&["get", "pods", "-n=debugged", "-o=name"]).unwrap();
    let debug = json!({"spec": {"ephemeralContainers": [
        {"name": "debug", "image": "i:1", "securityContext": {"privileged": true}},
    ]}});
    stage
        .cluster
        .kubectl(&[
            "patch",
            pods.trim(),
            "-n=debugged",
            "--subresource=ephemeralcontainers",
            "-p",
            &debug.to_string(),
        ])
        .unwrap();
    stage.shows("debugged", "Deployment/web 1 violates").await;
    let inventory = listed(&stage.client).await.take("debugged");
    let workloads = inventory.workloads();
    let judge = Judge::new("baseline:latest".parse().unwrap());
    let blockers = judge.assess(&workloads).blockers(20);
    let [blocker] = blockers.listed.as_slice() else { panic!("{blockers:?}") };
    assert!(matches!(&blocker.obstacle, Obstacle::Refused(refusal) if refusal.ephemeral), "{blocker:?}");
}
