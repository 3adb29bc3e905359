//! A whole pod template, to be compared with others.
//!
//! A Deployment controller makes a `ReplicaSet` its own when their templates are equal but for the label
//! `pod-template-hash`, which it sets itself. The API server writes both in the same manner: fields in the order of its
//! own types, maps by key, and nothing that is empty. So what it writes can be compared instead of what it means; where
//! two servers of different versions should write the same differently, a template counts as another one, which is the
//! safe side.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, MapAccess, SeqAccess, Visitor},
};

use crate::{assessment::Fingerprint, standards::pod::Text};

/// What the controller sets in the template of a `ReplicaSet`.
const OWN_LABEL: &str = "pod-template-hash";

/// All of a template, in one way of writing it.
pub(super) struct Template(Vec<u8>);

impl Template {
    pub(super) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.0)
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut written = Vec::new();
        Writer { written: &mut written, at: Place::Template }.deserialize(deserializer)?;
        Ok(Self(written))
    }
}

#[derive(Clone, Copy)]
enum Place {
    Template,
    Metadata,
    Labels,
    Elsewhere,
}

/// Writes a value down, each with a byte for its kind and texts with their length.
struct Writer<'w> {
    written: &'w mut Vec<u8>,
    at: Place,
}

impl Writer<'_> {
    fn text(&mut self, text: &str) {
        self.written.push(b'"');
        self.written.extend_from_slice(&text.len().to_le_bytes());
        self.written.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, kind: u8, bytes: [u8; 8]) {
        self.written.push(kind);
        self.written.extend_from_slice(&bytes);
    }

    fn below(&self, key: &str) -> Place {
        match (self.at, key) {
            (Place::Template, "metadata") => Place::Metadata,
            (Place::Metadata, "labels") => Place::Labels,
            _ => Place::Elsewhere,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Writer<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Writer<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.written.push(if value { b't' } else { b'f' });
        Ok(())
    }

    fn visit_i64<E>(mut self, value: i64) -> Result<(), E> {
        self.number(b'i', value.to_le_bytes());
        Ok(())
    }

    fn visit_u64<E>(mut self, value: u64) -> Result<(), E> {
        self.number(b'u', value.to_le_bytes());
        Ok(())
    }

    fn visit_f64<E>(mut self, value: f64) -> Result<(), E> {
        self.number(b'd', value.to_le_bytes());
        Ok(())
    }

    fn visit_str<E>(mut self, value: &str) -> Result<(), E> {
        self.text(value);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.written.push(b'n');
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.written.push(b'[');
        while list.next_element_seed(Writer { written: self.written, at: Place::Elsewhere })?.is_some() {}
        self.written.push(b']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        self.written.push(b'{');
        while let Some(key) = map.next_key::<Text<'de>>()? {
            let start = self.written.len();
            let at = self.below(&key);
            self.text(&key);
            let value = self.written.len();
            map.next_value_seed(Writer { written: self.written, at })?;
            let is_null = self.written.get(value..) == Some(b"n");
            // A creationTimestamp that is null is written by some versions and not by others.
            if is_null || matches!(self.at, Place::Labels) && &*key == OWN_LABEL {
                self.written.truncate(start);
            }
        }
        self.written.push(b'}');
        Ok(())
    }
}
