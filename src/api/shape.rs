//! Checks a value against the schema of the CRD itself, as the API server does: types, bounds, enums, required and
//! unknown fields. Read from the schema, so that the two cannot differ.

use std::collections::HashSet;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use serde_json::{Number, Value};

use super::{path, read::Violation};

/// Removes the nulls in objects, which the API server takes for absent fields, and tells what violates the schema.
pub(super) fn check(schema: &JSONSchemaProps, value: &mut Value, at: &str) -> Vec<Violation> {
    let mut checker = Checker { found: Vec::new() };
    checker.value(schema, value, at);
    checker.found
}

struct Checker {
    found: Vec<Violation>,
}

impl Checker {
    fn tell(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.found.push(Violation { field: field.into(), message: message.into() });
    }

    fn value(&mut self, schema: &JSONSchemaProps, value: &mut Value, at: &str) {
        if let Value::Number(number) = value {
            make_whole(number);
        }
        match (schema.type_.as_deref(), value) {
            (Some("object"), value @ Value::Object(_)) => self.object(schema, value, at),
            (Some("array"), value @ Value::Array(_)) => self.list(schema, value, at),
            (Some("string"), Value::String(text)) => self.text(schema, text, at),
            (Some("integer"), Value::Number(number)) if number.is_i64() || number.is_u64() => {
                self.number(schema, number.as_f64().unwrap_or(f64::INFINITY), at);
            }
            // A schema without a type takes anything.
            (Some("boolean"), Value::Bool(_)) | (None, _) => {}
            (Some(expected), value) => {
                self.tell(at, format!("must be {}, not {}", described(expected), described(type_of(value))));
            }
        }
    }

    fn object(&mut self, schema: &JSONSchemaProps, value: &mut Value, at: &str) {
        let Value::Object(object) = value else { return };
        object.retain(|_, value| !value.is_null());
        for name in schema.required.iter().flatten().filter(|name| !object.contains_key(*name)) {
            self.tell(path::field(at, name), "is required");
        }
        self.bound_above(schema.max_properties, object.len(), "entries", at);
        for (key, value) in object {
            match (
                schema.properties.as_ref().and_then(|fields| fields.get(key)),
                &schema.additional_properties,
            ) {
                (Some(schema), _) => self.value(schema, value, &path::field(at, key)),
                (None, Some(JSONSchemaPropsOrBool::Schema(schema))) => {
                    self.value(schema, value, &path::entry(at, key));
                }
                (None, _) => self.tell(path::field(at, key), "is not a known field"),
            }
        }
    }

    fn list(&mut self, schema: &JSONSchemaProps, value: &mut Value, at: &str) {
        let Value::Array(items) = value else { return };
        self.bound_above(schema.max_items, items.len(), "items", at);
        if schema.min_items.is_some_and(|min| usize::try_from(min).is_ok_and(|min| items.len() < min)) {
            self.tell(at, "must not be empty");
        }
        if let Some(JSONSchemaPropsOrArray::Schema(schema)) = &schema.items {
            for (index, item) in items.iter_mut().enumerate() {
                self.value(schema, item, &format!("{at}[{index}]"));
            }
        }
        self.duplicates(schema, items, at);
    }

    /// Items of a set, or of a list with a key, that stand twice.
    fn duplicates(&mut self, schema: &JSONSchemaProps, items: &[Value], at: &str) {
        let keys = schema.x_kubernetes_list_map_keys.as_deref().unwrap_or_default();
        let identity = |item: &Value| match schema.x_kubernetes_list_type.as_deref() {
            Some("set") => Some(item.to_string()),
            Some("map") => keys.iter().map(|key| Some(item.get(key)?.to_string())).collect(),
            _ => None,
        };
        let mut seen = HashSet::new();
        for (index, item) in items.iter().enumerate() {
            if identity(item).is_some_and(|identity| !seen.insert(identity)) {
                let key = keys.first().map_or_else(String::new, |key| format!("with the same {key} "));
                self.tell(
                    format!("{at}[{index}]"),
                    format!("must not stand twice: an item {key}stands above"),
                );
            }
        }
    }

    fn text(&mut self, schema: &JSONSchemaProps, text: &str, at: &str) {
        self.bound_above(schema.max_length, text.chars().count(), "characters", at);
        if let Some(allowed) = &schema.enum_ {
            let allowed: Vec<_> = allowed.iter().filter_map(|value| value.0.as_str()).collect();
            if !allowed.contains(&text) {
                self.tell(at, format!("must be one of {}, not {}", allowed.join(", "), path::quoted(text)));
            }
        }
    }

    fn number(&mut self, schema: &JSONSchemaProps, number: f64, at: &str) {
        if schema.minimum.is_some_and(|minimum| number < minimum) {
            self.tell(at, format!("must be at least {}", schema.minimum.unwrap_or_default()));
        }
        if schema.maximum.is_some_and(|maximum| number > maximum) {
            self.tell(at, format!("must be at most {}", schema.maximum.unwrap_or_default()));
        }
    }

    fn bound_above(&mut self, bound: Option<i64>, size: usize, unit: &str, at: &str) {
        if let Some(bound) = bound.filter(|bound| usize::try_from(*bound).is_ok_and(|bound| size > bound)) {
            self.tell(at, format!("must have at most {bound} {unit}"));
        }
    }
}

/// Makes a whole float an integer: `5.0` is 5 to the API server.
fn make_whole(number: &mut Number) {
    if let Some(whole) = number.to_string().strip_suffix(".0").and_then(|digits| digits.parse::<i64>().ok()) {
        *number = whole.into();
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A type in words.
fn described(type_: &str) -> &str {
    match type_ {
        "boolean" => "true or false",
        "integer" => "a whole number",
        "number" => "a number",
        "string" => "a string",
        "array" => "a list",
        "object" => "an object",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::api::crd::{profile_schema, report_schema};

    /// Keywords that `Checker` reads, and those that check nothing. Another one in a spec would be checked by the API
    /// server alone.
    const KNOWN: [&str; 17] = [
        "additionalProperties",
        "description",
        "enum",
        "format",
        "items",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minItems",
        "minimum",
        "properties",
        "required",
        "type",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-list-type",
        "x-kubernetes-map-type",
    ];

    /// Calls `see` with a schema and all below it.
    fn walk(schema: &Value, see: &mut impl FnMut(&Value)) {
        see(schema);
        let below = ["/items", "/additionalProperties"].into_iter().filter_map(|path| schema.pointer(path));
        let fields = schema["properties"].as_object().into_iter().flat_map(|fields| fields.values());
        below.chain(fields).for_each(|schema| walk(schema, see));
    }

    #[test]
    fn every_keyword_of_the_specs_schema_is_checked_here() {
        let schema = serde_json::to_value(profile_schema()).unwrap();
        walk(&schema["properties"]["spec"], &mut |schema| {
            for keyword in schema.as_object().unwrap().keys() {
                assert!(KNOWN.contains(&keyword.as_str()), "{keyword}: {schema}");
            }
            assert!(
                schema.get("format").is_none_or(|format| format == "int32" || format == "int64"),
                "{schema}"
            );
        });
    }

    #[test]
    fn every_text_list_map_and_number_is_bounded() {
        let profile = serde_json::to_value(profile_schema()).unwrap();
        let report = serde_json::to_value(report_schema()).unwrap();
        let bounded = |schema: &Value| {
            let any = |keywords: &[&str]| keywords.iter().any(|keyword| schema.get(keyword).is_some());
            match schema["type"].as_str() {
                Some("string") => any(&["maxLength", "enum"]),
                Some("array") => any(&["maxItems"]) && any(&["x-kubernetes-list-type"]),
                Some("object") => any(&["maxProperties", "properties"]),
                Some("integer") => {
                    (any(&["minimum"]) && any(&["maximum"])) || schema["format"] == json!("int64")
                }
                Some("boolean") => true,
                _ => false,
            }
        };
        for schema in [&profile["properties"]["spec"], &profile["properties"]["status"], &report] {
            walk(schema, &mut |schema| assert!(bounded(schema), "{schema}"));
        }
    }

    #[test]
    fn descriptions_are_prose_for_users() {
        for crd in [crate::api::profile_crd(), crate::api::report_crd()] {
            let schema = serde_json::to_value(crd).unwrap();
            walk(&schema["spec"]["versions"][0]["schema"]["openAPIV3Schema"], &mut |schema| {
                let Some(text) = schema.get("description").and_then(Value::as_str) else { return };
                assert!(
                    !text.contains(['`', '\n']) && !text.contains("${") && !text.contains("[`"),
                    "{text}"
                );
                assert!(text.ends_with('.'), "{text}");
            });
        }
    }
}
