//! Judging a pod.

use std::{fmt, ops::Range};

use super::{
    LevelVersion, Version,
    offence::{Offence, Offences},
    path::Place,
    phrase::append,
    pod::Pod,
    registry::{Check, applicable},
    version::NEWEST_MINOR,
};

/// Judges a pod by the newest rules that podsec has for a policy. See [`Evaluator::evaluate`].
pub fn evaluate<'p>(policy: LevelVersion, pod: &'p Pod<'_>) -> Evaluation<'p> {
    Evaluator::default().evaluate(policy, pod)
}

/// Judges pods as an API server of some minor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evaluator {
    newest: u32,
}

impl Default for Evaluator {
    /// As an API server that has the newest rules known to podsec.
    fn default() -> Self {
        Self { newest: NEWEST_MINOR }
    }
}

impl Evaluator {
    /// As an API server of this minor, for which later versions are the same as its own. A server that is newer than
    /// the tables is taken for one of [`NEWEST_MINOR`].
    ///
    /// What releases did otherwise that no version tells of is not followed: before 1.33, for one, `image` volumes were
    /// refused at every version.
    pub const fn for_server(minor: u32) -> Self {
        Self { newest: if minor < NEWEST_MINOR { minor } else { NEWEST_MINOR } }
    }

    /// The minor whose rules hold for a version.
    pub fn minor(&self, version: Version) -> u32 {
        match version {
            Version::Latest => self.newest,
            Version::Minor(minor) => u32::try_from(minor).unwrap_or(u32::MAX).min(self.newest),
        }
    }

    /// Judges a pod, or a pod template, as it is: nothing is defaulted. For a pod that conforms nothing is allocated.
    pub fn evaluate<'p>(&self, policy: LevelVersion, pod: &'p Pod<'_>) -> Evaluation<'p> {
        let mut evaluation = Evaluation {
            policy,
            minor: self.minor(policy.version),
            refusals: Vec::new(),
            offences: Offences::default(),
            text: String::new(),
        };
        for (check, revision) in applicable(policy.level, evaluation.minor) {
            let begin = evaluation.offences.len();
            (revision.offences)(pod, evaluation.minor, &mut evaluation.offences);
            if evaluation.offences.len() > begin {
                evaluation.refuse(check, begin);
            }
        }
        evaluation
    }
}

/// What became of a pod under a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// No check has anything against it.
    Conforms,
    /// A check refuses it.
    Violates,
    /// It has something that no table here knows and that decides: an API server may know it, or not.
    Inconclusive,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Conforms => "conforms",
            Self::Violates => "violates",
            Self::Inconclusive => "inconclusive",
        })
    }
}

/// A judgement of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Evaluation<'p> {
    policy: LevelVersion,
    minor: u32,
    refusals: Vec<Refusal>,
    /// Those of all refusals, one after the other.
    offences: Offences<'p>,
    /// The details of all refusals, one after the other.
    text: String,
}

/// A check that does not accept the pod, with its parts of what the evaluation holds.
#[derive(Clone, Debug)]
struct Refusal {
    check: &'static Check,
    reason: &'static str,
    offences: Range<usize>,
    detail: Range<usize>,
}

impl PartialEq for Refusal {
    fn eq(&self, other: &Self) -> bool {
        // Reason and detail follow from the offences, which are compared.
        std::ptr::eq(self.check, other.check) && self.offences == other.offences
    }
}

impl Eq for Refusal {}

impl<'p> Evaluation<'p> {
    /// Adds a check's refusal for the offences from `begin` on.
    fn refuse(&mut self, check: &'static Check, begin: usize) {
        if self.refusals.is_empty() {
            // As with offences.
            self.refusals.reserve(8);
            self.text.reserve(1024);
        }
        let offences = self.offences.get(begin..).unwrap_or_default();
        let reason = (check.reason)(offences);
        let begin_of_detail = self.text.len();
        (check.detail)(offences, &mut self.text);
        self.refusals.push(Refusal {
            check,
            reason,
            offences: begin..self.offences.len(),
            detail: begin_of_detail..self.text.len(),
        });
    }

    /// The policy that was asked for, which messages print.
    pub const fn policy(&self) -> LevelVersion {
        self.policy
    }

    /// The minor whose rules were applied.
    pub const fn minor(&self) -> u32 {
        self.minor
    }

    /// Whether upstream's library would allow the pod. Where the verdict is inconclusive it would not.
    pub const fn is_allowed(&self) -> bool {
        self.refusals.is_empty()
    }

    /// The verdict.
    pub fn verdict(&self) -> Verdict {
        if self.refusals.is_empty() {
            Verdict::Conforms
        } else if self.offences.iter().all(Offence::is_in_doubt) {
            Verdict::Inconclusive
        } else {
            Verdict::Violates
        }
    }

    /// The checks that do not accept the pod, in the order of upstream's messages.
    pub fn violations(&self) -> impl Iterator<Item = Violation<'_, 'p>> {
        self.refusals.iter().map(|refusal| Violation {
            check: refusal.check,
            reason: refusal.reason,
            detail: self.text.get(refusal.detail.clone()).unwrap_or_default(),
            offences: self.offences.get(refusal.offences.clone()).unwrap_or_default(),
        })
    }

    /// What every check that was run says, in the same order.
    pub fn results(&self) -> impl Iterator<Item = CheckResult<'_>> {
        let mut violations = self.violations().peekable();
        applicable(self.policy.level, self.minor).map(move |(check, _)| {
            match violations.next_if(|violation| std::ptr::eq(violation.check, check)) {
                Some(violation) => CheckResult {
                    check,
                    allowed: false,
                    reason: violation.reason(),
                    detail: violation.detail(),
                },
                None => CheckResult { check, allowed: true, reason: "", detail: "" },
            }
        })
    }

    /// All findings: for each check that does not accept the pod, one a container.
    pub fn findings(&self) -> impl Iterator<Item = Finding<'_, 'p>> {
        self.violations().flat_map(Violation::findings)
    }

    /// The reasons alone, as upstream writes them about pods that exist already; empty when the pod is allowed.
    pub fn reasons(&self) -> String {
        let mut text = String::new();
        for (index, violation) in self.violations().enumerate() {
            text.push_str(if index > 0 { ", " } else { "" });
            text.push_str(violation.reason);
        }
        text
    }

    /// The reasons with their details; empty when the pod is allowed.
    pub fn details(&self) -> String {
        let mut text = String::new();
        self.write_details(&mut text);
        text
    }

    fn write_details(&self, text: &mut String) {
        for (index, violation) in self.violations().enumerate() {
            text.push_str(if index > 0 { ", " } else { "" });
            text.push_str(violation.reason);
            if !violation.detail.is_empty() {
                text.push_str(" (");
                text.push_str(violation.detail);
                text.push(')');
            }
        }
    }

    /// What the API server says when it refuses the pod: `violates PodSecurity "restricted:latest": …`. `None` when
    /// it does not.
    pub fn message(&self) -> Option<String> {
        self.message_with("violates")
    }

    /// What the API server warns of, and writes into the audit log: `would violate PodSecurity "…": …`. `None` when
    /// the pod is allowed.
    pub fn warning(&self) -> Option<String> {
        self.message_with("would violate")
    }

    fn message_with(&self, verb: &str) -> Option<String> {
        if self.is_allowed() {
            return None;
        }
        let mut text = String::with_capacity(256);
        append(&mut text, format_args!("{verb} PodSecurity \"{}\": ", self.policy));
        self.write_details(&mut text);
        Some(text)
    }
}

/// What one check says.
#[derive(Clone, Copy, Debug)]
pub struct CheckResult<'e> {
    /// The check.
    pub check: &'static Check,
    /// Whether it accepts the pod.
    pub allowed: bool,
    /// Upstream's reason; empty when it does.
    pub reason: &'static str,
    /// Upstream's detail, which may be empty.
    pub detail: &'e str,
}

/// A check that does not accept the pod.
#[derive(Clone, Copy, Debug)]
pub struct Violation<'e, 'p> {
    check: &'static Check,
    reason: &'static str,
    detail: &'e str,
    offences: &'e [Offence<'p>],
}

impl<'e, 'p> Violation<'e, 'p> {
    /// The check.
    pub const fn check(&self) -> &'static Check {
        self.check
    }

    /// Upstream's reason.
    pub const fn reason(&self) -> &'static str {
        self.reason
    }

    /// Upstream's detail, about all containers together; it may be empty.
    pub const fn detail(&self) -> &'e str {
        self.detail
    }

    /// All fields that are not accepted, in the order in which they are visited.
    pub const fn offences(&self) -> &'e [Offence<'p>] {
        self.offences
    }

    /// Whether an API server that knows more might accept all of it.
    pub fn is_in_doubt(&self) -> bool {
        self.offences.iter().all(Offence::is_in_doubt)
    }

    /// One finding for the pod's own fields, one for each container and one for each volume.
    pub fn findings(self) -> impl Iterator<Item = Finding<'e, 'p>> {
        let groups = self.offences.chunk_by(|one, other| subject(one.place()) == subject(other.place()));
        groups.map(move |offences| Finding { violation: self, offences })
    }
}

/// What a finding is about: annotations are the pod's.
fn subject(place: Place<'_>) -> Place<'_> {
    if matches!(place, Place::Annotation(_)) { Place::Pod } else { place }
}

/// What a check has against one container, against one volume, or against the pod itself.
#[derive(Clone, Copy, Debug)]
pub struct Finding<'e, 'p> {
    violation: Violation<'e, 'p>,
    offences: &'e [Offence<'p>],
}

impl<'e, 'p> Finding<'e, 'p> {
    /// The violation that it is part of, with the check, upstream's reason and detail.
    pub const fn violation(&self) -> Violation<'e, 'p> {
        self.violation
    }

    /// What it is about: [`Place::Pod`], a container or a volume.
    pub fn subject(&self) -> Place<'p> {
        self.offences.first().map_or(Place::Pod, |offence| subject(offence.place()))
    }

    /// The container's name, if it is about one.
    pub fn container(&self) -> Option<&'p str> {
        match self.subject() {
            Place::Container { name, .. } => Some(name),
            _ => None,
        }
    }

    /// The fields to change, with what stands there, and what would satisfy the check.
    pub const fn offences(&self) -> &'e [Offence<'p>] {
        self.offences
    }
}

#[cfg(test)]
#[path = "evaluation_tests.rs"]
mod tests;
