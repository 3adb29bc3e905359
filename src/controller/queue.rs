//! The queue of namespaces to look at.
//!
//! A namespace stands in it at most once, so it is bounded by the number of namespaces; and it is worked on by one
//! worker at a time. What is asked for while it is being worked on waits until that is done.

use std::collections::{BTreeSet, HashMap, HashSet};

use parking_lot::Mutex;
use tokio::{
    sync::Notify,
    time::{Duration, Instant},
};

/// A queue of namespace names, each with the time from which on it is due.
#[derive(Debug, Default)]
pub(super) struct Queue {
    entries: Mutex<Entries>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Entries {
    due: HashMap<String, Instant>,
    order: BTreeSet<(Instant, String)>,
    running: HashSet<String>,
    /// Asked for while running.
    afterwards: HashMap<String, Instant>,
    closed: bool,
}

impl Entries {
    /// Puts a name in, or forward; never back.
    fn add(&mut self, name: &str, due: Instant) {
        if self.running.contains(name) {
            let entry = self.afterwards.entry(name.to_owned()).or_insert(due);
            *entry = due.min(*entry);
            return;
        }
        match self.due.get(name) {
            Some(present) if *present <= due => return,
            Some(present) => {
                self.order.remove(&(*present, name.to_owned()));
            }
            None => {}
        }
        self.due.insert(name.to_owned(), due);
        self.order.insert((due, name.to_owned()));
    }
}

impl Queue {
    /// Asks for a namespace to be looked at as soon as a worker is free.
    pub(super) fn add(&self, name: &str) {
        self.add_after(name, Duration::ZERO);
    }

    /// Asks for a namespace to be looked at after a while. An earlier request stands.
    pub(super) fn add_after(&self, name: &str, delay: Duration) {
        self.entries.lock().add(name, Instant::now() + delay);
        self.changed.notify_one();
    }

    /// The next namespace that is due; nothing once the queue is closed.
    ///
    /// Its work must be ended by [`Self::done`].
    pub(super) async fn next(&self) -> Option<String> {
        loop {
            let changed = self.changed.notified();
            let wait = {
                let mut entries = self.entries.lock();
                if entries.closed {
                    return None;
                }
                match entries.order.first().cloned() {
                    Some((due, name)) if due <= Instant::now() => {
                        entries.order.pop_first();
                        entries.due.remove(&name);
                        entries.running.insert(name.clone());
                        if !entries.order.is_empty() {
                            // One change wakes one worker; pass the rest on.
                            self.changed.notify_one();
                        }
                        return Some(name);
                    }
                    Some((due, _)) => Some(due),
                    None => None,
                }
            };
            match wait {
                Some(due) => drop(tokio::time::timeout_at(due, changed).await),
                None => changed.await,
            }
        }
    }

    /// Ends the work on a namespace; what was asked for meanwhile becomes due.
    pub(super) fn done(&self, name: &str) {
        let mut entries = self.entries.lock();
        entries.running.remove(name);
        if let Some(due) = entries.afterwards.remove(name) {
            entries.add(name, due);
            drop(entries);
            self.changed.notify_one();
        }
    }

    /// How many namespaces are due now or being worked on.
    pub(super) fn depth(&self) -> usize {
        let entries = self.entries.lock();
        let now = Instant::now();
        entries.order.iter().take_while(|(due, _)| *due <= now).count() + entries.running.len()
    }

    /// Hands out nothing any more.
    pub(super) fn close(&self) {
        self.entries.lock().closed = true;
        self.changed.notify_waiters();
        self.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn due_now(queue: &Queue) -> Option<String> {
        tokio::time::timeout(Duration::from_millis(1), queue.next()).await.ok().flatten()
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_stands_in_it_once_at_its_earliest_time() {
        let queue = Queue::default();
        queue.add_after("a", Duration::from_mins(1));
        queue.add("a");
        queue.add_after("a", Duration::from_mins(1));
        assert_eq!(due_now(&queue).await.as_deref(), Some("a"));
        queue.done("a");
        assert_eq!(due_now(&queue).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_is_worked_on_once_at_a_time_and_again_afterwards() {
        let queue = Queue::default();
        queue.add("a");
        assert_eq!(due_now(&queue).await.as_deref(), Some("a"));
        queue.add("a");
        assert_eq!(due_now(&queue).await, None, "it is being worked on");
        queue.done("a");
        assert_eq!(due_now(&queue).await.as_deref(), Some("a"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_delayed_name_is_due_in_time() {
        let queue = Queue::default();
        queue.add_after("a", Duration::from_secs(5));
        assert_eq!(queue.depth(), 0);
        let before = Instant::now();
        assert_eq!(queue.next().await.as_deref(), Some("a"));
        assert!(before.elapsed() >= Duration::from_secs(5));
        assert_eq!(queue.depth(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn every_worker_gets_something_and_closing_ends_them_all() {
        let queue = std::sync::Arc::new(Queue::default());
        let workers: Vec<_> = (0..4)
            .map(|_| {
                let queue = std::sync::Arc::clone(&queue);
                tokio::spawn(async move {
                    let mut count = 0;
                    while let Some(name) = queue.next().await {
                        count += 1;
                        tokio::time::sleep(Duration::from_secs(1)).await;
                        queue.done(&name);
                    }
                    count
                })
            })
            .collect();
        for index in 0..8 {
            queue.add(&format!("n{index}"));
        }
        tokio::time::sleep(Duration::from_millis(2500)).await;
        queue.close();
        let mut counts = Vec::new();
        for worker in workers {
            counts.push(worker.await.unwrap());
        }
        assert_eq!(counts, [2, 2, 2, 2]);
    }
}
