//! Merge keys (`<<`): the entries that a mapping takes over from others.

use std::{borrow::Cow, cell::RefCell, collections::BTreeMap, rc::Rc};

use super::{DecodeError, Value, value::Shape};

/// The entries of the mappings of a tape that merge others in, each worked out once: what is looked up in a mapping
/// again and again may be large.
#[derive(Debug, Default)]
pub(super) struct Merges(RefCell<BTreeMap<u32, Rc<Entries>>>);

/// The entries of a mapping, merge keys resolved.
#[derive(Debug, Default)]
pub(super) struct Entries {
    /// The nodes of keys and values, in the order in which the keys first stand.
    pub(super) nodes: Vec<(u32, u32)>,
    /// The positions in `nodes` of those keys that are text.
    positions: BTreeMap<Box<str>, usize>,
}

impl Merges {
    pub(super) fn clear(&mut self) {
        self.0.get_mut().clear();
    }

    /// The entries of a mapping.
    ///
    /// # Errors
    ///
    /// When a key is there twice. A key that stands before a `<<` which sets it too is an error as well: kubectl lets
    /// the merged value win, others the one written out.
    pub(super) fn of(&self, mapping: Value<'_>) -> Result<Rc<Entries>, DecodeError> {
        let index = mapping.target();
        if let Some(entries) = self.0.borrow().get(&index) {
            return Ok(Rc::clone(entries));
        }
        let entries = Rc::new(self.work_out(mapping)?);
        self.0.borrow_mut().insert(index, Rc::clone(&entries));
        Ok(entries)
    }

    fn work_out(&self, mapping: Value<'_>) -> Result<Entries, DecodeError> {
        let mut merging = Merging::default();
        for (key, value) in mapping.written() {
            if !key.is_merge() {
                merging.put(key, value, true)?;
                continue;
            }
            let maps: Vec<_> = match value.shape() {
                Shape::Mapping => vec![value],
                Shape::Sequence(items) => items.collect(),
                _ => return Err(value.error("only mappings can be merged")),
            };
            // The first of several wins.
            for map in maps.into_iter().rev() {
                if !map.is_mapping() {
                    return Err(map.error("only mappings can be merged"));
                }
                for (key, value) in &self.of(map)?.nodes {
                    merging.put(mapping.at(*key), mapping.at(*value), false)?;
                }
            }
        }
        let nodes: Vec<_> =
            merging.entries.iter().map(|(key, value, _)| (key.index(), value.index())).collect();
        let texts = merging.entries.iter().enumerate();
        let positions = texts.filter_map(|(position, (key, ..))| Some((key.text()?.into(), position)));
        Ok(Entries { positions: positions.collect(), nodes })
    }
}

impl Entries {
    /// The nodes of the key and the value of a field.
    pub(super) fn entry(&self, field: &str) -> Option<(u32, u32)> {
        self.positions.get(field).and_then(|position| self.nodes.get(*position)).copied()
    }
}

/// Entries that are being put together.
#[derive(Default)]
struct Merging<'t> {
    /// Key, value, and whether it was written out here.
    entries: Vec<(Value<'t>, Value<'t>, bool)>,
    positions: BTreeMap<Cow<'t, str>, usize>,
}

impl<'t> Merging<'t> {
    fn put(&mut self, key: Value<'t>, value: Value<'t>, is_own: bool) -> Result<(), DecodeError> {
        let position = *self.positions.entry(key.key()?).or_insert(self.entries.len());
        match self.entries.get_mut(position) {
            None => self.entries.push((key, value, is_own)),
            Some((_, _, true)) => return Err(key.is_duplicate()),
            Some(entry) => *entry = (key, value, is_own),
        }
        Ok(())
    }
}
