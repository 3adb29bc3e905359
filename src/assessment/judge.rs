//! Verdicts on workloads, and their counts.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;

use super::{
    Apart, Reading,
    workload::{Workload, Workloads},
};
use crate::standards::{Evaluator, Level, LevelVersion, Verdict, Version};

/// Judges by one level and version, as an API server of some minor with some exemptions does.
#[derive(Clone, Debug)]
pub struct Judge {
    pub(super) policy: LevelVersion,
    pub(super) evaluator: Evaluator,
    exempt: Arc<BTreeSet<String>>,
}

impl Judge {
    /// By a policy, as an API server does that has the newest rules known to podsec and exempts nothing.
    pub fn new(policy: LevelVersion) -> Self {
        Self { policy, evaluator: Evaluator::default(), exempt: Arc::default() }
    }

    /// As an API server of this minor, for which later versions are the same as its own.
    #[must_use]
    pub fn on_server(self, minor: u32) -> Self {
        Self { evaluator: Evaluator::for_server(minor), ..self }
    }

    /// As an API server that exempts pods of these runtime classes.
    #[must_use]
    pub fn exempting(self, runtime_classes: impl IntoIterator<Item = String>) -> Self {
        Self { exempt: Arc::new(runtime_classes.into_iter().collect()), ..self }
    }

    /// The same by another policy.
    #[must_use]
    pub fn by(&self, policy: LevelVersion) -> Self {
        Self { policy, ..self.clone() }
    }

    /// The policy.
    pub const fn policy(&self) -> LevelVersion {
        self.policy
    }

    /// The policy with the version whose rules are applied: what `latest` and a version that the server does not know
    /// yet stand for.
    pub fn resolved(&self) -> LevelVersion {
        let minor = self.evaluator.minor(self.policy.version);
        LevelVersion::new(self.policy.level, Version::Minor(u64::from(minor)))
    }

    /// The verdict on one pod or template; `None` when its runtime class is exempt.
    pub fn verdict(&self, reading: &Reading) -> Option<Verdict> {
        match reading {
            Reading::Judgeable(shape) => {
                let runtime_class = shape.runtime_class();
                let is_exempt = !runtime_class.is_empty() && self.exempt.contains(runtime_class);
                (!is_exempt).then(|| shape.verdict(&self.evaluator, self.policy))
            }
            Reading::Unreadable(_) if self.policy.level == Level::Privileged => Some(Verdict::Conforms),
            Reading::Unreadable(_) => Some(Verdict::Inconclusive),
        }
    }

    /// Whether something violates, or may.
    pub(super) fn is_refused(&self, reading: &Reading) -> bool {
        matches!(self.verdict(reading), Some(Verdict::Violates | Verdict::Inconclusive))
    }

    /// Judges the workloads of a namespace.
    pub fn assess<'w, 'a>(&self, workloads: &'w Workloads<'a>) -> Assessment<'w, 'a> {
        let mut assessment = Assessment {
            judge: self.clone(),
            source: workloads,
            verdicts: Vec::with_capacity(workloads.list.len()),
            workloads: Counts::default(),
            exempt_workloads: 0,
            pods: Counts::default(),
            exempt_pods: 0,
        };
        for workload in &workloads.list {
            for pods in &workload.pods {
                match self.verdict(pods.reading) {
                    Some(verdict) => assessment.pods.add(verdict, pods.count),
                    None => assessment.exempt_pods += pods.count,
                }
            }
            let verdict = self.verdict_of(workload);
            match verdict {
                Some(verdict) => assessment.workloads.add(verdict, 1),
                None => assessment.exempt_workloads += 1,
            }
            assessment.verdicts.push(verdict);
        }
        assessment
    }

    /// The worst verdict on what decides; `None` when all of it is exempt.
    pub(super) fn verdict_of(&self, workload: &Workload<'_>) -> Option<Verdict> {
        workload
            .deciding()
            .filter_map(|(reading, _)| self.verdict(reading))
            .max_by_key(|verdict| badness(*verdict))
    }
}

/// The order of verdicts: what violates outweighs what is in doubt.
pub(super) const fn badness(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Conforms => 0,
        Verdict::Inconclusive => 1,
        Verdict::Violates => 2,
    }
}

/// How many conform, violate, or cannot be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// No check has anything against them.
    pub conforming: usize,
    /// A check refuses them.
    pub violating: usize,
    /// podsec cannot tell.
    pub inconclusive: usize,
}

impl Counts {
    /// All of them.
    pub const fn judged(&self) -> usize {
        self.conforming + self.violating + self.inconclusive
    }

    fn add(&mut self, verdict: Verdict, count: usize) {
        *match verdict {
            Verdict::Conforms => &mut self.conforming,
            Verdict::Violates => &mut self.violating,
            Verdict::Inconclusive => &mut self.inconclusive,
        } += count;
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.conforming += other.conforming;
        self.violating += other.violating;
        self.inconclusive += other.inconclusive;
    }
}

/// What became of the workloads of a namespace under a policy.
#[derive(Clone, Debug)]
#[must_use]
pub struct Assessment<'w, 'a> {
    pub(super) judge: Judge,
    pub(super) source: &'w Workloads<'a>,
    /// Of each workload; `None` where all of it is exempt.
    verdicts: Vec<Option<Verdict>>,
    workloads: Counts,
    exempt_workloads: usize,
    pods: Counts,
    exempt_pods: usize,
}

/// Finished pods that violate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FinishedViolating {
    /// How many.
    pub pods: usize,
    /// When the last of them was created.
    pub newest: Timestamp,
}

impl<'w, 'a> Assessment<'w, 'a> {
    /// By what was judged.
    pub const fn judge(&self) -> &Judge {
        &self.judge
    }

    /// The verdict on the namespace: it conforms only when every workload does and none can be missing. At privileged
    /// it always conforms: there nothing is refused.
    pub fn verdict(&self) -> Verdict {
        let is_known = self.source.missing.is_empty() || self.judge.policy.level == Level::Privileged;
        match self.workloads {
            Counts { violating: 1.., .. } => Verdict::Violates,
            Counts { inconclusive: 0, .. } if is_known => Verdict::Conforms,
            _ => Verdict::Inconclusive,
        }
    }

    /// Workloads by verdict.
    pub const fn workloads(&self) -> Counts {
        self.workloads
    }

    /// Workloads of exempt runtime classes only. They are in no other count.
    pub const fn exempt_workloads(&self) -> usize {
        self.exempt_workloads
    }

    /// Live pods by verdict, each by its own.
    pub const fn pods(&self) -> Counts {
        self.pods
    }

    /// Live pods of an exempt runtime class. They are in no other count.
    pub const fn exempt_pods(&self) -> usize {
        self.exempt_pods
    }

    /// What was counted and not judged.
    pub const fn apart(&self) -> Apart {
        self.source.apart
    }

    /// What may be missing.
    pub fn missing(&self) -> &'w [&'a str] {
        &self.source.missing
    }

    /// Each workload with its verdict, by kind and name; `None` where all of it is exempt.
    pub fn verdicts(&self) -> impl Iterator<Item = (&'w Workload<'a>, Option<Verdict>)> {
        self.source.list.iter().zip(self.verdicts.iter().copied())
    }

    /// The live pods of a workload of which is true what is of the workload: of a roll-out that is paused, its template may
    /// violate and none of its pods.
    pub fn pods_sharing(&self, workload: &Workload<'_>, verdict: Option<Verdict>) -> usize {
        let sharing = workload.pods.iter().filter(|pods| self.judge.verdict(pods.reading) == verdict);
        sharing.map(|pods| pods.count).sum()
    }

    /// The finished pods that violate, or may, and of which no judged template tells that there will be no more like
    /// them: those of CI runners and the like, which come and go. They do not make the namespace violate.
    pub fn finished_violating(&self) -> Option<FinishedViolating> {
        let refused = self.source.finished.iter().filter(|pod| self.judge.is_refused(pod.reading));
        refused.fold(None, |sum: Option<FinishedViolating>, pod| {
            let (pods, newest) = sum.map_or((0, pod.created), |sum| (sum.pods, sum.newest.max(pod.created)));
            Some(FinishedViolating { pods: pods + 1, newest })
        })
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
