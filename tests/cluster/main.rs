//! What only a real API server can tell.

#![expect(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod access;
mod doubt;
mod hostile;
mod interposer;
mod outage;
mod profile_rules;
mod races;
mod release;
mod report;
mod scale;
mod stage;
mod status;
#[path = "../profiles/table.rs"]
mod table;
mod transitions;
mod versions;
mod weakening;
