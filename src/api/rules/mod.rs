//! What a profile must satisfy beyond its shape. Each rule stands once, with its CEL text for the API server and its
//! predicate for everything that reads profiles without one side by side.

mod exemptions;
mod labels;
mod modes;
mod names;
mod rollout;
mod selection;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{JSONSchemaProps, ValidationRule};
use serde_json::{Map, Value};

pub(super) use self::names::is_subdomain;
use super::{path, read::Violation};

/// A JSON object.
type Object = Map<String, Value>;

/// One rule.
struct Rule {
    /// The places it applies to, as in `spec.exemptions[].reason`.
    at: &'static [&'static str],
    /// The field below the place that a violation is about, as in `.values`; empty where it is the place itself.
    field: &'static str,
    /// What the field must be, to be read after its name.
    message: &'static str,
    /// The rule as the API server evaluates it, where `self` is the value at the place.
    cel: &'static str,
    /// The same rule, evaluated here.
    holds: Predicate,
}

/// A rule's predicate. Values of another type are the shape's concern and satisfy it.
enum Predicate {
    Text(fn(&str) -> bool),
    Object(fn(&Object) -> bool),
}

impl Predicate {
    fn holds_for(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Text(holds), Value::String(text)) => holds(text),
            (Self::Object(holds), Value::Object(object)) => holds(object),
            _ => true,
        }
    }
}

/// All rules, in the order in which violations are told.
fn all() -> impl Iterator<Item = &'static Rule> {
    [selection::RULES, labels::RULES, modes::RULES, exemptions::RULES, rollout::RULES].into_iter().flatten()
}

/// Writes the rules into the schema of a profile. (A test sees to it that every place is in the schema.)
pub(super) fn attach(root: &mut JSONSchemaProps) {
    for rule in all() {
        for place in rule.at {
            let Some(schema) = path::schema_at(root, place) else {
                continue;
            };
            schema.x_kubernetes_validations.get_or_insert_default().push(ValidationRule {
                rule: rule.cel.to_owned(),
                message: Some(format!("{place}{} {}", rule.field, rule.message)),
                field_path: (!rule.field.is_empty()).then(|| rule.field.to_owned()),
                ..ValidationRule::default()
            });
        }
    }
}

/// What a well-shaped profile violates.
pub(super) fn violations(profile: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    for rule in all() {
        for place in rule.at {
            path::visit(profile, &path::steps(place), "", &mut |at: &str, value| {
                if !rule.holds.holds_for(value) {
                    found.push(Violation {
                        field: format!("{at}{}", rule.field),
                        message: rule.message.to_owned(),
                    });
                }
            });
        }
    }
    found
}

/// The member of an object as text, if it is there.
fn text<'a>(object: &'a Object, key: &str) -> Option<&'a str> {
    object.get(key).and_then(Value::as_str)
}

/// The number of items of a list in an object; 0 when it is not there.
fn items(object: &Object, key: &str) -> usize {
    object.get(key).and_then(Value::as_array).map_or(0, Vec::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_stands_at_a_value_that_its_predicate_reads() {
        let mut schema = crate::api::crd::profile_schema();
        for rule in all() {
            let expected = match rule.holds {
                Predicate::Text(_) => "string",
                Predicate::Object(_) => "object",
            };
            for place in rule.at {
                let found = path::schema_at(&mut schema, place).and_then(|schema| schema.type_.clone());
                assert_eq!(found.as_deref(), Some(expected), "{place}");
            }
        }
    }

    #[test]
    fn messages_follow_the_name_of_a_field() {
        for rule in all() {
            assert!(
                rule.message.starts_with("must ") || rule.message.starts_with("is only "),
                "{}",
                rule.message
            );
            assert!(!rule.message.ends_with('.') && !rule.message.contains("${"), "{}", rule.message);
        }
    }
}
