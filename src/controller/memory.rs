//! What podsec remembers to have left behind on each namespace.
//!
//! It is the second witness of the ledger: the annotations may be changed, also under podsec's own name, by whoever may
//! write the namespace. And it tells who takes labels from podsec. It does not outlive the process, nor the namespace.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;

use parking_lot::Mutex;

use super::apply::Applied;
use crate::{
    assessment::Fingerprint,
    rollout::{Contest, Contests, HoldReason, LeaveReason, Ledger, ModePlan, Namespace, Verdict, Writer},
    standards::{LevelVersion, Mode},
};

/// What was left behind on each namespace when its plan was last carried out.
#[derive(Debug, Default)]
pub(super) struct Memory {
    by_name: Mutex<HashMap<String, Left>>,
}

#[derive(Debug)]
struct Left {
    /// Of the uid.
    uid: Fingerprint,
    ledger: Ledger,
    /// The version that podsec's own last write left, if it wrote.
    version: Option<String>,
    /// The value of each mode whose labels podsec owns, in the order of [`Mode::ALL`].
    values: [Option<LevelVersion>; 3],
    /// Who takes them; nothing where nobody does, which is nearly everywhere.
    contests: Option<Box<Contests>>,
}

impl Left {
    fn is_of(&self, namespace: &Namespace) -> bool {
        self.uid == Fingerprint::of(&namespace.uid)
    }

    /// Looks whether the labels are as they were left; gives who took them since the last look, once for each mode.
    fn look(&mut self, namespace: &Namespace, now: Timestamp) -> Vec<Writer> {
        let mut takes = Vec::new();
        for mode in Mode::ALL {
            let Some(value) = self.values[mode.index()] else { continue };
            if self.contests.is_some() || namespace.taken(mode, value).is_some() {
                takes.extend(self.contests.get_or_insert_default().saw(namespace, mode, value, now));
            }
        }
        self.contests.take_if(|contests| {
            contests.expire(now);
            contests.is_empty(now)
        });
        takes
    }

    /// Takes in what was carried out for a mode.
    fn carried_out(&mut self, plan: &ModePlan, namespace: &Namespace) {
        let value = &mut self.values[plan.mode.index()];
        *value = match &plan.verdict {
            Verdict::InSync => plan.planned,
            Verdict::Write { value, .. } => Some(*value),
            // What is stricter is left to them, and put back once it is weaker: that is a take all the same.
            Verdict::Hold(HoldReason::Contested { .. })
            | Verdict::LeaveAlone { reason: LeaveReason::Stricter, .. } => *value,
            Verdict::Hold(_) => {
                let keys = plan.mode.keys();
                let is_owned = namespace.owns(keys.level) && namespace.owns(keys.version);
                is_owned.then_some(plan.present)
            }
            Verdict::LeaveAlone { .. } | Verdict::Freeze(_) | Verdict::Release(_) => None,
        };
        if let (Some(contests), None) = (&mut self.contests, value) {
            contests.conceded(plan.mode);
        }
    }

    /// Takes in what was written, all of it at once.
    fn answered(&mut self, modes: &[ModePlan], now: Timestamp) {
        if let Some(contests) = &mut self.contests {
            let written = modes.iter().filter(|plan| matches!(plan.verdict, Verdict::Write { .. }));
            contests.answered(written.map(|plan| plan.mode), now);
        }
    }
}

impl Memory {
    /// What was noted on this very namespace.
    pub(super) fn of(&self, namespace: &Namespace) -> Option<Ledger> {
        let by_name = self.by_name.lock();
        by_name.get(&namespace.name).filter(|left| left.is_of(namespace)).map(|left| left.ledger.clone())
    }

    /// Whether the namespace was observed before podsec's own last write. (Versions of one resource are numbers that
    /// grow, KEP-5504; where they are none, nothing can be told.)
    pub(super) fn outdates(&self, namespace: &Namespace) -> bool {
        let number = |text: &str| text.parse::<u64>().ok();
        let by_name = self.by_name.lock();
        let left = by_name.get(&namespace.name).filter(|left| left.is_of(namespace));
        let written = left.and_then(|left| left.version.as_deref()).and_then(number);
        written.zip(number(&namespace.resource_version)).is_some_and(|(written, observed)| observed < written)
    }

    /// Who takes the labels of each mode, in the order of [`Mode::ALL`], as far as that can be told from the namespace
    /// as it was observed now; and who took them since the last look, once for each mode.
    pub(super) fn contests(
        &self,
        namespace: &Namespace,
        now: Timestamp,
    ) -> ([Option<Arc<Contest>>; 3], Vec<Writer>) {
        let mut by_name = self.by_name.lock();
        let Some(left) = by_name.get_mut(&namespace.name).filter(|left| left.is_of(namespace)) else {
            return Default::default();
        };
        let takes = left.look(namespace, now);
        (Mode::ALL.map(|mode| left.contests.as_ref()?.of(mode, now).map(Arc::new)), takes)
    }

    /// Notes what a plan that was carried out has left behind.
    pub(super) fn note(&self, namespace: &Namespace, applied: &Applied, now: Timestamp) {
        let mut by_name = self.by_name.lock();
        let before = by_name.remove(&namespace.name).filter(|left| left.is_of(namespace));
        let mut left = Left {
            uid: Fingerprint::of(&namespace.uid),
            ledger: applied.ledger().clone(),
            version: applied.version().map(ToOwned::to_owned),
            values: Default::default(),
            contests: None,
        };
        if let Some(before) = before {
            left.version = left.version.or(before.version);
            (left.values, left.contests) = (before.values, before.contests);
        }
        for mode in Mode::ALL {
            match applied.modes().iter().find(|plan| plan.mode == mode) {
                Some(plan) => left.carried_out(plan, namespace),
                None => left.values[mode.index()] = None,
            }
        }
        left.answered(applied.modes(), now);
        by_name.insert(namespace.name.clone(), left);
    }

    /// Notes that modes may have been written, or not: the answer was lost. What is found there next is no take.
    pub(super) fn unsure(&self, namespace: &Namespace, modes: &[Mode]) {
        let mut by_name = self.by_name.lock();
        if let Some(left) = by_name.get_mut(&namespace.name).filter(|left| left.is_of(namespace)) {
            for mode in modes {
                left.values[mode.index()] = None;
            }
        }
    }

    /// Forgets a namespace that is gone.
    pub(super) fn forget(&self, name: &str) {
        self.by_name.lock().remove(name);
    }
}

#[cfg(test)]
#[path = "memory_tests.rs"]
mod tests;
