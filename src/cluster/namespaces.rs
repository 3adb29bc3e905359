//! Namespaces, reduced to what bears on a plan.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Namespace as KubeNamespace;
use kube::{Api, Client, Resource, api::ListParams};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{CallError, Item, managed_fields, within_deadline};
use crate::rollout::{ApplyRequest, LEDGER_KEYS, Namespace, Owners};

/// A namespace as the API server hands it out.
pub type NamespaceItem = Item<KubeNamespace>;

/// How many namespaces are asked for at a time. One with its `managedFields` takes some 2 kB.
const PAGE: u32 = 500;

/// How often a list is begun anew that the API server did not let be read to its end.
const TRIES: usize = 3;

/// The namespaces of a cluster.
pub fn api(client: Client) -> Api<NamespaceItem> {
    Api::all(client)
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata<'a> {
    labels: Option<BTreeMap<String, String>>,
    annotations: Option<BTreeMap<String, String>>,
    creation_timestamp: Option<String>,
    #[serde(borrow)]
    managed_fields: Option<Vec<&'a RawValue>>,
}

/// Reduces a namespace to what bears on a plan.
///
/// # Errors
///
/// When labels or annotations are no maps of texts, which the API server does not let happen.
pub fn observe(item: &NamespaceItem) -> serde_json::Result<Namespace> {
    let Metadata { labels, annotations, creation_timestamp: created, managed_fields: entries } =
        item.read::<Content<'_>>()?.metadata;
    let mut annotations = annotations.unwrap_or_default();
    let entries = entries.unwrap_or_default().into_iter().filter_map(managed_fields::read);
    let identity = item.meta().clone();
    Ok(Namespace {
        name: identity.name.unwrap_or_default(),
        uid: identity.uid.unwrap_or_default(),
        resource_version: identity.resource_version.unwrap_or_default(),
        terminating: identity.deletion_timestamp.is_some(),
        created: created.and_then(|created| created.parse().ok()).unwrap_or_default(),
        labels: labels.unwrap_or_default().into_iter().collect(),
        ledger_annotations: LEDGER_KEYS
            .into_iter()
            .filter_map(|key| Some((key, annotations.remove(key)?)))
            .collect(),
        owners: Owners::from_managed_fields(entries),
        remembered: None,
        contests: Default::default(),
    })
}

/// Reads one namespace as it is now; nothing when it is gone.
///
/// # Errors
///
/// When the API server does not answer.
pub async fn get(client: &Client, name: &str) -> Result<Option<Namespace>, CallError> {
    let found = within_deadline(api(client.clone()).get_opt(name)).await?;
    found.as_ref().map(observe).transpose().map_err(|error| kube::Error::SerdeError(error).into())
}

/// The namespaces of a cluster at one moment.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    /// Those that can be read, by name.
    pub namespaces: BTreeMap<String, Namespace>,
    /// The names of those that cannot, each with the reason.
    pub unreadable: Vec<(String, String)>,
}

/// Lists the namespaces that a label selector selects; all of them without one.
///
/// Page by page, so that no more of them is held than what bears on a plan.
///
/// # Errors
///
/// When the API server does not answer, or not to the end.
pub async fn list(client: &Client, selector: Option<&str>) -> Result<Listed, CallError> {
    let mut tries = 1..=TRIES;
    loop {
        tries.next();
        match list_once(client, selector).await {
            // The API server no longer knows what the pages before were of.
            Err(error) if error.code() == Some(410) && !tries.is_empty() => {}
            listed => return listed,
        }
    }
}

async fn list_once(client: &Client, selector: Option<&str>) -> Result<Listed, CallError> {
    let api = api(client.clone());
    let mut listed = Listed::default();
    let mut params = ListParams::default().limit(PAGE);
    params.label_selector = selector.map(ToOwned::to_owned);
    loop {
        let page = within_deadline(api.list(&params)).await?;
        for item in &page.items {
            match observe(item) {
                Ok(namespace) => drop(listed.namespaces.insert(namespace.name.clone(), namespace)),
                Err(error) => {
                    let name = item.meta().name.clone().unwrap_or_default();
                    listed.unreadable.push((name, error.to_string()));
                }
            }
        }
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params.continue_token = Some(token),
            None => return Ok(listed),
        }
    }
}

/// The object of an apply to a namespace as it is at a version.
pub fn apply_body(namespace: &Namespace, resource_version: &str, request: &ApplyRequest) -> Value {
    let ApplyRequest { labels, annotations, manager: _, force: _ } = request;
    // The uid keeps an apply from creating a namespace that is gone or writing to one that was re-created under
    // the name; the version keeps it from overwriting what was never looked at.
    let mut metadata =
        json!({"name": namespace.name, "uid": namespace.uid, "resourceVersion": resource_version});
    // An empty map would leave an empty entry in managedFields for good.
    if !labels.is_empty() {
        metadata["labels"] = json!(labels);
    }
    if !annotations.is_empty() {
        metadata["annotations"] = json!(annotations);
    }
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
}
