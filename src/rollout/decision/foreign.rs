//! What becomes of a mode of which somebody else set a label.

use super::{Question, Ruling, Situation};
use crate::{
    api::ConflictPolicy,
    rollout::{Change, HoldReason, LeaveReason, Verdict, WeakenCause},
    standards::{Mode, Strictness},
};

impl Question<'_> {
    /// The key by which somebody else holds the pair at another value than what is wanted.
    ///
    /// That is a key of theirs that differs; or a level of theirs alone that is right by itself while the pair is
    /// not, since a missing version means `latest`.
    pub(super) fn foreign_key(&self) -> Option<&'static str> {
        let namespace = self.situation.namespace;
        let keys = self.keys();
        let wanted =
            [(keys.level, self.wanted.level.to_string()), (keys.version, self.wanted.version.to_string())];
        let differs = |key: &str, value: &str| namespace.label(key).is_some_and(|label| label != value);
        let is_foreign = |key: &&'static str| namespace.owners.foreign(key).is_some();
        let differing =
            wanted.iter().filter(|(key, value)| differs(key, value)).map(|(key, _)| *key).find(is_foreign);
        let same = self.wanted.compared_to(self.present) == Strictness::Same;
        let theirs_alone = is_foreign(&keys.level) && !namespace.owns(keys.level);
        differing.or_else(|| (theirs_alone && !same).then_some(keys.level))
    }

    /// Somebody else set a key of the pair to another value, and it is no case for a repair. The pair stands or falls
    /// together, as it stands there now.
    pub(super) fn against_foreign(&self, key: &'static str) -> Ruling {
        let leave = |reason| self.leave_alone(key, reason).into();
        match (self.policy(), self.wanted.compared_to(self.present)) {
            (ConflictPolicy::Yield, _) => leave(LeaveReason::Yield),
            (ConflictPolicy::Force, Strictness::Weaker) => self.weaken(WeakenCause::Forced),
            // Nobody can have meant what the API server cannot read. It takes such an enforce label for restricted.
            (ConflictPolicy::KeepStricter, Strictness::Weaker) if !self.readable => match self.mode {
                Mode::Enforce => Verdict::Hold(HoldReason::WouldWeaken).into(),
                Mode::Audit | Mode::Warn => self.weaken(WeakenCause::Advisory),
            },
            (ConflictPolicy::KeepStricter, Strictness::Weaker) => leave(LeaveReason::Stricter),
            (ConflictPolicy::KeepStricter | ConflictPolicy::Force, Strictness::Same) => {
                self.write(Change::Own).into()
            }
            (ConflictPolicy::KeepStricter, Strictness::Stricter) if self.would_begin_a_fight() => {
                leave(LeaveReason::Reconciler)
            }
            (ConflictPolicy::KeepStricter | ConflictPolicy::Force, Strictness::Stricter) => self.raise(),
        }
    }

    fn leave_alone(&self, key: &'static str, reason: LeaveReason) -> Verdict {
        let owner = self.situation.namespace.owners.foreign(key);
        let last_set_by = owner.map(|owner| owner.manager.clone()).unwrap_or_default();
        Verdict::LeaveAlone { last_set_by, key, reason }
    }

    /// Whether the pair was never podsec's, and somebody has it who sets again and again what they were told once.
    fn would_begin_a_fight(&self) -> bool {
        let Situation { namespace, ledger, settings, .. } = self.situation;
        let keys = [self.keys().level, self.keys().version];
        let was_podsecs =
            ledger.profile_of(self.mode).is_some() || keys.iter().any(|key| namespace.owns(key));
        let owners = keys.into_iter().flat_map(|key| namespace.owners.of(key));
        !was_podsecs && owners.into_iter().any(|owner| settings.reconcilers.contains(&owner.manager))
    }

    /// Whether an enforce level is there that nobody owns.
    pub(super) fn is_unrecorded(&self) -> bool {
        let key = self.keys().level;
        let namespace = self.situation.namespace;
        self.mode == Mode::Enforce && namespace.label(key).is_some() && namespace.owners.of(key).is_empty()
    }

    /// Whether every label of the pair that is there is podsec's own doing.
    pub(super) fn owns_what_is_there(&self) -> bool {
        let namespace = self.situation.namespace;
        let keys = [self.keys().level, self.keys().version];
        let present = |key: &&&str| namespace.label(key).is_some();
        keys.iter().any(|key| namespace.owns(key))
            && keys.iter().filter(present).all(|key| namespace.owns(key))
    }
}
