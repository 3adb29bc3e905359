//! `metadata.managedFields`, reduced to who owns the keys that podsec keeps right.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::rollout::{ManagedFields, Operation, TRACKED_KEYS, is_annotation};

/// One entry. Its time is text and its fields are raw: both are under a tenant's hand (see [`super::item`]).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    manager: Option<String>,
    operation: Option<String>,
    subresource: Option<String>,
    time: Option<String>,
    #[serde(borrow)]
    fields_v1: Option<&'a RawValue>,
}

/// Reads one entry. What cannot be read of it counts as absent: an entry without fields owns nothing, one without a
/// time is older than any other.
pub(super) fn read(entry: &RawValue) -> Option<ManagedFields> {
    let Entry { manager, operation, subresource, time, fields_v1 } =
        serde_json::from_str(entry.get()).ok()?;
    let keys: OwnedKeys =
        fields_v1.and_then(|fields| serde_json::from_str(fields.get()).ok()).unwrap_or_default();
    let is_apply = operation.as_deref() == Some("Apply");
    Some(ManagedFields {
        manager: manager.unwrap_or_default(),
        operation: if is_apply { Operation::Apply } else { Operation::Update },
        subresource: subresource.unwrap_or_default(),
        time: time.and_then(|time| time.parse().ok()),
        keys: keys.metadata.keys(),
    })
}

/// `fieldsV1`, of which only `f:metadata` is looked at.
#[derive(Default, Deserialize)]
struct OwnedKeys {
    #[serde(rename = "f:metadata", default)]
    metadata: OwnedMetadata,
}

#[derive(Default, Deserialize)]
struct OwnedMetadata {
    #[serde(rename = "f:labels", default)]
    labels: Names,
    #[serde(rename = "f:annotations", default)]
    annotations: Names,
}

impl OwnedMetadata {
    fn keys(&self) -> Vec<&'static str> {
        let is_owned = |key: &&'static str| {
            let names = if is_annotation(key) { &self.annotations } else { &self.labels };
            names.0.contains(key)
        };
        TRACKED_KEYS.into_iter().filter(is_owned).collect()
    }
}

/// The tracked keys among the fields of a map. Below them nothing is looked at, however deep it goes.
#[derive(Default)]
struct Names(Vec<&'static str>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a set of fields")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                let mut names = Vec::new();
                while let Some((field, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
                    let name = field.strip_prefix("f:");
                    names.extend(TRACKED_KEYS.into_iter().find(|key| Some(*key) == name));
                }
                Ok(Names(names))
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{rollout::LEDGER_KEYS, standards::Mode};

    const LEVEL: &str = Mode::Enforce.keys().level;

    fn reading(entry: &Value) -> ManagedFields {
        read(&RawValue::from_string(entry.to_string()).unwrap()).unwrap()
    }

    fn fields(map: &str, key: &str, below: &Value) -> Value {
        json!({"f:metadata": {map: {".": {}, format!("f:{key}"): below, "f:other": {}}}, "f:spec": {}})
    }

    #[test]
    fn an_entry_says_who_owns_which_tracked_key() {
        let entry = reading(&json!({
            "manager": "kubectl-label", "operation": "Update", "subresource": "status",
            "time": "2026-11-22T10:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": fields("f:labels", LEVEL, &json!({})),
        }));
        assert_eq!((entry.manager.as_str(), entry.subresource.as_str()), ("kubectl-label", "status"));
        assert_eq!(entry.operation, Operation::Update);
        assert_eq!(entry.time, Some("2026-11-22T10:00:00Z".parse().unwrap()));
        assert_eq!(entry.keys, [LEVEL]);
    }

    #[test]
    fn an_annotation_of_a_labels_name_is_no_label_and_the_reverse() {
        let owned = |map, key| reading(&json!({"fieldsV1": fields(map, key, &json!({}))})).keys;
        assert_eq!(owned("f:annotations", LEVEL), Vec::<&str>::new());
        assert_eq!(owned("f:labels", LEDGER_KEYS[0]), Vec::<&str>::new());
        assert_eq!(owned("f:annotations", LEDGER_KEYS[0]), [LEDGER_KEYS[0]]);
    }

    #[test]
    fn what_cannot_be_read_counts_as_absent() {
        for time in ["9999-12-31T23:59:59Z", "", "soon"] {
            let entry = reading(&json!({"time": time, "fieldsV1": fields("f:labels", LEVEL, &json!({}))}));
            assert_eq!((entry.time, entry.keys.as_slice()), (None, [LEVEL].as_slice()), "{time:?}");
        }
        for odd in [json!("text"), json!({"f:metadata": 1}), json!({"f:metadata": {"f:labels": []}})] {
            assert!(reading(&json!({"manager": "odd", "fieldsV1": odd})).keys.is_empty());
        }
        assert!(read(&RawValue::from_string("[1]".into()).unwrap()).is_none());
    }

    #[test]
    fn depth_is_no_matter() {
        let deep = format!("{}{}", r#"{"f:x":"#.repeat(10_000), "}".repeat(10_000)).replace(":}", ":{}}");
        let text = format!(
            r#"{{"manager": "deep", "fieldsV1": {{"f:deep": {deep}, "f:metadata": {{"f:labels": {{"f:{LEVEL}": {deep}}}}}}}}}"#
        );
        let entry = read(&RawValue::from_string(text).unwrap()).unwrap();
        assert_eq!(entry.keys, [LEVEL]);
    }
}
