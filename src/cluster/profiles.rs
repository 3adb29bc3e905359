//! All profiles at one moment, and whether their list can be relied on for letting go of something.

use std::collections::BTreeMap;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionSpec,
};
use kube::{
    Api, Client, CustomResourceExt, Resource,
    api::{ApiResource, ListParams},
};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

use super::{CallError, Item, within_deadline};
use crate::{
    api::{ClusterPodSecurityProfile, InvalidProfile, ProfileStatus, Violation, pruned_fields, read_profile},
    rollout::Completeness,
};

/// A profile that cannot be read or cannot work.
#[derive(Clone, Debug)]
pub struct UnreadableProfile {
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// The generation of its spec.
    pub generation: i64,
    /// What is wrong with it.
    pub problem: InvalidProfile,
    /// Its status, as far as that can be read.
    pub status: Option<ProfileStatus>,
}

/// The profiles of a cluster, listed whole.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The profiles that can be read.
    pub readable: Vec<ClusterPodSecurityProfile>,
    /// Those that cannot.
    pub unreadable: Vec<UnreadableProfile>,
    /// Whether the list can be relied on.
    pub completeness: Completeness,
}

/// A profile as the API server hands it out, read or not.
pub type ProfileItem = Item<ClusterPodSecurityProfile>;

/// The name of the CRD.
pub fn crd_name() -> String {
    format!("{}.{}", ClusterPodSecurityProfile::plural(&()), ClusterPodSecurityProfile::group(&()))
}

/// The kind, for requests about profiles whose content is not trusted.
pub fn resource() -> ApiResource {
    ClusterPodSecurityProfile::api_resource()
}

/// Lists all profiles, then looks at the CRD.
///
/// The order matters. Deleting a CRD deletes every object first, which looks like a person deleting each; but by
/// then the CRD says that it is being deleted. So a profile that is missing from the list was deleted for its own
/// sake only if the CRD, looked at afterwards, stands untouched. A CRD that was re-created in between gives itself
/// away by its age.
///
/// # Errors
///
/// When the API server does not answer. A missing CRD is no error: nothing is listed, and the list is in doubt.
pub async fn list(client: &Client) -> Result<Listing, CallError> {
    let api: Api<ProfileItem> = Api::all(client.clone());
    // Without a resourceVersion the answer is as new as the moment of the question.
    let objects = match within_deadline(api.list(&ListParams::default())).await {
        Ok(list) => list.items,
        Err(error) if error.code() == Some(404) => {
            let completeness = Completeness::InDoubt(NO_CRD);
            return Ok(Listing { readable: Vec::new(), unreadable: Vec::new(), completeness });
        }
        Err(error) => return Err(error),
    };
    let completeness = completeness(client).await?;
    let mut listing = Listing { readable: Vec::new(), unreadable: Vec::new(), completeness };
    for object in objects {
        match read(&object) {
            Ok(profile) => listing.readable.push(profile),
            Err(unreadable) => listing.unreadable.push(*unreadable),
        }
    }
    Ok(listing)
}

/// What people are told while the CRD is missing.
pub const NO_CRD: &str =
    "the ClusterPodSecurityProfile CRD is not installed (podsec crds | kubectl apply --server-side -f -)";

const PRUNED: &str = "the installed ClusterPodSecurityProfile CRD is of another podsec and drops fields of profiles \
                      (podsec crds | kubectl apply --server-side -f -)";

async fn completeness(client: &Client) -> Result<Completeness, CallError> {
    let crds: Api<Item<CustomResourceDefinition>> = Api::all(client.clone());
    let Some(item) = within_deadline(crds.get_opt(&crd_name())).await? else {
        return Ok(Completeness::InDoubt(NO_CRD));
    };
    if item.meta().deletion_timestamp.is_some() {
        return Ok(Completeness::InDoubt("the ClusterPodSecurityProfile CRD is being deleted"));
    }
    let crd: Crd = item.read().map_err(|error| CallError::from(kube::Error::SerdeError(error)))?;
    let served = ClusterPodSecurityProfile::version(&());
    let version = crd.spec.versions.into_iter().find(|version| version.name == served);
    let schema = version.and_then(|version| version.schema).and_then(|schema| schema.open_api_v3_schema);
    let pruned = schema.as_ref().map(pruned_fields).unwrap_or_default();
    if let Some(first) = pruned.first() {
        tracing::debug!(first, count = pruned.len(), "the CRD drops fields of profiles");
        return Ok(Completeness::InDoubt(PRUNED));
    }
    Ok(crd.metadata.creation_timestamp.parse().map_or(
        Completeness::InDoubt("the ClusterPodSecurityProfile CRD does not say when it was created"),
        |crd_created| Completeness::Complete { crd_created },
    ))
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

fn read(item: &ProfileItem) -> Result<ClusterPodSecurityProfile, Box<UnreadableProfile>> {
    let metadata = item.meta();
    let problem = match object(item) {
        Ok(object) => match read_profile(&Value::Object(object)) {
            Ok(profile) => return Ok(profile),
            Err(problem) => problem,
        },
        Err(problem) => InvalidProfile { name: metadata.name.clone(), violations: vec![problem] },
    };
    Err(Box::new(UnreadableProfile {
        name: metadata.name.clone().unwrap_or_default(),
        uid: metadata.uid.clone().unwrap_or_default(),
        generation: metadata.generation.unwrap_or_default(),
        problem,
        status: item.read::<StatusOnly>().ok().and_then(|object| object.status),
    }))
}

#[derive(Deserialize)]
struct StatusOnly {
    status: Option<ProfileStatus>,
}

/// The object, field by field, with no more of the metadata than can be relied on.
fn object(item: &ProfileItem) -> Result<Map<String, Value>, Violation> {
    let broken = |field: &str, error: &serde_json::Error| Violation {
        field: field.to_owned(),
        message: format!("cannot be read: {error}"),
    };
    let fields: BTreeMap<String, &RawValue> = item.read().map_err(|error| broken("object", &error))?;
    let mut object = Map::new();
    for (field, text) in fields {
        let value = match field.as_str() {
            "metadata" => serde_json::to_value(item.meta()),
            _ => serde_json::from_str(text.get()),
        };
        match value {
            Ok(value) => drop(object.insert(field, value)),
            // podsec writes it anew.
            Err(_) if field == "status" => {}
            Err(error) => return Err(broken(&field, &error)),
        }
    }
    // In a list the items may do without, since the list says it.
    let resource = resource();
    object.insert("apiVersion".into(), resource.api_version.into());
    object.insert("kind".into(), resource.kind.into());
    Ok(object)
}
