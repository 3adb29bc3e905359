//! Profiles that set each namespace to the level that it is clean at.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use super::{Recommendation, Recommended};
use crate::{
    cli::{observing::namespace_name, output::plain},
    standards::Level,
};

/// As many names as a profile may have.
const NAMES: usize = 256;

pub(super) fn write(out: &mut dyn Write, recommendation: &Recommendation) -> io::Result<()> {
    let mut levels: BTreeMap<Level, Vec<&str>> = BTreeMap::new();
    let mut left: BTreeMap<&'static str, Vec<&str>> = BTreeMap::new();
    for namespace in &recommendation.namespaces {
        match left_out(namespace) {
            Some(reason) => left.entry(reason).or_default().push(&namespace.name),
            None => levels.entry(namespace.cleanness.level).or_default().push(&namespace.name),
        }
    }
    writeln!(
        out,
        "# What the namespaces of {} are clean at, as profiles. Nothing was changed.\n\
         # podsec plan -f FILE shows what they would do, kubectl apply -f FILE does it.",
        plain(&recommendation.title)
    )?;
    for (reason, names) in left {
        writeln!(out, "# Left out, {reason}: {}", plain(&names.join(", ")))?;
    }
    for (level, names) in levels.into_iter().rev() {
        let parts: Vec<_> = names.chunks(NAMES).collect();
        for (index, part) in parts.iter().enumerate() {
            let number = if parts.len() > 1 { format!("-{}", index + 1) } else { String::new() };
            profile(out, level, &number, part)?;
        }
    }
    Ok(())
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
        return Some("system namespaces");
    }
    (namespace.cleanness.level == Level::Privileged && namespace.is_in_doubt())
        .then_some("namespaces of which podsec cannot tell")
}

fn profile(out: &mut dyn Write, level: Level, number: &str, names: &[&str]) -> io::Result<()> {
    let (about, next) = match level {
        Level::Restricted => ("Nothing here violates restricted.", Level::Restricted),
        Level::Baseline => {
            ("Nothing here violates baseline; what violates restricted is warned of.", Level::Restricted)
        }
        Level::Privileged => {
            ("Something here violates baseline: it is warned of, and nothing is enforced.", Level::Baseline)
        }
    };
    writeln!(
        out,
        "---\n# {about}\napiVersion: podsec.dev/v1alpha1\nkind: ClusterPodSecurityProfile\nmetadata:\n  \
         name: recommended-{level}{number}\nspec:\n  namespaceNames:"
    )?;
    for name in names {
        // A name such as `1e3` or `null` is none without quotes.
        writeln!(out, "  - \"{name}\"")?;
    }
    if level != Level::Privileged {
        writeln!(out, "  enforce:\n    level: {level}")?;
    }
    writeln!(out, "  audit:\n    level: {next}\n  warn:\n    level: {next}")
}
