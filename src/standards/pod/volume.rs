//! Volumes: a name, and which sources it has.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, Visitor},
};

use super::{Text, decode::Presence};

/// The sources that a volume can have, as Kubernetes 1.37 knows them.
const KNOWN: [&str; 30] = [
    "awsElasticBlockStore",
    "azureDisk",
    "azureFile",
    "cephfs",
    "cinder",
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "fc",
    "flexVolume",
    "flocker",
    "gcePersistentDisk",
    "gitRepo",
    "glusterfs",
    "hostPath",
    "image",
    "iscsi",
    "nfs",
    "persistentVolumeClaim",
    "photonPersistentDisk",
    "portworxVolume",
    "projected",
    "quobyte",
    "rbd",
    "scaleIO",
    "secret",
    "storageos",
    "vsphereVolume",
];

/// A volume of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Volume<'a> {
    /// Its name, which messages print.
    pub name: Text<'a>,
    /// What it is made of; a valid volume has one source.
    pub sources: Sources,
}

/// A set of volume sources, and whether there was one that is not known.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Sources(u32);

impl Sources {
    /// No source.
    pub const NONE: Self = Self(0);
    /// A source that is not known here. A newer Kubernetes may know it.
    pub const UNKNOWN: Self = Self(1 << 31);

    /// The set of sources with these names. A name that is not known gives [`Self::UNKNOWN`].
    pub const fn of(names: &[&str]) -> Self {
        let mut set = 0;
        let mut index = 0;
        while index < names.len() {
            set |= Self::named(names[index].as_bytes()).0;
            index += 1;
        }
        Self(set)
    }

    const fn named(name: &[u8]) -> Self {
        let mut index = 0;
        while index < KNOWN.len() {
            if is_same(KNOWN[index].as_bytes(), name) {
                return Self(1 << index);
            }
            index += 1;
        }
        Self::UNKNOWN
    }

    /// Whether the sets have a source in common.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether there is no source.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Adds another set.
    pub const fn insert(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// The names of the known sources in the set, sorted.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        KNOWN.into_iter().filter(move |name| self.intersects(Self::named(name.as_bytes())))
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unknown = self.intersects(Self::UNKNOWN).then_some("unknown");
        f.debug_set().entries(self.names().chain(unknown)).finish()
    }
}

/// Whether two names are the same, at compile time.
const fn is_same(one: &[u8], other: &[u8]) -> bool {
    if one.len() != other.len() {
        return false;
    }
    let mut index = 0;
    while index < one.len() {
        if one[index] != other[index] {
            return false;
        }
        index += 1;
    }
    true
}

impl<'de: 'a, 'a> Deserialize<'de> for Volume<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(VolumeVisitor)
    }
}

struct VolumeVisitor;

/// A key of a volume.
enum Key {
    Name,
    Source(Sources),
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl Visitor<'_> for KeyVisitor {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field name")
            }

            fn visit_str<E: de::Error>(self, key: &str) -> Result<Key, E> {
                self.visit_bytes(key.as_bytes())
            }

            fn visit_bytes<E>(self, key: &[u8]) -> Result<Key, E> {
                Ok(if key == b"name" { Key::Name } else { Key::Source(Sources::named(key)) })
            }
        }

        deserializer.deserialize_identifier(KeyVisitor)
    }
}

impl<'de> Visitor<'de> for VolumeVisitor {
    type Value = Volume<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Volume::default())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Volume::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut name = None;
        let mut seen = Sources::NONE;
        let mut sources = Sources::NONE;
        while let Some(key) = map.next_key()? {
            match key {
                Key::Name if name.is_some() => return Err(de::Error::duplicate_field("name")),
                Key::Name => name = Some(map.next_value::<Text<'de>>()?),
                Key::Source(Sources::UNKNOWN) => {
                    if map.next_value::<Option<IgnoredAny>>()?.is_some() {
                        sources.insert(Sources::UNKNOWN);
                    }
                }
                Key::Source(source) => {
                    if seen.intersects(source) {
                        return Err(de::Error::duplicate_field(source.names().next().unwrap_or_default()));
                    }
                    seen.insert(source);
                    if map.next_value::<Presence>()?.0 {
                        sources.insert(source);
                    }
                }
            }
        }
        Ok(Volume { name: name.unwrap_or_default(), sources })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(json: &str) -> Volume<'_> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_source_counts_when_it_is_an_object() {
        assert_eq!(volume(r#"{"name":"v","hostPath":{"path":"/"}}"#).sources, Sources::of(&["hostPath"]));
        assert_eq!(volume(r#"{"name":"v","hostPath":{}}"#).sources, Sources::of(&["hostPath"]));
        assert_eq!(volume(r#"{"name":"v","hostPath":null}"#).sources, Sources::NONE);
        assert!(serde_json::from_str::<Volume<'_>>(r#"{"hostPath":"/"}"#).is_err());
    }

    #[test]
    fn what_is_not_known_is_kept_as_unknown() {
        assert_eq!(volume(r#"{"name":"v","marsDisk":{}}"#).sources, Sources::UNKNOWN);
        assert_eq!(volume(r#"{"marsDisk":{},"csi":{}}"#).sources.names().collect::<Vec<_>>(), ["csi"]);
        assert_eq!(volume(r#"{"marsDisk":null}"#).sources, Sources::NONE);
    }

    #[test]
    fn every_known_name_is_one_source() {
        for name in KNOWN {
            assert_eq!(Sources::of(&[name]).names().collect::<Vec<_>>(), [name]);
        }
        assert!(KNOWN.is_sorted());
    }
}
