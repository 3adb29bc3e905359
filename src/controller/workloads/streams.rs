//! Which streams tell everything, and since when.

use std::time::Duration;

use jiff::Timestamp;

use super::ByResource;
use crate::cluster::{lease::Watch, workloads::Resource};

/// Whether it is heard of each kind.
#[derive(Debug, Default)]
pub(super) struct Streams {
    heard: ByResource<Heard>,
    /// Since when it has been heard of all kinds that are not silent, without a gap in which something may have come and
    /// gone unseen.
    since: Option<Timestamp>,
    /// Since when somebody has, if not this replica then the one before it.
    watched_since: Option<Timestamp>,
    /// Up to when something may have come and gone that is in no list.
    unseen_until: Option<Timestamp>,
    /// Who watched before this replica, as long as it has not heard of everything itself; and without how long a gap that
    /// counts.
    before: Option<(Watch, Duration)>,
}

/// What the streams tell.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// Since when they have told everything.
    pub(super) since: Timestamp,
    /// Since when somebody was told everything, this replica or one before it.
    pub(super) watched_since: Timestamp,
    /// The kinds of which nothing is heard.
    pub(super) missing: Vec<Resource>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    /// Everything.
    Current,
    /// Nothing for so long that nobody knows what holds.
    Silent,
}

impl Streams {
    /// Takes in who watched before, without how long a gap that counts.
    pub(super) fn follows(&mut self, before: Watch, longest_gap: Duration) {
        self.before = Some((before, longest_gap));
    }

    /// Takes in that all objects of a kind were listed as they were at `as_of`; says whether that is news for every namespace.
    ///
    /// A further list takes the place of what could no longer be watched: in between something may have come and gone.
    pub(super) fn listed(&mut self, resource: Resource, as_of: Timestamp, now: Timestamp) -> bool {
        self.unseen_until = self.unseen_until.max(Some(as_of));
        let was_known = self.is_known();
        let is_first = self.heard.insert(resource, Heard::Current).is_none();
        if !is_first || self.is_known() && !was_known {
            self.begins(now);
        }
        !is_first || self.is_known()
    }

    /// Takes in that nothing is heard of a kind.
    pub(super) fn silent(&mut self, resource: Resource) {
        self.heard.insert(resource, Heard::Silent);
        self.before = None;
    }

    /// Takes in that it is heard of a kind again. What happened meanwhile may only be known by how it ended.
    pub(super) fn alive(&mut self, resource: Resource, now: Timestamp) {
        self.heard.insert(resource, Heard::Current);
        self.begins(now);
    }

    /// From now on everything is told. Once this replica has heard of everything, it goes on from who watched before, and
    /// no second time.
    fn begins(&mut self, now: Timestamp) {
        let before = if self.is_known() { self.before.take() } else { None };
        let seen_from = self.unseen_until.unwrap_or(now);
        let goes_on = before.filter(|(watch, longest_gap)| watch.goes_on(seen_from, *longest_gap));
        self.since = Some(now);
        self.watched_since = Some(goes_on.map_or(now, |(watch, _)| watch.since.min(now)));
        if let Some((Watch { since, until }, _)) = before {
            let goes_on = goes_on.is_some();
            tracing::info!(%since, %until, goes_on, "another replica watched before");
        }
    }

    fn is_known(&self) -> bool {
        self.heard.len() == Resource::ALL.len()
    }

    /// What the streams tell. Nothing until it was heard of every kind once, or nothing for long.
    pub(super) fn told(&self) -> Option<Told> {
        if !self.is_known() {
            return None;
        }
        let silent = |(resource, heard): (&Resource, &Heard)| (*heard == Heard::Silent).then_some(*resource);
        Some(Told {
            since: self.since.unwrap_or(Timestamp::MAX),
            watched_since: self.watched_since.unwrap_or(Timestamp::MAX),
            missing: self.heard.iter().filter_map(silent).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn told(since: Timestamp, missing: Vec<Resource>) -> Told {
        Told { since, watched_since: since, missing }
    }

    fn listed() -> Streams {
        listed_after(Streams::default())
    }

    fn listed_after(mut streams: Streams) -> Streams {
        for (second, resource) in (1..).zip(Resource::ALL) {
            assert_eq!(streams.told(), None);
            streams.listed(resource, at(second - 1), at(second));
        }
        streams
    }

    #[test]
    fn nothing_is_known_until_the_last_kind_was_listed() {
        assert_eq!(listed().told(), Some(told(at(9), vec![])));
    }

    #[test]
    fn a_gap_starts_the_time_anew() {
        let mut streams = listed();
        assert!(streams.listed(Resource::Pods, at(20), at(20)), "what was watched had to be listed again");
        assert_eq!(streams.told(), Some(told(at(20), vec![])));
        streams.silent(Resource::Pods);
        assert_eq!(streams.told(), Some(told(at(20), vec![Resource::Pods])));
        streams.alive(Resource::Pods, at(50));
        assert_eq!(streams.told(), Some(told(at(50), vec![])));
    }

    #[test]
    fn what_may_not_be_read_at_all_is_missing() {
        let mut streams = Streams::default();
        for resource in Resource::ALL {
            if resource != Resource::Pods {
                streams.listed(resource, at(1), at(1));
            }
        }
        streams.silent(Resource::Pods);
        assert_eq!(streams.told(), Some(told(Timestamp::MAX, vec![Resource::Pods])));
        streams.listed(Resource::Pods, at(9), at(9));
        assert_eq!(streams.told(), Some(told(at(9), vec![])));
    }

    /// One that lists everything up to second 9, the last kind as it was at second 8, after somebody watched from second 1 to this one.
    fn following(until: i64) -> Streams {
        let mut streams = Streams::default();
        streams.follows(Watch { since: at(1), until: at(until) }, Duration::from_secs(5));
        streams
    }

    #[test]
    fn a_watch_goes_on_from_replica_to_replica_over_a_short_gap() {
        let told = |until| listed_after(following(until)).told().unwrap();
        assert_eq!(
            (told(3).since, told(3).watched_since),
            (at(9), at(1)),
            "however long the list took to come"
        );
        assert_eq!((told(2).since, told(2).watched_since), (at(9), at(9)), "the gap is too long");
        assert_eq!(told(11).watched_since, at(9), "that is of the future");
    }

    #[test]
    fn no_gap_of_this_replica_is_bridged_by_who_watched_before() {
        let mut streams = listed_after(following(8));
        streams.listed(Resource::Pods, at(10), at(10));
        assert_eq!(streams.told(), Some(told(at(10), vec![])));

        let mut silent = following(8);
        silent.silent(Resource::Pods);
        silent.alive(Resource::Pods, at(1));
        assert_eq!(listed_after(silent).told(), Some(told(at(9), vec![])));
    }
}
