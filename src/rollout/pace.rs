//! How fast a profile raises namespaces: `rollout.batch`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{Namespace, Profile};
use crate::{api::Batch, assessment::Fingerprint, standards::Mode};

/// How long a raise is remembered at least, whatever the batch: it may be asked for, and the batch may be edited.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// How fast the profile that governs enforce may go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// When the next namespace may be raised; `None`: now.
    pub slot: Option<Timestamp>,
    /// Whether no namespace may be raised for the time being.
    pub halted: bool,
}

/// When each profile last raised which namespace through the gate.
///
/// One value for all who raise: whoever carries out a plan with a [`raise`](super::NamespacePlan::raise) first makes a
/// [`reserve`](Self::reserve)ation, and plans anew where that is refused. Then no more namespaces are raised in a time
/// than the batch says, however many are planned at once.
#[derive(Clone, Debug, Default)]
pub struct Raises {
    by_profile: BTreeMap<String, Raised>,
}

/// The namespaces that a profile raised, by their uids: one that is re-created is another one.
#[derive(Clone, Debug, Default)]
struct Raised {
    last: BTreeMap<Fingerprint, Timestamp>,
    by_time: BTreeSet<(Timestamp, Fingerprint)>,
}

impl Raised {
    fn insert(&mut self, uid: Fingerprint, at: Timestamp) -> Option<Timestamp> {
        let before = self.remove(uid);
        self.last.insert(uid, at);
        self.by_time.insert((at, uid));
        before
    }

    fn remove(&mut self, uid: Fingerprint) -> Option<Timestamp> {
        let at = self.last.remove(&uid)?;
        self.by_time.remove(&(at, uid));
        Some(at)
    }

    /// Forgets what was no later than this.
    fn forget(&mut self, until: Timestamp) {
        while let Some((_, uid)) = self.by_time.first().filter(|(at, _)| *at <= until).copied() {
            self.remove(uid);
        }
    }
}

/// A slot that was taken, to be given back where nothing came of it.
#[derive(Debug)]
#[must_use]
pub struct Reservation {
    profile: String,
    uid: Fingerprint,
    /// The raise that was remembered before.
    before: Option<Timestamp>,
}

impl Raises {
    /// As far as the namespaces tell by themselves, after a restart: each that podsec has raised counts from podsec's
    /// last write on. That is no earlier than the raise, so that a batch is rather too small than too large; only those
    /// that are gone by then, or were let go of, no longer count.
    pub fn told_by<'a>(namespaces: impl IntoIterator<Item = &'a Namespace>) -> Self {
        let mut raises = Self::default();
        for namespace in namespaces {
            let ledger = namespace.ledger();
            let (Some(profile), Some(_), Some(written)) =
                (ledger.profile_of(Mode::Enforce), ledger.enforced, namespace.owners.written_by_podsec())
            else {
                continue;
            };
            // The API server cuts its times off to the second.
            let at = written.checked_add(SignedDuration::from_secs(1)).unwrap_or(written);
            raises
                .by_profile
                .entry(profile.to_owned())
                .or_default()
                .insert(Fingerprint::of(&namespace.uid), at);
        }
        raises
    }

    /// When a namespace may be raised; `None`: now. One that was raised in the time of the batch may be again: it is
    /// counted already.
    pub fn slot(&self, profile: &Profile, uid: &str, now: Timestamp) -> Option<Timestamp> {
        let Batch { size, every } = profile.batch?;
        let every = SignedDuration::try_from(every.0).unwrap_or(SignedDuration::MAX);
        let raised = self.by_profile.get(&profile.name)?;
        let mut others = raised.by_time.iter().rev().filter(|(_, other)| *other != Fingerprint::of(uid));
        // With all later ones it fills the batch.
        let (at, _) = others.nth(usize::try_from(size.saturating_sub(1)).unwrap_or(usize::MAX))?;
        let slot = at.checked_add(every).unwrap_or(Timestamp::MAX);
        (now < slot).then_some(slot)
    }

    /// Takes a slot for a raise that is about to be carried out.
    ///
    /// # Errors
    ///
    /// When the next slot is, where there is none now.
    pub fn reserve(
        &mut self,
        profile: &Profile,
        uid: &str,
        now: Timestamp,
    ) -> Result<Reservation, Timestamp> {
        if let Some(slot) = self.slot(profile, uid, now) {
            return Err(slot);
        }
        let raised = self.by_profile.entry(profile.name.clone()).or_default();
        let every = profile.batch.and_then(|batch| SignedDuration::try_from(batch.every.0).ok());
        let remembered = every.map_or(REMEMBERED, |every| every.max(REMEMBERED));
        raised.forget(now.checked_sub(remembered).unwrap_or(Timestamp::MIN));
        let uid = Fingerprint::of(uid);
        let before = raised.insert(uid, now);
        Ok(Reservation { profile: profile.name.clone(), uid, before })
    }

    /// Gives a slot back whose raise was certainly not carried out. After a time-out nobody knows: there it stays taken.
    pub fn give_back(&mut self, reservation: Reservation) {
        let Reservation { profile, uid, before } = reservation;
        let Some(raised) = self.by_profile.get_mut(&profile) else { return };
        match before {
            Some(at) => raised.insert(uid, at),
            None => raised.remove(uid),
        };
    }

    /// When a profile last raised the namespace of a uid, if it did within a day or the time of its batch.
    pub fn last(&self, profile: &str, uid: &str) -> Option<Timestamp> {
        self.by_profile.get(profile)?.last.get(&Fingerprint::of(uid)).copied()
    }

    /// Forgets the profiles that are gone.
    pub fn retain(&mut self, mut is_there: impl FnMut(&str) -> bool) {
        self.by_profile.retain(|profile, _| is_there(profile));
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::{
        super::{
            Settings, plan,
            testing::{self, apply, now, profile, profiles},
        },
        *,
    };

    fn batched(size: u32, every: &str) -> Profile {
        profile(
            "p",
            &format!(
                r#"{{"namespaceSelector": {{}}, "enforce": {{"level": "baseline"}}, "rollout": {{"batch": {{"size": {size}, "every": "{every}"}}}}}}"#
            ),
        )
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn slots_come_free_in_the_order_in_which_they_were_taken() {
        let (profile, mut raises) = (batched(2, "10s"), Raises::default());
        for (second, namespace) in [(0, "a"), (3, "b")] {
            let _taken = raises.reserve(&profile, namespace, at(second)).unwrap();
        }
        assert_eq!(raises.reserve(&profile, "c", at(4)).unwrap_err(), at(10));
        assert_eq!(raises.slot(&profile, "b", at(4)), None, "b is counted already");
        let _taken = raises.reserve(&profile, "c", at(10)).unwrap();
        assert_eq!(raises.slot(&profile, "d", at(10)), Some(at(13)));
        assert_eq!(raises.last("p", "c"), Some(at(10)));
    }

    #[test]
    fn a_slot_that_was_given_back_is_free() {
        let (profile, mut raises) = (batched(1, "10s"), Raises::default());
        let first = raises.reserve(&profile, "a", at(0)).unwrap();
        let again = raises.reserve(&profile, "a", at(5)).unwrap();
        raises.give_back(again);
        assert_eq!(raises.slot(&profile, "b", at(6)), Some(at(10)), "the first raise still counts");
        raises.give_back(first);
        assert_eq!(raises.slot(&profile, "b", at(6)), None);
    }

    #[test]
    fn without_a_batch_a_raise_is_only_remembered() {
        let profile = profile("p", r#"{"namespaceSelector": {}, "enforce": {"level": "baseline"}}"#);
        let mut raises = Raises::default();
        for namespace in ["a", "b", "c"] {
            let _taken = raises.reserve(&profile, namespace, at(0)).unwrap();
        }
        assert_eq!(raises.last("p", "c"), Some(at(0)));
        let _taken = raises.reserve(&profile, "d", at(25 * 3600)).unwrap();
        assert_eq!(raises.last("p", "c"), None, "a day later it is forgotten");
        raises.retain(|name| name != "p");
        assert_eq!(raises.last("p", "d"), None);
    }

    #[test]
    fn after_a_restart_the_namespaces_tell_what_was_raised() {
        let specs = profiles(&[(
            "p",
            r#"{"namespaceSelector": {}, "enforce": {"level": "baseline"}, "rollout": {"strategy": "Immediate"}}"#,
        )]);
        let mut governed = testing::namespace("a", &[]);
        for request in plan(&governed, &specs, &Settings::default(), None, now()).requests {
            apply(&mut governed, &request).unwrap();
        }
        let untouched = testing::namespace("b", &[("enforce", "baseline")]);
        let raises = Raises::told_by([&governed, &untouched]);
        let second = SignedDuration::from_secs(1);
        assert_eq!(raises.last("p", "uid-a"), now().checked_add(second).ok());
        assert_eq!(raises.last("p", "uid-b"), None);
        assert_eq!(raises.slot(&batched(1, "10m"), "c", now()), now().checked_add(second * 601).ok());
    }

    proptest! {
        #[test]
        fn no_time_as_long_as_the_batch_has_more_namespaces_than_its_size(
            size in 1..4_u32,
            every in 1..10_i64,
            attempts in vec((0..6_i64, 0..8_usize, prop::bool::weighted(0.1)), 0..60),
        ) {
            let (profile, mut raises) = (batched(size, &format!("{every}s")), Raises::default());
            let (mut second, mut raised) = (0, Vec::new());
            for (pause, namespace, fails) in attempts {
                second += pause;
                let name = format!("n{namespace}");
                let refused = raises.slot(&profile, &name, at(second));
                match raises.reserve(&profile, &name, at(second)) {
                    Ok(reservation) if fails => raises.give_back(reservation),
                    Ok(_) => raised.push((second, namespace)),
                    Err(slot) => {
                        prop_assert_eq!(refused, Some(slot));
                        prop_assert!(slot > at(second) && raises.slot(&profile, &name, slot).is_none(), "free then");
                    }
                }
            }
            for (from, _) in &raised {
                let within = raised.iter().filter(|(at, _)| (*from..from + every).contains(at));
                let names: std::collections::BTreeSet<_> = within.map(|(_, name)| name).collect();
                prop_assert!(names.len() <= size as usize, "{names:?} from {from}");
            }
        }
    }
}
