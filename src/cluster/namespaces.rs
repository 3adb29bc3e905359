//! Namespaces, reduced to what bears on a plan.

use k8s_openapi::{
    api::core::v1::Namespace as KubeNamespace, apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry,
};
use kube::{Api, Client, core::PartialObjectMeta};

use super::{CallError, within_deadline};
use crate::rollout::{LEDGER_KEYS, ManagedFields, Namespace, Operation, Owners};

/// A namespace as the API server hands it out when asked for metadata only.
pub type NamespaceMeta = PartialObjectMeta<KubeNamespace>;

/// The namespaces of a cluster.
pub fn api(client: Client) -> Api<KubeNamespace> {
    Api::all(client)
}

/// Reduces a namespace to what bears on a plan.
pub fn observe(object: NamespaceMeta) -> Namespace {
    let metadata = object.metadata;
    let annotations = metadata.annotations.unwrap_or_default();
    let managed = metadata.managed_fields.unwrap_or_default();
    Namespace {
        name: metadata.name.unwrap_or_default(),
        uid: metadata.uid.unwrap_or_default(),
        resource_version: metadata.resource_version.unwrap_or_default(),
        terminating: metadata.deletion_timestamp.is_some(),
        labels: metadata.labels.unwrap_or_default(),
        ledger_annotations: LEDGER_KEYS
            .into_iter()
            .filter_map(|key| Some((key, annotations.get(key)?.clone())))
            .collect(),
        owners: Owners::from_managed_fields(managed.into_iter().map(entry)),
    }
}

fn entry(entry: ManagedFieldsEntry) -> ManagedFields {
    let operation =
        if entry.operation.as_deref() == Some("Apply") { Operation::Apply } else { Operation::Update };
    ManagedFields {
        manager: entry.manager.unwrap_or_default(),
        operation,
        subresource: entry.subresource.unwrap_or_default(),
        time: entry.time.map(|time| time.0),
        fields: entry.fields_v1.map(|fields| fields.0).unwrap_or_default(),
    }
}

/// Reads one namespace as it is now; nothing when it is gone.
///
/// # Errors
///
/// When the API server does not answer.
pub async fn get(client: &Client, name: &str) -> Result<Option<Namespace>, CallError> {
    let found = within_deadline(api(client.clone()).get_metadata_opt(name)).await?;
    Ok(found.map(observe))
}
