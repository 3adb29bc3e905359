//! One field that a check does not accept, and what would satisfy it.

use std::{borrow::Cow, fmt, ops::Deref};

use super::{
    path::{Field, FieldPath, Place},
    pod::ContainerList,
};

/// What a check asks of a field.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Demand {
    pub(super) field: Field,
    pub(super) remedy: Remedy,
}

impl Demand {
    /// Of a field below objects only, or of the entries of a list.
    pub(super) const fn new(keys: &'static [&'static str], remedy: Remedy) -> Self {
        Self { field: Field { keys, last: None }, remedy }
    }

    /// Of a field of the entries of a list.
    pub(super) const fn of_entries(
        keys: &'static [&'static str],
        last: &'static str,
        remedy: Remedy,
    ) -> Self {
        Self { field: Field { keys, last: Some(last) }, remedy }
    }
}

/// A field that a check does not accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offence<'p> {
    pub(super) place: Place<'p>,
    pub(super) demand: &'static Demand,
    pub(super) index: Option<usize>,
    pub(super) value: Option<Cow<'p, str>>,
    pub(super) or_on_pod: bool,
    pub(super) in_doubt: bool,
}

impl<'p> Offence<'p> {
    pub(super) const fn new(place: Place<'p>, demand: &'static Demand) -> Self {
        Self { place, demand, index: None, value: None, or_on_pod: false, in_doubt: false }
    }

    /// Of an entry of the list that the field is.
    pub(super) const fn at(mut self, index: usize) -> Self {
        self.index = Some(index);
        self
    }

    /// With what stands there now.
    pub(super) fn found(mut self, value: impl Into<Cow<'p, str>>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// The same field of the pod would satisfy the check as well.
    pub(super) const fn or_on_pod(mut self) -> Self {
        self.or_on_pod = true;
        self
    }

    /// An API server that knows more might accept it.
    pub(super) const fn in_doubt(mut self, in_doubt: bool) -> Self {
        self.in_doubt = in_doubt;
        self
    }

    /// The pod, container, volume or annotation concerned.
    pub const fn place(&self) -> Place<'p> {
        self.place
    }

    /// The field to change, which need not exist yet.
    pub const fn path(&self) -> FieldPath<'p> {
        FieldPath { place: self.place, field: self.demand.field, index: self.index }
    }

    /// The field of the pod that would do in place of [`Self::path`], for all containers that leave it open.
    pub fn path_on_pod(&self) -> Option<FieldPath<'p>> {
        self.or_on_pod.then_some(FieldPath { place: Place::Pod, ..self.path() })
    }

    /// What stands there now; `None` when nothing does.
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// What would satisfy the check.
    pub const fn remedy(&self) -> Remedy {
        self.demand.remedy
    }

    /// Whether it may be none: the field is one that no table here knows, and an API server might.
    pub const fn is_in_doubt(&self) -> bool {
        self.in_doubt
    }

    /// The volume's name, if it concerns one.
    pub(super) const fn volume(&self) -> Option<&'p str> {
        match self.place {
            Place::Volume { name, .. } => Some(name),
            _ => None,
        }
    }

    /// Where the container stands and its name, if it concerns one.
    pub(super) const fn container(&self) -> Option<(ContainerList, usize, &'p str)> {
        match self.place {
            Place::Container { list, index, name } => Some((list, index, name)),
            _ => None,
        }
    }
}

/// What checks find in a pod, in the order in which they are run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Offences<'p>(Vec<Offence<'p>>);

impl<'p> Offences<'p> {
    /// Most pods that are not accepted have no more, and growing costs more than the room. It is within the kilobyte
    /// up to which allocators are quick.
    const ROOM: usize = 1024 / size_of::<Offence<'_>>();

    /// Adds one.
    pub(super) fn push(&mut self, offence: Offence<'p>) {
        if self.0.is_empty() {
            self.0.reserve(Self::ROOM);
        }
        self.0.push(offence);
    }
}

impl<'p> Deref for Offences<'p> {
    type Target = [Offence<'p>];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// What to do about a field so that the check accepts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Remedy {
    /// Set it to one of these values, written as YAML; the first is the usual one.
    Set(&'static [&'static str]),
    /// Set it to a number other than 0, or remove it.
    NonZero,
    /// Remove it: the field, or the entry of the list.
    Remove,
    /// Use one of these volume sources in its place; the first keeps nothing and needs nothing.
    UseSource(&'static [&'static str]),
}

impl fmt::Display for Remedy {
    /// An instruction: `set to RuntimeDefault or Localhost`, `remove`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, values) = match self {
            Self::Set(values) => ("set to ", *values),
            Self::NonZero => return f.write_str("set to a number other than 0, or remove"),
            Self::Remove => return f.write_str("remove"),
            Self::UseSource(sources) => ("use ", *sources),
        };
        f.write_str(verb)?;
        for (index, value) in values.iter().enumerate() {
            let joint = match index {
                0 => "",
                _ if index + 1 == values.len() => " or ",
                _ => ", ",
            };
            write!(f, "{joint}{value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remedies_read_as_instructions() {
        assert_eq!(Remedy::Set(&["false"]).to_string(), "set to false");
        assert_eq!(Remedy::Set(&["a", "b"]).to_string(), "set to a or b");
        assert_eq!(Remedy::UseSource(&["a", "b", "c"]).to_string(), "use a, b or c");
        assert_eq!(Remedy::Remove.to_string(), "remove");
    }
}
