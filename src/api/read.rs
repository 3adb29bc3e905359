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
