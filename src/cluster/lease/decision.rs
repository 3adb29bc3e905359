//! What a replica is to do about the lease: pure, told what it observed and when by its own clock.
//!
//! As client-go does it, with two differences. Another one's lease has run out only when nothing of its record has changed
//! for as long as it lasts, by the clock of whoever wants it: times that another clock wrote are never compared with one's
//! own. And a Lease that was deleted has not run out.

use std::time::Duration;

use jiff::Timestamp;

use super::{Record, Terms, terms::LONGEST};

/// Time by a replica's own clock, since it began. It goes on whatever is done to the time of day.
pub type Moment = Duration;

/// One of those who want the lease, or the one that has it.
#[derive(Debug)]
pub struct Candidate {
    identity: String,
    terms: Terms,
    seen: Option<Seen>,
    /// When the write was sent that made it the holder, or kept it so.
    held: Option<Moment>,
    /// Nothing is done before.
    due: Moment,
    /// Whether what was seen last is still there, as far as one can know: a write may follow.
    is_fresh: bool,
    /// How many writes in a row met another version.
    refusals: u32,
    lost: Option<Loss>,
    random: u64,
}

/// What was seen of the lease last.
#[derive(Debug)]
struct Seen {
    record: Record,
    /// The version to replace; nothing where the Lease was deleted.
    version: Option<String>,
    /// When the record was first seen as it is.
    at: Moment,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing before this moment.
    Wait(Moment),
    /// Read the Lease.
    Read,
    /// Write it.
    Write(Write),
    /// End: whatever it was leading is led by somebody else, or soon may be.
    End(Loss),
}

/// How the lease is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// There is none.
    Create,
    /// In place of this version, and of no other.
    Replace(String),
}

/// How a lease was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Somebody else has it, or nobody: not by its holder's doing.
    Taken(Option<String>),
    /// It could not be renewed in time.
    Expired,
}

impl Candidate {
    /// One that has seen nothing yet. No other ever has its identity. The number keeps it from doing everything at the
    /// same moment as others.
    pub const fn new(identity: String, terms: Terms, random: u64) -> Self {
        Self {
            identity,
            terms,
            seen: None,
            held: None,
            due: Duration::ZERO,
            is_fresh: false,
            refusals: 0,
            lost: None,
            random,
        }
    }

    /// Until when it leads, if it does. Before that moment nobody else begins to.
    pub fn leads_until(&self) -> Option<Moment> {
        let held = self.held.filter(|_| self.lost.is_none())?;
        Some(held + self.terms.renew_deadline())
    }

    /// Who holds the lease, as far as was seen.
    pub fn holder(&self) -> Option<&str> {
        self.seen.as_ref()?.record.holder.as_deref()
    }

    /// What is to be done now.
    pub fn next(&self, now: Moment) -> Step {
        if let Some(loss) = &self.lost {
            return Step::End(loss.clone());
        }
        let until = self.leads_until();
        if until.is_some_and(|until| now >= until) {
            return Step::End(Loss::Expired);
        }
        if now < self.due {
            return Step::Wait(until.map_or(self.due, |until| until.min(self.due)));
        }
        if !self.is_fresh || !self.may_take(now) {
            return Step::Read;
        }
        let version = self.seen.as_ref().and_then(|seen| seen.version.clone());
        Step::Write(version.map_or(Write::Create, Write::Replace))
    }

    /// What is to be written then.
    pub fn record(&self, time_of_day: Timestamp) -> Record {
        let before = self.seen.as_ref().map(|seen| &seen.record);
        let keeps = before.is_some_and(|record| record.holder.as_deref() == Some(&self.identity));
        let transitions = before.map_or(0, |record| record.transitions);
        // No two records are alike, whatever the time of day does.
        let after =
            before.and_then(|record| record.renewed).and_then(|renewed| renewed.checked_add(TICK).ok());
        let renewed =
            after.map_or(time_of_day, |after| if keeps { after.max(time_of_day) } else { time_of_day });
        Record {
            holder: Some(self.identity.clone()),
            lasts: self.terms.lease(),
            acquired: before.and_then(|record| record.acquired).filter(|_| keeps).or(Some(renewed)),
            renewed: Some(renewed),
            transitions: if keeps || before.is_none() { transitions } else { transitions.saturating_add(1) },
        }
    }

    /// What its holder writes at its end, so that nobody has to wait; and the version that it replaces.
    pub fn released(&self, time_of_day: Timestamp) -> Option<(Record, String)> {
        self.leads_until()?;
        let version = self.seen.as_ref()?.version.clone()?;
        Some((Record { holder: None, lasts: RELEASED, ..self.record(time_of_day) }, version))
    }

    /// Takes in what was read; nothing where there is no Lease.
    pub fn observed(&mut self, now: Moment, found: Option<(Record, String)>) {
        match found {
            // Its holder may well be alive: it is waited for as if nothing had changed.
            None => {
                if let Some(seen) = &mut self.seen {
                    seen.version = None;
                }
            }
            Some((record, version)) => {
                let same = self.seen.as_ref().filter(|seen| seen.record == record);
                let at = same.map_or(now, |seen| seen.at);
                if self.held.is_some() && record.holder.as_deref() != Some(&self.identity) {
                    self.lost = Some(Loss::Taken(record.holder.clone()));
                }
                self.seen = Some(Seen { record, version: Some(version), at });
            }
        }
        self.is_fresh = self.may_take(now);
        self.due = match self.expiry() {
            Some(expiry) if !self.is_fresh => expiry.min(now + self.pause()),
            _ => now,
        };
    }

    /// Takes in that a write was carried out that was decided upon at `sent`, and what it left.
    pub fn wrote(&mut self, sent: Moment, now: Moment, (record, version): (Record, String)) {
        self.seen = Some(Seen { record, version: Some(version), at: now });
        self.held = Some(sent);
        self.is_fresh = true;
        self.refusals = 0;
        self.due = now.max(sent + self.pause());
    }

    /// Takes in that a write met another version than it was to replace.
    pub fn refused(&mut self, now: Moment) {
        self.is_fresh = false;
        // Somebody may have touched something else of it; but nobody can keep it busy.
        self.due = if self.refusals == 0 { now } else { now + self.pause() };
        self.refusals = self.refusals.saturating_add(1);
    }

    /// Takes in that a request brought no answer that says anything. A write may have been carried out all the same.
    pub fn failed(&mut self, sent: Moment, now: Moment) {
        self.is_fresh = false;
        self.due = now.max(sent + self.pause());
    }

    fn may_take(&self, now: Moment) -> bool {
        let is_own = self.holder() == Some(&self.identity);
        is_own || self.expiry().is_none_or(|expiry| now >= expiry)
    }

    /// When the lease runs out that somebody holds, unless it is renewed.
    fn expiry(&self) -> Option<Moment> {
        let seen = self.seen.as_ref()?;
        seen.record.holder.as_ref()?;
        // A holder may have been told other terms; but none that there cannot be, or whoever writes the Lease once could
        // keep everybody from leading for years.
        let told = Some(seen.record.lasts).filter(|lasts| *lasts <= LONGEST);
        seen.at.checked_add(self.terms.lease().max(told.unwrap_or_default()))
    }

    /// Somewhat less than the retry period.
    fn pause(&mut self) -> Duration {
        // Steele, Lea and Flood's generator, of which little is asked here.
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let share = u32::try_from((mixed >> 32) % 200).unwrap_or_default();
        self.terms.retry() * (800 + share) / 1000
    }
}

/// The least by which two times differ that are written down.
const TICK: Duration = Duration::from_micros(1);

/// What a lease is said to last that nobody holds.
const RELEASED: Duration = Duration::from_secs(1);

#[cfg(test)]
#[path = "decision_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "simulation.rs"]
mod simulation;
