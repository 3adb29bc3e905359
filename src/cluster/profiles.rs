//! All profiles at one moment, and whether their list can be relied on for letting go of something.

use std::collections::BTreeMap;

use kube::{
    Api, Client, CustomResourceExt, Resource,
    api::{ApiResource, ListParams},
};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

use super::{
    CallError, Item,
    crd::{self, CrdState},
    within_deadline,
};
use crate::{
    api::{ClusterPodSecurityProfile, InvalidProfile, ProfileStatus, Violation, read_profile},
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
    /// Whether the API server hands out profiles as they were written. If not they must not be written either, not
    /// even their status: the API server would store them without what it drops.
    pub trusted: bool,
    /// The CRD as it stood afterwards.
    pub crd: CrdState,
}

/// A profile as the API server hands it out, read or not.
pub type ProfileItem = Item<ClusterPodSecurityProfile>;

/// The kind, for requests about profiles whose content is not trusted.
pub fn resource() -> ApiResource {
    ClusterPodSecurityProfile::api_resource()
}

/// Lists all profiles, between two looks at the CRD.
///
/// The order matters. Deleting a CRD deletes every object first, which looks like a person deleting each; but by
/// then the CRD says that it is being deleted. So a profile that is missing from the list was deleted for its own
/// sake only if the CRD, looked at afterwards, stands untouched. A CRD that was re-created in between gives itself
/// away by its age.
///
/// Nor does a profile ask for what it seems to ask for while the CRD drops fields, or has only just ceased to: then
/// none of them can be read. `known` is the CRD as of the last listing.
///
/// # Errors
///
/// When the API server does not answer. A CRD that is missing, or is not served, is no error: nothing is listed, and the
/// list is in doubt.
pub async fn list(client: &Client, known: Option<&CrdState>) -> Result<Listing, CallError> {
    let before = crd::look(client).await?;
    let api: Api<ProfileItem> = Api::all(client.clone());
    // Without a resourceVersion the answer is as new as the moment of the question.
    let (objects, is_served) = match within_deadline(api.list(&ListParams::default())).await {
        Ok(list) => (list.items, true),
        Err(error) if error.code() == Some(404) => (Vec::new(), false),
        Err(error) => return Err(error),
    };
    let crd = crd::look(client).await?;
    let trusted = crd.drops_nothing()
        && crd.has_the_shape_of(&before)
        && known.is_none_or(|known| crd.has_the_shape_of(known));
    let mut listing = Listing {
        readable: Vec::new(),
        unreadable: Vec::new(),
        completeness: crd.completeness(),
        trusted,
        crd,
    };
    if !trusted && matches!(listing.completeness, Completeness::Complete { .. }) {
        listing.completeness = Completeness::InDoubt(crd::RESHAPED);
    }
    // Profiles may be there that nobody is shown: that they are not listed says nothing of them.
    if !is_served && matches!(listing.completeness, Completeness::Complete { .. }) {
        listing.completeness = Completeness::InDoubt(crd::UNSERVED);
    }
    for object in objects {
        match read(&object) {
            Ok(profile) if trusted => listing.readable.push(profile),
            Ok(_) => listing.unreadable.push(pruned(&object)),
            Err(problem) => listing.unreadable.push(unreadable(&object, problem)),
        }
    }
    Ok(listing)
}

/// A profile of which fields may be missing that its author wrote.
fn pruned(item: &ProfileItem) -> UnreadableProfile {
    let violation = Violation { field: "spec".into(), message: format!("may lack fields: {}", crd::PRUNED) };
    unreadable(item, InvalidProfile { name: item.meta().name.clone(), violations: vec![violation] })
}

fn unreadable(item: &ProfileItem, problem: InvalidProfile) -> UnreadableProfile {
    let metadata = item.meta();
    UnreadableProfile {
        name: metadata.name.clone().unwrap_or_default(),
        uid: metadata.uid.clone().unwrap_or_default(),
        generation: metadata.generation.unwrap_or_default(),
        problem,
        status: item.read::<StatusOnly>().ok().and_then(|object| object.status),
    }
}

fn read(item: &ProfileItem) -> Result<ClusterPodSecurityProfile, InvalidProfile> {
    match object(item) {
        Ok(object) => read_profile(&Value::Object(object)),
        Err(problem) => Err(InvalidProfile { name: item.meta().name.clone(), violations: vec![problem] }),
    }
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
