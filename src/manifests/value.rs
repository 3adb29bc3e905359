//! A value in a document: what it is, what is in it, and where it stands.

use std::{borrow::Cow, collections::BTreeSet, fmt, rc::Rc};

use granit_parser::Span;

use super::{
    DecodeError, Scalar,
    merge::Entries,
    scalar::resolve,
    tape::{Kind, Node, Tape, narrow},
};
use crate::standards::Segment;

/// A line and a column, both from 1. The default is the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

impl Place {
    /// A place.
    pub const fn new(line: u32, column: u32) -> Self {
        Self { line, column }
    }

    pub(super) fn of(span: &Span) -> Self {
        Self::new(narrow(span.start.line()), narrow(span.start.col()).saturating_add(1))
    }

    /// This place of a part of a text, as a place of the whole text, in which the part begins at `begin`.
    #[must_use]
    pub const fn after(self, begin: Self) -> Self {
        let column = if self.line == 1 { self.column.saturating_add(begin.column - 1) } else { self.column };
        Self { line: self.line.saturating_add(begin.line - 1), column }
    }
}

impl Default for Place {
    fn default() -> Self {
        Self { line: 1, column: 1 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A value of a document that was read.
#[derive(Clone, Copy, Debug)]
pub struct Value<'t> {
    tape: &'t Tape,
    index: u32,
}

/// What kind of value it is.
#[derive(Clone, Debug)]
pub(super) enum Shape<'t> {
    Scalar(Scalar<'t>),
    /// Data that podsec does not decode.
    Binary,
    Sequence(Items<'t>),
    Mapping,
}

impl<'t> Value<'t> {
    pub(super) const fn new(tape: &'t Tape, index: u32) -> Self {
        Self { tape, index }
    }

    /// The value of another node of the same tape.
    pub(super) const fn at(self, index: u32) -> Self {
        Self { index, ..self }
    }

    /// Its node.
    pub(super) const fn index(self) -> u32 {
        self.index
    }

    /// The value's node, aliases followed.
    fn node(self) -> Option<Node> {
        let mut node = *self.tape.nodes.get(self.index as usize)?;
        // An alias stands for a node before it, so this ends.
        while node.kind == Kind::Alias {
            node = *self.tape.nodes.get(node.to as usize)?;
        }
        Some(node)
    }

    /// The index of the value's node, aliases followed.
    pub(super) fn target(self) -> u32 {
        let mut index = self.index;
        while let Some(Node { kind: Kind::Alias, to, .. }) = self.tape.nodes.get(index as usize) {
            index = *to;
        }
        index
    }

    /// The node after this one and all that is in it.
    fn after(self) -> u32 {
        match self.tape.nodes.get(self.index as usize) {
            Some(Node { kind: Kind::Sequence | Kind::Mapping, to, .. }) => *to,
            _ => self.index + 1,
        }
    }

    pub(super) fn shape(self) -> Shape<'t> {
        let Some(node) = self.node() else { return Shape::Scalar(Scalar::Null) };
        let text = || self.tape.text.get(node.from as usize..node.to as usize).unwrap_or_default();
        match node.kind {
            Kind::Plain => Shape::Scalar(resolve(text())),
            Kind::Text => Shape::Scalar(Scalar::Text(text())),
            Kind::Binary | Kind::Alias => Shape::Binary,
            Kind::Sequence => {
                Shape::Sequence(Items { tape: self.tape, next: self.target() + 1, end: node.to })
            }
            Kind::Mapping => Shape::Mapping,
        }
    }

    /// The value as a scalar, if it is one that podsec reads.
    pub fn scalar(self) -> Option<Scalar<'t>> {
        match self.shape() {
            Shape::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The value as text, if it is text.
    pub fn text(self) -> Option<&'t str> {
        match self.scalar() {
            Some(Scalar::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// What kind of value it is, in words.
    pub(super) fn what(self) -> &'static str {
        match self.shape() {
            Shape::Scalar(Scalar::Null) => "null",
            Shape::Scalar(Scalar::Bool(_)) => "a boolean",
            Shape::Scalar(Scalar::Int(_) | Scalar::Unsigned(_) | Scalar::Float(_)) => "a number",
            Shape::Scalar(Scalar::Text(_)) => "text",
            Shape::Binary => "binary data",
            Shape::Sequence(_) => "a list",
            Shape::Mapping => "a mapping",
        }
    }

    /// Whether the value is `null`, or nothing.
    pub fn is_null(self) -> bool {
        self.scalar() == Some(Scalar::Null)
    }

    /// Whether the value is a mapping.
    pub fn is_mapping(self) -> bool {
        matches!(self.shape(), Shape::Mapping)
    }

    /// The values of a sequence, if it is one.
    pub fn items(self) -> Option<Items<'t>> {
        match self.shape() {
            Shape::Sequence(items) => Some(items),
            _ => None,
        }
    }

    /// Where the value stands.
    pub fn place(self) -> Place {
        let node = self.tape.nodes.get(self.index as usize);
        node.map_or_else(Place::default, |node| Place::new(node.line, node.column))
    }

    /// Where a field is, or the last thing on the way to it that is there: the key of a field, the item of a list.
    pub fn locate_field<'p>(self, path: impl IntoIterator<Item = Segment<'p>>) -> Place {
        let mut value = self;
        let mut place = self.place();
        for segment in path {
            let next = match segment {
                Segment::Key(key) => value.entry(key).ok().flatten().map(|(key, value)| (key.place(), value)),
                Segment::Index(index) => {
                    value.items().and_then(|mut items| items.nth(index)).map(|item| (item.place(), item))
                }
            };
            let Some(next) = next else { break };
            (place, value) = next;
        }
        place
    }

    /// The entries of a mapping as they were written; merge keys (`<<`) are not merged. None for what is no mapping.
    pub(super) fn written(self) -> Written<'t> {
        let (next, end) = match self.node() {
            Some(node) if node.kind == Kind::Mapping => (self.target() + 1, node.to),
            _ => (0, 0),
        };
        Written { tape: self.tape, next, end }
    }

    /// The value of a field of a mapping, `None` where there is none.
    ///
    /// # Errors
    ///
    /// When the field is there twice, or the mapping cannot be read.
    pub fn get(self, field: &str) -> Result<Option<Self>, DecodeError> {
        Ok(self.entry(field)?.map(|(_, value)| value))
    }

    /// The key and value of a field.
    pub(super) fn entry(self, field: &str) -> Result<Option<(Self, Self)>, DecodeError> {
        let mut found = None;
        for (key, value) in self.written() {
            if key.is_merge() {
                let entry = self.merged()?.entry(field);
                return Ok(entry.map(|(key, value)| (self.at(key), self.at(value))));
            }
            let is_it = match key.shape() {
                Shape::Scalar(Scalar::Text(text)) => text == field,
                // It might say anything.
                Shape::Binary => return Err(key.error("a key must not be binary data")),
                _ => false,
            };
            if is_it && found.replace((key, value)).is_some() {
                return Err(key.is_duplicate());
            }
        }
        Ok(found)
    }

    /// Whether this is a key that merges another mapping in.
    pub(super) fn is_merge(self) -> bool {
        let node = self.tape.nodes.get(self.index as usize);
        node.is_some_and(|node| node.kind == Kind::Plain) && self.text() == Some("<<")
    }

    /// A mapping's key as text, as JSON needs it.
    pub(super) fn key(self) -> Result<Cow<'t, str>, DecodeError> {
        match self.shape() {
            Shape::Scalar(Scalar::Text(text)) => Ok(Cow::Borrowed(text)),
            Shape::Scalar(Scalar::Bool(value)) => Ok(Cow::Borrowed(if value { "true" } else { "false" })),
            Shape::Scalar(Scalar::Int(value)) => Ok(Cow::Owned(value.to_string())),
            Shape::Scalar(Scalar::Unsigned(value)) => Ok(Cow::Owned(value.to_string())),
            Shape::Scalar(Scalar::Float(value)) => Ok(Cow::Owned(value.to_string())),
            Shape::Scalar(Scalar::Null) => Err(self.error("a key must not be null")),
            Shape::Binary => Err(self.error("a key must not be binary data")),
            Shape::Sequence(_) | Shape::Mapping => Err(self.error("a key must be text")),
        }
    }

    /// The entries of a mapping with merge keys resolved.
    pub(super) fn merged(self) -> Result<Rc<Entries>, DecodeError> {
        self.tape.merges.of(self)
    }

    /// The first key that a mapping has twice, as an error.
    pub(super) fn duplicate(self) -> Option<DecodeError> {
        let mut seen = BTreeSet::new();
        self.written()
            .map(|(key, _)| key)
            .find(|key| key.text().is_some_and(|text| !seen.insert(text)))
            .map(Self::is_duplicate)
    }

    pub(super) fn is_duplicate(self) -> DecodeError {
        let key = self.key().unwrap_or_default();
        self.error(format!("the key {key:?} is there twice; appliers disagree about which one counts"))
            .within_key(&key)
    }

    pub(super) fn error(self, message: impl Into<String>) -> DecodeError {
        DecodeError { place: Some(self.place()), path: String::new(), message: message.into() }
    }
}

/// The values of a sequence.
#[derive(Clone, Debug)]
pub struct Items<'t> {
    tape: &'t Tape,
    next: u32,
    end: u32,
}

impl<'t> Iterator for Items<'t> {
    type Item = Value<'t>;

    fn next(&mut self) -> Option<Value<'t>> {
        if self.next >= self.end {
            return None;
        }
        let value = Value::new(self.tape, self.next);
        self.next = value.after();
        Some(value)
    }
}

/// The entries of a mapping as they were written.
#[derive(Clone, Debug)]
pub(super) struct Written<'t> {
    tape: &'t Tape,
    next: u32,
    end: u32,
}

impl<'t> Iterator for Written<'t> {
    type Item = (Value<'t>, Value<'t>);

    fn next(&mut self) -> Option<(Value<'t>, Value<'t>)> {
        if self.next >= self.end {
            return None;
        }
        let key = Value::new(self.tape, self.next);
        let value = Value::new(self.tape, key.after());
        self.next = value.after();
        Some((key, value))
    }
}
