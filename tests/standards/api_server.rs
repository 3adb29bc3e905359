//! Pods that a real API server judges: podsec says the same, in the same words.

use http::{Request, StatusCode};
use kube::{Client, client::Body};
use podsec::standards::{LevelVersion, evaluate, pod::Pod};
use podsec_control_plane::Cluster;
use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

use crate::pods::valid;

/// How many pods, and how many Deployments of them, are judged; a fifth of the pods is really created.
const CASES: usize = 400;

/// What each namespace enforces and warns of.
const POLICIES: [(&str, &str); 10] = [
    ("privileged:latest", "baseline:v1.0"),
    ("privileged:latest", "restricted:latest"),
    ("baseline:latest", "restricted:latest"),
    ("baseline:v1.24", "restricted:v1.22"),
    ("baseline:v1.34", "restricted:v1.34"),
    ("baseline:v1.99", "restricted:v1.7"),
    ("restricted:latest", "baseline:latest"),
    ("restricted:v1.18", "restricted:latest"),
    ("restricted:v1.30", "baseline:v1.18"),
    ("restricted:v1.35", "restricted:v1.24"),
];

/// What the API server answered to the creation of an object.
struct Answer {
    status: StatusCode,
    message: String,
    /// Those of Pod Security.
    warnings: Vec<String>,
}

async fn create(client: &Client, path: &str, object: &Value, dry_run: bool) -> Answer {
    let dry_run = if dry_run { "?dryRun=All" } else { "" };
    let request = Request::post(format!("{path}{dry_run}")).header("content-type", "application/json");
    let body = Body::from(serde_json::to_vec(object).unwrap());
    let response = client.send(request.body(body).unwrap()).await.expect("an answer");
    let status = response.status();
    let warnings =
        response.headers().get_all("warning").iter().map(|value| unquoted(value.to_str().unwrap()));
    let warnings = warnings.filter(|text| text.contains("PodSecurity")).collect();
    let body: Value = serde_json::from_slice(&response.into_body().collect_bytes().await.unwrap()).unwrap();
    Answer { status, message: body["message"].as_str().unwrap_or_default().to_owned(), warnings }
}

/// The text of a Warning header, `299 - "…"`.
fn unquoted(header: &str) -> String {
    let text = header.strip_prefix("299 - \"").and_then(|text| text.strip_suffix('"')).expect(header);
    text.replace("\\\"", "\"").replace("\\\\", "\\")
}

async fn namespaces(client: &Client) {
    for (index, (enforce, warn)) in POLICIES.iter().enumerate() {
        let label = |mode: &str, policy: &str| {
            let (level, version) = policy.split_once(':').unwrap();
            let key = format!("pod-security.kubernetes.io/{mode}");
            [(key.clone(), level.to_owned()), (format!("{key}-version"), version.to_owned())]
        };
        let labels: std::collections::BTreeMap<_, _> =
            label("enforce", enforce).into_iter().chain(label("warn", warn)).collect();
        let namespace = json!({"metadata": {"name": format!("judged-{index}"), "labels": labels}});
        let answer = create(client, "/api/v1/namespaces", &namespace, false).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.message);
    }
}

fn policy(text: &str) -> LevelVersion {
    text.parse().unwrap()
}

/// How many objects of which kind were judged, and how.
#[derive(Debug, Default)]
struct Count {
    invalid: usize,
    refused: usize,
    warned: usize,
    silent: usize,
}

/// Creates a pod; both refuse it, both warn of it or both are silent.
async fn pod(client: &Client, number: usize, pod: &Value, dry_run: bool, count: &mut Count) {
    let index = number % POLICIES.len();
    let (enforce, warn) = POLICIES[index];
    let mut object = pod.clone();
    object["metadata"]["name"] = format!("pod-{number}").into();
    let text = object.to_string();
    let answer = create(client, &format!("/api/v1/namespaces/judged-{index}/pods"), &object, dry_run).await;
    let mut read = Pod::from_json(&text).unwrap();
    read.default_as_pod();
    let refusal = evaluate(policy(enforce), &read).message();
    match answer.status {
        // Refused before Pod Security has seen it.
        StatusCode::UNPROCESSABLE_ENTITY => count.invalid += 1,
        StatusCode::FORBIDDEN => {
            let refusal = refusal.unwrap_or_default();
            assert_eq!(answer.message, format!("pods \"pod-{number}\" is forbidden: {refusal}"), "{text}");
            count.refused += 1;
        }
        StatusCode::CREATED => {
            assert_eq!(refusal, None, "the API server takes {text}");
            let warning: Vec<_> = evaluate(policy(warn), &read).warning().into_iter().collect();
            assert_eq!(answer.warnings, warning, "{text}");
            *(if warning.is_empty() { &mut count.silent } else { &mut count.warned }) += 1;
        }
        other => panic!("{other}: {} for {text}", answer.message),
    }
}

/// Creates a Deployment of pods, which is never refused.
async fn deployment(client: &Client, number: usize, pod: &Value, count: &mut Count) {
    let index = number % POLICIES.len();
    let labels = json!({"app": "judged"});
    let mut template = pod.clone();
    template["metadata"]["labels"] = labels.clone();
    let text = template.to_string();
    let deployment = json!({
        "metadata": {"name": format!("deployment-{number}")},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    });
    let path = format!("/apis/apps/v1/namespaces/judged-{index}/deployments");
    let answer = create(client, &path, &deployment, true).await;
    if answer.status == StatusCode::UNPROCESSABLE_ENTITY {
        count.invalid += 1;
        return;
    }
    assert_eq!(answer.status, StatusCode::CREATED, "{} for {text}", answer.message);
    let mut read = Pod::from_json(&text).unwrap();
    read.default_as_template();
    let warning: Vec<_> = evaluate(policy(POLICIES[index].1), &read).warning().into_iter().collect();
    assert_eq!(answer.warnings, warning, "{text}");
    *(if warning.is_empty() { &mut count.silent } else { &mut count.warned }) += 1;
}

#[tokio::test]
async fn a_real_api_server_judges_as_podsec_does() {
    let cluster = Cluster::builder().start().await.expect("a control plane");
    let client = cluster.admin().unwrap();
    namespaces(&client).await;
    let mut runner = TestRunner::new(Config::default());
    let strategy = valid::pod();
    let (mut pods, mut deployments) = (Count::default(), Count::default());
    for number in 0..CASES {
        let object = strategy.new_tree(&mut runner).unwrap().current();
        pod(&client, number, &object, number % 5 != 0, &mut pods).await;
        deployment(&client, number, &object, &mut deployments).await;
    }
    println!("pods: {pods:?}; Deployments: {deployments:?}");
    for count in [&pods, &deployments] {
        assert!(count.invalid < CASES / 10, "{count:?}");
        assert!(count.warned >= CASES / 20 && count.silent >= CASES / 40, "{count:?}");
    }
    assert!(pods.refused >= CASES / 5, "{pods:?}");
}
