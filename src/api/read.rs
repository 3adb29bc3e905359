//! Reads a profile as the API server would accept it, without an API server.

use std::{fmt, sync::LazyLock};

use k8s_openapi::{
    apiextensions_apiserver::pkg::apis::apiextensions::v1::JSONSchemaProps,
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::Resource;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{ClusterPodSecurityProfile, ProfileSpec, crd, path, rules, shape};

/// Something in a profile that the CRD does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The field, as in `spec.exemptions[2].reason`.
    pub field: String,
    /// What is the matter, to be read after the field.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.message)
    }
}

/// A profile that cannot be used. Its text is one line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.line())]
pub struct InvalidProfile {
    /// The object's name as it was written, if it can be read. It may hold any characters.
    pub name: Option<String>,
    /// All that was found, never empty.
    pub violations: Vec<Violation>,
}

impl InvalidProfile {
    /// How many violations a line names before it counts the rest.
    const NAMED: usize = 10;

    fn line(&self) -> String {
        let mut parts: Vec<_> = self.violations.iter().take(Self::NAMED).map(Violation::to_string).collect();
        if self.violations.len() > Self::NAMED {
            parts.push(format!("and {} more", self.violations.len() - Self::NAMED));
        }
        parts.join("; ")
    }
}

/// The schema of a profile, without rules.
static SCHEMA: LazyLock<JSONSchemaProps> = LazyLock::new(crd::profile_schema);

/// Reads a profile, checking what the CRD has the API server check, and that no field is unknown.
///
/// All violations of the schema are told; those of the rules only where the schema holds, as the API server does it.
/// A status that cannot be read counts as none: what users ask for stands in the spec, and the controller writes
/// status anew.
///
/// # Errors
///
/// When the API server would refuse the profile under strict field validation.
pub fn read_profile(value: &Value) -> Result<ClusterPodSecurityProfile, InvalidProfile> {
    let name = value.pointer("/metadata/name").and_then(Value::as_str).map(ToOwned::to_owned);
    profile(value).map_err(|violations| InvalidProfile { name, violations })
}

fn profile(value: &Value) -> Result<ClusterPodSecurityProfile, Vec<Violation>> {
    let Value::Object(object) = value else {
        return Err(vec![violation("object", "must be an object")]);
    };
    let mut found = kind(object);
    let metadata = metadata(object).map_err(|violations| found.extend(violations));
    let spec = spec(object).map_err(|violations| found.extend(violations));
    let (Ok(metadata), Ok(spec), true) = (metadata, spec, found.is_empty()) else {
        return Err(found);
    };
    let status = object.get("status").and_then(|status| serde_json::from_value(status.clone()).ok());
    Ok(ClusterPodSecurityProfile { metadata, spec, status })
}

/// What is wrong with the object as such.
fn kind(object: &Map<String, Value>) -> Vec<Violation> {
    let expected = [
        ("apiVersion", ClusterPodSecurityProfile::api_version(&())),
        ("kind", ClusterPodSecurityProfile::kind(&())),
    ];
    let wrong = expected
        .iter()
        .filter(|(field, text)| object.get(*field).and_then(Value::as_str) != Some(text))
        .map(|(field, text)| violation(*field, format!("must be {text}")));
    let known = ["apiVersion", "kind", "metadata", "spec", "status"];
    let unknown = object
        .keys()
        .filter(|key| !known.contains(&key.as_str()))
        .map(|key| violation(path::field("", key), "is not a known field"));
    wrong.chain(unknown).collect()
}

fn metadata(object: &Map<String, Value>) -> Result<ObjectMeta, Vec<Violation>> {
    let Some(value) = object.get("metadata").filter(|value| !value.is_null()) else {
        return Err(vec![violation("metadata.name", "is required")]);
    };
    let metadata: ObjectMeta = typed(value.clone(), "metadata")?;
    let problem = match metadata.name.as_deref() {
        None | Some("") => "is required".to_owned(),
        Some(name) if name.chars().count() > super::bounds::PROFILE_NAME => {
            format!("must have at most {} characters", super::bounds::PROFILE_NAME)
        }
        Some(name) if !rules::is_subdomain(name) => {
            "must consist of lower-case letters, digits, - and ., with letters and digits at either end"
                .to_owned()
        }
        Some(_) => return Ok(metadata),
    };
    Err(vec![violation("metadata.name", problem)])
}

fn spec(object: &Map<String, Value>) -> Result<ProfileSpec, Vec<Violation>> {
    let schema = SCHEMA.properties.as_ref().and_then(|fields| fields.get("spec"));
    let (Some(schema), Some(spec)) = (schema, object.get("spec").filter(|spec| !spec.is_null())) else {
        return Err(vec![violation("spec", "is required")]);
    };
    let mut spec = spec.clone();
    let found = shape::check(schema, &mut spec, "spec");
    if !found.is_empty() {
        return Err(found);
    }
    let profile = Value::Object(Map::from_iter([("spec".to_owned(), spec.clone())]));
    let found = rules::violations(&profile);
    if found.is_empty() { typed(spec, "spec") } else { Err(found) }
}

/// A value as a type, or where it is not of that type.
fn typed<T: DeserializeOwned>(value: Value, at: &str) -> Result<T, Vec<Violation>> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let field = error.path().iter().fold(at.to_owned(), |at, segment| match segment {
            serde_path_to_error::Segment::Seq { index } => format!("{at}[{index}]"),
            serde_path_to_error::Segment::Map { key } => path::field(&at, key),
            _ => at,
        });
        vec![violation(field, format!("cannot be read: {}", one_line(&error.inner().to_string())))]
    })
}

fn violation(field: impl Into<String>, message: impl Into<String>) -> Violation {
    Violation { field: field.into(), message: message.into() }
}

/// A text without control characters, shortened.
fn one_line(text: &str) -> String {
    text.chars().take(256).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn profile() -> Value {
        json!({
            "apiVersion": "podsec.dev/v1alpha1", "kind": "ClusterPodSecurityProfile", "metadata": {"name": "apps"},
            "spec": {
                "namespaceSelector": {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "a", "operator": "Exists"}]},
                "namespaceNames": ["a"], "enforce": {"level": "baseline", "version": "server"},
                "exemptions": [{"name": "a", "reason": "b", "expires": "2027-01-01T00:00:00Z"}],
                "rollout": {"soak": "1h", "batch": {"size": 1, "every": "1m"}},
            },
        })
    }

    #[test]
    fn all_violations_are_told_in_one_line() {
        let mut profile = profile();
        profile["spec"]["enforce"]["version"] = json!("1.25");
        profile["spec"]["exemptions"][0]["reason"] = json!(" ");
        let refused = read_profile(&profile).unwrap_err();
        assert_eq!(refused.name.as_deref(), Some("apps"));
        assert_eq!(
            refused.to_string(),
            "spec.enforce.version must be server, server-N, latest or v1.N; \
             spec.exemptions[0].reason must say why the namespace is exempt"
        );
    }

    #[test]
    fn many_violations_are_counted() {
        let mut profile = profile();
        profile["spec"]["namespaceNames"] = (0..200).map(|index| format!("A{index}")).collect();
        let refused = read_profile(&profile).unwrap_err();
        assert_eq!(refused.violations.len(), 200);
        assert!(refused.to_string().ends_with("; and 190 more"), "{refused}");
    }

    #[test]
    fn a_status_that_cannot_be_read_counts_as_none() {
        let mut profile = profile();
        profile["status"] = json!({"conditions": [{"type": "Ready", "status": "Maybe"}]});
        assert_eq!(read_profile(&profile).unwrap().status, None);
        profile["status"] = json!({"observedGeneration": -1, "fromANewerVersion": true});
        assert_eq!(read_profile(&profile).unwrap().status.unwrap().observed_generation, -1);
    }

    #[test]
    fn metadata_of_another_type_is_named() {
        let mut profile = profile();
        profile["metadata"]["labels"] = json!({"a": ["\u{1b}[31m\n"]});
        let refused = read_profile(&profile).unwrap_err();
        assert_eq!(refused.violations[0].field, "metadata.labels.a");
        assert!(!refused.to_string().contains(char::is_control), "{refused:?}");
    }

    /// Any JSON, not very deep.
    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map(any::<String>(), inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    /// The places of all values in a profile.
    fn places(value: &Value, at: &str, found: &mut Vec<String>) {
        found.push(at.to_owned());
        match value {
            Value::Object(fields) => {
                fields.iter().for_each(|(key, value)| places(value, &format!("{at}/{key}"), found));
            }
            Value::Array(items) => {
                items
                    .iter()
                    .enumerate()
                    .for_each(|(index, value)| places(value, &format!("{at}/{index}"), found));
            }
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn nothing_at_any_place_makes_it_panic_or_speak_in_control_characters(
            place in any::<prop::sample::Index>(),
            intruder in any_json(),
            field in prop::option::of(any::<String>()),
        ) {
            let mut profile = profile();
            let mut all = Vec::new();
            places(&profile, "", &mut all);
            let value = profile.pointer_mut(&all[place.index(all.len())]).unwrap();
            match (field, value) {
                (Some(field), Value::Object(object)) => _ = object.insert(field, intruder),
                (_, value) => *value = intruder,
            }
            match read_profile(&profile) {
                Ok(read) => prop_assert_eq!(read_profile(&serde_json::to_value(&read).unwrap()).unwrap(), read),
                Err(refused) => {
                    prop_assert!(!refused.violations.is_empty());
                    prop_assert!(!refused.to_string().contains(char::is_control), "{:?}", refused);
                }
            }
        }
    }
}
