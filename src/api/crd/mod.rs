//! The CustomResourceDefinitions: what is derived from the types, finished.

mod profile;
mod report;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};

pub(super) use profile::profile_schema;
#[cfg(test)]
pub(super) use report::report_schema;
pub use {profile::profile_crd, report::report_crd};

/// A column of `kubectl get`: name, type, path, whether only `-o wide` shows it, description.
type Column = (&'static str, &'static str, &'static str, bool, &'static str);

fn columns(columns: &[Column]) -> Vec<CustomResourceColumnDefinition> {
    columns
        .iter()
        .map(|(name, type_, path, wide, description)| CustomResourceColumnDefinition {
            name: (*name).to_owned(),
            type_: (*type_).to_owned(),
            json_path: (*path).to_owned(),
            priority: wide.then_some(1),
            description: (!description.is_empty()).then(|| (*description).to_owned()),
            format: None,
        })
        .collect()
}

/// Turns a derived schema into what the API server should have.
fn finish(root: &mut JSONSchemaProps) {
    root.title = None;
    finish_node(root);
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
