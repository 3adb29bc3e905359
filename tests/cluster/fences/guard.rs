//! `podsec-guard-labels`: who may change what podsec sets, and what decides about it.

use k8s_openapi::api::core::v1::Namespace as KubeNamespace;
use kube::{
    Api, Client,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use podsec_control_plane::Cluster;
use serde_json::{Value, json};

use super::{TENANT, bind, fenced, fenced_alone, new, put_in_place, stage, try_create};
use crate::stage::Stage;

const ENFORCE: &str = "pod-security.kubernetes.io/enforce";
const APPS: &str =
    "enforce=baseline+podsec enforce-version=v1.37+podsec warn=restricted+podsec warn-version=latest+podsec";

/// Ways to write a namespace.
const WAYS: [&str; 3] = ["", "status", "finalize"];

/// Writes a change of the metadata through one of them.
async fn write(client: &Client, way: &str, namespace: &str, metadata: &Value) -> Result<(), String> {
    let api: Api<KubeNamespace> = Api::all(client.clone());
    let patch = Patch::Merge(json!({"metadata": metadata}));
    let params = PatchParams::default();
    let written = match way {
        "" => api.patch(namespace, &params, &patch).await.map(drop),
        "status" => api.patch_status(namespace, &params, &patch).await.map(drop),
        _ => {
            let mut object = serde_json::to_value(api.get(namespace).await.unwrap()).unwrap();
            merge(&mut object["metadata"], metadata);
            let object: KubeNamespace = serde_json::from_value(object).unwrap();
            api.replace_subresource(way, namespace, &PostParams::default(), &object).await.map(drop)
        }
    };
    written.map_err(|error| error.to_string())
}

fn merge(into: &mut Value, patch: &Value) {
    match patch {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::Null => drop(into.as_object_mut().unwrap().remove(key)),
                    value => merge(&mut into[key], value),
                }
            }
        }
        value => *into = value.clone(),
    }
}

async fn is_refused(client: &Client, namespace: &str, metadata: Value, why: &str) {
    // Of what is no level Pod Security itself says so, where it looks.
    let is_invalid = metadata["labels"][ENFORCE] == "garbage";
    for way in WAYS.into_iter().filter(|way| !(is_invalid && way.is_empty())) {
        let refusal = write(client, way, namespace, &metadata).await.unwrap_err();
        assert!(refusal.contains("'podsec-guard-labels'"), "{way} {metadata}: {refusal}");
        assert!(refusal.contains(why), "{way} {metadata}: {refusal}");
        let otherwise = "takes the verb override on clusterpodsecurityprofiles.podsec.dev";
        assert!(refusal.contains(otherwise), "{way} {metadata}: {refusal}");
    }
}

/// A namespace of the profile `apps`, labelled by podsec.
async fn with_apps(stage: &mut Stage) {
    stage.start();
    stage.namespace("shop", &[("tier", "apps")]).await;
    stage.shows("shop", APPS).await;
}

#[tokio::test]
async fn only_podsec_changes_what_podsec_sets_and_goes_by() {
    let mut stage = fenced_alone().await;
    with_apps(&mut stage).await;
    let tenant = stage.cluster.client(TENANT).unwrap();
    let labels = |key: &str, value: Value| json!({"labels": {key: value}});
    for (key, value) in [
        (ENFORCE, json!("privileged")),
        (ENFORCE, Value::Null),
        (ENFORCE, json!("garbage")),
        ("pod-security.kubernetes.io/enforce-version", json!("v1.0")),
        ("pod-security.kubernetes.io/audit", json!("baseline")),
        ("pod-security.kubernetes.io/warn-version", Value::Null),
    ] {
        is_refused(&tenant, "shop", labels(key, value), &format!("podsec sets {key}: change the Cluster"))
            .await;
    }
    for value in [Value::Null, json!("payments")] {
        is_refused(&tenant, "shop", labels("tier", value), "select namespaces by tier: leave").await;
    }
    for key in ["governed-by", "enforced", "on-release", "taken-from"] {
        let key = format!("podsec.dev/{key}");
        let why = format!("podsec keeps its notes in {key}: leave");
        is_refused(&tenant, "shop", json!({"annotations": {key: "enforce=none"}}), &why).await;
    }
    assert_eq!(stage.shown("shop").await, APPS);

    // What is none of it, or does not change, passes: also where it is applied again.
    let other =
        json!({"labels": {"team": "a", ENFORCE: "baseline", "tier": "apps"}, "annotations": {"note": "x"}});
    for way in WAYS {
        write(&tenant, way, "shop", &other).await.unwrap();
    }
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": other["labels"]}});
    let api: Api<KubeNamespace> = Api::all(tenant.clone());
    for labels in [&other["labels"], &json!({})] {
        // And where Git lets go of it, since podsec owns it as well.
        let mut object = object.clone();
        object["metadata"]["labels"] = labels.clone();
        api.patch("shop", &PatchParams::apply("flux"), &Patch::Apply(&object)).await.unwrap();
    }
    assert_eq!(stage.shown("shop").await, APPS);
}

#[tokio::test]
async fn podsec_goes_on_and_so_does_the_end_of_a_namespace() {
    let mut stage = fenced(Cluster::builder().controller_manager()).await;
    with_apps(&mut stage).await;
    // An edit, and the handing over to the other manager.
    let mut stricter = super::apps();
    stricter["enforce"]["level"] = "restricted".into();
    stage.settled_profile("apps", stricter).await;
    stage.shows("shop", &APPS.replace("baseline", "restricted")).await;
    stage.delete_profile("apps").await;
    // The profile for all the rest takes enforce over, and what it does not set is retained.
    stage
        .shows(
            "shop",
            "enforce=restricted+podsec enforce-version=v1.37+podsec warn=restricted+retained warn-version=latest+retained",
        )
        .await;
    stage.cluster.kubectl_as(TENANT, &["delete", "namespace", "shop", "--timeout=60s"]).unwrap();
    let gone =
        stage.cluster.kubectl(&["get", "namespace", "shop", "--ignore-not-found", "-o", "name"]).unwrap();
    assert_eq!(gone, "");
}

#[tokio::test]
async fn names_of_exemptions_and_notes_are_not_for_everybody_to_create() {
    let stage = fenced_alone().await;
    let tenant = stage.cluster.client(TENANT).unwrap();
    let refusal = try_create(&tenant, &new("legacy-x", &[])).await.unwrap_err().to_string();
    assert!(
        refusal.contains("by the exemption legacy-* of the profile rest: choose another name"),
        "{refusal}"
    );
    let mut generated = new("", &[]);
    generated.metadata.name = None;
    generated.metadata.generate_name = Some("legacy-".into());
    let refusal = try_create(&tenant, &generated).await.unwrap_err().to_string();
    assert!(refusal.contains("legacy-* of the profile rest"), "{refusal}");
    let mut forged = new("shop", &[]);
    forged.metadata.annotations =
        Some([("podsec.dev/enforced".to_owned(), "privileged:latest".to_owned())].into());
    let refusal = try_create(&tenant, &forged).await.unwrap_err().to_string();
    assert!(refusal.contains("podsec keeps its notes in podsec.dev/enforced"), "{refusal}");
    // The creator's own labels are no matter of the guard.
    try_create(&tenant, &new("shop", &[("enforce", "privileged"), ("tier", "apps")])).await.unwrap();
    // Who is trusted with everything is trusted with this.
    try_create(&stage.admin, &new("legacy-x", &[])).await.unwrap();
}

#[tokio::test]
async fn who_has_the_verb_may_for_as_long_as_they_have_it() {
    let stage = fenced_alone().await;
    let tenant = stage.cluster.client(TENANT).unwrap();
    stage.namespace("shop", &[("tier", "apps")]).await;
    let change = json!({"labels": {"tier": "payments", ENFORCE: "privileged"}});
    is_refused(&tenant, "shop", change.clone(), "podsec sets").await;
    let page = std::fs::read_to_string(crate::stage::path("docs/fences.md")).unwrap();
    let mut yaml = page.split("\n```yaml\n").skip(1).map(|rest| rest.split("\n```").next().unwrap());
    let role = yaml.find(|block| block.contains("verbs: [override]")).unwrap();
    super::apply(&stage, role);
    bind(&stage, "podsec-override", TENANT);
    stage
        .eventually("the verb to be granted", || async { write(&tenant, "", "shop", &change).await.ok() })
        .await;
    try_create(&tenant, &new("legacy-x", &[])).await.unwrap();
    stage.cluster.kubectl(&["delete", "clusterrolebinding", "podsec-override-tenant"]).unwrap();
    stage
        .eventually("the verb to be taken away", || async {
            write(&tenant, "", "shop", &json!({"labels": {ENFORCE: null}})).await.err()
        })
        .await;
    let api: Api<KubeNamespace> = Api::all(tenant);
    api.delete("shop", &DeleteParams::default()).await.unwrap();
}

/// The parser of the API server goes 250 deep.
#[tokio::test]
async fn hundreds_of_profiles_with_exemptions_are_guarded_in_one_policy() {
    let stage = stage(Cluster::builder()).await;
    for number in 0..260 {
        let exemption = json!({"name": format!("old-{number}"), "reason": "r"});
        let spec = json!({"namespaceNames": [format!("of-{number}")], "enforce": {"level": "baseline"}, "exemptions": [exemption]});
        stage.profile(&format!("p{number}"), spec).await;
    }
    put_in_place(&stage, &["--only", "guard-labels"]).await;
    let tenant = stage.cluster.client(TENANT).unwrap();
    for name in ["old-0", "old-259"] {
        let refused = stage
            .eventually("the guard to be in effect", || async {
                try_create(&tenant, &new(name, &[])).await.err()
            })
            .await;
        assert!(
            refused.to_string().contains(&format!("by the exemption {name} of the profile p")),
            "{refused}"
        );
    }
    try_create(&tenant, &new("old-260", &[])).await.unwrap();
}
