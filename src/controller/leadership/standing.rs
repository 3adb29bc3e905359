//! Whether this replica leads: told by whoever holds its lease, asked by whoever is about to write.

use std::sync::Arc;

use tokio::{sync::watch, time::Duration};

use super::clock::{Clock, Reading};
use crate::cluster::lease::{Loss, Watch};

/// Whether this replica leads. Cheap to hand on and to ask.
#[derive(Clone, Debug)]
pub(in super::super) struct Leadership {
    clock: Arc<dyn Clock>,
    standing: Arc<watch::Sender<Standing>>,
}

/// How a replica stands to the lease.
#[derive(Clone, Debug)]
enum Standing {
    /// It does not have it yet.
    Waiting,
    /// It has it.
    Leading {
        /// What the clocks showed when the write was sent that gave it, or renewed it.
        since: Reading,
        /// How long that counts.
        lasts: Duration,
        /// Who had watched before.
        before: Option<Watch>,
    },
    /// It had it, or never will.
    Over(Ending),
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ending {
    /// Somebody else has the lease, or emptied it.
    #[error("lost the lease to {}", named(.0.as_deref()))]
    Taken(Option<String>),
    /// It was not renewed in time.
    #[error("the lease could not be renewed in time")]
    Expired,
    /// It was given back.
    #[error("the lease was given back")]
    Released,
    /// There is no client to ask for it with.
    #[error("cannot ask for the lease: {0}")]
    Unusable(String),
}

/// The holder, who may have given himself any name.
fn named(holder: Option<&str>) -> String {
    holder.map_or_else(|| "somebody who emptied it".to_owned(), |holder| format!("{holder:?}"))
}

impl From<Loss> for Ending {
    fn from(loss: Loss) -> Self {
        match loss {
            Loss::Taken(holder) => Self::Taken(holder),
            Loss::Expired => Self::Expired,
        }
    }
}

impl Leadership {
    /// That of a replica that has no lease yet.
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, standing: Arc::new(watch::Sender::new(Standing::Waiting)) }
    }

    /// What the clocks show.
    pub(super) fn now(&self) -> Reading {
        self.clock.now()
    }

    /// Whether this replica leads at this very moment.
    pub(super) fn holds(&self) -> bool {
        match &*self.standing.borrow() {
            Standing::Leading { since, lasts, .. } => self.clock.now().is_within(*lasts, since),
            Standing::Waiting | Standing::Over(_) => false,
        }
    }

    /// Waits until it leads; gives who had watched before.
    ///
    /// # Errors
    ///
    /// When it never will.
    pub(in super::super) async fn begins(&self) -> Result<Option<Watch>, Ending> {
        let mut standing = self.standing.subscribe();
        let begun = standing.wait_for(|standing| !matches!(standing, Standing::Waiting)).await;
        match begun.as_deref() {
            Ok(Standing::Leading { before, .. }) => Ok(*before),
            Ok(Standing::Over(ending)) => Err(ending.clone()),
            // The sender lives as long as this value.
            Ok(Standing::Waiting) | Err(_) => Err(Ending::Released),
        }
    }

    /// Waits until it leads no more, whoever has said so by then: at the latest when what was written last has run out.
    pub(in super::super) async fn ends(&self) -> Ending {
        let mut standing = self.standing.subscribe();
        loop {
            let until = match &*standing.borrow_and_update() {
                Standing::Leading { since, lasts, .. } => Some(since.monotonic + *lasts),
                Standing::Waiting => None,
                Standing::Over(ending) => return ending.clone(),
            };
            let changed = standing.changed();
            match until {
                None => drop(changed.await),
                Some(until) => {
                    if tokio::time::timeout_at(until, changed).await.is_err() {
                        return Ending::Expired;
                    }
                }
            }
        }
    }

    /// Takes in that the lease was written by a request that was sent then.
    pub(super) fn renewed(&self, sent: Reading, lasts: Duration, before: Option<Watch>) {
        self.standing.send_modify(|standing| match standing {
            Standing::Waiting => *standing = Standing::Leading { since: sent, lasts, before },
            Standing::Leading { since, .. } => *since = sent,
            Standing::Over(_) => {}
        });
    }

    /// Takes in that it is over. That is so for good.
    pub(super) fn over(&self, ending: Ending) {
        self.standing.send_if_modified(|standing| {
            let is_news = !matches!(standing, Standing::Over(_));
            if is_news {
                *standing = Standing::Over(ending);
            }
            is_news
        });
    }
}

#[cfg(test)]
pub(super) mod tests {
    use jiff::{SignedDuration, Timestamp};
    use parking_lot::Mutex;
    use tokio::time::Instant;

    use super::*;

    const LASTS: Duration = Duration::from_secs(10);

    /// Virtual time, with a time of day that can be set.
    #[derive(Debug)]
    pub(crate) struct Settable {
        begun: Instant,
        set_by: Mutex<SignedDuration>,
    }

    impl Settable {
        pub(crate) fn new() -> Self {
            Self { begun: Instant::now(), set_by: Mutex::default() }
        }

        pub(crate) fn set_by(&self, seconds: i64) {
            *self.set_by.lock() += SignedDuration::from_secs(seconds);
        }
    }

    impl Clock for Settable {
        fn now(&self) -> Reading {
            let monotonic = Instant::now();
            let passed = SignedDuration::try_from(monotonic.duration_since(self.begun)).unwrap();
            let since_then = *self.set_by.lock() + passed;
            let time_of_day = Timestamp::from_second(1_800_000_000).unwrap().checked_add(since_then).unwrap();
            Reading { monotonic, time_of_day }
        }
    }

    fn leading() -> (Leadership, Arc<Settable>) {
        let clock = Arc::new(Settable::new());
        let leadership = Leadership::new(Arc::clone(&clock) as _);
        assert!(!leadership.holds(), "not before it has the lease");
        leadership.renewed(leadership.now(), LASTS, None);
        assert!(leadership.holds());
        (leadership, clock)
    }

    #[tokio::test(start_paused = true)]
    async fn it_leads_until_the_lease_runs_out_though_nobody_tells_it() {
        let (leadership, _) = leading();
        tokio::time::advance(Duration::from_millis(9_999)).await;
        assert!(leadership.holds());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(!leadership.holds());
        assert_eq!(leadership.ends().await, Ending::Expired);
    }

    #[tokio::test(start_paused = true)]
    async fn a_renewal_counts_from_when_it_was_sent() {
        let (leadership, _) = leading();
        tokio::time::advance(Duration::from_secs(4)).await;
        let sent = leadership.now();
        tokio::time::advance(Duration::from_secs(5)).await;
        leadership.renewed(sent, LASTS, None);
        tokio::time::advance(Duration::from_secs(4)).await;
        assert!(leadership.holds());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!leadership.holds());
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_jumps_stops_the_writing_until_the_next_renewal_and_prolongs_nothing() {
        for seconds in [3600, -3600] {
            let (leadership, clock) = leading();
            clock.set_by(seconds);
            assert!(!leadership.holds(), "by {seconds} s");
            leadership.renewed(leadership.now(), LASTS, None);
            assert!(leadership.holds(), "the lease was its own all the time");
            tokio::time::advance(LASTS).await;
            assert!(!leadership.holds());
            clock.set_by(-10);
            assert!(!leadership.holds(), "what has run out stays so");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_over_does_not_begin_again() {
        let (leadership, _) = leading();
        leadership.over(Ending::Taken(Some("other".into())));
        assert!(!leadership.holds());
        leadership.renewed(leadership.now(), LASTS, None);
        leadership.over(Ending::Released);
        assert!(!leadership.holds());
        assert_eq!(leadership.ends().await, Ending::Taken(Some("other".into())));
        assert_eq!(leadership.begins().await, Err(Ending::Taken(Some("other".into()))));
    }
}
