//! Breakage: the workloads whose pods the API server refuses to let be created.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};

use super::{Activity, Fingerprint, Inventory, Kind, PodPhase, grouping::Root};

/// How long a rejection says that the object is still refused. A controller that is refused tries again after 1,000 s at
/// the latest (the longest delay of client-go's default rate limiter).
const STANDS: SignedDuration = SignedDuration::from_mins(20);

/// So many objects are kept of a namespace; the counts of what is broken end there.
const KEPT: usize = 10_000;

/// A controller was told that a pod it would create violates the enforced level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// Of the uid of the object with the template: a `ReplicaSet`, not its Deployment.
    pub object: Fingerprint,
    /// When that was last seen.
    pub at: Timestamp,
    /// What the API server said, from `violates PodSecurity` on.
    pub message: String,
}

/// A workload whose pods are refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken<'a> {
    /// The workload's kind.
    pub kind: Kind,
    /// The workload's name.
    pub workload: &'a str,
    /// When a pod was last refused.
    pub at: Timestamp,
    /// What the API server said then.
    pub message: &'a str,
    /// Whether the workload is younger than what is asked about: it was refused from the first, and was not broken.
    pub is_new: bool,
}

/// The last rejection of each object of a namespace.
///
/// A refused bare pod is in none of them: it leaves no trace in a cluster.
#[derive(Clone, Debug, Default)]
pub struct Rejections {
    by_object: HashMap<Fingerprint, (Timestamp, String)>,
}

impl Rejections {
    /// Takes in a rejection. One from before what is known of the object says nothing new, and none is from later than
    /// now, whatever the Event that tells of it says.
    pub fn note(&mut self, rejection: Rejection, now: Timestamp) {
        let Rejection { object, at, message } = rejection;
        let at = at.min(now);
        if self.by_object.len() >= KEPT && !self.by_object.contains_key(&object) {
            return;
        }
        let known = self.by_object.entry(object).or_insert_with(|| (at, String::new()));
        if at >= known.0 {
            *known = (at, message);
        }
    }

    /// Forgets what says nothing any more; gives when the next one will not.
    pub fn expire(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.by_object.retain(|_, (at, _)| stands_until(*at) > now);
        self.by_object.values().map(|(at, _)| stands_until(*at)).min()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_object.is_empty()
    }

    /// The workloads of which a pod was refused after `since`, by kind and name.
    ///
    /// Not those whose object is gone, asks for no pods or has all of them, nor those of which a pod came into being
    /// since. Whoever may create Events in a namespace may tell of refusals that there were none; so what the objects
    /// say comes before what is told of them.
    pub fn broken<'a>(
        &'a self,
        inventory: &'a Inventory,
        since: Timestamp,
        now: Timestamp,
    ) -> Vec<Broken<'a>> {
        let stands =
            |(_, (at, _)): &(&Fingerprint, &(Timestamp, String))| *at > since && stands_until(*at) > now;
        let rejected: Vec<_> = self.by_object.iter().filter(stands).collect();
        if rejected.is_empty() {
            return Vec::new();
        }
        let made = made_by(inventory);
        let mut broken = BTreeMap::new();
        let roots = inventory.roots(rejected.iter().map(|(object, _)| **object));
        for ((object, (at, message)), root) in rejected.into_iter().zip(roots) {
            let Some(Root { kind, workload, created, template }) = root else { continue };
            let Made { newest, live } = made.get(object).copied().unwrap_or_default();
            // All are whole seconds; within one nobody can tell, and what was refused is told.
            let has_come = newest.is_some_and(|newest| newest > at.as_second());
            let is_whole = template.wants.is_some_and(|wants| live >= wants);
            if template.activity != Activity::Active || has_come || is_whole {
                continue;
            }
            let is_new = created > since.as_second();
            let found = Broken { kind: kind.clone(), workload, at: *at, message, is_new };
            let known = broken.entry((kind, workload)).or_insert_with(|| found.clone());
            if known.at < found.at {
                *known = found;
            }
        }
        broken.into_values().collect()
    }
}

fn stands_until(at: Timestamp) -> Timestamp {
    at.checked_add(STANDS).unwrap_or(Timestamp::MAX)
}

/// The pods of an object.
#[derive(Clone, Copy, Default)]
struct Made {
    /// When the newest of them was created, in seconds since 1970.
    newest: Option<i64>,
    /// How many are neither finished nor being deleted.
    live: u32,
}

fn made_by(inventory: &Inventory) -> HashMap<Fingerprint, Made> {
    let mut made: HashMap<_, Made> = HashMap::new();
    for pod in inventory.pods.values() {
        if let Some(origin) = pod.origin() {
            let made = made.entry(origin.controller.uid).or_default();
            made.newest = made.newest.max(Some(pod.created));
            made.live += u32::from(pod.phase == PodPhase::Live);
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::{
        super::{TemplateKind, testing},
        *,
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn rejection(object: &str, seconds: i64) -> Rejection {
        let kind = if object == "agent" { TemplateKind::DaemonSet } else { TemplateKind::ReplicaSet };
        let message = format!("of {object} at {seconds}");
        Rejection { object: testing::uid(&Kind::Template(kind), object), at: at(seconds), message }
    }

    /// A Deployment with two `ReplicaSet`s of which one asks for no pods, and a `DaemonSet`.
    fn inventory() -> Inventory {
        let mut inventory = Inventory::default();
        inventory.insert_template(testing::template(TemplateKind::Deployment, "web").observed());
        inventory.insert_template(testing::template(TemplateKind::DaemonSet, "agent").observed());
        for (name, activity) in [("web-1", Activity::AtZero), ("web-2", Activity::Active)] {
            let replica_set = testing::template(TemplateKind::ReplicaSet, name).activity(activity);
            inventory.insert_template(replica_set.of(TemplateKind::Deployment, "web").observed());
        }
        inventory
    }

    fn told(rejections: &Rejections, inventory: &Inventory, since: i64, now: i64) -> Vec<String> {
        let broken = rejections.broken(inventory, at(since), at(now)).into_iter();
        broken.map(|Broken { kind, workload, message, .. }| format!("{kind}/{workload}: {message}")).collect()
    }

    #[test]
    fn workloads_are_counted_and_not_events() {
        let mut rejections = Rejections::default();
        for (object, seconds) in
            [("web-2", 10), ("web-2", 30), ("web-2", 20), ("web-1", 10), ("agent", 5), ("gone", 9)]
        {
            rejections.note(rejection(object, seconds), at(60));
        }
        let inventory = inventory();
        assert_eq!(
            told(&rejections, &inventory, 0, 60),
            ["DaemonSet/agent: of agent at 5", "Deployment/web: of web-2 at 30"]
        );
        assert_eq!(told(&rejections, &inventory, 5, 60), ["Deployment/web: of web-2 at 30"], "after a raise");
    }

    #[test]
    fn nothing_is_refused_in_the_future() {
        let mut rejections = Rejections::default();
        rejections.note(rejection("web-2", 1_000_000), at(60));
        assert_eq!(rejections.expire(at(61)), Some(at(60 + STANDS.as_secs())));
    }

    #[test]
    fn what_has_all_the_pods_that_it_wants_lacks_none() {
        let mut rejections = Rejections::default();
        rejections.note(rejection("web-2", 10), at(60));
        let told_of = |wants, live| {
            let mut inventory = inventory();
            let replica_set = testing::template(TemplateKind::ReplicaSet, "web-2").wants(wants);
            inventory.insert_template(replica_set.of(TemplateKind::Deployment, "web").observed());
            for (pod, phase) in [("a", PodPhase::Live), ("b", PodPhase::Live), ("c", PodPhase::Deleting)] {
                if live || phase != PodPhase::Live {
                    let pod = testing::pod(pod).of(TemplateKind::ReplicaSet, "web-2").phase(phase);
                    inventory.insert_pod(pod.observed());
                }
            }
            told(&rejections, &inventory, 0, 60).len()
        };
        assert_eq!((told_of(2, true), told_of(3, true)), (0, 1));
        assert_eq!((told_of(1, false), told_of(0, false)), (1, 0), "what is suspended wants none");
    }

    #[test]
    fn what_is_younger_than_the_raise_was_not_broken_by_it() {
        let mut rejections = Rejections::default();
        rejections.note(rejection("web-2", 40), at(60));
        let is_new = |deployment: i64| {
            let mut inventory = inventory();
            let created = |template: testing::TemplateBuilder, second| {
                template.created(at(second).as_second()).observed()
            };
            let web = testing::template(TemplateKind::Deployment, "web");
            inventory.insert_template(created(web, deployment));
            let replica_set = testing::template(TemplateKind::ReplicaSet, "web-2");
            inventory.insert_template(created(replica_set.of(TemplateKind::Deployment, "web"), 35));
            rejections.broken(&inventory, at(30), at(60))[0].is_new
        };
        assert!(is_new(31));
        assert!(!is_new(30), "within the second of the raise nobody can tell");
        assert!(!is_new(5), "the Deployment was there before its ReplicaSet");
    }

    #[test]
    fn it_clears_with_time_and_with_a_pod() {
        let mut rejections = Rejections::default();
        rejections.note(rejection("web-2", 10), at(60));
        rejections.note(rejection("agent", 40), at(60));
        let mut inventory = inventory();
        let stands = STANDS.as_secs();
        assert_eq!(told(&rejections, &inventory, 0, 9 + stands).len(), 2);
        assert_eq!(told(&rejections, &inventory, 0, 10 + stands), ["DaemonSet/agent: of agent at 40"]);
        assert_eq!(rejections.expire(at(10 + stands)), Some(at(40 + stands)));
        let pod = |created| {
            testing::pod("agent-x")
                .of(TemplateKind::DaemonSet, "agent")
                .created(at(created).as_second())
                .observed()
        };
        inventory.insert_pod(pod(39));
        assert_eq!(told(&rejections, &inventory, 0, 60).len(), 1, "a pod from before says nothing");
        inventory.insert_pod(pod(41));
        assert_eq!(told(&rejections, &inventory, 0, 60).len(), 0);
        assert_eq!(rejections.expire(at(100 + stands)), None);
        assert!(rejections.is_empty());
    }
}
