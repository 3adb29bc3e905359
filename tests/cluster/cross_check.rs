//! What the API server says of an enforce label beside what podsec expects of it.

use std::collections::BTreeMap;

use futures::{StreamExt as _, stream};
use http::Request;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod as KubePod;
use kube::{
    Api, Client,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use podsec::{
    assessment::{DryRun, Inventory, Judge, ObservedPod, PodPhase, Reading, ServerVerdict, Shapes},
    cluster::{
        cross_check::{Change, Question, ask, cross_check},
        namespaces,
    },
    rollout::{ApplyRequest, Manager},
    standards::{LevelVersion, Mode, pod::Pod},
};
use podsec_control_plane::Cluster;
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

use crate::pods::valid;

/// How many random namespaces are asked about.
const NAMESPACES: usize = 300;
/// How many requests are under way at a time.
const AT_A_TIME: usize = 16;

/// An API server that exempts `gvisor` and `left-alone`, with runtime classes.
async fn cluster() -> (Cluster, Client) {
    let exemptions = json!({"runtimeClasses": ["gvisor"], "namespaces": ["left-alone"]});
    let builder = Cluster::builder().pod_security(json!({"exemptions": exemptions}));
    let cluster = builder.start().await.expect("a control plane");
    for class in ["gvisor", "kata"] {
        let class = json!({
            "apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": class}, "handler": class,
        });
        cluster.apply(&class.to_string()).unwrap();
    }
    let client = cluster.admin().unwrap();
    (cluster, client)
}

/// A pod, and what becomes of it.
#[derive(Clone, Debug)]
struct Made {
    pod: Value,
    finished: bool,
    deleting: bool,
}

fn made() -> impl Strategy<Value = Made> {
    let class = prop_oneof![8 => Just(None), 1 => Just(Some("gvisor")), 1 => Just(Some("kata"))];
    let controller = prop::option::of(0..2_u8);
    let ways = (prop::bool::weighted(0.1), prop::bool::weighted(0.1));
    (valid::pod(), class, controller, ways).prop_map(|(mut pod, class, controller, (finished, deleting))| {
        if let Some(class) = class {
            pod["spec"]["runtimeClassName"] = class.into();
        }
        if let Some(number) = controller {
            pod["metadata"]["ownerReferences"] = json!([{
                "apiVersion": "apps/v1", "kind": "ReplicaSet", "name": format!("rs-{number}"),
                "uid": format!("uid-{number}"), "controller": true,
            }]);
        }
        if deleting {
            pod["metadata"]["finalizers"] = json!(["example.com/kept"]);
        }
        Made { pod, finished, deleting }
    })
}

fn policy() -> impl Strategy<Value = LevelVersion> {
    let level = prop_oneof!["baseline", "restricted"];
    let version = prop_oneof![Just("latest".to_owned()), (0..40_u32).prop_map(|minor| format!("v1.{minor}"))];
    (level, version).prop_map(|(level, version)| format!("{level}:{version}").parse().unwrap())
}

async fn create_namespace(client: &Client, name: &str) {
    let object = serde_json::from_value(json!({"metadata": {"name": name}})).unwrap();
    let api: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(client.clone());
    api.create(&PostParams::default(), &object).await.unwrap();
}

/// Makes a pod unless it is invalid.
async fn create_pod(client: &Client, namespace: &str, name: &str, made: &Made) {
    let api: Api<KubePod> = Api::namespaced(client.clone(), namespace);
    let mut pod = made.pod.clone();
    pod["metadata"]["name"] = name.into();
    match api.create(&PostParams::default(), &serde_json::from_value(pod).unwrap()).await {
        Ok(_) => {}
        Err(kube::Error::Api(status)) if status.code == 422 => return,
        Err(error) => panic!("{error}"),
    }
    if made.finished {
        let finished = json!({"status": {"phase": "Succeeded"}});
        api.patch_status(name, &PatchParams::default(), &Patch::Merge(&finished)).await.unwrap();
    }
    if made.deleting {
        api.delete(name, &DeleteParams::default()).await.unwrap();
    }
}

/// The pods of a namespace as they are.
async fn inventory(client: &Client, namespace: &str) -> Inventory {
    let request = Request::get(format!("/api/v1/namespaces/{namespace}/pods")).body(Vec::new()).unwrap();
    let list: Value = serde_json::from_str(&client.request_text(request).await.unwrap()).unwrap();
    let (mut inventory, mut shapes) = (Inventory::default(), Shapes::default());
    for item in list["items"].as_array().unwrap() {
        let text = item.to_string();
        inventory.insert_pod(ObservedPod {
            name: item["metadata"]["name"].as_str().unwrap().to_owned(),
            controller: None,
            revision: None,
            reading: Reading::Judgeable(shapes.of_pod(Pod::from_json(&text).unwrap())),
            phase: PodPhase::Live,
            mirror: false,
            created: Timestamp::UNIX_EPOCH,
        });
    }
    inventory
}

fn judge(policy: LevelVersion) -> Judge {
    Judge::new(policy).on_server(37).exempting(["gvisor".to_owned()])
}

/// Asks as the controller does: with the apply that it is about to send.
async fn of_apply(
    client: &Client,
    namespace: &str,
    policy: LevelVersion,
    expected: &DryRun,
) -> ServerVerdict {
    let observed = namespaces::get(client, namespace).await.unwrap().unwrap();
    let keys = Mode::Enforce.keys();
    let labels =
        BTreeMap::from([(keys.level, policy.level.to_string()), (keys.version, policy.version.to_string())]);
    let request =
        ApplyRequest { manager: Manager::Podsec, labels, annotations: BTreeMap::new(), force: true };
    let body = namespaces::apply_body(&observed, &observed.resource_version, &request);
    let change = Change::Apply { body: &body, manager: request.manager, force: request.force };
    cross_check(client, &Question { namespace, policy, change }, expected).await
}

async fn of_label(
    client: &Client,
    namespace: &str,
    policy: LevelVersion,
    expected: &DryRun,
) -> ServerVerdict {
    cross_check(client, &Question { namespace, policy, change: Change::Label }, expected).await
}

#[tokio::test]
async fn none_of_many_random_namespaces_disagrees() {
    let (_cluster, client) = cluster().await;
    let mut runner = TestRunner::new(Config::default());
    let strategy = (prop::collection::vec(made(), 0..8), policy());
    let cases: Vec<_> = (0..NAMESPACES)
        .map(|number| (format!("random-{number}"), strategy.new_tree(&mut runner).unwrap().current()))
        .collect();
    let verdicts: Vec<_> = stream::iter(cases.iter().enumerate())
        .map(|(number, (namespace, (pods, policy)))| {
            let client = client.clone();
            async move {
                create_namespace(&client, namespace).await;
                for (number, pod) in pods.iter().enumerate() {
                    create_pod(&client, namespace, &format!("pod-{number}"), pod).await;
                }
                let before = namespaces::get(&client, namespace).await.unwrap();
                let expected = judge(*policy).dry_run(&inventory(&client, namespace).await);
                let verdict = if number % 2 == 0 {
                    of_apply(&client, namespace, *policy, &expected).await
                } else {
                    of_label(&client, namespace, *policy, &expected).await
                };
                assert_eq!(
                    verdict,
                    ServerVerdict::Agrees,
                    "{namespace} at {policy}: {expected:#?}\n{pods:#?}"
                );
                let after = namespaces::get(&client, namespace).await.unwrap();
                assert_eq!(
                    before.map(|before| before.resource_version),
                    after.map(|after| after.resource_version)
                );
                expected
            }
        })
        .buffer_unordered(AT_A_TIME)
        .collect()
        .await;
    let count = |is_meant: fn(&DryRun) -> bool| verdicts.iter().filter(|expected| is_meant(expected)).count();
    let (silent, spoken) =
        (count(|expected| expected.lines.is_empty()), count(|expected| expected.lines.len() > 1));
    assert!(silent >= NAMESPACES / 20 && spoken >= NAMESPACES / 3, "{silent} {spoken}");
    assert_eq!(count(|expected| expected.in_doubt > 0), 0);
}

/// Plain pods that conform to baseline, made what `pods` says.
async fn pods(client: &Client, namespace: &str, pods: impl IntoIterator<Item = (String, Value)>) {
    let containers = json!([{"name": "c", "image": "i"}]);
    let made = pods.into_iter().map(|(name, mut spec)| {
        if spec["containers"].is_null() {
            spec["containers"] = containers.clone();
        }
        (name, Made { pod: json!({"metadata": {}, "spec": spec}), finished: false, deleting: false })
    });
    stream::iter(made)
        .for_each_concurrent(AT_A_TIME, |(name, made)| async move {
            create_pod(client, namespace, &name, &made).await;
        })
        .await;
}

fn policy_of(text: &str) -> LevelVersion {
    text.parse().unwrap()
}

#[tokio::test]
async fn exemptions_of_the_server_show() {
    let (_cluster, client) = cluster().await;
    let baseline = policy_of("baseline:latest");
    for namespace in ["left-alone", "classes"] {
        create_namespace(&client, namespace).await;
        let bad = |class: &str| json!({"hostPID": true, "runtimeClassName": class});
        let all = ["gvisor", "kata"].map(|class| (class.to_owned(), bad(class)));
        pods(&client, namespace, all).await;
    }
    let inventory = inventory(&client, "classes").await;
    let asked = async |namespace: &str, exempt: &[&str]| {
        let exempt = exempt.iter().map(|class| (*class).to_owned());
        let expected = Judge::new(baseline).exempting(exempt).dry_run(&inventory);
        of_label(&client, namespace, baseline, &expected).await
    };
    assert_eq!(asked("left-alone", &[]).await, ServerVerdict::Exempt);
    assert_eq!(asked("classes", &["gvisor"]).await, ServerVerdict::Agrees);
    // podsec was told too much: the API server names a pod that podsec leaves out.
    let line = "kata: host namespaces".to_owned();
    let disagrees = ServerVerdict::Disagrees { only_server: vec![line], only_podsec: Vec::new() };
    assert_eq!(asked("classes", &["gvisor", "kata"]).await, disagrees);
    // Or too little.
    let line = |line: &str| vec![line.to_owned()];
    let disagrees = ServerVerdict::Disagrees {
        only_server: line("kata: host namespaces"),
        only_podsec: line("gvisor (and 1 other pod): host namespaces"),
    };
    assert_eq!(asked("classes", &[]).await, disagrees);
}

/// Pods each of which violates baseline in its own way.
fn all_different(count: usize) -> impl Iterator<Item = (String, Value)> {
    (1..=count).map(|number| {
        let has = |bit: usize| number >> bit & 1 == 1;
        let mut spec =
            json!({"containers": [{"name": "c", "image": "i", "securityContext": {}, "ports": []}]});
        spec["hostPID"] = has(0).into();
        let container = &mut spec["containers"][0];
        if has(1) {
            container["ports"] = json!([{"containerPort": 80, "hostPort": 80}]);
        }
        let context = &mut container["securityContext"];
        context["privileged"] = has(2).into();
        if has(3) {
            context["capabilities"] = json!({"add": ["NET_RAW"]});
        }
        if has(4) {
            context["seccompProfile"] = json!({"type": "Unconfined"});
        }
        if has(5) {
            context["seLinuxOptions"] = json!({"type": "spc_t"});
        }
        if has(6) {
            spec["securityContext"] = json!({"sysctls": [{"name": "kernel.msgmax", "value": "1"}]});
        }
        (format!("pod-{number:03}"), spec)
    })
}

/// An answer that has not room for all lines about these pods; gives how many pods it speaks of.
async fn cut_to_size(client: &Client, namespace: &str, made: impl Iterator<Item = (String, Value)>) -> usize {
    let baseline = policy_of("baseline:latest");
    create_namespace(client, namespace).await;
    pods(client, namespace, made).await;
    let expected = judge(baseline).dry_run(&inventory(client, namespace).await);
    let characters: usize = expected.lines.iter().map(String::len).sum();
    assert!(expected.lines.len() == 127 && characters > 2 * 4096, "{characters}");
    let question = Question { namespace, policy: baseline, change: Change::Label };
    let answer = ask(client, &question).await.unwrap();
    assert!(answer.may_lack_warnings && answer.others.is_empty(), "{answer:#?}");
    let ServerVerdict::CutOff { checked, of: 127 } = answer.compare(&expected) else { panic!("{answer:#?}") };
    assert_eq!(checked, answer.lines.len());
    // One line more than there is.
    let mut other = expected;
    other.lines.insert(0, "pod-000: privileged".to_owned());
    let disagrees =
        ServerVerdict::Disagrees { only_server: Vec::new(), only_podsec: other.lines[..1].to_vec() };
    assert_eq!(answer.compare(&other), disagrees);
    checked
}

#[tokio::test]
async fn an_answer_that_is_cut_to_size_agrees_as_far_as_it_goes() {
    let (_cluster, client) = cluster().await;
    let lines = cut_to_size(&client, "many", all_different(127)).await;
    assert!((30..100).contains(&lines), "{lines}");
    // So long that every line is cut to 256 characters.
    let long =
        all_different(127).map(|(name, pod)| (format!("{name}-{}", "x".repeat(245 - name.len())), pod));
    assert_eq!(cut_to_size(&client, "long", long).await, 16);
}
