//! `podsec-label-new-namespaces`: namespaces that have their labels from the first moment.

use std::collections::BTreeMap;

use kube::api::{Patch, PatchParams, PostParams};
use podsec_control_plane::Cluster;
use serde_json::json;

use super::{
    TENANT, fenced_alone, generate, generated, levels, new, put_in_place, stage, try_create, two_profiles,
};
use crate::stage::{Stage, seen::Seen};

const APPS: &str = "enforce=baseline enforce-version=v1.37 warn=restricted warn-version=latest";
const REST: &str = "enforce=restricted enforce-version=v1.30";

/// What [`levels`] gives, once all of it is podsec's too.
fn podsecs(levels: &str) -> String {
    levels.split(' ').map(|label| format!("{label}+podsec")).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn it_is_labelled_before_anybody_sees_it_and_podsec_comes_to_own_that_in_peace() {
    let mut stage = fenced_alone().await;
    stage.start();
    stage.is_ready("apps", 1).await;
    let seen = Seen::all_of(stage.namespaces());
    for (name, labels, expected) in [
        ("shop", &[("tier", "apps")][..], APPS),
        ("other", &[], REST),
        // A creator's own labels: what is stricter stays, what is weaker does not.
        (
            "strict",
            &[("tier", "apps"), ("enforce", "restricted"), ("warn", "baseline")],
            "enforce=restricted warn=restricted warn-version=latest",
        ),
        ("weak", &[("tier", "apps"), ("enforce", "privileged")], APPS),
    ] {
        let created = stage.namespaces().create(&creator(), &new(name, labels)).await.unwrap();
        assert_eq!(levels(&created), expected, "{name}");
    }
    stage.shows("shop", &podsecs(APPS)).await;
    stage.shows("other", &podsecs(REST)).await;
    stage.shows("weak", &podsecs(APPS)).await;
    stage.shows("strict", "enforce=restricted warn=restricted+podsec warn-version=latest+podsec").await;
    for name in ["shop", "other", "weak"] {
        stage.reports_state(name, "InSync", "InSync").await;
        let mut levels_of_it: Vec<_> = seen
            .all()
            .into_iter()
            .filter(|version| version["metadata"]["name"] == name)
            .map(|version| levels(&serde_json::from_value(version).unwrap()))
            .collect();
        levels_of_it.dedup();
        assert_eq!(levels_of_it.len(), 1, "{name} had {levels_of_it:?}");
        assert_eq!(stage.observed(name).await.ledger_annotations.get("podsec.dev/taken-from"), None);
    }
    let metrics = stage.asked("/metrics").await.unwrap().1;
    let contested: Vec<_> =
        metrics.lines().filter(|line| line.starts_with("podsec_contested_namespaces{")).collect();
    assert!(!contested.is_empty() && contested.iter().all(|line| line.ends_with("} 0")), "{metrics}");
}

fn creator() -> PostParams {
    PostParams { field_manager: Some("kubectl-create".into()), ..PostParams::default() }
}

#[tokio::test]
async fn a_name_that_is_made_up_is_known_by_what_it_begins_with() {
    let stage = stage(Cluster::builder()).await;
    for (name, level, priority) in [("team-*", "baseline", 1), ("*", "restricted", 0)] {
        let spec = json!({"namespaceNames": [name], "priority": priority, "enforce": {"level": level}});
        stage.profile(level, spec).await;
    }
    put_in_place(&stage, &["--only", "label-new-namespaces"]).await;
    for (begin, level) in [("team-", "baseline"), ("tea", "restricted")] {
        let mut namespace = new("", &[]);
        namespace.metadata.name = None;
        namespace.metadata.generate_name = Some(begin.into());
        let created = try_create(&stage.admin, &namespace).await.unwrap();
        assert_eq!(levels(&created), format!("enforce={level} enforce-version=v1.37"));
    }
}

#[tokio::test]
async fn a_reconciler_keeps_what_it_comes_with() {
    let stage = fenced_alone().await;
    let labels: BTreeMap<_, _> =
        [("tier", "apps"), ("pod-security.kubernetes.io/enforce", "privileged")].into_iter().collect();
    for (manager, expected) in
        [("kustomize-controller", "enforce=privileged warn=restricted warn-version=latest"), ("helm", APPS)]
    {
        let object =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": manager, "labels": labels}});
        let applied =
            stage.namespaces().patch(manager, &PatchParams::apply(manager), &Patch::Apply(&object)).await;
        assert_eq!(levels(&applied.unwrap()), expected, "{manager}");
    }
}

#[tokio::test]
async fn older_api_servers_get_what_they_have() {
    for (emulated, minor) in [("1.36", 36), ("1.35", 35)] {
        let argument = format!("--emulated-version={emulated}");
        let stage: Stage = stage(Cluster::builder().api_server_argument(argument)).await;
        two_profiles(&stage).await;
        if minor >= 36 {
            put_in_place(&stage, &[]).await;
            let shop = new("shop", &[("tier", "apps")]);
            let created = try_create(&stage.admin, &shop).await.unwrap();
            assert_eq!(levels(&created), APPS.replace("v1.37", "v1.36"));
            continue;
        }
        let output = generate(&stage, &[]);
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "");
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            "podsec: podsec-label-new-namespaces is a MutatingAdmissionPolicy, which Kubernetes has since v1.36, and the \
             API server is of v1.35; for the others: --only guard-labels,fence-podsec\n"
        );
        super::apply(&stage, &generated(&stage, &["--only", "guard-labels,fence-podsec"]));
        stage.namespace("shop", &[]).await;
        let lower = [
            "label",
            "namespace",
            "shop",
            "pod-security.kubernetes.io/enforce=privileged",
            "--dry-run=server",
        ];
        stage
            .eventually("the guard to be in effect", || async {
                let refused = stage.cluster.kubectl_as(TENANT, &lower).err()?;
                refused.to_string().contains("podsec-guard-labels").then_some(())
            })
            .await;
    }
}

/// Another policy adds the label that a profile selects by, after this one has looked for the first time.
#[tokio::test]
async fn labels_that_are_added_on_the_way_are_seen_on_a_second_look() {
    let stage = stage(Cluster::builder()).await;
    for (name, tier, level, priority) in
        [("rest", None, "baseline", -1), ("apps", Some("apps"), "restricted", 0)]
    {
        let selector = tier.map_or_else(|| json!({}), |tier| json!({"matchLabels": {"tier": tier}}));
        let spec = json!({"namespaceSelector": selector, "priority": priority, "enforce": {"level": level}});
        stage.profile(name, spec).await;
    }
    let api = "admissionregistration.k8s.io/v1";
    let metadata = json!({"name": "z-adds-tier"});
    let policy = json!({"apiVersion": api, "kind": "MutatingAdmissionPolicy", "metadata": metadata, "spec": {
        "failurePolicy": "Fail", "reinvocationPolicy": "Never",
        "matchConstraints": {"resourceRules": [
            {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["namespaces"]},
        ]},
        "matchConditions": [{"name": "shop", "expression": "object.metadata.name == 'shop'"}],
        "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {
            "expression": "Object{metadata: Object.metadata{labels: {'tier': 'apps'}}}",
        }}],
    }});
    let binding = json!({"apiVersion": api, "kind": "MutatingAdmissionPolicyBinding", "metadata": metadata,
        "spec": {"policyName": "z-adds-tier"}});
    super::apply(&stage, &format!("{policy}\n---\n{binding}"));
    put_in_place(&stage, &["--only", "label-new-namespaces"]).await;
    for (name, level) in [("shop", "restricted"), ("other", "baseline")] {
        let created = try_create(&stage.admin, &new(name, &[])).await.unwrap();
        assert_eq!(levels(&created), format!("enforce={level} enforce-version=v1.37"), "{name}");
    }
}
