//! When in doubt, nothing is let go: a CRD that goes away, and a profile that cannot be read.

use podsec_control_plane::Cluster;
use serde_json::{Value, json};

use crate::stage::{Stage, path};

const RESTRICTED: &str = "enforce=restricted+podsec enforce-version=v1.37+podsec";

fn removing(names: &str) -> Value {
    json!({
        "namespaceNames": [names], "enforce": {"level": "restricted"}, "rollout": {"strategy": "Immediate"},
        "releasePolicy": "Remove",
    })
}

fn crd() -> String {
    format!("crd/{}", podsec::cluster::crd::name())
}

/// Two namespaces that a profile has raised which would remove its labels when it is deleted.
async fn governed(stage: &Stage, round: &str) -> [String; 2] {
    let namespaces = ["a", "b"].map(|name| format!("{round}-{name}"));
    for namespace in &namespaces {
        stage.namespace(namespace, &[]).await;
    }
    stage.settled_profile(&format!("old-{round}"), removing(&format!("{round}-*"))).await;
    for namespace in &namespaces {
        stage.shows(namespace, RESTRICTED).await;
    }
    // What was written in the very second in which the next CRD is created could be of either.
    stage.a_second_passes().await;
    namespaces
}

/// Profiles are made again under other names, and for one of the namespaces only; neither loses its labels.
async fn nothing_is_stripped(stage: &Stage, round: &str, [a, b]: &[String; 2]) {
    stage.settled_profile(&format!("new-{round}"), removing(a)).await;
    stage.shows(b, &RESTRICTED.replace("+podsec", "+retained")).await;
    assert_eq!(stage.shown(a).await, RESTRICTED);
    let ledger = stage.observed(a).await.ledger_annotations;
    assert_eq!(ledger.get("podsec.dev/governed-by").unwrap(), format!("enforce=new-{round}"));
}

#[tokio::test]
async fn deleting_the_crd_strips_nothing() {
    let mut stage = Stage::new().await;
    let namespaces = governed(&stage, "noticed").await;
    let before = stage.interposer.namespace_writes();
    stage.cluster.kubectl(&["delete", &crd()]).unwrap();
    stage
        .eventually("podsec to notice", || async {
            let (code, text) = stage.asked("/readyz").await?;
            (code == 503 && text.contains("CRD is not installed")).then_some(())
        })
        .await;
    assert_eq!(stage.interposer.namespace_writes(), before);
    stage.install_crds().await;
    nothing_is_stripped(&stage, "noticed", &namespaces).await;
    stage
        .eventually("podsec to be ready again", || async {
            (stage.asked("/readyz").await?.0 == 200).then_some(())
        })
        .await;

    let namespaces = governed(&stage, "at-once").await;
    stage.cluster.kubectl(&["delete", &crd()]).unwrap();
    stage.install_crds().await;
    nothing_is_stripped(&stage, "at-once", &namespaces).await;

    let namespaces = governed(&stage, "unseen").await;
    stage.stop().await;
    stage.cluster.kubectl(&["delete", &crd()]).unwrap();
    stage.install_crds().await;
    stage.start();
    nothing_is_stripped(&stage, "unseen", &namespaces).await;
}

#[tokio::test]
async fn a_crd_that_is_not_served_lets_nothing_go() {
    let mut stage = Stage::new().await;
    let [a, b] = governed(&stage, "unserved").await;
    let serve = |stage: &Stage, served: bool| {
        let change = json!([{"op": "replace", "path": "/spec/versions/0/served", "value": served}]);
        stage.cluster.kubectl(&["patch", &crd(), "--type=json", "-p", &change.to_string()]).unwrap();
    };
    serve(&stage, false);
    // A list of it is answered as if there were none: by the controller that runs, and by one that starts now.
    for _ in 0..2 {
        stage
            .eventually("podsec to notice", || async {
                let (code, text) = stage.asked("/readyz").await?;
                (code == 503 && text.contains("does not serve")).then_some(())
            })
            .await;
        for namespace in [&a, &b] {
            assert_eq!(stage.shown(namespace).await, RESTRICTED);
        }
        stage.stop().await;
        stage.start();
    }
    serve(&stage, true);
    stage.namespace("unserved-c", &[]).await;
    stage.shows("unserved-c", RESTRICTED).await;
    assert_eq!(stage.asked("/readyz").await.unwrap().0, 200);
    for namespace in [&a, &b] {
        assert_eq!(stage.shown(namespace).await, RESTRICTED);
    }
}

#[tokio::test]
async fn an_unreadable_profile_freezes_what_it_governs() {
    let stage = Stage::new().await;
    for name in ["bad", "gone", "raised"] {
        stage.namespace(&format!("{name}-a"), &[]).await;
    }
    for name in ["bad", "gone"] {
        stage.settled_profile(name, removing(&format!("{name}-*"))).await;
        stage.shows(&format!("{name}-a"), RESTRICTED).await;
    }

    // As if it had been stored under an earlier CRD that checked less.
    stage.accept_any_profile();
    let mut bad = removing("bad-*");
    bad["enforce"]["version"] = "1.25".into();
    stage.eventually("the laxer schema", || async { stage.try_profile("bad", bad.clone()).await.ok() }).await;
    stage
        .eventually("bad to be Stalled", || async {
            let (status, _, message) = stage.condition("bad", "Stalled").await?;
            (status == "True" && message.contains("spec.enforce.version")).then_some(())
        })
        .await;
    assert_eq!(stage.condition("bad", "Ready").await.unwrap().0, "False");
    assert_eq!(stage.condition("bad", "Reconciling").await.map(|(status, ..)| status), None);

    // Its labels stay, even those that somebody lowers; others are raised, and nothing is released anywhere.
    let before = stage.interposer.writes_of("bad-a");
    stage.label("bad-a", &[("enforce", Some("baseline"))]).await;
    stage.delete_profile("gone").await;
    stage.settled_profile("raised", removing("raised-*")).await;
    stage.shows("raised-a", RESTRICTED).await;
    stage.event("Frozen", "gone-a: enforce restricted:v1.37").await;
    assert_eq!(stage.shown("gone-a").await, RESTRICTED);
    assert_eq!(stage.shown("bad-a").await, "enforce=baseline enforce-version=v1.37+podsec");
    assert_eq!(stage.interposer.writes_of("bad-a"), before);

    stage.settled_profile("bad", removing("bad-*")).await;
    stage.shows("bad-a", RESTRICTED).await;
    stage.shows("gone-a", "").await;
}

#[tokio::test]
async fn a_missing_crd_is_waited_for() {
    let mut stage = Stage::without_controller(Cluster::builder()).await;
    stage.cluster.kubectl(&["delete", &crd()]).unwrap();
    stage.namespace("team-a", &[]).await;
    stage.start();
    stage
        .eventually("podsec to say what it waits for", || async {
            let (code, text) = stage.asked("/readyz").await?;
            (code == 503 && text.contains("CRD is not installed")).then_some(())
        })
        .await;
    assert_eq!(stage.asked("/livez").await.unwrap(), (200, "ok\n".to_owned()));
    stage.install_crds().await;
    stage
        .eventually("podsec to be ready", || async { (stage.asked("/readyz").await?.0 == 200).then_some(()) })
        .await;
    stage.settled_profile("teams", removing("team-*")).await;
    stage.shows("team-a", RESTRICTED).await;
    let (code, metrics) = stage.asked("/metrics").await.unwrap();
    assert_eq!(code, 200);
    let raised = r#"podsec_mode_writes_total{mode="enforce",change="raise"} 1"#;
    assert!(metrics.lines().any(|line| line == raised), "{metrics}");
}

#[tokio::test]
async fn a_crd_that_drops_a_field_makes_no_profile_ask_for_something_else() {
    let mut stage = Stage::new().await;
    for name in ["a-plain", "a-exempt"] {
        stage.namespace(name, &[]).await;
    }
    let mut spec = removing("a-*");
    spec["warn"] = json!({"level": "restricted"});
    spec["exemptions"] = json!([{"name": "a-exempt", "reason": "r"}]);
    stage.settled_profile("strict", spec).await;
    let warned = "warn=restricted+podsec warn-version=latest+podsec";
    let labelled = [
        ("a-plain", format!("{RESTRICTED} {warned}")),
        ("a-exempt", format!("enforce=privileged+podsec enforce-version=v1.37+podsec {warned}")),
    ];
    let stays = async |stage: &Stage| {
        for (name, labels) in &labelled {
            assert_eq!(stage.shown(name).await, *labels);
        }
    };
    stays(&stage).await;

    // As an earlier CRD that knows neither exemptions nor warn: to every reader the profile has none any more, and
    // whoever writes it, or only its status, makes that true for ever.
    let any = json!({"x-kubernetes-preserve-unknown-fields": true});
    let known = [
        "namespaceSelector",
        "namespaceNames",
        "enforce",
        "audit",
        "rollout",
        "priority",
        "suspend",
        "conflictPolicy",
        "releasePolicy",
        "allowWeakening",
    ];
    let fields: serde_json::Map<_, _> =
        known.map(|field| (field.to_owned(), any.clone())).into_iter().collect();
    let schema = json!({"type": "object", "properties": {
        "spec": {"type": "object", "properties": fields},
        "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
    }});
    let change =
        json!([{"op": "replace", "path": "/spec/versions/0/schema/openAPIV3Schema", "value": schema}]);
    stage.cluster.kubectl(&["patch", &crd(), "--type=json", "-p", &change.to_string()]).unwrap();
    let exemptions = async |stage: &Stage| stage.profiles().get("strict").await.unwrap().spec.exemptions;
    stage
        .eventually("the field to be dropped", || async { exemptions(&stage).await.is_none().then_some(()) })
        .await;
    let unready = async |stage: &Stage| {
        stage
            .eventually("podsec to notice", || async {
                let (code, text) = stage.asked("/readyz").await?;
                (code == 503 && text.contains("drops fields")).then_some(())
            })
            .await;
    };
    unready(&stage).await;
    stays(&stage).await;
    // Nor does a controller that starts now, and has never seen the profile whole.
    stage.stop().await;
    stage.start();
    unready(&stage).await;
    stage.namespace("a-new", &[]).await;
    stays(&stage).await;

    let file = path("crds/podsec.dev_clusterpodsecurityprofiles.yaml");
    stage.cluster.kubectl(&["apply", "--server-side", "--force-conflicts", "-f", &file]).unwrap();
    stage.shows("a-new", &labelled[0].1).await;
    assert_eq!(exemptions(&stage).await.unwrap().len(), 1, "nobody has written the profile meanwhile");
    assert_eq!(stage.asked("/readyz").await.unwrap().0, 200);
    stays(&stage).await;
}
