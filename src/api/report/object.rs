//! The object that carries a report.

use std::borrow::Cow;

use kube::{Resource, api::ObjectMeta, core::NamespaceResourceScope};
use serde::{Deserialize, Serialize};

use super::ReportContent;

/// A report with its metadata.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Read")]
pub struct PodSecurityReport {
    #[serde(flatten)]
    types: Types,
    /// Its metadata.
    pub metadata: ObjectMeta,
    /// What it says.
    #[serde(flatten)]
    pub content: ReportContent,
}

impl PodSecurityReport {
    /// The name of every report: there is one in a namespace.
    pub const NAME: &'static str = "podsec";
    /// The group of the custom resource.
    pub const GROUP: &'static str = "podsec.dev";
    /// Its version.
    pub const VERSION: &'static str = "v1alpha1";
    /// Its kind.
    pub const KIND: &'static str = "PodSecurityReport";
    /// What the API server serves it as.
    pub const PLURAL: &'static str = "podsecurityreports";

    /// The report of a namespace.
    pub fn of(namespace: &str, content: ReportContent) -> Self {
        let metadata = ObjectMeta {
            name: Some(Self::NAME.to_owned()),
            namespace: Some(namespace.to_owned()),
            ..ObjectMeta::default()
        };
        Self { types: Types::default(), metadata, content }
    }
}

impl Resource for PodSecurityReport {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn kind((): &()) -> Cow<'_, str> {
        Self::KIND.into()
    }

    fn group((): &()) -> Cow<'_, str> {
        Self::GROUP.into()
    }

    fn version((): &()) -> Cow<'_, str> {
        Self::VERSION.into()
    }

    fn plural((): &()) -> Cow<'_, str> {
        Self::PLURAL.into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

/// What every report says it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Types {
    api_version: &'static str,
    kind: &'static str,
}

impl Default for Types {
    fn default() -> Self {
        Self { api_version: "podsec.dev/v1alpha1", kind: PodSecurityReport::KIND }
    }
}

/// A report as it is read: in a list the API server does not say of each what it is.
#[derive(Deserialize)]
struct Read {
    metadata: ObjectMeta,
    #[serde(flatten)]
    content: ReportContent,
}

impl From<Read> for PodSecurityReport {
    fn from(read: Read) -> Self {
        Self { types: Types::default(), metadata: read.metadata, content: read.content }
    }
}
