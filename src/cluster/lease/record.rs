//! What a Lease says.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::{api::coordination::v1::Lease, apimachinery::pkg::apis::meta::v1::MicroTime};
use kube::{Api, Client};

use super::Terms;
use crate::cluster::{CallError, within_deadline};

/// Since when somebody watches the cluster without a long gap.
pub const WATCHED_SINCE: &str = "podsec.dev/watched-since";

/// Until when somebody is known to have watched it.
pub const WATCHED_UNTIL: &str = "podsec.dev/watched-until";

/// How far the clocks of two machines may be apart before what one of them wrote is doubted for being of the future.
const SKEW: SignedDuration = SignedDuration::from_secs(1);

/// Who holds a Lease, and since when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Who holds it; nobody where it was released.
    pub holder: Option<String>,
    /// How long it counts unless it is renewed.
    pub lasts: Duration,
    /// When its holder got it, by the holder's time of day.
    pub acquired: Option<Timestamp>,
    /// When it was renewed last, by the holder's time of day.
    pub renewed: Option<Timestamp>,
    /// How often it went from one holder to another.
    pub transitions: i32,
}

impl Record {
    /// What a Lease says.
    pub fn of(lease: &Lease) -> Self {
        let spec = lease.spec.clone().unwrap_or_default();
        let seconds = spec.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
        Self {
            holder: spec.holder_identity.filter(|holder| !holder.is_empty()),
            lasts: Duration::from_secs(seconds.unwrap_or_default()),
            acquired: spec.acquire_time.map(|time| time.0),
            renewed: spec.renew_time.map(|time| time.0),
            transitions: spec.lease_transitions.unwrap_or_default(),
        }
    }

    /// Has a Lease say so. Whatever else stands in it stays.
    pub fn put_into(self, lease: &mut Lease) {
        let spec = lease.spec.get_or_insert_default();
        // Left out, it would be taken for not to be changed.
        spec.holder_identity = Some(self.holder.unwrap_or_default());
        spec.lease_duration_seconds = i32::try_from(self.lasts.as_secs()).ok();
        spec.acquire_time = self.acquired.map(MicroTime);
        spec.renew_time = self.renewed.map(MicroTime);
        spec.lease_transitions = Some(self.transitions);
    }
}

/// From when to when somebody watched everything in the cluster, one after the other, without a long gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// Since when.
    pub since: Timestamp,
    /// Until when it is known.
    pub until: Timestamp,
}

impl Watch {
    /// What a Lease says; nothing where it does not, or not so that it can be read.
    pub fn of(lease: &Lease) -> Option<Self> {
        let annotations = lease.metadata.annotations.as_ref()?;
        let time = |key: &str| annotations.get(key)?.parse().ok();
        let (since, until) = (time(WATCHED_SINCE)?, time(WATCHED_UNTIL)?);
        (since <= until).then_some(Self { since, until })
    }

    /// Has a Lease say so.
    pub fn put_into(self, lease: &mut Lease) {
        let annotations = lease.metadata.annotations.get_or_insert_default();
        annotations.insert(WATCHED_SINCE.to_owned(), self.since.to_string());
        annotations.insert(WATCHED_UNTIL.to_owned(), self.until.to_string());
    }

    /// Whether it goes on for somebody who watches from now on. Where the clocks leave a doubt, it does not.
    pub fn goes_on(&self, now: Timestamp, longest_gap: Duration) -> bool {
        let gap = now.duration_since(self.until);
        let longest = SignedDuration::try_from(longest_gap).unwrap_or_default();
        self.since <= self.until && (-SKEW..=longest).contains(&gap)
    }
}

/// What a Lease tells whoever only looks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Who holds it.
    pub record: Record,
    /// How the cluster is watched.
    pub watch: Option<Watch>,
}

impl Told {
    /// What a Lease tells.
    pub fn of(lease: &Lease) -> Self {
        Self { record: Record::of(lease), watch: Watch::of(lease) }
    }

    /// Since when somebody watches the cluster without a long gap, if a controller runs now, or the next one would go on
    /// from it.
    pub fn watched_since(&self, now: Timestamp) -> Option<Timestamp> {
        // What was given back does not say any more how long it lasted.
        let lasts = if self.record.holder.is_some() { self.record.lasts } else { Terms::LEASE };
        let watch = self.watch.filter(|watch| watch.goes_on(now, Terms::gap(lasts)))?;
        Some(watch.since)
    }
}

/// Reads a Lease; nothing where there is none.
///
/// # Errors
///
/// When it cannot be read.
pub async fn get(client: &Client, namespace: &str, name: &str) -> Result<Option<Lease>, CallError> {
    let api: Api<Lease> = Api::namespaced(client.clone(), namespace);
    within_deadline(api.get_opt(name)).await
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn what_is_written_is_read_again_and_the_rest_stays() {
        let mut lease: Lease = serde_json::from_value(serde_json::json!({
            "metadata": {"name": "podsec", "labels": {"app": "podsec"}, "annotations": {"of": "others"}},
            "spec": {"strategy": "OldestEmulationVersion"},
        }))
        .unwrap();
        let record = Record {
            holder: Some("podsec-0_1".into()),
            lasts: Duration::from_secs(15),
            acquired: Some(at(1)),
            renewed: Some(at(2)),
            transitions: 3,
        };
        let watch = Watch { since: at(1), until: at(2) };
        record.clone().put_into(&mut lease);
        watch.put_into(&mut lease);
        let text = serde_json::to_string(&lease).unwrap();
        let read: Lease = serde_json::from_str(&text).unwrap();
        assert_eq!((Record::of(&read), Watch::of(&read)), (record.clone(), Some(watch)));
        assert_eq!(read.metadata.annotations.as_ref().unwrap()["of"], "others");
        assert_eq!(read.metadata.labels, lease.metadata.labels);
        assert_eq!(read.spec.as_ref().unwrap().strategy.as_deref(), Some("OldestEmulationVersion"));

        let released = Record { holder: None, ..record };
        released.clone().put_into(&mut lease);
        assert_eq!(lease.spec.as_ref().unwrap().holder_identity.as_deref(), Some(""));
        assert_eq!(Record::of(&lease), released);
    }

    #[test]
    fn a_lease_that_says_nothing_has_nobody() {
        let lease = Lease::default();
        assert_eq!((Record::of(&lease), Watch::of(&lease)), (Record::default(), None));
    }

    #[rstest]
    #[case("2027-01-01T00:00:00Z", "2027-01-01T00:00:30Z", true)]
    #[case("2027-01-01T00:00:30Z", "2027-01-01T00:00:00Z", false)]
    #[case("yesterday", "2027-01-01T00:00:00Z", false)]
    #[case("2027-01-01T00:00:00Z", "", false)]
    fn what_cannot_be_is_not_believed(#[case] since: &str, #[case] until: &str, #[case] is_believed: bool) {
        let mut lease = Lease::default();
        let annotations = lease.metadata.annotations.get_or_insert_default();
        annotations.insert(WATCHED_SINCE.to_owned(), since.to_owned());
        annotations.insert(WATCHED_UNTIL.to_owned(), until.to_owned());
        assert_eq!(Watch::of(&lease).is_some(), is_believed);
    }

    #[test]
    fn a_lease_tells_since_when_the_cluster_is_watched() {
        let watch = Some(Watch { since: at(0), until: at(100) });
        let held = Record { holder: Some("a".into()), lasts: Duration::from_mins(1), ..Record::default() };
        let told = Told { record: held, watch };
        assert_eq!(told.watched_since(at(220)), Some(at(0)));
        assert_eq!(told.watched_since(at(221)), None);
        let released = Record { holder: None, lasts: Duration::from_secs(1), ..Record::default() };
        let told = Told { record: released, watch };
        assert_eq!((told.watched_since(at(130)), told.watched_since(at(131))), (Some(at(0)), None));
        assert_eq!(Told::default().watched_since(at(0)), None);
    }

    #[rstest]
    #[case(0, true)]
    #[case(30, true)]
    #[case(31, false)]
    #[case(-1, true)]
    #[case(-2, false)]
    fn a_watch_goes_on_over_a_short_gap(#[case] gap: i64, #[case] goes_on: bool) {
        let watch = Watch { since: at(0), until: at(100) };
        assert_eq!(watch.goes_on(at(100 + gap), Duration::from_secs(30)), goes_on);
    }
}
