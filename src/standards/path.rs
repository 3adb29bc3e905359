//! Where in a pod something stands.

use std::fmt;

use super::{pod::ContainerList, quote::quoted};

/// What a check has something against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place<'p> {
    /// The pod as a whole.
    Pod,
    /// A container.
    Container {
        /// The list it stands in.
        list: ContainerList,
        /// Its position there.
        index: usize,
        /// Its name; names need not differ.
        name: &'p str,
    },
    /// A volume.
    Volume {
        /// Its position.
        index: usize,
        /// Its name.
        name: &'p str,
    },
    /// An annotation of the pod, by its key.
    Annotation(&'p str),
}

/// A field below a [`Place`]: keys, then perhaps a position in a list, then perhaps a key of the entry there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Field {
    pub(super) keys: &'static [&'static str],
    pub(super) last: Option<&'static str>,
}

/// The path of a field from the top of a pod or pod template: `spec.containers[0].securityContext.runAsNonRoot`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FieldPath<'p> {
    pub(super) place: Place<'p>,
    pub(super) field: Field,
    pub(super) index: Option<usize>,
}

/// A step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Segment<'p> {
    /// Into an object, by key.
    Key(&'p str),
    /// Into a list, by position.
    Index(usize),
}

impl<'p> FieldPath<'p> {
    /// The steps from the top.
    pub fn segments(&self) -> impl Iterator<Item = Segment<'p>> + use<'p> {
        use Segment::{Index, Key};
        let place = match self.place {
            Place::Pod => [Some(Key("spec")), None, None],
            Place::Container { list, index, .. } => {
                [Some(Key("spec")), Some(Key(list.key())), Some(Index(index))]
            }
            Place::Volume { index, .. } => [Some(Key("spec")), Some(Key("volumes")), Some(Index(index))],
            Place::Annotation(key) => [Some(Key("metadata")), Some(Key("annotations")), Some(Key(key))],
        };
        let Field { keys, last } = self.field;
        place
            .into_iter()
            .flatten()
            .chain(keys.iter().map(|key| Key(key)))
            .chain(self.index.map(Index))
            .chain(last.map(Key))
    }
}

impl fmt::Display for FieldPath<'_> {
    /// Keys that are no plain names are put in brackets and quoted, so that a tenant's text stays harmless.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.segments().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) if !key.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                    write!(f, "[{}]", quoted(key))?;
                }
                Segment::Key(key) if position == 0 => f.write_str(key)?,
                Segment::Key(key) => write!(f, ".{key}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_print_as_kubernetes_prints_them() {
        let container = Place::Container { list: ContainerList::Init, index: 2, name: "c" };
        let field = |keys| Field { keys, last: None };
        let port = Field { keys: &["ports"], last: Some("hostPort") };
        let cases = [
            (Place::Pod, field(&["hostNetwork"]), None, "spec.hostNetwork"),
            (
                container,
                field(&["securityContext", "capabilities", "add"]),
                Some(1),
                "spec.initContainers[2].securityContext.capabilities.add[1]",
            ),
            (container, port, Some(0), "spec.initContainers[2].ports[0].hostPort"),
            (Place::Volume { index: 3, name: "v" }, field(&["hostPath"]), None, "spec.volumes[3].hostPath"),
            (Place::Annotation("a.b/\u{1b}c"), field(&[]), None, "metadata.annotations[\"a.b/\\x1bc\"]"),
        ];
        for (place, field, index, printed) in cases {
            assert_eq!(FieldPath { place, field, index }.to_string(), printed);
        }
    }
}
