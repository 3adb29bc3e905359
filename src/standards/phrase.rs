//! The parts that upstream's sentences are made of.

use std::fmt::Write as _;

use super::{offence::Offence, path::Place, quote::quoted};

/// Appends items with something between them.
pub(super) fn join<T: AsRef<str>>(out: &mut String, items: impl IntoIterator<Item = T>, between: &str) {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push_str(between);
        }
        out.push_str(item.as_ref());
    }
}

/// Appends items in quotes with commas between them. Nothing within is escaped.
pub(super) fn quote_list<T: AsRef<str>>(out: &mut String, items: impl IntoIterator<Item = T>) {
    for (index, item) in items.into_iter().enumerate() {
        out.push_str(if index > 0 { ", \"" } else { "\"" });
        out.push_str(item.as_ref());
        out.push('"');
    }
}

/// Appends `singular` for one, `plural` for all other counts.
pub(super) fn by_count(out: &mut String, count: usize, singular: &str, plural: &str) {
    out.push_str(if count == 1 { singular } else { plural });
}

/// Values in byte order, each once.
pub(super) fn sorted<'a>(values: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// The values that offences found, in byte order, each once.
pub(super) fn values<'a, 'p: 'a>(offences: impl IntoIterator<Item = &'a Offence<'p>>) -> Vec<&'a str> {
    sorted(offences.into_iter().filter_map(Offence::value))
}

/// The names of the containers concerned, in the order in which they are visited; a name that two containers share
/// stands twice.
pub(super) fn names<'a, 'p: 'a>(
    offences: impl IntoIterator<Item = &'a Offence<'p>, IntoIter: Clone>,
) -> impl Iterator<Item = &'p str> + Clone {
    let mut last = None;
    offences.into_iter().filter_map(Offence::container).filter_map(move |(list, index, name)| {
        (last.replace((list, index)) != Some((list, index))).then_some(name)
    })
}

/// Appends `container "a"` or `containers "a", "b"`.
pub(super) fn containers<T: AsRef<str>>(out: &mut String, names: impl Iterator<Item = T> + Clone) {
    by_count(out, names.clone().count(), "container ", "containers ");
    quote_list(out, names);
}

/// Appends who set something: `pod and containers "a", "b" and annotation`.
pub(super) fn setters(out: &mut String, offences: &[Offence<'_>]) {
    let begin = out.len();
    if offences.iter().any(|offence| offence.place() == Place::Pod) {
        out.push_str("pod");
    }
    let and = |out: &mut String| {
        if out.len() > begin {
            out.push_str(" and ");
        }
    };
    let names = names(offences);
    if names.clone().next().is_some() {
        and(out);
        containers(out, names);
    }
    let annotations =
        offences.iter().filter(|offence| matches!(offence.place(), Place::Annotation(_))).count();
    if annotations > 0 {
        and(out);
        by_count(out, annotations, "annotation", "annotations");
    }
}

/// `key="value"` for each annotation among the offences, in byte order, each once.
pub(super) fn annotations(offences: &[Offence<'_>]) -> Vec<String> {
    let mut entries: Vec<_> = offences
        .iter()
        .filter_map(|offence| match offence.place() {
            Place::Annotation(key) => Some(format!("{key}={}", quoted(offence.value().unwrap_or_default()))),
            _ => None,
        })
        .collect();
    entries.sort_unstable();
    entries.dedup();
    entries
}

/// Appends `pod or containers "a", "b"`, for what either could set.
pub(super) fn pod_or_containers(out: &mut String, offences: &[Offence<'_>]) {
    out.push_str("pod or ");
    containers(out, names(offences));
}

/// Appends formatted text; writing to a string does not fail.
pub(super) fn append(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}
