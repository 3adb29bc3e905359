//! Who owns the labels and annotations that podsec keeps right, for people and for JSON.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    rollout::{Namespace, Operation, Owner, is_annotation, wording},
    standards::LABEL_PREFIX,
};

/// A label or an annotation.
#[derive(Clone, Debug, Serialize)]
pub(in crate::cli) struct Key {
    #[serde(rename = "key")]
    pub(in crate::cli) name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) value: Option<String>,
    pub(in crate::cli) owners: Vec<KeyOwner>,
}

impl Key {
    /// Of a tracked key; nothing where it is not there and nobody owns it.
    pub(in crate::cli) fn of(name: &'static str, namespace: &Namespace) -> Option<Self> {
        let value = if is_annotation(name) {
            namespace.ledger_annotations.get(name).map(ToOwned::to_owned)
        } else {
            namespace.label(name).map(ToOwned::to_owned)
        };
        let owners: Vec<_> = namespace.owners.of(name).iter().map(owner).collect();
        (value.is_some() || !owners.is_empty()).then_some(Self { name, value, owners })
    }

    /// The owners in one line.
    pub(in crate::cli) fn owned_by(&self) -> String {
        let owner = |owner: &KeyOwner| {
            let since = owner.since.map(|since| format!(", {since}")).unwrap_or_default();
            format!("{} ({}{since})", owner.manager, owner.how)
        };
        match self.owners.as_slice() {
            [] => "nobody on record".to_owned(),
            owners => owners.iter().map(owner).collect::<Vec<_>>().join("; "),
        }
    }

    /// Without what all labels of Pod Security begin with.
    pub(in crate::cli) fn short(&self) -> &'static str {
        self.name.strip_prefix(LABEL_PREFIX).unwrap_or(self.name)
    }
}

/// Somebody who owns a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(in crate::cli) struct KeyOwner {
    pub(in crate::cli) manager: String,
    /// `Apply`, `Update`, or `Update of status`.
    pub(in crate::cli) how: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) since: Option<Timestamp>,
}

fn owner(owner: &Owner) -> KeyOwner {
    let Owner { manager, operation, subresource, time } = owner;
    let operation = match operation {
        Operation::Apply => "Apply",
        Operation::Update => "Update",
    };
    let how = if subresource.is_empty() {
        operation.to_owned()
    } else {
        format!("{operation} of {}", wording::quoted(subresource))
    };
    KeyOwner { manager: wording::quoted(manager), how, since: *time }
}
