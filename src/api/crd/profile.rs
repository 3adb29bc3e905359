//! The definition of `ClusterPodSecurityProfile`.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSON, JSONSchemaProps,
};
use kube::CustomResourceExt as _;
use serde_json::json;

use super::{Column, columns, finish};
use crate::api::{ClusterPodSecurityProfile, bounds, rules};

/// The CustomResourceDefinition of `ClusterPodSecurityProfile`, as `podsec crds` prints it.
pub fn profile_crd() -> CustomResourceDefinition {
    let mut crd = ClusterPodSecurityProfile::crd();
    for version in &mut crd.spec.versions {
        version.additional_printer_columns = Some(columns(&COLUMNS));
        if let Some(schema) = version.schema.as_mut().and_then(|schema| schema.open_api_v3_schema.as_mut()) {
            finish_profile(schema);
            rules::attach(schema);
        }
    }
    crd
}

/// The schema of a profile, without rules.
pub(in crate::api) fn profile_schema() -> JSONSchemaProps {
    let version = ClusterPodSecurityProfile::crd().spec.versions.into_iter().next();
    let mut schema = version
        .and_then(|version| version.schema)
        .and_then(|schema| schema.open_api_v3_schema)
        .unwrap_or_default();
    finish_profile(&mut schema);
    schema
}

fn finish_profile(root: &mut JSONSchemaProps) {
    finish(root);
    let fields = root.properties.get_or_insert_default();
    if let Some(status) = fields.get_mut("status") {
        // Until the controller has seen a profile, waiters must not take it for done: kstatus compares this number
        // with metadata.generation.
        status.default = Some(JSON(json!({"observedGeneration": -1})));
    }
    let name = JSONSchemaProps {
        type_: Some("string".to_owned()),
        max_length: i64::try_from(bounds::PROFILE_NAME).ok(),
        ..JSONSchemaProps::default()
    };
    let metadata = JSONSchemaProps {
        type_: Some("object".to_owned()),
        properties: Some([("name".to_owned(), name)].into()),
        ..JSONSchemaProps::default()
    };
    fields.insert("metadata".to_owned(), metadata);
}

/// What `kubectl get` shows: name, type, path, whether only `-o wide` shows it, description.
const COLUMNS: [Column; 17] = [
    ("Enforce", "string", ".status.enforce", false, "What enforce is set to"),
    ("Namespaces", "integer", ".status.namespaces.governed", false, "Namespaces that the profile governs"),
    ("In-Sync", "integer", ".status.namespaces.inSync", false, "Namespaces that are as the profile asks"),
    (
        "Held",
        "integer",
        ".status.namespaces.held",
        false,
        "Namespaces in which enforce is not as the profile asks",
    ),
    (
        "Blockers",
        "integer",
        ".status.workloads.violating",
        false,
        "Workloads that violate what the profile asks",
    ),
    (
        "Ready",
        "string",
        ".status.conditions[?(@.type==\"Ready\")].status",
        false,
        "Whether the profile is carried out",
    ),
    ("Age", "date", ".metadata.creationTimestamp", false, ""),
    ("Audit", "string", ".status.audit", true, "What audit is set to"),
    ("Warn", "string", ".status.warn", true, "What warn is set to"),
    ("Strategy", "string", ".status.strategy", true, "How enforce is raised"),
    ("Matched", "integer", ".status.namespaces.matched", true, "Namespaces that the profile selects"),
    (
        "Soaking",
        "integer",
        ".status.namespaces.soaking",
        true,
        "Namespaces held only until they have been clean for long enough",
    ),
    (
        "Inconclusive",
        "integer",
        ".status.namespaces.inconclusive",
        true,
        "Namespaces of which podsec cannot tell",
    ),
    ("Exempt", "integer", ".status.namespaces.exempt", true, "Namespaces under an exemption"),
    (
        "Yielded",
        "integer",
        ".status.namespaces.yielded",
        true,
        "Namespaces in which a label is left to somebody else",
    ),
    (
        "Frozen",
        "integer",
        ".status.namespaces.frozen",
        true,
        "Namespaces in which nothing is changed or let go of",
    ),
    (
        "Contested",
        "integer",
        ".status.namespaces.contested",
        true,
        "Namespaces over which somebody else keeps fighting",
    ),
];
