//! Whether a CRD keeps what a profile says.
//!
//! The API server drops every field that the CRD's schema does not know, silently and also from what is stored
//! already. A profile read through a CRD of another podsec may so seem to ask for less than its author wrote.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};

use super::{crd, path};

/// The fields of a profile's spec that a CRD with this schema of the whole object drops, as in `spec.exemptions[]`.
pub fn pruned_fields(installed: &JSONSchemaProps) -> Vec<String> {
    let mut pruned = Vec::new();
    let schema = crd::profile_schema();
    if let Some(spec) = schema.properties.as_ref().and_then(|fields| fields.get("spec")) {
        field(spec, installed, "spec", "spec", &mut pruned);
    }
    pruned
}

/// Looks at one field of an object and what is below it.
fn field(known: &JSONSchemaProps, parent: &JSONSchemaProps, name: &str, at: &str, pruned: &mut Vec<String>) {
    let named = parent.properties.as_ref().and_then(|fields| fields.get(name));
    let any = match &parent.additional_properties {
        Some(JSONSchemaPropsOrBool::Schema(schema)) => Some(&**schema),
        Some(JSONSchemaPropsOrBool::Bool(true)) => return,
        Some(JSONSchemaPropsOrBool::Bool(false)) | None => None,
    };
    match named.or(any) {
        Some(installed) => below(known, installed, at, pruned),
        // Only what is not specified is kept as it is: inside a specified field pruning goes on.
        None if parent.x_kubernetes_preserve_unknown_fields == Some(true) => {}
        None => pruned.push(at.to_owned()),
    }
}

fn below(known: &JSONSchemaProps, installed: &JSONSchemaProps, at: &str, pruned: &mut Vec<String>) {
    for (name, known) in known.properties.iter().flatten() {
        field(known, installed, name, &path::field(at, name), pruned);
    }
    if let (Some(JSONSchemaPropsOrArray::Schema(known)), Some(JSONSchemaPropsOrArray::Schema(installed))) =
        (&known.items, &installed.items)
    {
        below(known, installed, &format!("{at}[]"), pruned);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn own() -> Value {
        serde_json::to_value(crd::profile_schema()).unwrap()
    }

    fn pruned(schema: Value) -> Vec<String> {
        pruned_fields(&serde_json::from_value(schema).unwrap())
    }

    #[test]
    fn the_crd_of_this_podsec_keeps_everything() {
        assert_eq!(pruned(own()), Vec::<String>::new());
    }

    #[test]
    fn a_field_that_an_earlier_crd_lacks_is_named() {
        let mut schema = own();
        let spec = &mut schema["properties"]["spec"]["properties"];
        spec.as_object_mut().unwrap().remove("allowWeakening");
        spec["exemptions"]["items"]["properties"].as_object_mut().unwrap().remove("expires");
        spec["rollout"]["properties"]["batch"]["properties"].as_object_mut().unwrap().remove("every");
        let expected = ["spec.allowWeakening", "spec.exemptions[].expires", "spec.rollout.batch.every"];
        assert_eq!(pruned(schema), expected);
    }

    #[test]
    fn a_crd_that_takes_anything_keeps_everything_and_one_of_nothing_keeps_nothing() {
        let preserving = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        assert_eq!(pruned(preserving), Vec::<String>::new());
        assert_eq!(pruned(json!({"type": "object"})), ["spec"]);
        let mut schema = own();
        schema["x-kubernetes-preserve-unknown-fields"] = true.into();
        schema["properties"]["spec"]["properties"].as_object_mut().unwrap().remove("suspend");
        assert_eq!(pruned(schema), ["spec.suspend"]);
    }
}
