//! What keeps a namespace from a level, the most first.

use std::{cmp::Reverse, collections::BTreeMap};

use super::{
    Assessment, Judge, Kind, Reading, Subject, TemplateKind,
    findings::{Cause, Finder, Found, Ranked},
    workload::Workload,
};
use crate::standards::{Check, Offence, Remedy, Verdict};

/// Blockers, as many as were asked for.
#[derive(Clone, Debug, Default)]
pub struct Blockers<'a> {
    /// Those that concern most pods first, then by workload.
    pub listed: Vec<Blocker<'a>>,
    /// How many there are besides.
    pub more: usize,
}

/// One thing that keeps one workload from conforming.
///
/// Names, values and reasons are tenants' texts, to be escaped where they are shown.
#[derive(Clone, Debug)]
pub struct Blocker<'a> {
    /// The workload's kind.
    pub kind: Kind,
    /// The workload's name.
    pub workload: &'a str,
    /// How many live pods are concerned: none while there is only a template.
    pub pods: usize,
    /// The least of the pods' names.
    pub first_pod: Option<&'a str>,
    /// The object in whose template it is to be mended; `None` when no template has it.
    pub template: Option<(TemplateKind, &'a str)>,
    /// What it is.
    pub obstacle: Obstacle<'a>,
}

/// What keeps something from conforming.
#[derive(Clone, Debug)]
pub enum Obstacle<'a> {
    /// A check refuses it.
    Refused(Refusal<'a>),
    /// It cannot be read, for this reason.
    Unreadable(&'a str),
}

/// What a check has against a container, a volume or the pod itself.
#[derive(Clone, Debug)]
pub struct Refusal<'a> {
    /// The check.
    pub check: &'static Check,
    /// What it is about.
    pub subject: Subject<'a>,
    /// Upstream's text about the check: the reason, and in brackets the detail about all containers together.
    pub message: String,
    /// The reason alone.
    pub reason: &'static str,
    /// The detail alone.
    pub detail: String,
    /// The fields to change.
    pub changes: Vec<Change>,
    /// Whether an API server that knows more might accept it.
    pub in_doubt: bool,
    /// Whether something put it into the live pods: the template they were made from does not have it.
    pub injected: bool,
    /// Whether only ephemeral containers cause it: it goes when the pod is made again.
    pub ephemeral: bool,
}

/// A field to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its path, from the top of the object that has the template, else from the top of the pod.
    pub path: String,
    /// The field for all containers that would do as well.
    pub path_on_pod: Option<String>,
    /// What stands there now.
    pub value: Option<String>,
    /// What would satisfy the check.
    pub remedy: Remedy,
}

/// How much a check refuses.
#[derive(Clone, Copy, Debug)]
pub struct CheckCount {
    /// The check.
    pub check: &'static Check,
    /// The workloads that it refuses.
    pub workloads: usize,
    /// Their live pods that it refuses.
    pub pods: usize,
}

/// What somebody who changes pods on their way in has mended: the template is refused, its live pods are not.
#[derive(Clone, Copy, Debug)]
pub struct Mended<'a> {
    /// The check; `None` where the template cannot be read.
    pub check: Option<&'static Check>,
    /// What it is about.
    pub subject: Subject<'a>,
}

impl<'w, 'a> Assessment<'w, 'a> {
    /// What keeps the namespace from conforming, the most first, so many at most. Ties go by workload, then by check.
    pub fn blockers(&self, limit: usize) -> Blockers<'a> {
        let mut finder = Finder::new(&self.judge);
        let mut all: Vec<(&Workload<'a>, Found<'a>)> = Vec::new();
        for workload in self.refused() {
            all.extend(finder.find(workload).into_iter().map(|found| (workload, found)));
        }
        // Stable: what ties stays in the order of workloads.
        all.sort_by_key(|(_, found)| Reverse(found.pods));
        let more = all.len().saturating_sub(limit);
        let listed = all.into_iter().take(limit);
        Blockers {
            listed: listed.map(|(workload, found)| blocker(&self.judge, workload, &found)).collect(),
            more,
        }
    }

    /// What keeps one of the workloads from conforming, in the order of the checks.
    pub fn blockers_of(&self, workload: &Workload<'a>) -> Vec<Blocker<'a>> {
        let found = Finder::new(&self.judge).find(workload);
        found.iter().map(|found| blocker(&self.judge, workload, found)).collect()
    }

    /// What the API server would say of a workload: of its live pods those that most are like, else of its template.
    /// `None` when it conforms or cannot be read.
    pub fn message(&self, workload: &Workload<'a>) -> Option<String> {
        let refused = workload.deciding().filter_map(|(reading, pods)| match reading {
            Reading::Judgeable(shape) if self.judge.is_refused(reading) => Some((shape, pods)),
            _ => None,
        });
        // The first of those that tie.
        let (shape, _) = refused.min_by_key(|(_, pods)| Reverse(*pods))?;
        self.judge.evaluator.evaluate(self.judge.policy, shape.pod()).message()
    }

    /// The checks that refuse something here, in the order of the checks.
    pub fn checks(&self) -> Vec<CheckCount> {
        let mut finder = Finder::new(&self.judge);
        let mut counts = BTreeMap::<_, (usize, usize)>::new();
        for workload in self.refused() {
            for (check, pods) in finder.checks(workload) {
                let (workloads, all_pods) = counts.entry(check).or_default();
                *workloads += 1;
                *all_pods += pods;
            }
        }
        let count = |(check, (workloads, pods)): (Ranked, _)| CheckCount { check: check.0, workloads, pods };
        counts.into_iter().map(count).collect()
    }

    /// What the templates of a workload have that their live pods do not.
    pub fn mended(&self, workload: &Workload<'a>) -> Vec<Mended<'a>> {
        let causes = Finder::new(&self.judge).mutated(workload);
        let mended = causes.into_iter().map(|cause| match cause {
            Cause::Finding(check, subject) => Mended { check: Some(check.0), subject },
            Cause::Unreadable(_) => Mended { check: None, subject: Subject::Pod },
        });
        mended.collect()
    }

    /// How many workloads conform although a template of theirs does not.
    pub fn mended_workloads(&self) -> usize {
        let is_mended = |workload: &Workload<'_>| {
            workload
                .templates
                .iter()
                .any(|template| !template.decides && self.judge.is_refused(template.reading))
        };
        self.verdicts()
            .filter(|(workload, verdict)| *verdict == Some(Verdict::Conforms) && is_mended(workload))
            .count()
    }

    /// The workloads that do not conform.
    fn refused(&self) -> impl Iterator<Item = &'w Workload<'a>> {
        self.verdicts()
            .filter(|(_, verdict)| matches!(verdict, Some(Verdict::Violates | Verdict::Inconclusive)))
            .map(|(workload, _)| workload)
    }
}

/// A cause, told in full.
pub(super) fn blocker<'a>(judge: &Judge, workload: &Workload<'a>, found: &Found<'a>) -> Blocker<'a> {
    Blocker {
        kind: workload.kind.clone(),
        workload: workload.name,
        pods: found.pods,
        first_pod: found.first_pod,
        template: found.template,
        obstacle: match found.cause {
            Cause::Unreadable(reason) => Obstacle::Unreadable(reason),
            Cause::Finding(check, subject) => Obstacle::Refused(refusal(judge, check.0, subject, found)),
        },
    }
}

fn refusal<'a>(judge: &Judge, check: &'static Check, subject: Subject<'a>, found: &Found<'a>) -> Refusal<'a> {
    let mut refusal = Refusal {
        check,
        subject,
        message: String::new(),
        reason: "",
        detail: String::new(),
        changes: Vec::new(),
        in_doubt: true,
        injected: found.injected,
        ephemeral: found.ephemeral,
    };
    let Reading::Judgeable(shape) = found.reading else { return refusal };
    let evaluation = judge.evaluator.evaluate(judge.policy, shape.pod());
    let of_check = evaluation.violations().filter(|violation| std::ptr::eq(violation.check(), check));
    for violation in of_check {
        (refusal.reason, refusal.detail) = (violation.reason(), violation.detail().to_owned());
        refusal.message = match violation.detail() {
            "" => violation.reason().to_owned(),
            detail => format!("{} ({detail})", violation.reason()),
        };
        let offences = violation.offences().iter().filter(|offence| Subject::of(offence.place()) == subject);
        for offence in offences {
            refusal.in_doubt &= offence.is_in_doubt();
            refusal.changes.push(change(offence, found.template));
        }
    }
    refusal
}

fn change(offence: &Offence<'_>, template: Option<(TemplateKind, &str)>) -> Change {
    let within = |path: String| match template {
        Some((kind, _)) => format!("{}.{path}", kind.template_path()),
        None => path,
    };
    Change {
        path: within(offence.path().to_string()),
        path_on_pod: offence.path_on_pod().map(|path| within(path.to_string())),
        value: offence.value().map(str::to_owned),
        remedy: offence.remedy(),
    }
}

#[cfg(test)]
#[path = "blockers_tests.rs"]
mod tests;
