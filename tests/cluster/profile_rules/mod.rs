//! The CRD on a real API server, and its rules against the same rules offline.

mod grammars;

use std::{collections::BTreeSet, time::Duration};

use http::Request;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, Client,
    api::{Patch, PatchParams},
    core::Status,
    runtime::wait::{await_condition, conditions},
};
use podsec::api::{ClusterPodSecurityProfile, read_profile};
use podsec_control_plane::Cluster;
use serde_json::{Value, json};
use tokio::{
    sync::OnceCell,
    time::{Instant, sleep, timeout},
};

use crate::table;

const PROFILES: &str = "/apis/podsec.dev/v1alpha1/clusterpodsecurityprofiles";
const DEFINITION: &str = "clusterpodsecurityprofiles.podsec.dev";
const DEADLINE: Duration = Duration::from_secs(30);

/// A cluster with the CRD as the repository has it, for all tests of this file.
async fn cluster() -> &'static Cluster {
    static CLUSTER: OnceCell<Cluster> = OnceCell::const_new();
    CLUSTER
        .get_or_init(|| async {
            let cluster = Cluster::builder().start().await.expect("a control plane");
            let crd = concat!(env!("CARGO_MANIFEST_DIR"), "/crds/podsec.dev_clusterpodsecurityprofiles.yaml");
            cluster.apply_file(crd.as_ref()).expect("the API server accepts the CRD");
            let client = cluster.admin().expect("a client");
            let definitions = Api::<CustomResourceDefinition>::all(client.clone());
            let established = await_condition(definitions, DEFINITION, conditions::is_crd_established());
            timeout(DEADLINE, established).await.expect("Established in time").expect("a watch");
            served(client).await;
            cluster
        })
        .await
}

/// Waits until the API server serves profiles, which it does a moment after it has said so.
async fn served(client: Client) {
    let profiles = Api::<ClusterPodSecurityProfile>::all(client);
    let end = Instant::now() + DEADLINE;
    while let Err(error) = profiles.list(&kube::api::ListParams::default()).await {
        assert!(Instant::now() < end, "{error}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// Creates a profile as kubectl does by default, with strict field validation; a dry run stores nothing.
async fn create(client: &Client, profile: &Value, dry_run: bool) -> Result<Value, Status> {
    let dry_run = if dry_run { "&dryRun=All" } else { "" };
    let request = Request::post(format!("{PROFILES}?fieldValidation=Strict{dry_run}"))
        .header("Content-Type", "application/json")
        .body(serde_json::to_vec(profile).expect("JSON"))
        .expect("a request");
    client.request(request).await.map_err(|error| match error {
        kube::Error::Api(status) => *status,
        error => panic!("{error}"),
    })
}

/// What a refusal says of a field: the text of its causes, or of the whole where the API server names no field apart.
fn told_of(refusal: &Status, field: &str) -> String {
    let causes = refusal.details.iter().flat_map(|details| &details.causes);
    let of_field: Vec<_> =
        causes.filter(|cause| cause.field == field).map(|cause| cause.message.as_str()).collect();
    if of_field.is_empty() && refusal.message.contains("strict decoding error") {
        return refusal.message.clone();
    }
    of_field.join("\n")
}

/// The fields that a refusal names. `<nil>` stands for rules that were not reached.
fn fields(refusal: &Status) -> BTreeSet<&str> {
    let causes = refusal.details.iter().flat_map(|details| &details.causes);
    causes.map(|cause| cause.field.as_str()).filter(|field| !matches!(*field, "" | "<nil>")).collect()
}

#[tokio::test]
async fn bad_profiles_are_refused_and_the_field_is_named() {
    let client = cluster().await.admin().unwrap();
    for case in table::bad() {
        let refusal = create(&client, &case.profile(), true).await.expect_err(&case.shows);
        let (field, says) = case.told_by_server();
        assert!(told_of(&refusal, field).contains(says), "{}: {}", case.shows, refusal.message);
        assert_eq!(fields(&refusal).len() > 1, case.more, "{}: {}", case.shows, refusal.message);
    }
}

#[tokio::test]
async fn good_profiles_are_accepted_and_read_back_equal() {
    let client = cluster().await.admin().unwrap();
    for case in table::good() {
        let stored = create(&client, &case.profile(), true)
            .await
            .unwrap_or_else(|refusal| panic!("{}: {}", case.shows, refusal.message));
        let offline =
            read_profile(&case.profile()).unwrap_or_else(|refused| panic!("{}: {refused}", case.shows));
        let typed: ClusterPodSecurityProfile = serde_json::from_value(stored.clone()).unwrap();
        assert_eq!(typed.spec, offline.spec, "{}", case.shows);
        assert_eq!(read_profile(&stored).unwrap(), typed, "{}", case.shows);
    }
}

#[tokio::test]
async fn the_definition_is_what_was_written_and_is_structural() {
    let client = cluster().await.admin().unwrap();
    let definition = Api::<CustomResourceDefinition>::all(client).get(DEFINITION).await.unwrap();
    assert_eq!(definition.spec.versions, podsec::api::profile_crd().spec.versions);
    let conditions = definition.status.unwrap().conditions.unwrap_or_default();
    assert!(
        conditions.iter().any(|condition| condition.type_ == "Established" && condition.status == "True")
    );
    assert!(!conditions.iter().any(|condition| condition.type_ == "NonStructuralSchema"), "{conditions:?}");
}

#[tokio::test]
async fn a_fresh_profile_is_not_observed_and_conditions_are_a_map() {
    let client = cluster().await.admin().unwrap();
    let profile = json!({
        "apiVersion": "podsec.dev/v1alpha1", "kind": "ClusterPodSecurityProfile", "metadata": {"name": "fresh"},
        "spec": {"namespaceSelector": {}, "enforce": {"level": "baseline"}},
    });
    let stored = create(&client, &profile, false).await.unwrap();
    assert_eq!(stored["status"], json!({"observedGeneration": -1}));

    let profiles = Api::<ClusterPodSecurityProfile>::all(client);
    for (manager, kind) in [("podsec", "Ready"), ("somebody-else", "Audited")] {
        let status = json!({
            "apiVersion": "podsec.dev/v1alpha1", "kind": "ClusterPodSecurityProfile",
            "status": {"conditions": [{
                "type": kind, "status": "True", "reason": "Because", "message": "", "observedGeneration": 1,
                "lastTransitionTime": "2027-01-01T00:00:00Z",
            }]},
        });
        profiles.patch_status("fresh", &PatchParams::apply(manager), &Patch::Apply(&status)).await.unwrap();
    }
    let status = profiles.get("fresh").await.unwrap().status.unwrap();
    assert_eq!(
        status.conditions.iter().map(|condition| condition.kind.as_str()).collect::<Vec<_>>(),
        ["Ready", "Audited"]
    );
    assert_eq!(status.observed_generation, -1);
}

#[tokio::test]
async fn the_largest_profile_and_the_largest_status_are_accepted() {
    let client = cluster().await.admin().unwrap();
    let name = |prefix: &str, index: usize| format!("{prefix}{index:0>width$}", width = 63 - prefix.len());
    let profile = json!({
        "apiVersion": "podsec.dev/v1alpha1", "kind": "ClusterPodSecurityProfile", "metadata": {"name": "large"},
        "spec": {
            "namespaceSelector": {
                "matchLabels": (0..64).map(|i| (format!("{}.x/{}", name("a", i), name("b", i)), name("c", i).into())).collect::<serde_json::Map<_, _>>(),
                "matchExpressions": (0..32).map(|i| json!({
                    "key": format!("{0}.{0}.{0}/{0}", name("k", i)), "operator": "In",
                    "values": (0..64).map(|i| name("v", i)).collect::<Vec<_>>(),
                })).collect::<Vec<_>>(),
            },
            "namespaceNames": (0..256).map(|i| name("n*", i)).collect::<Vec<_>>(),
            "enforce": {"level": "baseline"},
            "exemptions": (0..256).map(|i| json!({
                "name": name("e", i), "reason": "é".repeat(1024), "expires": "2028-02-29T00:00:00.123456789+01:00",
            })).collect::<Vec<_>>(),
        },
    });
    let stored =
        create(&client, &profile, false).await.unwrap_or_else(|refusal| panic!("{}", refusal.message));
    let offline = read_profile(&profile).unwrap();
    assert_eq!(read_profile(&stored).unwrap().spec, offline.spec);

    let status = json!({"status": serde_json::to_value(overflowing_status().within_bounds()).unwrap()});
    let profiles = Api::<ClusterPodSecurityProfile>::all(client);
    profiles.patch_status("large", &PatchParams::default(), &Patch::Merge(&status)).await.unwrap();
}

/// A status with more of everything than the CRD allows.
fn overflowing_status() -> podsec::api::ProfileStatus {
    let long = "é".repeat(40_000);
    let condition = |index: usize| {
        json!({
            "type": format!("Type{index}"), "status": "Unknown", "reason": "Because", "message": long,
            "observedGeneration": 1, "lastTransitionTime": "2027-01-01T00:00:00Z",
        })
    };
    let status = json!({
        "observedGeneration": 1,
        "conditions": (0..20).map(condition).collect::<Vec<_>>(),
        "enforce": long, "audit": long, "warn": long, "strategy": long,
        "namespaces": {"matched": u32::MAX, "soaking": u32::MAX, "inconclusive": 0, "contested": 1},
        "workloads": {"judged": u32::MAX, "violating": 0},
        "pods": {"judged": u32::MAX, "violating": u32::MAX},
        "held": vec![json!({
            "name": "a", "reason": long, "message": long, "present": long, "planned": long,
            "blockers": vec![&long; 30], "moreBlockers": u32::MAX, "raisedAt": "2027-01-01T00:00:00Z",
        }); 30],
        "leftAlone": vec![json!({"namespace": "a", "mode": long, "present": long, "planned": long, "lastSetBy": long, "message": long}); 30],
        "unwritable": vec![json!({"name": "a", "message": long}); 30],
        "exempt": vec![json!({"name": "a", "exemption": "a", "reason": long, "expires": "2027-01-01T00:00:00Z"}); 30],
        "expiring": vec![json!({"name": "a", "reason": "why", "expires": "2027-01-01T00:00:00Z"}); 30],
        "controller": {
            "version": long, "newestStandards": long, "serverVersion": long, "neverWeaken": true, "lease": long,
            "protectedNamespaces": vec![&long; 100], "serverDefaults": vec![&long; 100],
            "serverExemptRuntimeClasses": vec![&long; 100], "reconcilers": vec![&long; 100],
        },
    });
    serde_json::from_value(status).unwrap()
}
