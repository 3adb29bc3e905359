//! The annotations by which AppArmor and seccomp were set before there were fields.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor},
};

use super::Text;

/// What the key of an AppArmor annotation starts with; a container's name follows.
pub const APPARMOR_PREFIX: &str = "container.apparmor.security.beta.kubernetes.io/";
/// The key of a pod's seccomp annotation.
pub const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
/// What the key of a container's seccomp annotation starts with; the container's name follows.
pub const SECCOMP_CONTAINER_PREFIX: &str = "container.seccomp.security.alpha.kubernetes.io/";

/// The annotations that a check reads, sorted by key. All others are let go while reading.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Annotations<'a>(Vec<(Text<'a>, Text<'a>)>);

impl<'a> Annotations<'a> {
    /// Keys and values, sorted by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (&**key, &**value))
    }

    /// Whether a check reads annotations of this key.
    pub fn reads(key: &str) -> bool {
        is_read(key)
    }

    /// Keys and values.
    pub(super) fn into_entries(self) -> impl Iterator<Item = (Text<'a>, Text<'a>)> {
        self.0.into_iter()
    }

    /// The entry of the key that is `prefix` followed by `name`.
    pub(in super::super) fn get(&self, prefix: &str, name: &str) -> Option<(&str, &str)> {
        let order = |key: &str| key.bytes().cmp(prefix.bytes().chain(name.bytes()));
        let index = self.0.binary_search_by(|(key, _)| order(key)).ok()?;
        self.0.get(index).map(|(key, value)| (&**key, &**value))
    }

    /// Puts an annotation in, if a check reads it, in place of one with the same key.
    pub fn insert(&mut self, key: Text<'a>, value: Text<'a>) {
        if !is_read(&key) {
            return;
        }
        match self.position(&key) {
            Ok(index) => self.0[index].1 = value,
            Err(index) => self.0.insert(index, (key, value)),
        }
    }

    /// Where a key stands, or where it would.
    fn position(&self, key: &Text<'_>) -> Result<usize, usize> {
        self.0.binary_search_by(|(present, _)| present.cmp(key))
    }
}

fn is_read(key: &str) -> bool {
    key == SECCOMP_POD || key.starts_with(APPARMOR_PREFIX) || key.starts_with(SECCOMP_CONTAINER_PREFIX)
}

impl<'de: 'a, 'a> Deserialize<'de> for Annotations<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(AnnotationsVisitor)
    }
}

struct AnnotationsVisitor;

impl<'de> Visitor<'de> for AnnotationsVisitor {
    type Value = Annotations<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of strings")
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Annotations::default())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Annotations::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::new();
        while let Some(key) = map.next_key::<Key<'de>>()? {
            match key {
                Key(Some(key)) => found.push((key, map.next_value()?)),
                Key(None) => _ = map.next_value::<Unread>()?,
            }
        }
        // Sorted at the end: there may be very many.
        found.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        match found.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            Some(twice) => Err(de::Error::custom(format_args!("duplicate annotation `{}`", &*twice[0].0))),
            None => Ok(Annotations(found)),
        }
    }
}

/// A key that a check reads.
struct Key<'a>(Option<Text<'a>>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an annotation's key")
            }

            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(is_read(key).then_some(Text::from(key))))
            }

            fn visit_str<E>(self, key: &str) -> Result<Key<'de>, E> {
                Ok(Key(is_read(key).then(|| Text::from(key.to_owned()))))
            }
        }

        deserializer.deserialize_str(KeyVisitor)
    }
}

/// A value that must be a string like all others, and is not kept.
struct Unread;

impl<'de> Deserialize<'de> for Unread {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct UnreadVisitor;

        impl Visitor<'_> for UnreadVisitor {
            type Value = Unread;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E>(self, _: &str) -> Result<Unread, E> {
                Ok(Unread)
            }

            fn visit_unit<E>(self) -> Result<Unread, E> {
                Ok(Unread)
            }
        }

        deserializer.deserialize_any(UnreadVisitor)
    }
}
