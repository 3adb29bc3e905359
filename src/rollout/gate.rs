//! The gate: when enforce may become stricter under `WhenClean`.
//!
//! It opens for a policy when no workload violates it and none has for the time of the soak, when the profile's batch
//! has a slot and its rollout is not halted, and when the API server, asked last by a dry run of the very request, says
//! the same of the pods. What podsec cannot tell never opens it. While it is shut for what the profile asks, it may be
//! open for a lower level that is still stricter than what is effective.

use jiff::{SignedDuration, Timestamp};

use super::{
    Answer, Evidence, GateRecord, HoldReason, Look, Winner,
    decision::Situation,
    soak::{CleanSince, HeldSince, at_seconds, clean_since, kept},
};
use crate::standards::{Level, LevelVersion, Mode, Verdict};

/// How old a namespace may be to be raised without a soak, if no pod was ever seen in it; and how long its first labels
/// may wait for what runs there to be known.
pub(super) const NEW: SignedDuration = SignedDuration::from_mins(10);

/// How long ahead a raise by `forceAfter` is announced.
pub const ANNOUNCED_AHEAD: SignedDuration = SignedDuration::from_hours(14 * 24);

/// What the gate is asked about one namespace.
#[derive(Debug)]
pub(super) struct Gate<'a> {
    pub(super) situation: &'a Situation<'a>,
    pub(super) evidence: &'a Evidence<'a>,
    pub(super) winner: Winner<'a>,
    /// Whether an exemption holds.
    pub(super) exempt: bool,
    /// What is effective now.
    pub(super) present: LevelVersion,
    /// What the profile asks for: stricter, or another version of the same level.
    pub(super) target: LevelVersion,
}

/// How far the gate is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// For what the profile asks.
    Open,
    /// The same, whatever that breaks.
    Forced,
    /// For this only, for that reason.
    Partly(LevelVersion, HoldReason),
    /// Not at all.
    Shut(HoldReason),
}

/// What the gate says, and what it wants remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) pass: Pass,
    /// How far it would be open if the API server were asked and agreed.
    pub(super) due: Option<Pass>,
    /// What is to be remembered if the namespace is not raised to what the profile asks.
    pub(super) record: GateRecord,
    /// When the answer changes by itself.
    pub(super) next: Option<Timestamp>,
    /// When `forceAfter` raises the namespace, once that is announced.
    pub(super) forced_at: Option<Timestamp>,
}

impl Finding {
    /// Why what is written is less than what the profile asks, if it is.
    pub(super) fn partly(&self) -> Option<HoldReason> {
        match &self.pass {
            Pass::Partly(_, reason) => Some(reason.clone()),
            Pass::Open | Pass::Forced | Pass::Shut(_) => None,
        }
    }
}

/// A policy by which the workloads were judged.
struct Judged {
    policy: LevelVersion,
    /// Since when no workload violates it.
    clean: Option<CleanSince>,
    /// What of the workloads stands in the way.
    obstacle: Option<HoldReason>,
    /// Whether there is anything of which podsec cannot tell, also beside what certainly violates.
    in_doubt: bool,
}

/// What comes once the workloads let the gate open.
enum Step {
    Clear,
    LookDue,
    /// The reason, and when that changes by itself.
    Shut(HoldReason, Option<Timestamp>),
}

impl Gate<'_> {
    pub(super) fn ask(&self) -> Finding {
        let now = self.situation.now;
        let target = self.judge(self.target);
        let below = self.below().map(|policy| self.judge(policy));
        let held = self.held();
        let forced_at = held.as_ref().and_then(|held| self.forced_at(held));
        let mut next = Next::default();
        for obstacle in [Some(&target), below.as_ref()].into_iter().flatten().map(|judged| &judged.obstacle) {
            if let Some(HoldReason::Soaking { until, .. }) = obstacle {
                next.or(*until);
            }
        }
        let announced_from = forced_at.map(|at| before(at, ANNOUNCED_AHEAD));
        for at in [forced_at, announced_from].into_iter().flatten().filter(|at| *at > now) {
            next.or(at);
        }
        let is_forced = forced_at.is_some_and(|at| at <= now) && !target.in_doubt;
        let clean = [Some(&target), below.as_ref()].into_iter().flatten().filter_map(|judged| judged.clean);
        let uid = self.situation.namespace.uid.clone();
        let mut record = GateRecord { uid, clean: clean.collect(), held };
        let (pass, due) = match (target.obstacle, below) {
            (None, _) => self.go_on(Pass::Open, &mut next),
            (Some(HoldReason::Violations { .. } | HoldReason::Soaking { .. }), _) if is_forced => {
                self.go_on(Pass::Forced, &mut next)
            }
            (Some(reason), Some(Judged { policy, obstacle: None, .. })) => {
                self.go_on_partly(policy, reason, &mut next)
            }
            (Some(reason), _) => (Pass::Shut(reason), None),
        };
        if let Pass::Partly(reached, _) = &pass {
            record.clean.retain(|clean| clean.policy.level != reached.level);
        }
        let forced_at = forced_at.filter(|_| announced_from.is_some_and(|from| from <= now));
        Finding { pass, due, record, next: next.0, forced_at }
    }

    fn go_on(&self, pass: Pass, next: &mut Next) -> (Pass, Option<Pass>) {
        match self.step(self.target) {
            Step::Clear => (pass, None),
            Step::LookDue => (Pass::Shut(HoldReason::LastLookDue), Some(pass)),
            Step::Shut(reason, changes) => {
                next.at(changes);
                (Pass::Shut(reason), None)
            }
        }
    }

    fn go_on_partly(
        &self,
        policy: LevelVersion,
        reason: HoldReason,
        next: &mut Next,
    ) -> (Pass, Option<Pass>) {
        match self.step(policy) {
            Step::Clear => (Pass::Partly(policy, reason), None),
            Step::LookDue => (Pass::Shut(reason.clone()), Some(Pass::Partly(policy, reason))),
            Step::Shut(other, changes) => {
                next.at(changes);
                // Where podsec may be wrong about the pods, that comes before what it says of them.
                let says_more =
                    matches!(other, HoldReason::LastLookDisagrees { .. } | HoldReason::ServerExempt);
                (Pass::Shut(if says_more { other } else { reason }), None)
            }
        }
    }

    /// The level below what the profile asks that the namespace may have until then. `privileged` is no raise, so there
    /// is one at most.
    fn below(&self) -> Option<LevelVersion> {
        let below = LevelVersion::new(Level::Baseline, self.target.version);
        let default = self.situation.settings.server_defaults.get(Mode::Enforce);
        let is_between = below.level < self.target.level && self.present.is_weaker_than(below);
        (is_between && default.level <= below.level).then_some(below)
    }

    fn judge(&self, policy: LevelVersion) -> Judged {
        let Situation { namespace, now, .. } = *self.situation;
        let assessment = self.evidence.judge.by(policy).assess(self.evidence.workloads);
        let counts = assessment.workloads();
        let clean = clean_since(self.evidence, &namespace.uid, &assessment, now);
        let obstacle = match (assessment.verdict(), clean) {
            (Verdict::Violates, _) => Some(HoldReason::Violations { workloads: counts.violating }),
            (Verdict::Conforms, Some(clean)) => self.soaking(clean.since),
            (Verdict::Conforms | Verdict::Inconclusive, _) => Some(HoldReason::Inconclusive {
                workloads: counts.inconclusive,
                missing: assessment.missing().first().map(|missing| (*missing).to_owned()),
            }),
        };
        let in_doubt = counts.inconclusive > 0 || !assessment.missing().is_empty();
        Judged { policy, clean, obstacle, in_doubt }
    }

    fn soaking(&self, since: Timestamp) -> Option<HoldReason> {
        let soak = self.winner.profile.soak;
        if soak.is_zero() || self.is_new_and_empty() {
            return None;
        }
        let until = after(since, soak);
        (self.situation.now < until).then_some(HoldReason::Soaking { since, until })
    }

    /// Whether nothing was seen in the namespace that a soak would wait for. A protected one waits in any case: a cluster
    /// that has just begun is no reason for haste there.
    fn is_new_and_empty(&self) -> bool {
        let Evidence { created, had_pods, .. } = *self.evidence;
        !self.winner.protected
            && !had_pods
            && self.pods() == 0
            && self.situation.now.duration_since(created) < NEW
    }

    /// The pods that the API server looks at: whatever their phase.
    fn pods(&self) -> usize {
        let workloads = self.evidence.workloads;
        let apart = workloads.apart();
        let live: usize = workloads.iter().map(crate::assessment::Workload::pods).sum();
        live + apart.finished_pods + apart.deleting_pods
    }

    /// What stands in the way besides the workloads.
    fn step(&self, policy: LevelVersion) -> Step {
        let Evidence { pace, newer_server, .. } = *self.evidence;
        if pace.halted {
            return Step::Shut(HoldReason::RolloutHalted, None);
        }
        if let Some(until) = pace.slot.filter(|slot| *slot > self.situation.now) {
            return Step::Shut(HoldReason::Batch { until }, Some(until));
        }
        if self.pods() == 0 && !newer_server {
            return Step::Clear;
        }
        let Some(look) = self.look(policy) else { return Step::LookDue };
        let shut = |reason| Step::Shut(reason, Some(look.until));
        match look.answer.clone() {
            Answer::Agrees => Step::Clear,
            Answer::Disagrees { detail } => shut(HoldReason::LastLookDisagrees { detail }),
            Answer::Unavailable { reason } => shut(HoldReason::LastLookUnavailable { reason }),
            Answer::Exempt => shut(HoldReason::ServerExempt),
        }
    }

    fn look(&self, policy: LevelVersion) -> Option<&Look> {
        let Situation { namespace, now, .. } = self.situation;
        let counts = |look: &&Look| look.policy == policy && look.counts(&namespace.resource_version, *now);
        self.evidence.looks.iter().find(counts)
    }

    /// Since when the profile asks for the level and the namespace has a lower one. A version is none.
    fn held(&self) -> Option<HeldSince> {
        let Situation { namespace, now, .. } = self.situation;
        let (profile, level) = (self.winner.profile.uid.as_str(), self.target.level);
        if self.present.level >= level {
            return None;
        }
        let is_same = |held: &&HeldSince| held.profile == profile && held.level == level;
        let kept =
            kept(self.evidence, &namespace.uid).and_then(|record| record.held.as_ref()).filter(is_same);
        let now = at_seconds(*now);
        Some(HeldSince {
            profile: profile.to_owned(),
            level,
            since: kept.map_or(now, |held| held.since.min(now)),
        })
    }

    /// When `forceAfter` raises the namespace: if it was held for the level before, and for no exemption.
    fn forced_at(&self, held: &HeldSince) -> Option<Timestamp> {
        let Situation { namespace, now, .. } = self.situation;
        let Winner { profile, protected } = self.winner;
        let is_exempt = self.exempt || profile.had_exemption(&namespace.name, *now);
        profile.force_after.filter(|at| held.since < *at && !protected && !is_exempt)
    }
}

/// The earliest of several times.
#[derive(Default)]
struct Next(Option<Timestamp>);

impl Next {
    fn or(&mut self, at: Timestamp) {
        self.0 = Some(self.0.map_or(at, |next| next.min(at)));
    }

    fn at(&mut self, at: Option<Timestamp>) {
        if let Some(at) = at {
            self.or(at);
        }
    }
}

pub(super) fn after(time: Timestamp, duration: SignedDuration) -> Timestamp {
    time.checked_add(duration).unwrap_or(Timestamp::MAX)
}

pub(super) fn before(time: Timestamp, duration: SignedDuration) -> Timestamp {
    time.checked_sub(duration).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
#[path = "gate_tests/mod.rs"]
mod tests;

#[cfg(test)]
#[path = "gate_properties/mod.rs"]
mod properties;
