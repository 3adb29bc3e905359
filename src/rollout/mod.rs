//! PURE: which profile governs which mode of which namespace, and what is to be done about it.
//!
//! From values (profiles, one namespace with the ownership of its keys, the time) to a value: the plan for that
//! namespace. No I/O, no clock, no Kubernetes client; the preview and the deed run the very same functions.

pub mod admission;
mod candidates;
mod contest;
mod decision;
mod evidence;
mod gate;
mod key_values;
mod labels_after;
mod ledger;
mod matching;
mod namespace;
mod pace;
mod plan;
mod profile;
mod release;
mod remedy;
mod request;
mod resolution;
mod server_version;
mod settings;
mod soak;
mod standing;
mod verdict;
pub mod wording;
mod writer;

#[cfg(test)]
pub(crate) mod testing;

pub use candidates::{Candidate, Mismatch, Place, Rank};
pub use contest::{Contest, Contests, Take};
pub use evidence::{Answer, DueLook, Evidence, Look};
pub use gate::ANNOUNCED_AHEAD;
pub use key_values::KeyValues;
pub use ledger::{ENFORCED, GOVERNED_BY, LEDGER_KEYS, Ledger, ON_RELEASE, TAKEN_FROM};
pub use matching::NamePattern;
pub use namespace::{ManagedFields, Namespace, Operation, Owner, Owners, TRACKED_KEYS, is_annotation};
pub use pace::{Pace, Raises, Reservation};
pub use plan::{NamespacePlan, plan};
pub use profile::{ActiveExemption, Profile};
pub use release::{Release, RetainReason, let_go};
pub use remedy::{remedy, settlement};
pub use request::{ApplyRequest, Manager};
pub use resolution::{Completeness, Profiles, Winner, overlaps};
pub use server_version::{Pin, ServerMinors, ServerView, VERSION_WINDOW, resolve_version};
pub use settings::Settings;
pub use soak::{CleanSince, GateRecord, HeldSince};
pub use standing::{Standing, foremost, standing, standing_of};
pub use verdict::{Change, FreezeReason, HoldReason, LeaveReason, LettingGo, ModePlan, Verdict, WeakenCause};
pub use writer::Writer;
