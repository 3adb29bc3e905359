//! The CustomResourceDefinition: what kube derives from the types, finished.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinition, JSON, JSONSchemaProps, JSONSchemaPropsOrArray,
    JSONSchemaPropsOrBool,
};
use kube::CustomResourceExt;
use serde_json::json;

use super::{ClusterPodSecurityProfile, bounds, rules};

/// The CustomResourceDefinition of `ClusterPodSecurityProfile`, as `podsec crds` prints it.
pub fn crd() -> CustomResourceDefinition {
    let mut crd = ClusterPodSecurityProfile::crd();
    for version in &mut crd.spec.versions {
        version.additional_printer_columns = Some(columns());
        if let Some(schema) = version.schema.as_mut().and_then(|schema| schema.open_api_v3_schema.as_mut()) {
            finish(schema);
            rules::attach(schema);
        }
    }
    crd
}

/// The schema of a profile, without rules.
pub(super) fn profile_schema() -> JSONSchemaProps {
    let version = ClusterPodSecurityProfile::crd().spec.versions.into_iter().next();
    let mut schema = version
        .and_then(|version| version.schema)
        .and_then(|schema| schema.open_api_v3_schema)
        .unwrap_or_default();
    finish(&mut schema);
    schema
}

/// What `kubectl get` shows: name, type, path, whether only `-o wide` shows it, description.
const COLUMNS: [(&str, &str, &str, bool, &str); 15] = [
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

fn columns() -> Vec<CustomResourceColumnDefinition> {
    COLUMNS
        .into_iter()
        .map(|(name, type_, path, wide, description)| CustomResourceColumnDefinition {
            name: name.to_owned(),
            type_: type_.to_owned(),
            json_path: path.to_owned(),
            priority: wide.then_some(1),
            description: (!description.is_empty()).then(|| description.to_owned()),
            format: None,
        })
        .collect()
}

/// Turns a derived schema into what the API server should have.
fn finish(root: &mut JSONSchemaProps) {
    root.title = None;
    finish_node(root);
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

fn finish_node(schema: &mut JSONSchemaProps) {
    // A null is an absent field: without `nullable` the API server drops it.
    schema.nullable = None;
    // Defaults of serde's are for reading; in the CRD they would be written into every object.
    schema.default = None;
    if matches!(schema.additional_properties, Some(JSONSchemaPropsOrBool::Bool(_))) {
        schema.additional_properties = None;
    }
    if schema.type_.as_deref() == Some("array") {
        schema.x_kubernetes_list_type.get_or_insert_with(|| "atomic".to_owned());
    }
    bound_format(schema);
    if let Some(description) = &mut schema.description {
        *description = unwrapped(description);
    }
    for field in schema.properties.iter_mut().flat_map(|fields| fields.values_mut()) {
        finish_node(field);
    }
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = &mut schema.items {
        finish_node(items);
    }
    if let Some(JSONSchemaPropsOrBool::Schema(values)) = &mut schema.additional_properties {
        finish_node(values);
    }
}

/// Puts bounds in the place of a format that the API server does not know.
fn bound_format(schema: &mut JSONSchemaProps) {
    if schema.format.as_deref() == Some("uint32") {
        schema.format = Some("int64".to_owned());
        schema.minimum.get_or_insert(0.0);
        schema.maximum.get_or_insert_with(|| f64::from(u32::MAX));
    }
}

/// A description with the line breaks of the source taken out; `kubectl explain` sets its own.
fn unwrapped(description: &str) -> String {
    let paragraphs: Vec<_> =
        description.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect();
    paragraphs.join("\n\n")
}
