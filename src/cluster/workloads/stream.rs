//! What runs in a cluster as it changes.

use std::{fmt, sync::Arc, time::Duration};

use kube::Client;
use parking_lot::Mutex;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};
use tokio_util::task::AbortOnDropHandle;

use super::{Observed, Resource, follower::Follower};
use crate::assessment::{Fingerprint, Shapes};

/// How long a stream may bring nothing before nobody knows any more whether what it told still holds. An API server says
/// within less than a minute that nothing has happened.
pub const SILENCE: Duration = Duration::from_mins(2);

/// How many signals may wait for whoever follows the stream. Behind them the API server waits.
const WAITING: usize = 64;

/// Something that happened to the objects of one kind, in all namespaces.
#[derive(Debug)]
pub enum WorkloadEvent {
    /// An object is there, new or changed.
    Applied {
        /// Its namespace.
        namespace: String,
        /// What it is now.
        observed: Observed,
    },
    /// An object is gone.
    Removed {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// All objects have been told, with [`WorkloadEvent::Applied`]; those that are not in here are gone.
    Listed(Listed),
    /// Nothing has come for [`SILENCE`]: what was told may no longer hold.
    Silent {
        /// What the matter is, as far as it is known. It may hold what others wrote.
        reason: String,
    },
    /// What was told holds again, but for what follows.
    Alive,
}

/// Whether a stream is interrupted, for those who do not read it. It is made up for as soon as something comes again; until
/// then nobody but the stream knows where it was.
#[derive(Clone, Debug, Default)]
pub struct Interruption(Arc<Mutex<Option<Instant>>>);

impl Interruption {
    /// When something came last, if the stream has been interrupted since.
    pub fn since(&self) -> Option<Instant> {
        *self.0.lock()
    }

    fn begins(&self, heard: Instant) {
        self.0.lock().get_or_insert(heard);
    }

    fn ends(&self) {
        *self.0.lock() = None;
    }
}

/// All objects of a kind at one moment.
pub struct Listed {
    objects: Vec<Fingerprint>,
    begun: Instant,
}

impl Listed {
    pub(super) fn new(mut objects: Vec<Fingerprint>, begun: Instant) -> Self {
        objects.sort_unstable();
        Self { objects, begun }
    }

    /// When the list began to come: what it says held by then, and what happened since is told by the watch.
    pub const fn begun(&self) -> Instant {
        self.begun
    }

    /// What stands for an object of a namespace.
    pub(super) fn entry(namespace: &str, name: &str) -> Fingerprint {
        Fingerprint::of(&(namespace, name))
    }

    /// Whether the object of this name was there.
    pub fn has(&self, namespace: &str, name: &str) -> bool {
        self.objects.binary_search(&Self::entry(namespace, name)).is_ok()
    }

    /// How many there were.
    pub const fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether there was none.
    pub const fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}

impl fmt::Debug for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} objects", self.objects.len())
    }
}

/// What a follower of the API server has to say.
pub(super) enum Signal {
    /// Something of a list that is not at its end: what holds now is not known yet.
    Found(WorkloadEvent),
    /// Something that happened.
    Happened(WorkloadEvent),
    /// Nothing has happened.
    Nothing,
    /// Something did not work, and will be tried again.
    Trouble(String),
}

/// Follows the objects of one kind in all namespaces, for as long as it is held.
///
/// It lists them, watches them from the version of the list on, and lists them again where the API server no longer has
/// what happened since. When the API server is away it is asked again with growing pauses. Nothing is read from it that
/// is not taken here.
#[derive(Debug)]
pub struct WorkloadStream {
    resource: Resource,
    signals: mpsc::Receiver<Signal>,
    /// When it is silent; nothing while it is.
    silent_at: Option<Instant>,
    trouble: Option<String>,
    /// When something came last.
    heard: Instant,
    interruption: Interruption,
    /// What comes behind [`WorkloadEvent::Alive`].
    next: Option<WorkloadEvent>,
    _follower: AbortOnDropHandle<()>,
}

impl WorkloadStream {
    /// Begins to follow a kind. `since` is the version of a list that was already taken in; without it the stream begins
    /// with a list.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn open(
        client: Client,
        resource: Resource,
        shapes: Arc<Mutex<Shapes>>,
        since: Option<String>,
    ) -> Self {
        let (sender, signals) = mpsc::channel(WAITING);
        let follower = Follower::new(client, resource, shapes, sender);
        Self {
            resource,
            signals,
            silent_at: Some(Instant::now() + SILENCE),
            trouble: None,
            heard: Instant::now(),
            interruption: Interruption::default(),
            next: None,
            _follower: AbortOnDropHandle::new(tokio::spawn(follower.follow(since))),
        }
    }

    /// What is followed.
    pub const fn resource(&self) -> Resource {
        self.resource
    }

    /// Tells at any time whether it is interrupted.
    pub fn interruption(&self) -> Interruption {
        self.interruption.clone()
    }

    /// What happens next; nothing once the follower has ended, which it does not by itself. A call that is dropped loses
    /// nothing.
    pub async fn next(&mut self) -> Option<WorkloadEvent> {
        loop {
            if let Some(event) = self.next.take() {
                return Some(event);
            }
            let signal = match self.silent_at {
                None => self.signals.recv().await,
                Some(silent_at) => match timeout_at(silent_at, self.signals.recv()).await {
                    Ok(signal) => signal,
                    Err(_) => return Some(self.falls_silent()),
                },
            };
            let event = match signal? {
                Signal::Found(event) => return Some(event),
                Signal::Trouble(trouble) => {
                    self.trouble = Some(trouble);
                    self.interruption.begins(self.heard);
                    continue;
                }
                Signal::Happened(event) => Some(event),
                Signal::Nothing => None,
            };
            if self.comes_alive() {
                self.next = event;
                return Some(WorkloadEvent::Alive);
            }
            if event.is_some() {
                return event;
            }
        }
    }

    fn falls_silent(&mut self) -> WorkloadEvent {
        self.silent_at = None;
        let silence = || format!("nothing came for {} s", SILENCE.as_secs());
        WorkloadEvent::Silent { reason: self.trouble.clone().unwrap_or_else(silence) }
    }

    /// Notes that something came; says whether it had been silent.
    fn comes_alive(&mut self) -> bool {
        self.trouble = None;
        self.heard = Instant::now();
        self.interruption.ends();
        self.silent_at.replace(Instant::now() + SILENCE).is_none()
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
