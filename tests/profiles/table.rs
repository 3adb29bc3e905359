//! The table of profiles that both the offline check and the API server must judge alike.

use serde::Deserialize;
use serde_json::{Value, json};

/// A profile of the table. `spec` is put into an object; `object` is one but for apiVersion and kind.
#[derive(Debug, Deserialize)]
struct Written {
    spec: Option<Value>,
    object: Option<Value>,
}

impl Written {
    fn profile(&self) -> Value {
        let mut object =
            self.object.clone().unwrap_or_else(|| json!({"metadata": {"name": "table"}, "spec": self.spec}));
        object["apiVersion"] = json!("podsec.dev/v1alpha1");
        object["kind"] = json!("ClusterPodSecurityProfile");
        object
    }
}

/// A profile to be refused.
#[derive(Debug, Deserialize)]
pub(crate) struct Bad {
    /// What the case is about.
    pub(crate) shows: String,
    #[serde(flatten)]
    written: Written,
    /// The field that must be named.
    pub(crate) field: String,
    /// What must be said of it.
    pub(crate) says: String,
    /// What the API server says of it in its own words.
    server: Option<String>,
    /// The field as the API server names it, where it names it otherwise.
    server_field: Option<String>,
    /// Whether there is more to refuse than the field.
    #[serde(default)]
    pub(crate) more: bool,
}

impl Bad {
    /// The profile.
    pub(crate) fn profile(&self) -> Value {
        self.written.profile()
    }

    /// The field that the API server must name, and what it must say of it.
    pub(crate) fn told_by_server(&self) -> (&str, &str) {
        (self.server_field.as_deref().unwrap_or(&self.field), self.server.as_deref().unwrap_or(&self.says))
    }
}

/// A profile to be accepted.
#[derive(Debug, Deserialize)]
pub(crate) struct Good {
    /// What the case is about.
    pub(crate) shows: String,
    #[serde(flatten)]
    written: Written,
}

impl Good {
    /// The profile.
    pub(crate) fn profile(&self) -> Value {
        self.written.profile()
    }
}

/// The profiles to be refused.
pub(crate) fn bad() -> Vec<Bad> {
    serde_saphyr::from_str(include_str!("bad.yaml")).expect("bad.yaml is a list of cases")
}

/// The profiles to be accepted.
pub(crate) fn good() -> Vec<Good> {
    serde_saphyr::from_str(include_str!("good.yaml")).expect("good.yaml is a list of cases")
}
