//! What people see of reports: in `kubectl get`, in `kubectl describe`, and with the rights of a tenant.

use k8s_openapi::api::events::v1::Event;
use kube::{Api, Client, api::PostParams};
use podsec::{
    api::{PodSecurityReport, ReportContent, ReportState},
    assessment::{Account, ModeAccount, TemplateKind, report},
    standards::{Level, Mode},
};
use podsec_control_plane::Cluster;
use serde_json::json;
use tokio::sync::OnceCell;

use super::{
    eventually, namespace, start, write,
    written::{
        HOST_NETWORK, HOST_PATH, RESTRICTED, Running, account, advisory, clean, held, in_sync, mode, now,
        policy, said, soak,
    },
};

/// Somebody who may view the namespace `shop` and nothing else.
const TENANT: &str = "tenant";

/// A cluster with podsec's roles, a tenant, and a namespace for nearly every state.
async fn cluster() -> &'static Cluster {
    static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
    CLUSTER
        .get_or_init(|| async {
            // The controller manager puts the role `view` together.
            let cluster = start(Cluster::builder().user(TENANT).controller_manager()).await;
            let roles = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/install.yaml");
            cluster.apply_file(roles.as_ref()).unwrap();
            let client = cluster.admin().unwrap();
            for (name, content) in reports() {
                if name != "kube-system" {
                    namespace(&client, name).await;
                }
                write(&client, name, &content).await.unwrap();
            }
            let binding =
                ["create", "rolebinding", "tenant", "-n=shop", "--clusterrole=view", "--user=tenant"];
            cluster.kubectl(&binding).unwrap();
            cluster
        })
        .await
}

fn told(enforce: ModeAccount, running: &Running, by: &str) -> ReportContent {
    let judged = running.judged_by(policy(by));
    let account = Account { judgement: Some(judged), ..account([enforce].into_iter().chain(advisory())) };
    report(account, None, now())
}

fn reports() -> Vec<(&'static str, ReportContent)> {
    let bare = Running::default().with(TemplateKind::CronJob, "nightly", RESTRICTED, 0);
    let agents = Running::default().with(TemplateKind::DaemonSet, "agent", HOST_PATH, 3);
    let enforce = |present: &str, planned: &str, state: ReportState, message: &str| {
        mode(Mode::Enforce, present, planned, said(state, &format!("{state:?}"), message))
    };
    let because = "exemption monitoring of profile apps: node agents read the host's logs";
    let mut exempt = enforce("privileged:latest", "privileged:v1.37", ReportState::Exempt, because);
    exempt.assumed = true;
    let fight = "flux has set enforce back three times";
    let contested = enforce("baseline:v1.37", "restricted:v1.37", ReportState::Contested, fight);
    let soaks = "nothing has violated baseline:v1.37 for 1h; the version is raised after 24h";
    let moved = enforce("baseline:v1.36", "baseline:v1.37", ReportState::Soaking, soaks);
    let protected = Account {
        whole: said(ReportState::Protected, "Protected", "no profile names this namespace in full"),
        ..Account::default()
    };
    vec![
        ("billing", clean()),
        ("kube-system", report(protected, None, now())),
        ("legacy", told(contested, &bare, "restricted:v1.37")),
        // As if there were no exemption: what it does wrong stays visible.
        ("monitoring", told(exempt, &agents, "baseline:v1.37")),
        ("payments", soaking()),
        ("shop", shop()),
        ("team-a", told(moved, &bare, "baseline:v1.37")),
    ]
}

fn soaking() -> ReportContent {
    let message = "nothing has violated restricted:v1.37 for 3h; enforce is raised after 24h";
    let enforce = mode(
        Mode::Enforce,
        "baseline:v1.37",
        "restricted:v1.37",
        said(ReportState::Soaking, "Soaking", message),
    );
    let running = Running::default().with(TemplateKind::StatefulSet, "ledger", RESTRICTED, 3);
    let account = Account {
        next_step: Some("2027-02-01T09:00:00Z".parse().unwrap()),
        judgement: Some(running.judged_by(policy("restricted:v1.37"))),
        soak: Some(soak(Level::Restricted, 3)),
        ..account([enforce].into_iter().chain(advisory()))
    };
    report(account, None, now())
}

/// A namespace that is held, with something of everything.
fn shop() -> ReportContent {
    let message = "enforce is not raised: 2 of 3 workloads violate baseline:v1.37";
    let violations = said(ReportState::Held, "Violations", message);
    let mut enforce = mode(Mode::Enforce, "privileged:latest", "baseline:v1.37", violations);
    enforce.assumed = true;
    let audit = mode(Mode::Audit, "restricted:latest", "restricted:latest", in_sync());
    let left = said(
        ReportState::Yielded,
        "LeftAlone",
        "warn was last set by helm, and conflictPolicy: Yield leaves it to whoever set it",
    );
    let warn = mode(Mode::Warn, "baseline:latest", "restricted:latest", left);
    let running = Running::default()
        .with(TemplateKind::DaemonSet, "agent", HOST_PATH, 3)
        .with(TemplateKind::CronJob, "nightly", HOST_NETWORK, 0)
        .with(TemplateKind::StatefulSet, "db", RESTRICTED, 1);
    let account = Account {
        judgement: Some(running.judged_by(policy("baseline:v1.37"))),
        soak: Some(held(Level::Baseline, 30)),
        ..account([enforce, audit, warn])
    };
    report(account, None, now())
}

async fn event(client: &Client) {
    let report = Api::<PodSecurityReport>::namespaced(client.clone(), "shop").get("podsec").await.unwrap();
    let event = json!({
        "metadata": {"name": "podsec-held", "namespace": "shop"},
        "action": "Hold", "eventTime": "2027-01-31T12:00:00.000000Z", "note": "enforce is held", "reason": "Held",
        "regarding": {
            "apiVersion": "podsec.dev/v1alpha1", "kind": PodSecurityReport::KIND, "name": "podsec", "namespace": "shop",
            "uid": report.metadata.uid,
        },
        "reportingController": "podsec.dev/podsec", "reportingInstance": "podsec-0", "type": "Warning",
    });
    let event: Event = serde_json::from_value(event).unwrap();
    Api::namespaced(client.clone(), "shop").create(&PostParams::default(), &event).await.unwrap();
}

#[tokio::test]
async fn the_columns_say_who_can_go_up_and_what_blocks_the_others() {
    let shown = cluster().await.kubectl(&["get", "psr", "-A"]).unwrap();
    let lines: Vec<_> = shown.lines().map(str::trim_end).collect();
    let widest = lines.iter().map(|line| line.len()).max().unwrap();
    assert!(widest <= 100, "{widest} characters:\n{shown}");
    insta::assert_snapshot!(lines.join("\n"));
    let wide = cluster().await.kubectl(&["get", "podsec", "-n", "shop", "-o", "wide"]).unwrap();
    let wide = wide.replace("  ", "\t");
    for cell in ["hostPathVolumes", "Violations", "privileged", "baseline:v1.37", "baseline:latest", "apps"] {
        assert!(wide.split('\t').any(|shown| shown.trim() == cell), "{cell}: {wide}");
    }
}

#[tokio::test]
async fn describe_tells_the_story_of_a_namespace() {
    let described =
        cluster().await.kubectl(&["describe", "psr", "podsec", "-n", "shop", "--show-events=false"]);
    let described = described.unwrap();
    let is_fixed = |line: &&str| {
        !["UID:", "Creation Timestamp:", "Resource Version:"].iter().any(|it| line.trim().starts_with(it))
    };
    let fixed: Vec<_> = described.lines().filter(is_fixed).collect();
    insta::assert_snapshot!(fixed.join("\n"));
}

#[tokio::test]
async fn whoever_may_view_a_namespace_reads_its_report_and_events_and_no_others() {
    let cluster = cluster().await;
    event(&cluster.admin().unwrap()).await;
    let shown = eventually("the role to be put together", async || {
        cluster.kubectl_as(TENANT, &["get", "psr", "-n", "shop", "--no-headers"]).ok()
    })
    .await;
    assert!(shown.contains("Held"), "{shown}");
    let described = cluster.kubectl_as(TENANT, &["describe", "psr", "podsec", "-n", "shop"]).unwrap();
    assert!(described.contains("enforce is held"), "{described}");
    let events = ["events", "-n", "shop", "--for", "podsecurityreport/podsec"];
    let events = cluster.kubectl_as(TENANT, &events).unwrap();
    assert!(events.contains("enforce is held"), "{events}");

    for others in [["get", "psr", "-n", "payments"], ["get", "psr", "-A", "-o=name"]] {
        let refused = cluster.kubectl_as(TENANT, &others).unwrap_err().to_string();
        assert!(refused.contains("cannot list resource \"podsecurityreports\""), "{refused}");
    }
    let refused = cluster.kubectl_as(TENANT, &["get", "events", "-n", "payments"]).unwrap_err().to_string();
    assert!(refused.contains("cannot list resource \"events\""), "{refused}");
    let refused = cluster.kubectl_as(TENANT, &["delete", "psr", "podsec", "-n", "shop"]).unwrap_err();
    assert!(refused.to_string().contains("cannot delete resource \"podsecurityreports\""), "{refused}");
}
