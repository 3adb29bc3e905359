//! What keeps a stream going: list, watch, wait, and so on.

use std::{sync::Arc, time::Duration};

use kube::Client;
use parking_lot::Mutex;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};

use super::{
    ReadError, Resource,
    answer::{IDLE, ask, encoded},
    event::{self, Change, Event, Lines},
    pages::{Age, Manner, Pages, Piece, newest_version},
    stream::{Listed, Signal, WorkloadEvent},
};
use crate::{
    assessment::Shapes,
    cluster::backoff::{StreamBackoff, random},
};

/// How many seconds the API server is to keep a watch open at least, and how many differ from watch to watch, so that
/// not all begin anew at the same moment. Before it ends one it says up to where nothing has happened. The client gives
/// up a connection on which nothing comes for a minute.
const WATCH: (u64, u64) = (30, 16);

/// How much later than that a watch may end.
const LATE: Duration = Duration::from_secs(10);

/// What ends sooner than this was not kept open, and is begun anew only after a pause.
const SHORT: Duration = Duration::from_secs(5);

/// How long before its end a watch brings something at the latest, if only that nothing has happened. An API server says
/// so two seconds before, but only as far as its cache has come; and of a kind of which nothing changes the cache hears
/// from etcd every ten minutes by default. Where nothing came the API server is asked for the newest state, upon which its
/// cache hears from etcd at once, and the next watch ends with the news. If that does not, everything is listed: all of
/// it within [`super::SILENCE`].
const FRESH: Duration = Duration::from_secs(10);

/// Follows the objects of one kind and says what happens to them.
pub(super) struct Follower {
    client: Client,
    resource: Resource,
    shapes: Arc<Mutex<Shapes>>,
    signals: mpsc::Sender<Signal>,
    backoff: StreamBackoff,
    /// How new the next list has to be.
    age: Age,
}

/// Why a watch is over.
enum End {
    /// It goes on where it was.
    Interrupted(ReadError),
    /// What happened since then is lost, and a list is needed.
    Lost(ReadError),
}

impl Follower {
    pub(super) fn new(
        client: Client,
        resource: Resource,
        shapes: Arc<Mutex<Shapes>>,
        signals: mpsc::Sender<Signal>,
    ) -> Self {
        Self { client, resource, shapes, signals, backoff: StreamBackoff::default(), age: Age::Any }
    }

    pub(super) async fn follow(mut self, mut since: Option<String>) {
        let mut manner = Manner::Whole;
        loop {
            let version = match since.take() {
                Some(version) => version,
                None => match self.list(&mut manner).await {
                    Ok(version) => version,
                    Err(error) => {
                        self.rest(error).await;
                        continue;
                    }
                },
            };
            manner = Manner::Whole;
            let lost = self.watch(version).await;
            self.rest(lost).await;
        }
    }

    async fn list(&mut self, manner: &mut Manner) -> Result<String, ReadError> {
        let mut pages = Pages::new(&self.client, &self.shapes, (self.resource, None), &self.age, *manner);
        let (mut listed, mut begun) = (Vec::new(), None);
        loop {
            match pages.next().await {
                Ok(Piece::Objects(objects, _)) => {
                    begun.get_or_insert_with(Instant::now);
                    for (namespace, observed) in objects {
                        listed.push(Listed::entry(&namespace, observed.name()));
                        say(&self.signals, Signal::Found(WorkloadEvent::Applied { namespace, observed }))
                            .await;
                    }
                }
                Ok(Piece::End(version)) => {
                    let listed = Listed::new(listed, begun.unwrap_or_else(Instant::now));
                    self.say(Signal::Happened(WorkloadEvent::Listed(listed))).await;
                    return Ok(version);
                }
                Err(error) => {
                    if pages.has_begun() {
                        *manner = Manner::Paged;
                    }
                    // An API server whose store was set back does not know the version that was seen last.
                    if matches!(error.code(), Some(410 | 504)) {
                        self.age = Age::Newest;
                    }
                    return Err(error);
                }
            }
        }
    }

    /// Watches from a version on, until a list is needed; says why.
    async fn watch(&mut self, mut version: String) -> ReadError {
        let mut heard = Instant::now();
        let mut has_asked = false;
        loop {
            let begun = Instant::now();
            let end = self.watch_once(&mut version, &mut heard).await;
            self.age = Age::NotOlderThan(version.clone());
            match end {
                Err(End::Interrupted(error)) => self.rest(error).await,
                Err(End::Lost(error)) => return error,
                Ok(()) if begun.elapsed() < SHORT => self.pause().await,
                Ok(()) if heard.elapsed() < FRESH => has_asked = false,
                // It may be a version that the API server does not know, because its store was set back.
                Ok(()) if has_asked => {
                    self.age = Age::Newest;
                    return ReadError::Silent(heard.elapsed());
                }
                Ok(()) => match newest_version(&self.client, self.resource).await {
                    Ok(newest) if newest == version => {
                        heard = Instant::now();
                        self.say(Signal::Nothing).await;
                    }
                    Ok(_) => has_asked = true,
                    Err(error) => self.rest(error).await,
                },
            }
        }
    }

    /// One watch, from its beginning to where the API server ends it. The version goes on with each event.
    async fn watch_once(&self, version: &mut String, heard: &mut Instant) -> Result<(), End> {
        let seconds = WATCH.0 + random() % WATCH.1;
        let query = format!("watch=true&allowWatchBookmarks=true&timeoutSeconds={seconds}");
        let uri = format!("{}?{query}&resourceVersion={}", self.resource.path(None), encoded(version));
        let mut answer = match ask(&self.client, &uri, IDLE).await {
            Ok(answer) => answer,
            Err(error) if error.code() == Some(410) => return Err(End::Lost(error)),
            Err(error) => return Err(End::Interrupted(error)),
        };
        let idle = Duration::from_secs(seconds) + LATE;
        let mut lines = Lines::default();
        while let Some(piece) = answer.next(idle).await.map_err(End::Interrupted)? {
            let (events, wrong) = self.read(piece.as_ref(), &mut lines);
            for Event { change, version: behind } in events {
                self.say(signal(change)).await;
                *version = behind;
                *heard = Instant::now();
            }
            if let Some(error) = wrong {
                return Err(End::Lost(error));
            }
        }
        Ok(())
    }

    /// The events that end in a piece, and what is wrong behind them.
    fn read(&self, piece: &[u8], lines: &mut Lines) -> (Vec<Event>, Option<ReadError>) {
        let mut events = Vec::new();
        let mut shapes = self.shapes.lock();
        let read = lines.push(piece, |line| {
            events.push(event::read(self.resource, line, &mut shapes)?);
            Ok::<_, ReadError>(())
        });
        (events, read.err())
    }

    /// Tells of a trouble, and waits.
    async fn rest(&mut self, error: ReadError) {
        tracing::debug!(stream = self.resource.name(), %error, "a stream was interrupted");
        self.say(Signal::Trouble(error.to_string())).await;
        self.pause().await;
    }

    async fn pause(&mut self) {
        sleep(self.backoff.next().unwrap_or(SHORT)).await;
    }

    async fn say(&self, signal: Signal) {
        say(&self.signals, signal).await;
    }
}

fn signal(change: Change) -> Signal {
    match change {
        Change::Applied(namespace, observed) => {
            Signal::Happened(WorkloadEvent::Applied { namespace, observed })
        }
        Change::Removed(namespace, name) => Signal::Happened(WorkloadEvent::Removed { namespace, name }),
        Change::Nothing => Signal::Nothing,
    }
}

async fn say(signals: &mpsc::Sender<Signal>, signal: Signal) {
    if signals.send(signal).await.is_err() {
        // Nobody holds the stream any more: this task is about to be ended.
        std::future::pending::<()>().await;
    }
}
