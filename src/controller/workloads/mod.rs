//! What runs in each namespace, kept up to date by streams; nothing of it is read anew for a plan.

mod following;
mod streams;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use parking_lot::{Mutex, RwLock};

pub(super) use self::following::{follow, follow_rejections};
use self::streams::{Streams, Told};
use crate::{
    assessment::{Inventory, Rejection, Rejections, Shapes},
    cluster::{
        lease::Watch,
        workloads::{Interruption, Listed, Observed, Resource, WorkloadEvent},
    },
};

/// What runs in the namespaces of the cluster.
#[derive(Debug, Default)]
pub(super) struct Workloads {
    shapes: Arc<Mutex<Shapes>>,
    by_namespace: RwLock<BTreeMap<String, Arc<Mutex<Running>>>>,
    streams: Mutex<Streams>,
    interruptions: Mutex<Vec<Interruption>>,
}

/// What runs in one namespace.
#[derive(Debug, Default)]
struct Running {
    inventory: Inventory,
    /// Whether a pod was ever seen.
    had_pods: bool,
    rejections: Rejections,
}

/// What is known of one namespace at a moment.
#[derive(Debug)]
pub(super) struct View<'a> {
    /// What runs there. What may be missing from it is said in it.
    pub(super) inventory: &'a Inventory,
    /// Whether a pod was ever seen.
    pub(super) had_pods: bool,
    /// Since when all streams have told this replica everything.
    pub(super) seen_since: Timestamp,
    /// Since when somebody was told everything, this replica or one before it.
    pub(super) watched_since: Timestamp,
    /// The pods that were refused.
    pub(super) rejections: &'a Rejections,
}

/// Whom something concerns that was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Concerns {
    /// Nobody.
    Nobody,
    /// A namespace.
    Namespace(String),
    /// Every namespace.
    All,
}

impl Workloads {
    /// The shapes of everything that is followed.
    pub(super) fn shapes(&self) -> Arc<Mutex<Shapes>> {
        Arc::clone(&self.shapes)
    }

    /// Takes in what a stream tells.
    pub(super) fn take(&self, resource: Resource, event: WorkloadEvent, now: Timestamp) -> Concerns {
        match event {
            WorkloadEvent::Applied { namespace, observed } => {
                let is_pod = matches!(observed, Observed::Pod(_));
                let entry = self.entry(&namespace);
                let mut running = entry.lock();
                running.had_pods |= is_pod;
                observed.put_into(&mut running.inventory);
                Concerns::Namespace(namespace)
            }
            WorkloadEvent::Removed { namespace, name } => {
                let Some(entry) = self.by_namespace.read().get(&namespace).cloned() else {
                    return Concerns::Nobody;
                };
                let mut running = entry.lock();
                match resource {
                    Resource::Pods => running.inventory.remove_pod(&name),
                    Resource::Templates(kind) => running.inventory.remove_template(kind, &name),
                }
                Concerns::Namespace(namespace)
            }
            WorkloadEvent::Listed(listed) => {
                self.retain(resource, &listed);
                let as_of = before(now, listed.begun().elapsed());
                let is_news = self.streams.lock().listed(resource, as_of, now);
                if is_news { Concerns::All } else { Concerns::Nobody }
            }
            WorkloadEvent::Silent { reason } => {
                tracing::warn!(
                    kind = resource.name(),
                    reason,
                    "nothing is heard of what runs: no gate opens"
                );
                self.streams.lock().silent(resource);
                Concerns::All
            }
            WorkloadEvent::Alive => {
                tracing::info!(kind = resource.name(), "it is heard again of what runs");
                self.streams.lock().alive(resource, now);
                Concerns::All
            }
        }
    }

    /// Takes out what a list of all objects of a kind does not have.
    fn retain(&self, resource: Resource, listed: &Listed) {
        for (namespace, entry) in &*self.by_namespace.read() {
            let mut running = entry.lock();
            match resource {
                Resource::Pods => running.inventory.retain_pods(|name| listed.has(namespace, name)),
                Resource::Templates(kind) => {
                    running.inventory.retain_templates(kind, |name| listed.has(namespace, name));
                }
            }
        }
    }

    /// Takes in that a pod was refused.
    pub(super) fn rejected(&self, namespace: &str, rejection: Rejection) {
        self.entry(namespace).lock().rejections.note(rejection, Timestamp::now());
    }

    /// Looks at a namespace; nothing as long as it was not heard of everything once.
    pub(super) fn look<T>(
        &self,
        namespace: &str,
        now: Timestamp,
        look: impl FnOnce(&View<'_>) -> T,
    ) -> Option<T> {
        let Told { since: seen_since, watched_since, missing } = self.streams.lock().told()?;
        let entry = self.entry(namespace);
        let mut running = entry.lock();
        let Running { inventory, had_pods, rejections } = &mut *running;
        rejections.expire(now);
        for resource in Resource::ALL {
            if missing.contains(&resource) {
                inventory.miss(resource.name());
            } else {
                inventory.complete(resource.name());
            }
        }
        Some(look(&View { inventory, had_pods: *had_pods, seen_since, watched_since, rejections }))
    }

    /// Takes in who watched before this replica, without how long a gap that counts.
    pub(super) fn follows(&self, before: Watch, longest_gap: Duration) {
        self.streams.lock().follows(before, longest_gap);
    }

    /// Takes in how it can be known whether a stream is interrupted.
    pub(super) fn heeds(&self, interruption: Interruption) {
        self.interruptions.lock().push(interruption);
    }

    /// Up to when it was surely heard of everything that happened.
    pub(super) fn heard_until(&self, now: Timestamp) -> Timestamp {
        let interruptions = self.interruptions.lock();
        let since = interruptions.iter().filter_map(Interruption::since).min();
        since.map_or(now, |since| before(now, since.elapsed()))
    }

    /// Since when somebody has watched everything; nothing while this replica does not.
    pub(super) fn watched_since(&self) -> Option<Timestamp> {
        let told = self.streams.lock().told()?;
        told.missing.is_empty().then_some(told.watched_since)
    }

    /// Whether it was heard of everything once.
    pub(super) fn is_known(&self) -> bool {
        self.streams.lock().told().is_some()
    }

    /// Forgets a namespace that is gone.
    pub(super) fn forget(&self, namespace: &str) {
        self.by_namespace.write().remove(namespace);
    }

    fn entry(&self, namespace: &str) -> Arc<Mutex<Running>> {
        if let Some(known) = self.by_namespace.read().get(namespace) {
            return Arc::clone(known);
        }
        Arc::clone(self.by_namespace.write().entry(namespace.to_owned()).or_default())
    }

    /// How many pods there are, by namespace; for metrics.
    pub(super) fn pods(&self) -> usize {
        self.by_namespace.read().values().map(|entry| entry.lock().inventory.pods()).sum()
    }
}

/// The time so long before.
fn before(now: Timestamp, ago: Duration) -> Timestamp {
    let ago = SignedDuration::try_from(ago).unwrap_or(SignedDuration::MAX);
    now.checked_sub(ago).unwrap_or(Timestamp::MIN)
}

/// The state of all streams, by kind; what they have in common is in [`Streams`].
type ByResource<T> = BTreeMap<Resource, T>;
