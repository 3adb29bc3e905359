//! What was found when a cluster was listed, and what may be missing.

use std::{collections::BTreeMap, fmt};

use super::{ReadError, Resource};
use crate::assessment::{Inventory, Shapes};

/// What the namespaces of a cluster run, at about one moment.
#[derive(Debug, Default)]
pub struct Listing {
    /// What each namespace runs, by its name. A namespace in which nothing was found may be left out: see [`Self::take`].
    pub inventories: BTreeMap<String, Inventory>,
    /// The shapes of all of it.
    pub shapes: Shapes,
    /// For each kind that was listed whole over all namespaces, the version from which it can be watched.
    pub versions: BTreeMap<Resource, String>,
    /// What could not be read, and why, in the order of [`Resource::ALL`] and of namespaces. What an inventory may lack
    /// for it is also said in the inventory, by [`Resource::name`].
    pub problems: Vec<Problem>,
}

impl Listing {
    /// Takes out what a namespace runs. One in which nothing was found has an empty inventory, which also says what may
    /// be missing from it.
    pub fn take(&mut self, namespace: &str) -> Inventory {
        self.inventories.remove(namespace).unwrap_or_else(|| {
            let mut inventory = Inventory::default();
            let concerns = |problem: &&Problem| {
                problem.namespace.as_deref().is_none_or(|concerned| concerned == namespace)
            };
            for problem in self.problems.iter().filter(concerns) {
                inventory.miss(problem.resource.name());
            }
            inventory
        })
    }

    /// How many pods were found, whatever their phase.
    pub fn pods(&self) -> usize {
        self.inventories.values().map(Inventory::pods).sum()
    }
}

/// Something that could not be read, or not whole.
#[derive(Debug)]
pub struct Problem {
    /// What should have been read.
    pub resource: Resource,
    /// Of which namespace; of all of them without it.
    pub namespace: Option<String>,
    /// Why it was not.
    pub error: ReadError,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot list {}", self.resource.name())?;
        if let Some(namespace) = &self.namespace {
            write!(f, " in namespace {namespace}")?;
        }
        write!(f, ": {}", self.error)
    }
}

/// How far a listing has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// How many objects were read. Fewer than before when a list that broke is begun again.
    pub objects: usize,
    /// How many bytes were read.
    pub bytes: u64,
    /// How many lists have ended, one way or the other.
    pub lists_done: usize,
    /// How many lists there are.
    pub lists: usize,
}
