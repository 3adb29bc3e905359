//! The Lease that one of several replicas holds: what it says, and what a replica is to do about it.
//!
//! What is to be done is decided purely, from what was observed and when; the controller carries it out.

mod decision;
mod record;
mod terms;

pub use self::{
    decision::{Candidate, Loss, Moment, Step, Write},
    record::{Record, Told, WATCHED_SINCE, WATCHED_UNTIL, Watch, get},
    terms::{Terms, TermsError},
};
