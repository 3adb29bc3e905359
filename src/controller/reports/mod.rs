//! The reports of namespaces: what stands, what is to stand, and when that is written.
//!
//! A report is written when it says something new: a verdict at once, counts alone at most once a minute, and all of them
//! together at a bounded rate. What somebody else makes of a report is put right.

mod content;
mod rate;
mod record;
mod writing;

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::{
    sync::Notify,
    time::{Duration, Instant},
};

pub use self::record::Remembered;
pub(super) use self::{
    content::{Refusal, Source, Summary, content, refused},
    record::{record, soak, witnessed},
    writing::{follow, remove, write_all},
};
use super::telling::Reported;
use crate::{
    api::{ReportContent, ReportState, Soak},
    assessment::{Imprint, ReportChange, StateSince},
    rollout::{GateRecord, Ledger, Namespace},
};

/// A report is written no more often than this: whoever changes a namespace all the time leaves the others their share.
const VERDICTS_EVERY: Duration = Duration::from_secs(1);

/// How long counts alone wait for more of their kind.
const COUNTS_EVERY: Duration = Duration::from_mins(1);

/// How long until a report is tried again that could not be written.
const AGAIN: Duration = Duration::from_secs(5);

/// The reports of all namespaces.
#[derive(Debug, Default)]
pub(super) struct Reports {
    entries: Mutex<Entries>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Entries {
    access: Access,
    standing: HashMap<String, Standing>,
    waiting: HashMap<String, Waiting>,
    order: BTreeSet<(Instant, String)>,
    /// The reports that are being written: none of them is written a second time meanwhile.
    under_way: HashMap<String, UnderWay>,
    /// What the gate has to remember, by namespace.
    records: HashMap<String, GateRecord>,
}

/// Whether there can be reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Access {
    /// Those that stand have not been listed yet.
    #[default]
    Unlisted,
    /// There can be.
    Open,
    /// They cannot be read, for this reason: nothing is remembered beyond the process.
    Closed(String),
}

/// A report that stands, as far as that bears on the next one: there is one for each namespace.
#[derive(Debug)]
struct Standing {
    imprint: Imprint,
    state: StateSince,
    /// The state of each mode.
    modes: [Option<ReportState>; 3],
    soak: Option<Soak>,
    had_pods: bool,
    uid: String,
    version: String,
    /// When podsec last wrote it.
    written: Option<Instant>,
}

/// What tells a report from another one, and from itself at another time.
#[derive(Debug, Default)]
struct Identity {
    uid: String,
    version: String,
}

impl Standing {
    fn new(content: &ReportContent, Identity { uid, version }: Identity, written: Option<Instant>) -> Self {
        let state = StateSince { state: content.state, since: content.since };
        let had_pods = record::had_pods(content);
        let modes = [&content.enforce, &content.audit, &content.warn]
            .map(|mode| mode.as_ref().map(|mode| mode.state));
        Self {
            imprint: Imprint::of(content),
            state,
            modes,
            soak: content.soak.clone(),
            had_pods,
            uid,
            version,
            written,
        }
    }
}

/// A report to be written.
#[derive(Clone, Debug)]
struct Waiting {
    due: Instant,
    /// What it is to say; nothing when it is to go. Boxed: after a first fill the map stays as large as it was.
    wanted: Option<Box<ReportContent>>,
    /// Whether none stands: a first fill waits for no rate.
    is_first: bool,
    /// Since when a new verdict waits to be told, if it is more than counts.
    untold: Option<Timestamp>,
}

/// A report that is being written.
#[derive(Debug, Default)]
struct UnderWay {
    /// Since when a new verdict waits to be told, if it is more than counts.
    untold: Option<Timestamp>,
    /// What it is to say next, which is compared with what stands as soon as it is known what does.
    later: Option<Later>,
    /// Whether its namespace is gone: then nobody but the watch knows what stands.
    is_past: bool,
}

/// What a report is to say after the write that is under way.
#[derive(Debug)]
struct Later {
    /// Nothing when it is to go.
    wanted: Option<ReportContent>,
    /// Since when something else was to be told than what is being written.
    since: Timestamp,
}

impl Reports {
    /// Whether it is known what stands, or that nobody can know.
    pub(super) fn is_known(&self) -> bool {
        self.entries.lock().access != Access::Unlisted
    }

    /// Why there can be no reports, if that is so.
    pub(super) fn closed(&self) -> Option<String> {
        match &self.entries.lock().access {
            Access::Closed(reason) => Some(reason.clone()),
            Access::Unlisted | Access::Open => None,
        }
    }

    /// The state that a report tells as it stands.
    pub(super) fn state(&self, namespace: &str) -> Option<StateSince> {
        self.entries.lock().standing.get(namespace).map(|standing| standing.state)
    }

    /// What a report tells as it stands, for whoever tells what is new.
    pub(super) fn reported(&self, namespace: &str) -> Reported {
        let entries = self.entries.lock();
        match entries.access {
            Access::Open => Reported::States(
                entries.standing.get(namespace).map(|standing| standing.modes).unwrap_or_default(),
            ),
            Access::Unlisted | Access::Closed(_) => Reported::Unknown,
        }
    }

    /// The uid of a report; empty where none stands.
    pub(super) fn uid(&self, namespace: &str) -> String {
        self.entries.lock().standing.get(namespace).map(|standing| standing.uid.clone()).unwrap_or_default()
    }

    /// What a report keeps as it stands.
    fn kept(&self, namespace: &str) -> Option<Soak> {
        self.entries.lock().standing.get(namespace)?.soak.clone()
    }

    /// What the gate has to remember of a namespace: what podsec itself remembers, else what its report says.
    pub(super) fn record(&self, namespace: &Namespace) -> Option<GateRecord> {
        let remembered = self.entries.lock().records.get(&namespace.name).cloned();
        remembered.or_else(|| record(&self.kept(&namespace.name)?))
    }

    /// Whether the report of this very namespace shows that there was a pod.
    pub(super) fn had_pods(&self, namespace: &Namespace) -> bool {
        let entries = self.entries.lock();
        let standing = entries.standing.get(&namespace.name).filter(|standing| standing.had_pods);
        let soak = standing.and_then(|standing| standing.soak.as_ref());
        soak.is_some_and(|soak| soak.namespace_uid == namespace.uid)
    }

    /// What podsec noted on a namespace, as far as its report is a witness of it.
    pub(super) fn witnessed(&self, namespace: &Namespace) -> Option<Ledger> {
        witnessed(&self.kept(&namespace.name)?, namespace)
    }

    /// Notes what the gate has to remember of a namespace.
    pub(super) fn remember(&self, namespace: &str, record: GateRecord) {
        self.entries.lock().records.insert(namespace.to_owned(), record);
    }

    /// Has a report say this; or none stand, where there is nothing to say.
    pub(super) fn put(&self, namespace: &str, wanted: Option<ReportContent>) {
        let mut entries = self.entries.lock();
        if matches!(entries.access, Access::Closed(_)) {
            return;
        }
        let now = Timestamp::now();
        if let Some(under_way) = entries.under_way.get_mut(namespace) {
            let since = under_way.later.take().map_or(now, |later| later.since);
            under_way.later = Some(Later { wanted, since });
            return;
        }
        entries.want(namespace, wanted, now, Instant::now());
        drop(entries);
        self.changed.notify_one();
    }

    /// Up to when the reports tell every verdict: what came later, whoever reads them may not know.
    pub(super) fn told_until(&self, now: Timestamp) -> Timestamp {
        let entries = self.entries.lock();
        let waiting = entries.waiting.values().filter_map(|waiting| waiting.untold);
        let under_way = entries.under_way.values();
        let under_way =
            under_way.flat_map(|write| [write.untold, write.later.as_ref().map(|later| later.since)]);
        waiting.chain(under_way.flatten()).min().map_or(now, |untold| untold.min(now))
    }

    /// Forgets a namespace that is gone: its report goes with it.
    pub(super) fn forget(&self, namespace: &str) {
        let mut entries = self.entries.lock();
        entries.schedule(namespace, None);
        if let Some(under_way) = entries.under_way.get_mut(namespace) {
            *under_way = UnderWay { is_past: true, ..UnderWay::default() };
        }
        entries.standing.remove(namespace);
        entries.records.remove(namespace);
    }

    /// How many reports wait to be written.
    pub(super) fn waiting(&self) -> usize {
        let entries = self.entries.lock();
        entries.waiting.len() + entries.under_way.values().filter(|write| write.later.is_some()).count()
    }
}

impl Entries {
    /// Has a report say this after `earliest`, if it does not say so. What is new about it waits to be told since then.
    fn want(&mut self, namespace: &str, wanted: Option<ReportContent>, since: Timestamp, earliest: Instant) {
        let before = self.standing.get(namespace);
        let change = match (before, wanted.as_ref().map(Imprint::of)) {
            (None, None) => None,
            (Some(before), Some(wanted)) => before.imprint.change(&wanted),
            (None, Some(_)) | (Some(_), None) => Some(ReportChange::Verdict),
        };
        let written = before.and_then(|before| before.written);
        let is_first = before.is_none();
        let waiting = change.map(|change| {
            let wanted = wanted.map(Box::new);
            let (every, untold) = match change {
                ReportChange::Verdict => (VERDICTS_EVERY, Some(since)),
                ReportChange::Counts => (COUNTS_EVERY, None),
            };
            // One that is to go keeps nobody waiting.
            let written = written.filter(|_| wanted.is_some());
            let due = written.map_or(earliest, |written| earliest.max(written + every));
            Waiting { due, wanted, is_first, untold }
        });
        self.schedule(namespace, waiting);
    }

    /// Takes in a report as it stands; says whether it does not say what was known.
    fn stands(&mut self, namespace: &str, mut standing: Standing) -> bool {
        let known = self.standing.get_mut(namespace);
        // An answer may come before the event of the write that it answers, or behind it, or behind that of the next.
        let number = |text: &str| text.parse::<u64>().ok();
        if let Some(known) = known {
            standing.written = standing.written.or(known.written);
            if number(&standing.version) < number(&known.version) {
                known.written = standing.written;
                return false;
            }
            let is_same = known.imprint == standing.imprint;
            *known = standing;
            return !is_same;
        }
        self.standing.insert(namespace.to_owned(), standing);
        true
    }

    /// Ends a write, and has the report say after `earliest` what it is to say next; says whether there is such. What
    /// could not be told by it waits to be told since `untold`.
    fn end(&mut self, namespace: &str, earliest: Instant, untold: Option<Timestamp>) -> bool {
        let later = self.under_way.remove(namespace).and_then(|write| write.later);
        let is_superseded = later.is_some();
        if let Some(Later { wanted, since }) = later {
            let since = untold.map_or(since, |untold| untold.min(since));
            self.want(namespace, wanted, since, earliest);
        }
        is_superseded
    }

    /// Puts what waits for a namespace in place of what waited for it. An earlier time stands, if one was due already.
    fn schedule(&mut self, namespace: &str, waiting: Option<Waiting>) {
        let before = self.waiting.remove(namespace);
        if let Some(before) = &before {
            self.order.remove(&(before.due, namespace.to_owned()));
        }
        if let Some(mut waiting) = waiting {
            if let Some(before) = before {
                waiting.due = waiting.due.min(before.due);
                waiting.untold = before.untold.into_iter().chain(waiting.untold).min();
            }
            self.order.insert((waiting.due, namespace.to_owned()));
            self.waiting.insert(namespace.to_owned(), waiting);
        }
    }

    /// The next report that is due, or when it will be.
    fn next(&mut self, now: Instant) -> Result<(String, Waiting), Option<Instant>> {
        let Some((due, namespace)) = self.order.first().cloned() else { return Err(None) };
        if due > now {
            return Err(Some(due));
        }
        self.order.pop_first();
        match self.waiting.remove(&namespace) {
            Some(waiting) => {
                let under_way = UnderWay { untold: waiting.untold, ..UnderWay::default() };
                self.under_way.insert(namespace.clone(), under_way);
                Ok((namespace, waiting))
            }
            None => Err(Some(now)),
        }
    }
}

#[cfg(test)]
mod tests;
