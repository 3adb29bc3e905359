//! From the text of one object to what is kept of it.
//!
//! An object that cannot be read is kept as one: whoever may write it must not be able to hide it, or others. Only one
//! that does not even say its name is an error, because then something is missing and nobody knows what.

mod canonical;
mod metadata;
mod pod;
mod template;

use std::sync::Arc;

use serde::Deserialize;

use self::metadata::Metadata;
use super::{BrokenAnswer, Resource};
use crate::{
    assessment::{Inventory, ObservedPod, ObservedTemplate, Reading, Shapes},
    standards::pod::{Text, from_served},
};

/// How long what is said of an unreadable object may be. It may hold what the object's author wrote.
const LONGEST_REASON: usize = 300;

/// An object, reduced to what bears on a judgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observed {
    /// A pod.
    Pod(ObservedPod),
    /// An object with a pod template.
    Template(ObservedTemplate),
}

impl Observed {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Pod(pod) => &pod.name,
            Self::Template(template) => &template.name,
        }
    }

    /// Puts it into the inventory of its namespace, in place of an earlier state of it.
    pub fn put_into(self, inventory: &mut Inventory) {
        match self {
            Self::Pod(pod) => inventory.insert_pod(pod),
            Self::Template(template) => inventory.insert_template(template),
        }
    }
}

/// Reads an object that the API server wrote; gives its namespace as well.
///
/// # Errors
///
/// When it does not say its namespace, its name or its uid.
pub(super) fn read<'a>(
    resource: Resource,
    text: &'a [u8],
    shapes: &mut Shapes,
) -> Result<(Text<'a>, Observed), BrokenAnswer> {
    match resource {
        Resource::Pods => pod::read(text, shapes),
        Resource::Templates(kind) => template::read(kind, text, shapes),
    }
}

/// Which object a text is of: its namespace and its name.
pub(super) fn identify(text: &[u8]) -> Result<(Text<'_>, Text<'_>), BrokenAnswer> {
    let Metadata { namespace, name, .. } = metadata_of(text)?;
    Ok((namespace, name))
}

/// The metadata alone, of an object that cannot be read otherwise.
fn metadata_of(text: &[u8]) -> Result<Metadata<'_>, BrokenAnswer> {
    #[derive(Deserialize)]
    struct Object<'a> {
        #[serde(borrow)]
        metadata: Metadata<'a>,
    }

    let object: Object<'_> =
        from_served(text).map_err(|error| BrokenAnswer::Unidentified(shortened(&error.to_string())))?;
    object.metadata.identified()
}

/// Why an object cannot be judged.
fn unreadable(reason: &str) -> Reading {
    Reading::Unreadable(Arc::new(shortened(reason)))
}

/// What a JSON reader says, without where in the object's text that is, which nobody can look up.
fn shortened(reason: &str) -> String {
    let reason = reason.rsplit_once(" at line ").map_or(reason, |(reason, _)| reason);
    match reason.char_indices().nth(LONGEST_REASON) {
        Some((end, _)) => format!("{}…", reason.get(..end).unwrap_or_default()),
        None => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests;
