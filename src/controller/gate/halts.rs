//! Halting a profile's raises when one of them broke something that nobody had asked to be broken.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use crate::{api::counted, assessment::Fingerprint};

/// How long after a raise what breaks in the namespace halts further ones.
const WATCHED: SignedDuration = SignedDuration::from_mins(30);

/// How long a raise is remembered, to tell what was refused since.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// The raises of the last day, with what broke since.
#[derive(Debug, Default)]
pub(in super::super) struct Halts {
    /// By profile, then by namespace.
    by_profile: Mutex<BTreeMap<String, HashMap<String, Raised>>>,
}

#[derive(Clone, Debug)]
struct Raised {
    /// Of the uid of the namespace.
    uid: Fingerprint,
    /// The generation of the profile that asked for it; unknown after a restart, where it is taken for the present one.
    generation: Option<i64>,
    at: Timestamp,
    /// Whether a person wanted it whatever it breaks.
    is_forced: bool,
    /// What broke, if something did.
    broken: Option<String>,
}

/// Why enforce became stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Cause {
    /// The profile asks for it, or nobody knows any more.
    Asked,
    /// The profile's `forceAfter` had come: even with violations.
    Forced,
    /// What was there was put back. What that breaks is as expected as when it was raised.
    Repaired,
}

impl Raised {
    fn halts(&self, generation: i64, now: Timestamp) -> bool {
        let is_recent = now.duration_since(self.at) < WATCHED;
        let is_meant = self.generation.is_none_or(|asked| asked == generation);
        is_recent && is_meant && self.broken.is_some() && !self.is_forced
    }
}

impl Halts {
    /// Notes that a namespace was raised for a profile.
    pub(in super::super) fn raised(
        &self,
        profile: &str,
        generation: Option<i64>,
        namespace: (&str, &str),
        at: Timestamp,
        cause: Cause,
    ) {
        let (name, uid) = (namespace.0, Fingerprint::of(namespace.1));
        let mut by_profile = self.by_profile.lock();
        let of_profile = by_profile.entry(profile.to_owned()).or_default();
        of_profile.retain(|_, raised| at.duration_since(raised.at) < KEPT);
        let was_forced = of_profile.get(name).is_some_and(|raised| raised.uid == uid && raised.is_forced);
        let is_forced = cause == Cause::Forced || cause == Cause::Repaired && was_forced;
        let raised = Raised { uid, generation, at, is_forced, broken: None };
        of_profile.insert(name.to_owned(), raised);
    }

    /// When a namespace was raised for a profile, if that was in the last day.
    pub(in super::super) fn last(
        &self,
        profile: &str,
        namespace: (&str, &str),
        now: Timestamp,
    ) -> Option<Timestamp> {
        let (name, uid) = (namespace.0, Fingerprint::of(namespace.1));
        let by_profile = self.by_profile.lock();
        let raised = by_profile.get(profile)?.get(name)?;
        (raised.uid == uid && now.duration_since(raised.at) < KEPT).then_some(raised.at)
    }

    /// Notes what is broken in a namespace since it was raised, or that nothing is any more; says whether that is news
    /// to the profile's other namespaces.
    pub(in super::super) fn broken(&self, profile: &str, namespace: &str, broken: Option<String>) -> bool {
        let mut by_profile = self.by_profile.lock();
        let Some(raised) = by_profile.get_mut(profile).and_then(|raised| raised.get_mut(namespace)) else {
            return false;
        };
        let is_news = raised.broken.is_some() != broken.is_some() && !raised.is_forced;
        raised.broken = broken;
        is_news
    }

    /// Why a profile of this generation raises nothing for now, if that is so.
    pub(in super::super) fn reason(&self, profile: &str, generation: i64, now: Timestamp) -> Option<String> {
        let by_profile = self.by_profile.lock();
        let mut halting: Vec<_> =
            by_profile.get(profile)?.iter().filter(|(_, raised)| raised.halts(generation, now)).collect();
        halting.sort_by_key(|(name, _)| *name);
        let (name, raised) = halting.first()?;
        let what = raised.broken.as_deref().unwrap_or_default();
        let more = halting.len() - 1;
        let others =
            if more > 0 { format!(" (and {})", counted(more, "more namespace")) } else { String::new() };
        let at = Timestamp::from_second(raised.at.as_second()).unwrap_or(raised.at);
        Some(format!("after namespace {name} was raised at {at}, {what}{others}"))
    }

    /// Forgets a namespace that is gone.
    pub(in super::super) fn forget(&self, namespace: &str) {
        for raised in self.by_profile.lock().values_mut() {
            raised.remove(namespace);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + 60 * minute).unwrap()
    }

    #[test]
    fn what_breaks_after_a_raise_halts_until_it_clears_or_the_spec_changes() {
        let halts = Halts::default();
        halts.raised("p", Some(1), ("a", "ua"), at(0), Cause::Asked);
        assert_eq!(halts.reason("p", 1, at(1)), None);
        assert!(halts.broken("p", "a", Some("1 workload lacks pods".into())));
        assert!(!halts.broken("p", "a", Some("2 workloads lack pods".into())), "it is halted already");
        let reason = halts.reason("p", 1, at(1)).unwrap();
        assert!(
            reason.contains("namespace a was raised at") && reason.ends_with("2 workloads lack pods"),
            "{reason}"
        );
        assert_eq!(halts.reason("p", 2, at(1)), None, "the spec is another one");
        assert_eq!(halts.reason("other", 1, at(1)), None);
        assert!(halts.broken("p", "a", None));
        assert_eq!(halts.reason("p", 1, at(1)), None);
    }

    #[test]
    fn what_breaks_where_a_person_forced_the_raise_halts_nothing() {
        let halts = Halts::default();
        let raise = |minute, cause| halts.raised("p", Some(1), ("a", "ua"), at(minute), cause);
        let breaks = || halts.broken("p", "a", Some("1 workload lacks pods".into()));
        raise(0, Cause::Forced);
        assert!(!breaks(), "no other namespace has to be looked at for it");
        assert_eq!(halts.reason("p", 1, at(1)), None);
        assert_eq!(halts.last("p", ("a", "ua"), at(1)), Some(at(0)), "it is breakage all the same");

        raise(2, Cause::Repaired);
        assert!(!breaks());
        assert_eq!(halts.reason("p", 1, at(3)), None, "what is put back was forced");

        halts.raised("p", Some(1), ("b", "ub"), at(3), Cause::Asked);
        assert!(halts.broken("p", "b", Some("2 workloads lack pods".into())));
        let reason = halts.reason("p", 1, at(4)).unwrap();
        assert!(reason.contains("namespace b was raised") && !reason.contains("more"), "{reason}");

        raise(5, Cause::Asked);
        assert!(breaks() && halts.reason("p", 1, at(6)).unwrap().contains("namespace a was raised"));
        raise(7, Cause::Repaired);
        assert!(breaks() && halts.reason("p", 1, at(8)).unwrap().contains("namespace a was raised"));
        raise(9, Cause::Forced);
        halts.raised("p", Some(1), ("a", "another"), at(10), Cause::Repaired);
        assert!(breaks(), "that was another namespace of the name");
    }

    #[test]
    fn it_is_about_raises_of_the_last_half_hour() {
        let halts = Halts::default();
        halts.raised("p", None, ("a", "ua"), at(0), Cause::Asked);
        assert_eq!(halts.last("p", ("a", "ua"), at(29)), Some(at(0)));
        assert_eq!(halts.last("p", ("a", "ua"), at(24 * 60)), None, "it is forgotten");
        assert_eq!(halts.last("p", ("a", "another"), at(29)), None);
        halts.broken("p", "a", Some("…".into()));
        assert!(halts.reason("p", 7, at(29)).is_some(), "after a restart it is taken for the present spec's");
        assert_eq!(halts.reason("p", 7, at(30)), None);
        assert!(!halts.broken("p", "b", Some("not raised".into())));
        halts.forget("a");
        assert_eq!(halts.last("p", ("a", "ua"), at(1)), None);
    }
}
