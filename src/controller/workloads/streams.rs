//! Which streams tell everything, and since when.

use jiff::Timestamp;

use super::ByResource;
use crate::cluster::workloads::Resource;

/// Whether it is heard of each kind.
#[derive(Debug, Default)]
pub(super) struct Streams {
    heard: ByResource<Heard>,
    /// Since when it has been heard of all kinds that are not silent, without a gap in which something may have come and
    /// gone unseen.
    since: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    /// Everything.
    Current,
    /// Nothing for so long that nobody knows what holds.
    Silent,
}

impl Streams {
    /// Takes in that all objects of a kind were listed; says whether that is news for every namespace.
    ///
    /// A further list takes the place of what could no longer be watched: in between something may have come and gone.
    pub(super) fn listed(&mut self, resource: Resource, now: Timestamp) -> bool {
        let was_known = self.is_known();
        let is_first = self.heard.insert(resource, Heard::Current).is_none();
        if !is_first || self.is_known() && !was_known {
            self.since = Some(now);
        }
        !is_first || self.is_known()
    }

    /// Takes in that nothing is heard of a kind.
    pub(super) fn silent(&mut self, resource: Resource) {
        self.heard.insert(resource, Heard::Silent);
    }

    /// Takes in that it is heard of a kind again. What happened meanwhile may only be known by how it ended.
    pub(super) fn alive(&mut self, resource: Resource, now: Timestamp) {
        self.heard.insert(resource, Heard::Current);
        self.since = Some(now);
    }

    fn is_known(&self) -> bool {
        self.heard.len() == Resource::ALL.len()
    }

    /// Since when everything was told, and the kinds of which nothing is heard. Nothing until it was heard of every kind
    /// once, or nothing for long.
    pub(super) fn state(&self) -> Option<(Timestamp, Vec<Resource>)> {
        if !self.is_known() {
            return None;
        }
        let silent = |(resource, heard): (&Resource, &Heard)| (*heard == Heard::Silent).then_some(*resource);
        let since = self.since.unwrap_or(Timestamp::MAX);
        Some((since, self.heard.iter().filter_map(silent).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn listed() -> Streams {
        let mut streams = Streams::default();
        for (second, resource) in (1..).zip(Resource::ALL) {
            assert_eq!(streams.state(), None);
            streams.listed(resource, at(second));
        }
        streams
    }

    #[test]
    fn nothing_is_known_until_the_last_kind_was_listed() {
        assert_eq!(listed().state(), Some((at(9), vec![])));
    }

    #[test]
    fn a_gap_starts_the_time_anew() {
        let mut streams = listed();
        assert!(streams.listed(Resource::Pods, at(20)), "what was watched had to be listed again");
        assert_eq!(streams.state(), Some((at(20), vec![])));
        streams.silent(Resource::Pods);
        assert_eq!(streams.state(), Some((at(20), vec![Resource::Pods])));
        streams.alive(Resource::Pods, at(50));
        assert_eq!(streams.state(), Some((at(50), vec![])));
    }

    #[test]
    fn what_may_not_be_read_at_all_is_missing() {
        let mut streams = Streams::default();
        for resource in Resource::ALL {
            if resource != Resource::Pods {
                streams.listed(resource, at(1));
            }
        }
        streams.silent(Resource::Pods);
        assert_eq!(streams.state(), Some((Timestamp::MAX, vec![Resource::Pods])));
        streams.listed(Resource::Pods, at(9));
        assert_eq!(streams.state(), Some((at(9), vec![])));
    }
}
