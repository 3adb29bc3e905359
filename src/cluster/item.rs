//! Objects as they come in lists and watches, each decoded on its own.
//!
//! Whoever may write one object must not be able to make a list of all of them unreadable. Two things in metadata are
//! under a tenant's hand and pass the API server: times in `managedFields` beyond what a timestamp type holds, and
//! `fieldsV1` nested deeper than a JSON decoder follows. So an item is kept as text, only what the API server sets
//! itself is read at once, and the rest where it is needed, with an error that concerns this object alone.

use std::{borrow::Cow, marker::PhantomData};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::Resource;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// An object of kind `K` as the API server wrote it.
#[derive(Debug)]
pub struct Item<K> {
    /// Name, namespace, uid, resourceVersion, generation and time of deletion; nothing else.
    identity: ObjectMeta,
    text: Box<RawValue>,
    kind: PhantomData<fn() -> K>,
}

impl<K> Item<K> {
    /// The whole of it.
    pub fn text(&self) -> &str {
        self.text.get()
    }

    /// Reads the part of it that `T` describes.
    ///
    /// # Errors
    ///
    /// When it is of another shape.
    pub fn read<'a, T: Deserialize<'a>>(&'a self) -> serde_json::Result<T> {
        serde_json::from_str(self.text.get())
    }
}

impl<K> Clone for Item<K> {
    fn clone(&self) -> Self {
        Self { identity: self.identity.clone(), text: self.text.clone(), kind: PhantomData }
    }
}

impl<'de, K> Deserialize<'de> for Item<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        let object: Object = serde_json::from_str(text.get()).map_err(serde::de::Error::custom)?;
        Ok(Self { identity: object.metadata.into(), text, kind: PhantomData })
    }
}

/// An object, of which all but the metadata is passed over.
#[derive(Deserialize)]
struct Object {
    metadata: Identity,
}

/// What the API server sets itself, so that it can be relied on to be there and of this shape.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    name: Option<String>,
    namespace: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
    generation: Option<i64>,
    deletion_timestamp: Option<String>,
}

impl From<Identity> for ObjectMeta {
    fn from(identity: Identity) -> Self {
        let Identity { name, namespace, uid, resource_version, generation, deletion_timestamp } = identity;
        // That it is being deleted is what matters.
        let deleted = |text: String| Time(text.parse().unwrap_or(Timestamp::UNIX_EPOCH));
        Self {
            name,
            namespace,
            uid,
            resource_version,
            generation,
            deletion_timestamp: deletion_timestamp.map(deleted),
            ..Self::default()
        }
    }
}

impl<K: Resource<DynamicType = ()>> Resource for Item<K> {
    type DynamicType = ();
    type Scope = K::Scope;

    fn kind((): &()) -> Cow<'_, str> {
        K::kind(&())
    }

    fn group((): &()) -> Cow<'_, str> {
        K::group(&())
    }

    fn version((): &()) -> Cow<'_, str> {
        K::version(&())
    }

    fn plural((): &()) -> Cow<'_, str> {
        K::plural(&())
    }

    fn meta(&self) -> &ObjectMeta {
        &self.identity
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.identity
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Namespace;
    use kube::core::{ObjectList, WatchEvent};
    use serde_json::json;

    use super::*;

    /// A namespace that no typed decoder takes.
    fn odd() -> String {
        let deep = format!("{}1{}", r#"{"f:x":"#.repeat(500), "}".repeat(500));
        format!(
            r#"{{"metadata": {{"name": "odd", "uid": "u", "resourceVersion": "7",
            "managedFields": [{{"time": "9999-12-31T23:59:59Z", "fieldsV1": {deep}}}]}}, "spec": []}}"#
        )
    }

    #[test]
    fn an_odd_object_does_not_spoil_the_list() {
        let text = format!(
            r#"{{"apiVersion": "v1", "kind": "NamespaceList", "metadata": {{"resourceVersion": "9"}}, "items": [{}, {}]}}"#,
            odd(),
            json!({"metadata": {"name": "plain", "deletionTimestamp": "2026-01-01T00:00:00Z"}}),
        );
        assert!(serde_json::from_str::<ObjectList<Namespace>>(&text).is_err(), "or nothing is shown here");
        let list: ObjectList<Item<Namespace>> = serde_json::from_str(&text).unwrap();
        let [odd, plain] = list.items.as_slice() else { panic!("two of two") };
        assert_eq!(odd.meta().name.as_deref(), Some("odd"));
        assert_eq!(odd.meta().resource_version.as_deref(), Some("7"));
        assert!(odd.meta().deletion_timestamp.is_none());
        assert!(plain.meta().deletion_timestamp.is_some());
    }

    #[test]
    fn an_odd_object_does_not_spoil_the_watch() {
        let text = format!(r#"{{"type": "MODIFIED", "object": {}}}"#, odd());
        let event: WatchEvent<Item<Namespace>> = serde_json::from_str(&text).unwrap();
        assert!(matches!(event, WatchEvent::Modified(item) if item.meta().uid.as_deref() == Some("u")));
    }
}
