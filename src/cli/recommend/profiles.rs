//! Profiles that set each namespace to the level that it is clean at.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
};

use super::{Recommendation, Recommended, Setting};
use crate::{
    cli::{observing::namespace_name, output::plain},
    standards::{Level, Mode},
};

/// As many names as a profile may have.
const NAMES: usize = 256;

/// What a profile is to say: the level that its namespaces are clean at, and what it sets each mode to.
type Proposal = (Level, [Option<Level>; 3]);

pub(super) fn write(out: &mut dyn Write, recommendation: &Recommendation) -> io::Result<()> {
    let mut proposed: BTreeMap<Proposal, Vec<&str>> = BTreeMap::new();
    let mut comments: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for namespace in &recommendation.namespaces {
        if let Some(reason) = left_out(namespace) {
            comments.entry(format!("Left out, {reason}")).or_default().push(&namespace.name);
            continue;
        }
        let level = namespace.cleanness.level;
        let (modes, kept) = proposal(namespace);
        if !kept.is_empty() {
            let why = format!("Clean at {level}, and left as set already ({})", kept.join(", "));
            comments.entry(why).or_default().push(&namespace.name);
        }
        if modes.iter().any(Option::is_some) {
            proposed.entry((level, modes)).or_default().push(&namespace.name);
        }
    }
    writeln!(
        out,
        "# What the namespaces of {} are clean at, as profiles. Nothing was changed.\n\
         # podsec plan -f FILE shows what they would do, kubectl apply -f FILE does it.",
        plain(&recommendation.title)
    )?;
    doubts(out, recommendation)?;
    for (comment, names) in comments {
        writeln!(out, "# {}: {}", plain(&comment), plain(&names.join(", ")))?;
    }
    let mut taken = recommendation.present.as_ref().map(|present| present.names.clone()).unwrap_or_default();
    for ((level, modes), names) in proposed.into_iter().rev() {
        for part in names.chunks(NAMES) {
            profile(out, &free_name(level, modes, &mut taken), level, modes, part)?;
        }
    }
    Ok(())
}

/// What is not known of the profiles that are there already.
fn doubts(out: &mut dyn Write, recommendation: &Recommendation) -> io::Result<()> {
    for notice in &recommendation.notices {
        writeln!(out, "# Note: {}", plain(notice))?;
    }
    match &recommendation.present {
        None if recommendation.context.is_some() => writeln!(
            out,
            "# The profiles of the cluster could not be listed: what governs the namespaces already is not known."
        ),
        Some(present) if !present.unreadable.is_empty() => writeln!(
            out,
            "# Profiles that cannot be read, and may govern some of the namespaces already: {}",
            plain(&present.unreadable.join(", "))
        ),
        _ => Ok(()),
    }
}

/// Why no profile is made for a namespace.
fn left_out(namespace: &Recommended) -> Option<&'static str> {
    if namespace.is_nowhere() {
        return Some("manifests that name no namespace");
    }
    // A manifest may name anything.
    if namespace_name(&namespace.name).is_err() {
        return Some("names that no namespace can have");
    }
    if namespace.protected {
        return Some("protected namespaces");
    }
    (namespace.cleanness.level == Level::Privileged && namespace.is_in_doubt())
        .then_some("namespaces of which podsec cannot tell")
}

/// What to set each mode of a namespace to, and which stay as they are.
///
/// A mode that a profile governs is left to that: of two profiles the one of higher priority would govern, or the stricter
/// one, and neither need be what is meant. Nor is a label made weaker that somebody set.
fn proposal(namespace: &Recommended) -> ([Option<Level>; 3], Vec<String>) {
    let level = namespace.cleanness.level;
    let enforce = (level != Level::Privileged).then_some(level);
    let wanted = [enforce, Some(watched(level)), Some(watched(level))];
    let mut kept = Vec::new();
    let modes = Mode::ALL.map(|mode| {
        let wanted = wanted[mode.index()];
        match &namespace.settings[mode.index()] {
            Some(Setting::Governed { profile, asks }) => {
                kept.push(format!("{mode} by profile {profile}: {asks}"));
                None
            }
            Some(Setting::Labelled(value)) if wanted.is_some_and(|wanted| wanted < value.level) => {
                kept.push(format!("{mode} by its label: {value}"));
                None
            }
            _ => wanted,
        }
    });
    (modes, kept)
}

/// The level to warn of where a namespace is clean at another.
const fn watched(level: Level) -> Level {
    match level {
        Level::Restricted | Level::Baseline => Level::Restricted,
        Level::Privileged => Level::Baseline,
    }
}

/// A name that no profile of the cluster has: applied, it would take that one's place.
fn free_name(level: Level, modes: [Option<Level>; 3], taken: &mut BTreeSet<String>) -> String {
    let is_whole =
        modes[1..].iter().all(Option::is_some) && (modes[0].is_some() || level == Level::Privileged);
    let mut name = format!("recommended-{level}");
    if !is_whole {
        let set = Mode::ALL.into_iter().filter(|mode| modes[mode.index()].is_some());
        name = set.fold(name, |name, mode| format!("{name}-{mode}"));
    }
    let mut free = name.clone();
    let mut number = 1;
    while !taken.insert(free.clone()) {
        number += 1;
        free = format!("{name}-{number}");
    }
    free
}

fn profile(
    out: &mut dyn Write,
    name: &str,
    level: Level,
    modes: [Option<Level>; 3],
    names: &[&str],
) -> io::Result<()> {
    let about = match level {
        Level::Restricted => "Nothing here violates restricted.",
        Level::Baseline => "Nothing here violates baseline; what violates restricted is warned of.",
        Level::Privileged => "Something here violates baseline: it is warned of, and nothing is enforced.",
    };
    writeln!(
        out,
        "---\n# {about}\napiVersion: podsec.dev/v1alpha1\nkind: ClusterPodSecurityProfile\nmetadata:\n  \
         name: {name}\nspec:\n  namespaceNames:"
    )?;
    for name in names {
        // A name such as `1e3` or `null` is none without quotes.
        writeln!(out, "  - \"{name}\"")?;
    }
    for mode in Mode::ALL {
        if let Some(level) = modes[mode.index()] {
            writeln!(out, "  {mode}:\n    level: {level}")?;
        }
    }
    Ok(())
}
