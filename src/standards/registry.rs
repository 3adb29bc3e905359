//! The checks, and which of them apply at a level and version.

use std::{cmp::Ordering, fmt};

use super::{
    Level,
    checks::CHECKS,
    offence::{Offence, Offences},
    pod::Pod,
    version::NEWEST_MINOR,
};

/// One check of the Pod Security Standards.
#[derive(Debug)]
pub struct Check {
    /// Its id, which is upstream's and decides the order of messages.
    pub id: &'static str,
    /// The level that it belongs to.
    pub level: Level,
    /// For people.
    pub about: About,
    /// Its rules, the oldest first. Each holds from its version until that of the next.
    pub revisions: &'static [Revision],
    /// The baseline checks that are not run where this one is.
    pub overrides: &'static [&'static str],
    /// Upstream's reason for what the offences are; never called without any.
    pub(super) reason: fn(&[Offence<'_>]) -> &'static str,
    /// Appends upstream's detail.
    pub(super) detail: fn(&[Offence<'_>], &mut String),
}

/// What people should know about a check.
#[derive(Debug)]
pub struct About {
    /// What it is about, in a few words.
    pub title: &'static str,
    /// The fields that it reads, `*` for each entry of a list. `containers` stands for all three lists.
    pub fields: &'static [&'static str],
    /// What it allows, in a sentence.
    pub allows: &'static str,
    /// What it protects, in a sentence.
    pub protects: &'static str,
    /// The recommendations of the CIS Kubernetes Benchmark (1.8) that it answers to.
    pub cis: &'static [&'static str],
    /// The controls of the NSA/CISA Kubernetes Hardening Guidance that it answers to, as scanners number them (`nsa-1.0`).
    pub nsa: &'static [&'static str],
    /// A pod that it refuses, as YAML.
    pub bad: &'static str,
    /// The same pod, mended: at the check's level nothing refuses it.
    pub good: &'static str,
}

/// The rule of a check since some version.
#[derive(Debug)]
pub struct Revision {
    /// The minor since which it holds.
    pub since: u32,
    /// What it brought, in a few words.
    pub change: &'static str,
    /// Of a table of values: those that it allows beyond the earlier ones.
    pub values: &'static [&'static str],
    /// The fields that it does not accept in a pod, at a minor.
    pub(super) offences: Rule,
}

/// Adds the fields of a pod that are not accepted at a minor to what was found. Allocates only for that.
pub(super) type Rule = for<'p> fn(&'p Pod<'_>, u32, &mut Offences<'p>);

impl Revision {
    /// A rule that holds since a minor.
    pub(super) const fn since(since: u32, change: &'static str, offences: Rule) -> Self {
        Self { since, change, values: &[], offences }
    }

    /// One revision for each line of a table of values that are allowed from a minor on; `N` is its length.
    pub(super) const fn each<const N: usize>(
        table: &'static [(u32, &'static [&'static str])],
        change: &'static str,
        offences: Rule,
    ) -> [Self; N] {
        let mut revisions = [const { Self::since(0, "", |_, _, _| ()) }; N];
        let mut index = 0;
        while index < N {
            let (since, values) = table[index];
            revisions[index] = Self { since, change, values, offences };
            index += 1;
        }
        revisions
    }
}

impl fmt::Display for Revision {
    /// What it brought: `must be true`, `allows net.ipv4.tcp_rmem, net.ipv4.tcp_wmem`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.change)?;
        for (index, value) in self.values.iter().enumerate() {
            write!(f, "{} {value}", if index > 0 { "," } else { "" })?;
        }
        Ok(())
    }
}

impl Check {
    /// The minor since which the check exists.
    pub const fn since(&self) -> u32 {
        match self.revisions {
            [first, ..] => first.since,
            [] => u32::MAX,
        }
    }

    /// The rule at a minor; `None` where the check does not exist yet.
    pub fn revision(&self, minor: u32) -> Option<&Revision> {
        self.revisions.iter().rev().find(|revision| revision.since <= minor)
    }
}

/// All checks, in upstream's order: baseline before restricted, each by id.
pub fn checks() -> &'static [Check] {
    &CHECKS
}

/// The check with an id.
pub fn check(id: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.id == id)
}

/// A table of checks that cannot be. The texts are upstream's where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Invalid {
    /// An id stands twice.
    #[error("multiple checks registered for ID {0}")]
    Duplicate(&'static str),
    /// A check of no level.
    #[error("check {0}: invalid level {1}")]
    Level(&'static str, Level),
    /// A check without a rule.
    #[error("check {0}: empty")]
    Empty(&'static str),
    /// Two rules since the same version.
    #[error("check {0}: duplicate version v1.{1}")]
    DuplicateVersion(&'static str, u32),
    /// A rule that stands behind a newer one.
    #[error("check {0}: versions must be strictly increasing")]
    Order(&'static str),
    /// A baseline check that overrides another.
    #[error("check {0}: only restricted checks may set overrides")]
    BaselineOverrides(&'static str),
    /// A check that overrides one that is not of the baseline.
    #[error("check {0}: overrides {1} check {2}")]
    OverridesLevel(&'static str, Level, &'static str),
    /// A check that overrides one that does not exist.
    #[error("check {0}: overrides unknown check {1}")]
    OverridesUnknown(&'static str, &'static str),
    /// A check that stands behind one that must come after it.
    #[error("check {0}: must stand before the one ahead of it")]
    Position(&'static str),
}

/// Whether a table of checks can be. [`CHECKS`] is looked at while podsec is compiled.
const fn validate(checks: &[Check]) -> Result<(), Invalid> {
    let mut index = 0;
    while index < checks.len() {
        let check = &checks[index];
        if let Err(invalid) = validate_one(check, checks) {
            return Err(invalid);
        }
        if index > 0 {
            let before = &checks[index - 1];
            if is_baseline(check) && !is_baseline(before)
                || is_baseline(check) == is_baseline(before) && compare(before.id, check.id).is_gt()
            {
                return Err(Invalid::Position(check.id));
            }
        }
        let mut other = 0;
        while other < index {
            if compare(checks[other].id, check.id).is_eq() {
                return Err(Invalid::Duplicate(check.id));
            }
            other += 1;
        }
        index += 1;
    }
    Ok(())
}

const fn validate_one(check: &Check, checks: &[Check]) -> Result<(), Invalid> {
    if matches!(check.level, Level::Privileged) {
        return Err(Invalid::Level(check.id, check.level));
    }
    if check.revisions.is_empty() {
        return Err(Invalid::Empty(check.id));
    }
    let mut index = 1;
    while index < check.revisions.len() {
        let (before, since) = (check.revisions[index - 1].since, check.revisions[index].since);
        if before == since {
            return Err(Invalid::DuplicateVersion(check.id, since));
        }
        if before > since {
            return Err(Invalid::Order(check.id));
        }
        index += 1;
    }
    if is_baseline(check) && !check.overrides.is_empty() {
        return Err(Invalid::BaselineOverrides(check.id));
    }
    index = 0;
    while index < check.overrides.len() {
        let id = check.overrides[index];
        match position(checks, id) {
            None => return Err(Invalid::OverridesUnknown(check.id, id)),
            Some(other) if !is_baseline(&checks[other]) => {
                return Err(Invalid::OverridesLevel(check.id, checks[other].level, id));
            }
            Some(_) => {}
        }
        index += 1;
    }
    Ok(())
}

const fn is_baseline(check: &Check) -> bool {
    matches!(check.level, Level::Baseline)
}

const fn position(checks: &[Check], id: &str) -> Option<usize> {
    let mut index = 0;
    while index < checks.len() {
        if compare(checks[index].id, id).is_eq() {
            return Some(index);
        }
        index += 1;
    }
    None
}

/// The byte order of two ids, at compile time.
const fn compare(one: &str, other: &str) -> Ordering {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut index = 0;
    while index < one.len() && index < other.len() {
        if one[index] != other[index] {
            return if one[index] < other[index] { Ordering::Less } else { Ordering::Greater };
        }
        index += 1;
    }
    if one.len() < other.len() {
        Ordering::Less
    } else if one.len() > other.len() {
        Ordering::Greater
    } else {
        Ordering::Equal
    }
}

const _: () = assert!(validate(&CHECKS).is_ok(), "the table of checks is not valid");

/// The newest minor that brought a rule.
pub(super) const fn newest_revision() -> u32 {
    let mut newest = 0;
    let mut index = 0;
    while index < CHECKS.len() {
        let revisions = CHECKS[index].revisions;
        if revisions[revisions.len() - 1].since > newest {
            newest = revisions[revisions.len() - 1].since;
        }
        index += 1;
    }
    newest
}

/// What is run at a level and minor: the first `count` of the rows.
#[derive(Clone, Copy)]
struct Plan {
    rows: [(&'static Check, &'static Revision); CHECKS.len()],
    count: usize,
}

impl Plan {
    const NONE: Self = Self { rows: [(&CHECKS[0], &CHECKS[0].revisions[0]); CHECKS.len()], count: 0 };
}

const MINORS: usize = NEWEST_MINOR as usize + 1;

/// The plans of the baseline and of the restricted level, by minor.
static PLANS: [[Plan; MINORS]; 2] = [plans(Level::Baseline), plans(Level::Restricted)];

const fn plans(level: Level) -> [Plan; MINORS] {
    let mut plans = [Plan::NONE; MINORS];
    let mut minor = 0;
    while minor <= NEWEST_MINOR {
        plans[minor as usize] = plan(level, minor);
        minor += 1;
    }
    plans
}

const fn plan(level: Level, minor: u32) -> Plan {
    let mut plan = Plan::NONE;
    let restricted = matches!(level, Level::Restricted);
    let mut index = 0;
    while index < CHECKS.len() {
        let check: &'static Check = &CHECKS[index];
        let of_level = restricted || is_baseline(check);
        if of_level && check.since() <= minor && !(restricted && is_overridden(check, minor)) {
            let mut revision = 0;
            while revision + 1 < check.revisions.len() && check.revisions[revision + 1].since <= minor {
                revision += 1;
            }
            plan.rows[plan.count] = (check, &check.revisions[revision]);
            plan.count += 1;
        }
        index += 1;
    }
    plan
}

/// Whether a check that exists at a minor overrides `check`.
const fn is_overridden(check: &Check, minor: u32) -> bool {
    let mut index = 0;
    while index < CHECKS.len() {
        let other = &CHECKS[index];
        let mut override_ = 0;
        while other.since() <= minor && override_ < other.overrides.len() {
            if compare(other.overrides[override_], check.id).is_eq() {
                return true;
            }
            override_ += 1;
        }
        index += 1;
    }
    false
}

/// The checks that are run at a level and minor with their rules, in the order of their messages. A minor newer than
/// the tables has the newest rules.
pub fn applicable(level: Level, minor: u32) -> impl Iterator<Item = (&'static Check, &'static Revision)> {
    let plans = match level {
        Level::Privileged => None,
        Level::Baseline => Some(&PLANS[0]),
        Level::Restricted => Some(&PLANS[1]),
    };
    let plan = plans.and_then(|plans| plans.get(minor.min(NEWEST_MINOR) as usize));
    let rows = plan.map_or(&[][..], |plan| &plan.rows[..plan.count]);
    rows.iter().copied()
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
