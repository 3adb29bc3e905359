//! How the objects of a pod are read.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};

use super::{Pod, json};

/// A text that is no pod, with the field at fault. Both parts may hold what the text's author wrote, as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", if path.is_empty() { String::new() } else { format!("{path}: ") })]
pub struct PodError {
    /// The field, as `spec.containers[0].name`; empty when the text as a whole is at fault.
    pub path: String,
    /// What is wrong with it, and where it stands in the text.
    pub message: String,
}

impl<'a> Pod<'a> {
    /// Reads a pod or a pod template from JSON; what follows it must be white space.
    ///
    /// # Errors
    ///
    /// When the text is not JSON, or a field that a check reads has another type than Kubernetes gives it.
    pub fn from_json(text: &'a str) -> Result<Self, PodError> {
        // The path is found in a second reading: to keep it costs an allocation a field.
        json::from_text(text).map_err(|error| {
            let mut deserializer = serde_json::Deserializer::from_str(text);
            let path = match serde_path_to_error::deserialize::<_, Pod<'_>>(&mut deserializer) {
                Err(located) => located.path().to_string(),
                Ok(_) => String::new(),
            };
            // A question mark stands for what the text ended before.
            PodError { path: path.trim_end_matches(['?', '.']).to_owned(), message: error.to_string() }
        })
    }
}

/// An object whose fields are all optional.
pub(super) trait Object<'de>: Default {
    /// The names of the fields that are read.
    const KEYS: &'static [&'static str];

    /// The position of a field among [`Self::KEYS`].
    fn position(key: &[u8]) -> Option<usize>;

    /// Reads the value of the field `KEYS[index]`.
    fn read<A: MapAccess<'de>>(&mut self, index: usize, map: &mut A) -> Result<(), A::Error>;
}

/// Reads an object, or `null` as an empty one.
pub(super) fn object<'de, T: Object<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_option(ObjectVisitor(PhantomData))
}

/// Reads a present object. Unlike what serde derives, it takes no list in place of an object.
struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Object<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_none<E>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut value = T::default();
        let mut seen: u32 = 0;
        while let Some(key) = map.next_key_seed(KeyOf::<T>(PhantomData))? {
            let Some(index) = key else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if seen & (1 << index) != 0 {
                return Err(de::Error::duplicate_field(T::KEYS.get(index).copied().unwrap_or_default()));
            }
            seen |= 1 << index;
            value.read(index, &mut map)?;
        }
        Ok(value)
    }
}

/// Reads a key as its position among those of an object; `None` when it is none of them.
struct KeyOf<T>(PhantomData<T>);

impl<'de, T: Object<'de>> DeserializeSeed<'de> for KeyOf<T> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<'de, T: Object<'de>> Visitor<'de> for KeyOf<T> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field name")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<Option<usize>, E> {
        self.visit_bytes(key.as_bytes())
    }

    fn visit_bytes<E>(self, key: &[u8]) -> Result<Option<usize>, E> {
        Ok(T::position(key))
    }
}

/// Whether an object is there, whatever it holds.
pub(super) struct Presence(pub(super) bool);

impl<'de> Deserialize<'de> for Presence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// An object of which nothing is read.
        #[derive(Default)]
        struct Anything;

        impl<'de> Object<'de> for Anything {
            const KEYS: &'static [&'static str] = &[];

            fn position(_: &[u8]) -> Option<usize> {
                None
            }

            fn read<A: MapAccess<'de>>(&mut self, _: usize, _: &mut A) -> Result<(), A::Error> {
                Ok(())
            }
        }

        struct Found(Anything);

        impl<'de> Deserialize<'de> for Found {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                object(deserializer).map(Found)
            }
        }

        Ok(Self(Option::<Found>::deserialize(deserializer)?.is_some_and(|Found(Anything)| true)))
    }
}

/// Declares a struct together with how it is read: the key in the input, then the field.
macro_rules! object {
    (
        $(#[$about:meta])*
        pub struct $name:ident $(<$life:lifetime>)? {
            $($(#[$field_about:meta])* $key:literal => $field:ident: $type:ty,)*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
        pub struct $name $(<$life>)? {
            $($(#[$field_about])* pub $field: $type,)*
        }

        impl<'de $(: $life, $life)?> decode::Object<'de> for $name $(<$life>)? {
            const KEYS: &'static [&'static str] = &[$($key),*];

            // Not a search of the list: each comparison knows its length.
            fn position(key: &[u8]) -> Option<usize> {
                let mut position = 0..;
                $(
                    let index = position.next();
                    if key == $key.as_bytes() {
                        return index;
                    }
                )*
                None
            }

            fn read<A: serde::de::MapAccess<'de>>(&mut self, index: usize, map: &mut A) -> Result<(), A::Error> {
                let mut position = 0..;
                $(
                    if position.next() == Some(index) {
                        self.$field = map.next_value::<Strict<$type>>()?.0;
                        return Ok(());
                    }
                )*
                Ok(())
            }
        }

        impl<'de $(: $life, $life)?> strict::Read<'de> for $name $(<$life>)? {
            fn read<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                decode::object(deserializer)
            }
        }

        impl $(<$life>)? owned::Own for $name $(<$life>)? {
            type Owned = owned!($name $(<$life>)?);

            fn own(self) -> Self::Owned {
                $name { $($field: owned::Own::own(self.$field),)* }
            }
        }

        impl<'de $(: $life, $life)?> serde::Deserialize<'de> for $name $(<$life>)? {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                decode::object(deserializer)
            }
        }
    };
}

/// The type of an object that borrows nothing.
macro_rules! owned {
    ($name:ident<$life:lifetime>) => { $name<'static> };
    ($name:ident) => { $name };
}
