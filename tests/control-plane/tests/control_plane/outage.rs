//! An API server that goes away, hangs, comes back as another version; and the log of what was written.

use std::error::Error;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, Patch, PatchParams};
use podsec_control_plane::Cluster;
use serde_json::{Value, json};

use crate::waiting;

type Outcome = Result<(), Box<dyn Error>>;

const SHOP: &str = "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}";

#[tokio::test]
async fn what_is_stored_outlives_an_outage() -> Outcome {
    let cluster = Cluster::builder().start().await?;
    cluster.apply(SHOP)?;
    let started = Instant::now();
    cluster.stop_api_server().await?;
    assert!(started.elapsed() < Duration::from_secs(5), "stopping took {:?}", started.elapsed());
    assert!(cluster.stop_api_server().await.is_err(), "it was stopped already");
    assert!(cluster.kubectl(&["get", "namespaces"]).is_err());

    cluster.start_api_server(&["--emulated-version=1.36"]).await?;
    let version: Value = serde_json::from_str(&cluster.kubectl(&["get", "--raw", "/version"])?)?;
    assert_eq!(version["emulationMinor"], "36", "{version}");
    assert!(cluster.kubectl(&["get", "namespaces"])?.contains("shop"));
    assert!(cluster.start_api_server(&[]).await.is_err(), "it runs already");
    Ok(())
}

#[tokio::test]
async fn a_frozen_api_server_does_not_answer() -> Outcome {
    let cluster = Cluster::builder().start().await?;
    let namespaces = Api::<Namespace>::all(cluster.admin()?);
    namespaces.get("default").await?;
    cluster.freeze_api_server()?;
    let frozen =
        async || tokio::time::timeout(Duration::from_millis(500), namespaces.get("default")).await.is_err();
    waiting::until("it is frozen", Duration::from_secs(10), frozen).await;
    cluster.thaw_api_server()?;
    let thawed = async || namespaces.get("default").await.is_ok();
    waiting::until("it answers again", Duration::from_secs(10), thawed).await;
    Ok(())
}

#[tokio::test]
async fn a_wrong_argument_fails_at_once_with_the_log() -> Outcome {
    let started = Instant::now();
    let error = Cluster::builder().api_server_argument("--no-such-flag").start().await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("kube-apiserver") && text.contains("no-such-flag"), "{text}");
    assert!(started.elapsed() < Duration::from_secs(30), "it took {:?}", started.elapsed());
    Ok(())
}

#[tokio::test]
async fn writes_are_counted_by_user() -> Outcome {
    let cluster = Cluster::builder().user("podsec").audit_log().start().await?;
    let labels = Patch::Merge(json!({"metadata": {"labels": {"tried": "yes"}}}));
    let dry = PatchParams { dry_run: true, ..PatchParams::default() };
    Api::<Namespace>::all(cluster.admin()?).patch("default", &dry, &labels).await?;
    let refused = Api::<Namespace>::all(cluster.client("podsec")?);
    refused.patch("default", &PatchParams::default(), &labels).await.unwrap_err();
    refused.get("default").await.unwrap_err();

    let of = |user: &str| -> Vec<Value> {
        let events = cluster.audit_events().unwrap();
        events.into_iter().filter(|event| event["user"]["username"] == user).collect()
    };
    let seen = async || of("podsec").len() == 1 && !of("admin").is_empty();
    waiting::until("the events are there", Duration::from_secs(5), seen).await;
    let event = &of("podsec")[0];
    assert_eq!(event["verb"], "patch");
    assert_eq!(event["responseStatus"]["code"], 403);
    assert_eq!(event["objectRef"]["name"], "default");
    let dry_runs =
        of("admin").iter().filter(|event| event["requestURI"].to_string().contains("dryRun=All")).count();
    assert_eq!(dry_runs, 1);
    Ok(())
}
