//! The CRD of profiles: whether it stands, and whether it keeps what profiles say.

use jiff::Timestamp;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionSpec,
};
use kube::{Api, Client, CustomResourceExt as _, Resource as _};
use serde::Deserialize;

use super::{CallError, Item, within_deadline};
use crate::{
    api::{ClusterPodSecurityProfile, pruned_fields},
    rollout::Completeness,
};

/// What people are told while the CRD is missing.
pub const MISSING: &str =
    "the ClusterPodSecurityProfile CRD is not installed (podsec crds | kubectl apply --server-side -f -)";

/// What they are told while it drops fields.
pub const PRUNED: &str = "the installed ClusterPodSecurityProfile CRD is of another podsec and drops fields of profiles \
                          (podsec crds | kubectl apply --server-side -f -)";

/// What they are told for a moment after its schema changed: the API server goes over to it a little later than it says.
pub const RESHAPED: &str = "the ClusterPodSecurityProfile CRD has just changed";

/// What they are told while the API server knows the CRD and has nothing of its kind: the version is switched off, or its
/// names are another CRD's; or only for a moment, since it has just been created.
pub const UNSERVED: &str =
    "the API server does not serve the ClusterPodSecurityProfile CRD that is installed";

const TERMINATING: &str = "the ClusterPodSecurityProfile CRD is being deleted";
const AGELESS: &str = "the ClusterPodSecurityProfile CRD does not say when it was created";

/// The name of the CRD.
pub fn name() -> String {
    ClusterPodSecurityProfile::crd_name().to_owned()
}

/// The CRD at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CrdState(Option<Standing>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Standing {
    uid: Option<String>,
    generation: Option<i64>,
    created: Option<Timestamp>,
    terminating: bool,
    /// The fields of a profile that it drops.
    pruned: Vec<String>,
}

impl CrdState {
    /// Whether what is handed out of a profile is all that was written. That holds of a CRD that is not there, too.
    pub(super) fn drops_nothing(&self) -> bool {
        self.0.as_ref().is_none_or(|standing| standing.pruned.is_empty())
    }

    /// Whether the schema cannot have changed between the two.
    pub(super) fn has_the_shape_of(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => one.uid != other.uid || one.generation == other.generation,
            // With a CRD all its objects go.
            _ => true,
        }
    }

    /// What can be said of a list that was made before this was seen.
    pub(super) fn completeness(&self) -> Completeness {
        match &self.0 {
            None => Completeness::InDoubt(MISSING),
            Some(Standing { terminating: true, .. }) => Completeness::InDoubt(TERMINATING),
            Some(Standing { pruned, .. }) if !pruned.is_empty() => Completeness::InDoubt(PRUNED),
            Some(Standing { created: None, .. }) => Completeness::InDoubt(AGELESS),
            Some(Standing { created: Some(created), .. }) => Completeness::Complete { crd_created: *created },
        }
    }
}

/// Looks at the CRD as it is now.
pub(super) async fn look(client: &Client) -> Result<CrdState, CallError> {
    let crds: Api<Item<CustomResourceDefinition>> = Api::all(client.clone());
    let Some(item) = within_deadline(crds.get_opt(&name())).await? else { return Ok(CrdState(None)) };
    let crd: Crd = item.read().map_err(|error| CallError::from(kube::Error::SerdeError(error)))?;
    let served = ClusterPodSecurityProfile::version(&());
    let version = crd.spec.versions.into_iter().find(|version| version.name == served);
    let schema = version.and_then(|version| version.schema).and_then(|schema| schema.open_api_v3_schema);
    // Without a schema nothing is known of what is kept.
    let pruned = schema.as_ref().map_or_else(|| vec!["spec".into()], pruned_fields);
    if let Some(first) = pruned.first() {
        tracing::debug!(first, count = pruned.len(), "the CRD drops fields of profiles");
    }
    let metadata = item.meta();
    Ok(CrdState(Some(Standing {
        uid: metadata.uid.clone(),
        generation: metadata.generation,
        created: crd.metadata.creation_timestamp.parse().ok(),
        terminating: metadata.deletion_timestamp.is_some(),
        pruned,
    })))
}

/// What is looked at of a CRD.
#[derive(Deserialize)]
struct Crd {
    metadata: CrdMetadata,
    spec: CustomResourceDefinitionSpec,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CrdMetadata {
    creation_timestamp: String,
}
