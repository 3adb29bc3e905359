//! What is read of an object's metadata.

use std::fmt;

use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};

use crate::{
    assessment::{Fingerprint, Kind, Reference},
    cluster::workloads::BrokenAnswer,
    standards::pod::{Annotations, Text},
};

/// Marks a pod that mirrors one which a kubelet runs from a file.
const MIRROR: &str = "kubernetes.io/config.mirror";

/// How often the template of a `DaemonSet` has changed; the API server counts, and lets nobody else do it.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

/// An object's metadata, without what is not looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Metadata<'a> {
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    pub(super) namespace: Text<'a>,
    pub(super) uid: Text<'a>,
    pub(super) generation: i64,
    pub(super) labels: Labels<'a>,
    pub(super) annotations: PickedAnnotations<'a>,
    owner_references: Option<Vec<OwnerReference<'a>>>,
    creation_timestamp: Text<'a>,
    deletion_timestamp: Text<'a>,
}

impl Metadata<'_> {
    /// The same, once it is sure that it says which object it is of.
    pub(super) fn identified(self) -> Result<Self, BrokenAnswer> {
        let fields = [("name", &self.name), ("namespace", &self.namespace), ("uid", &self.uid)];
        let missing = fields.into_iter().find(|(_, value)| value.is_empty()).map(|(field, _)| field);
        match missing {
            Some(field) => Err(BrokenAnswer::Unidentified(format!("metadata.{field} is missing"))),
            None => Ok(self),
        }
    }

    /// The reference to what controls the object.
    pub(super) fn controller(&self) -> Option<Reference> {
        let owner = self.owner_references.iter().flatten().find(|owner| owner.controller == Some(true))?;
        Some(Reference {
            uid: Fingerprint::of(&*owner.uid),
            kind: Kind::of(&owner.api_version, &owner.kind),
            name: (&*owner.name).into(),
        })
    }

    /// When the object was created, which the API server sets.
    pub(super) fn created(&self) -> Option<Timestamp> {
        self.creation_timestamp.parse().ok()
    }

    pub(super) fn is_being_deleted(&self) -> bool {
        !self.deletion_timestamp.is_empty()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct OwnerReference<'a> {
    #[serde(borrow)]
    api_version: Text<'a>,
    kind: Text<'a>,
    name: Text<'a>,
    uid: Text<'a>,
    controller: Option<bool>,
}

/// The labels by which a pod tells of what revision of its controller it is.
#[derive(Debug, Default)]
pub(super) struct Labels<'a> {
    /// `controller-revision-hash`.
    pub(super) revision: Option<Text<'a>>,
    /// `pod-template-generation`.
    pub(super) template_generation: Option<Text<'a>>,
}

impl<'a> Picked<'a> for Labels<'a> {
    fn slot(&mut self, key: &str) -> Option<&mut Option<Text<'a>>> {
        match key {
            "controller-revision-hash" => Some(&mut self.revision),
            "pod-template-generation" => Some(&mut self.template_generation),
            _ => None,
        }
    }
}

/// The annotations that bear on a judgement.
#[derive(Debug, Default)]
pub(super) struct PickedAnnotations<'a> {
    /// Those that a check reads.
    pub(super) read: Annotations<'a>,
    mirror: Option<Text<'a>>,
    /// Of a `DaemonSet`: by what its present template is told from earlier ones.
    pub(super) template_generation: Option<Text<'a>>,
}

impl PickedAnnotations<'_> {
    pub(super) const fn is_mirror(&self) -> bool {
        self.mirror.is_some()
    }
}

impl<'a> Picked<'a> for PickedAnnotations<'a> {
    fn slot(&mut self, key: &str) -> Option<&mut Option<Text<'a>>> {
        match key {
            MIRROR => Some(&mut self.mirror),
            TEMPLATE_GENERATION => Some(&mut self.template_generation),
            _ => None,
        }
    }

    fn wants(key: &str) -> bool {
        Annotations::reads(key)
    }

    fn take(&mut self, key: Text<'a>, value: Text<'a>) {
        self.read.insert(key, value);
    }
}

/// A few entries of a map of texts.
trait Picked<'a>: Default {
    /// Where the value of this key goes.
    fn slot(&mut self, key: &str) -> Option<&mut Option<Text<'a>>>;

    /// Whether an entry is taken that has no place of its own.
    fn wants(_key: &str) -> bool {
        false
    }

    /// Takes such an entry.
    fn take(&mut self, _key: Text<'a>, _value: Text<'a>) {}
}

/// Reads a map, or `null` as an empty one.
struct PickedVisitor<T>(std::marker::PhantomData<T>);

impl<'de, T: Picked<'de>> Visitor<'de> for PickedVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of strings")
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
        let mut picked = T::default();
        while let Some(key) = map.next_key::<Text<'de>>()? {
            if let Some(slot) = picked.slot(&key) {
                *slot = Some(map.next_value()?);
            } else if T::wants(&key) {
                picked.take(key, map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(picked)
    }
}

macro_rules! picked {
    ($($type:ident),*) => {
        $(
            impl<'de: 'a, 'a> Deserialize<'de> for $type<'a> {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    deserializer.deserialize_option(PickedVisitor::<$type<'de>>(std::marker::PhantomData))
                }
            }
        )*
    };
}

picked!(Labels, PickedAnnotations);
