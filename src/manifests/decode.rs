//! Values of a document as Rust types, by serde.
//!
//! A scalar is the type that it is in JSON and no other: `"true"` is no boolean, and `1` no text, as the API server has
//! it. What a type ignores is stepped over.

use std::{borrow::Cow, fmt, rc::Rc};

use serde::{
    Deserialize,
    de::{
        self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor,
        value::{BorrowedStrDeserializer, CowStrDeserializer},
    },
    forward_to_deserialize_any,
};

use super::{
    Place, Scalar, Value, merge,
    value::{Items, Shape, Written},
};

/// A value that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DecodeError {
    /// Where it stands, within the document.
    pub place: Option<Place>,
    /// The way to it from the value that was decoded: `.spec.containers[0].name`; empty for that value itself.
    pub path: String,
    /// What is the matter.
    pub message: String,
}

impl de::Error for DecodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { place: None, path: String::new(), message: message.to_string() }
    }
}

impl DecodeError {
    /// The same error, of the mapping in which it is at a key.
    #[must_use]
    pub(super) fn within_key(mut self, key: &str) -> Self {
        let is_plain = key.chars().all(char::is_alphanumeric);
        self.path.insert_str(0, &if is_plain { format!(".{key}") } else { format!("[{key:?}]") });
        self
    }

    fn within_item(mut self, index: usize) -> Self {
        self.path.insert_str(0, &format!("[{index}]"));
        self
    }
}

impl<'t> Value<'t> {
    /// The value as a Rust type, which may borrow from the document.
    ///
    /// # Errors
    ///
    /// When the document has another type somewhere. Whether a key may be there twice is up to the type.
    pub fn decode<T: Deserialize<'t>>(self) -> Result<T, DecodeError> {
        T::deserialize(self).map_err(|error| self.locate(error))
    }

    /// An error at this value, unless it is already at one inside.
    fn locate(self, error: DecodeError) -> DecodeError {
        DecodeError { place: Some(error.place.unwrap_or_else(|| self.place())), ..error }
    }

    fn entries(self) -> Result<Entries<'t>, DecodeError> {
        let written = self.written();
        let source = if written.clone().any(|(key, _)| key.is_merge()) {
            Source::Merged { mapping: self, entries: self.merged()?, next: 0 }
        } else {
            Source::Written(written)
        };
        Ok(Entries { source, entry: None })
    }

    /// What is wrong with a mapping that a type refused as a whole: where it has a key twice, that is it.
    fn refused(self, error: DecodeError) -> DecodeError {
        match error.place {
            None => self.duplicate().unwrap_or(error),
            Some(_) => error,
        }
    }

    fn visit<V: Visitor<'t>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let visited = match self.shape() {
            Shape::Scalar(Scalar::Null) => visitor.visit_unit(),
            Shape::Scalar(Scalar::Bool(value)) => visitor.visit_bool(value),
            Shape::Scalar(Scalar::Int(value)) => visitor.visit_i64(value),
            Shape::Scalar(Scalar::Unsigned(value)) => visitor.visit_u64(value),
            Shape::Scalar(Scalar::Float(value)) => visitor.visit_f64(value),
            Shape::Scalar(Scalar::Text(text)) => visitor.visit_borrowed_str(text),
            Shape::Binary => Err(self.error("binary data (!!binary) is not read")),
            Shape::Sequence(items) => visitor.visit_seq(Sequence { items, next: 0 }),
            Shape::Mapping => self
                .entries()
                .and_then(|entries| visitor.visit_map(entries))
                .map_err(|error| self.refused(error)),
        };
        visited.map_err(|error| self.locate(error))
    }
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.visit(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if self.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        let text = self.text().ok_or_else(|| self.error("must be one of several words"))?;
        visitor.visit_enum(text.into_deserializer()).map_err(|error| self.locate(error))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier
    }
}

struct Sequence<'t> {
    items: Items<'t>,
    /// The position of the next.
    next: usize,
}

impl<'t> SeqAccess<'t> for Sequence<'t> {
    type Error = DecodeError;

    fn next_element_seed<S: DeserializeSeed<'t>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, DecodeError> {
        let Some(value) = self.items.next() else { return Ok(None) };
        let index = self.next;
        self.next += 1;
        seed.deserialize(value).map(Some).map_err(|error| value.locate(error).within_item(index))
    }
}

enum Source<'t> {
    Written(Written<'t>),
    Merged { mapping: Value<'t>, entries: Rc<merge::Entries>, next: usize },
}

/// The entries of a mapping.
struct Entries<'t> {
    source: Source<'t>,
    entry: Option<(Value<'t>, Value<'t>)>,
}

impl<'t> MapAccess<'t> for Entries<'t> {
    type Error = DecodeError;

    fn next_key_seed<S: DeserializeSeed<'t>>(&mut self, seed: S) -> Result<Option<S::Value>, DecodeError> {
        let next = match &mut self.source {
            Source::Written(written) => written.next(),
            Source::Merged { mapping, entries, next } => {
                let entry = entries.nodes.get(*next).copied();
                *next += 1;
                entry.map(|(key, value)| (mapping.at(key), mapping.at(value)))
            }
        };
        let Some((key, value)) = next else { return Ok(None) };
        self.entry = Some((key, value));
        let read = match key.key()? {
            Cow::Borrowed(text) => seed.deserialize(BorrowedStrDeserializer::new(text)),
            text @ Cow::Owned(_) => seed.deserialize(CowStrDeserializer::new(text)),
        };
        read.map(Some).map_err(|error| key.locate(error))
    }

    fn next_value_seed<S: DeserializeSeed<'t>>(&mut self, seed: S) -> Result<S::Value, DecodeError> {
        let (key, value) = self.entry.take().ok_or_else(|| de::Error::custom("a value without a key"))?;
        seed.deserialize(value)
            .map_err(|error| value.locate(error).within_key(&key.key().unwrap_or_default()))
    }
}
