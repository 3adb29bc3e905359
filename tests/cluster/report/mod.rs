//! `PodSecurityReport` on a real API server: what it takes, what it costs, and what people see of it.

mod limits;
mod readers;
mod unwritable;
mod written;

use std::{path::Path, time::Duration};

use http::Request;
use k8s_openapi::{
    api::core::v1::Namespace, apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client,
    api::{ListParams, Patch, PatchParams, PostParams},
};
use podsec::{
    api::{
        Breakage, NotJudged, PodSecurityReport, RefusedWorkload, ReportContent, ReportState, ReportedBlocker,
        report_crd,
    },
    assessment::{Account, TemplateKind, report},
    rollout::Manager,
    standards::{Level, Mode},
};
use podsec_control_plane::{Builder, Cluster};
use serde_json::{Value, json};
use tokio::{
    sync::OnceCell,
    time::{Instant, sleep},
};

use self::written::{Running, account, advisory, clean, mode, now, policy, said, soak};

const DEADLINE: Duration = Duration::from_secs(90);

/// Waits until something is there.
async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "waited too long for {what}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// A cluster that serves reports.
async fn start(builder: Builder) -> Cluster {
    let cluster = builder.start().await.expect("a control plane");
    let crds = Path::new(env!("CARGO_MANIFEST_DIR")).join("crds");
    cluster.apply_file(&crds).expect("the API server accepts the CRDs");
    let reports = Api::<PodSecurityReport>::all(cluster.admin().unwrap());
    eventually("reports to be served", async || reports.list(&ListParams::default()).await.ok()).await;
    eventually("kubectl to know of them", async || cluster.kubectl(&["get", "psr", "-A"]).ok()).await;
    cluster
}

/// One for all tests of this file.
async fn cluster() -> &'static Cluster {
    static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
    CLUSTER.get_or_init(|| start(Cluster::builder())).await
}

async fn namespace(client: &Client, name: &str) {
    let namespace = serde_json::from_value::<Namespace>(json!({"metadata": {"name": name}})).unwrap();
    Api::all(client.clone()).create(&PostParams::default(), &namespace).await.unwrap();
}

/// Writes a report as the controller does.
async fn write(client: &Client, namespace: &str, content: &ReportContent) -> kube::Result<PodSecurityReport> {
    let reports = Api::<PodSecurityReport>::namespaced(client.clone(), namespace);
    let object = PodSecurityReport::of(namespace, content.clone());
    let params = PatchParams::apply(Manager::Podsec.as_str()).force();
    reports.patch(PodSecurityReport::NAME, &params, &Patch::Apply(&object)).await
}

/// How many bytes the API server sends for a namespace's report, its managed fields included.
async fn size(client: &Client, namespace: &str) -> usize {
    let path =
        format!("/apis/podsec.dev/v1alpha1/namespaces/{namespace}/podsecurityreports/podsec?pretty=false");
    let request = Request::get(path).body(Vec::new()).unwrap();
    client.request_text(request).await.unwrap().trim_end().len()
}

/// A report in which every field has a value.
fn full(running: &Running) -> ReportContent {
    let held = said(ReportState::Held, "Violations", "workloads violate what is planned");
    let modes = [mode(Mode::Enforce, "baseline:v1.37", "restricted:v1.37", held)];
    let account = Account {
        next_step: Some(now()),
        judgement: Some(running.judged_by(policy("restricted:v1.37"))),
        soak: Some(soak(Level::Baseline, 30)),
        ..account(modes.into_iter().chain(advisory()))
    };
    let mut content = report(account, None, now());
    content.not_judged = Some(NotJudged { finished_pods: 2, ..Default::default() });
    content.missing = vec!["pods".into()];
    let refused = RefusedWorkload {
        message: "pods \"web-1\" is forbidden: violates PodSecurity".into(),
        workload: "Deployment/web".into(),
    };
    content.breakage = Some(Breakage { refused: vec![refused], since: content.since, workloads: 1 });
    content.within_bounds()
}

#[tokio::test]
async fn the_definition_is_what_was_written_and_is_structural() {
    let client = cluster().await.admin().unwrap();
    let name = report_crd().metadata.name.unwrap();
    let definition = Api::<CustomResourceDefinition>::all(client).get(&name).await.unwrap();
    assert_eq!(definition.spec.versions, report_crd().spec.versions);
    let conditions = definition.status.unwrap().conditions.unwrap_or_default();
    assert!(!conditions.iter().any(|condition| condition.type_ == "NonStructuralSchema"), "{conditions:?}");
}

#[tokio::test]
async fn a_report_reads_back_as_it_was_written_and_is_podsecs() {
    let client = cluster().await.admin().unwrap();
    namespace(&client, "full").await;
    let content = full(&Running::default().with(TemplateKind::StatefulSet, "db", written::HOST_PATH, 2));
    let written = write(&client, "full", &content).await.unwrap();
    assert_eq!(written.content, content);
    let reports = Api::<PodSecurityReport>::namespaced(client.clone(), "full");
    assert_eq!(reports.get("podsec").await.unwrap().content, content);
    assert_eq!(reports.list(&ListParams::default()).await.unwrap().items[0].content, content);
    let again = write(&client, "full", &content).await.unwrap();
    assert_eq!(again.metadata.resource_version, written.metadata.resource_version, "nothing changed");
    // What is left out goes.
    let written = write(&client, "full", &clean()).await.unwrap();
    assert_eq!(written.content, clean());
    assert_eq!(written.metadata.managed_fields.unwrap().len(), 1);
}

#[tokio::test]
async fn there_is_one_report_in_a_namespace_and_it_has_a_state() {
    let client = cluster().await.admin().unwrap();
    namespace(&client, "one").await;
    let reports = Api::<PodSecurityReport>::namespaced(client.clone(), "one");
    let mut other = PodSecurityReport::of("one", clean());
    other.metadata.name = Some("other".into());
    let refused = reports.create(&PostParams::default(), &other).await.unwrap_err().to_string();
    assert!(refused.contains("a namespace has one report, named podsec"), "{refused}");
    let mut nothing = serde_json::to_value(PodSecurityReport::of("one", clean())).unwrap();
    nothing["state"] = Value::Null;
    let request = Request::post("/apis/podsec.dev/v1alpha1/namespaces/one/podsecurityreports")
        .header("Content-Type", "application/json")
        .body(serde_json::to_vec(&nothing).unwrap())
        .unwrap();
    let refused = client.request::<Value>(request).await.unwrap_err().to_string();
    assert!(refused.contains("state: Required value"), "{refused}");
}

#[tokio::test]
async fn a_report_is_small_whatever_runs_in_the_namespace() {
    let client = cluster().await.admin().unwrap();
    let (short, long) = ("n".repeat(15), "n".repeat(63));
    for name in [&short, &long] {
        namespace(&client, name).await;
        write(&client, name, &clean()).await.unwrap();
        let size = size(&client, name).await;
        assert!(size <= 2_000, "a clean report in {name} has {size} bytes");
    }

    let container = "c".repeat(63);
    let spec = format!(
        r#"{{"hostNetwork": true, "hostPID": true, "volumes": [{{"name": "{0}", "hostPath": {{"path": "/"}}}}],
            "containers": [{{"name": "{0}"}}, {{"name": "{1}"}}], "initContainers": [{{"name": "{2}"}}]}}"#,
        container,
        container.replace('c', "d"),
        container.replace('c', "e"),
    );
    let running = (0..5_000).fold(Running::default(), |running, index| {
        running.with(TemplateKind::CronJob, &format!("{}{index:04}", "w".repeat(249)), &spec, 0)
    });
    let content = full(&running);
    assert_eq!(content.workloads.unwrap().violating, 5_000);
    assert!(content.more_blockers > 5_000);
    write(&client, &long, &content).await.unwrap();
    let size = size(&client, &long).await;
    assert!(size <= 20_000, "a report on 5000 workloads has {size} bytes");
    assert_eq!(content.blockers.len(), 20, "all that may be listed");
}

#[tokio::test]
async fn a_report_is_taken_whatever_tenants_write() {
    let client = cluster().await.admin().unwrap();
    let name = "h".repeat(63);
    namespace(&client, &name).await;
    let running = Running::default().with(TemplateKind::StatefulSet, "db", written::HOST_PATH, 2);
    for text in ["&", "<\u{202e}", "\u{1b}[31m", "\"\\", "é😀", "x"] {
        let long = text.repeat(2_000);
        let mut content = full(&running);
        for mode in Mode::ALL {
            let told = content.mode_mut(mode).as_mut().unwrap();
            for field in [&mut told.message, &mut told.present, &mut told.profile, &mut told.reason] {
                field.clone_from(&long);
            }
        }
        let blocker = ReportedBlocker {
            check: long.clone(),
            container: long.clone(),
            field: long.clone(),
            message: long.clone(),
            note: long.clone(),
            object: long.clone(),
            remedy: long.clone(),
            volume: long.clone(),
            workload: long.clone(),
            ..ReportedBlocker::default()
        };
        content.blockers = vec![blocker; 30];
        let refused = RefusedWorkload { message: long.clone(), workload: long.clone() };
        content.breakage = Some(Breakage { refused: vec![refused; 30], ..Breakage::default() });
        content.missing = vec![long.clone(); 30];
        (content.message, content.reason, content.summary.blocker) = (long.clone(), long.clone(), long);
        let content = content.within_bounds();
        assert!(!content.blockers.is_empty(), "{text:?}");
        assert_eq!(write(&client, &name, &content).await.unwrap().content, content, "{text:?}");
        let size = size(&client, &name).await;
        assert!(size <= 20_000, "with {text:?} a report has {size} bytes");
    }
}

#[tokio::test]
async fn kubectl_explains_the_fields() {
    let cluster = cluster().await;
    // Served a moment after the definition is established.
    let explain = async |field: &str| {
        eventually("the schema to be served", async || cluster.kubectl(&["explain", field]).ok()).await
    };
    let explained = explain("psr.blockers").await;
    assert!(explained.contains("What keeps workloads from conforming to the policy"), "{explained}");
    assert!(explained.contains("The first field to change"), "{explained}");
    let explained = explain("psr").await;
    assert!(explained.contains("What podsec makes of the workloads"), "{explained}");
}
