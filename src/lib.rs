//! podsec keeps Pod Security Admission labels right on every namespace of a cluster, and says what a change would
//! break before it is made.
//!
//! The rooms, and the one way in which they may depend on each other (from the top down):
//! `cli` → `controller` → `cluster` → `manifests` → `migration` → `rollout` → `assessment` → `api` → `standards`.
//! `migration`, `rollout`, `assessment` and `standards` are pure: no I/O, no clock, no Kubernetes client.

pub mod api;
pub mod assessment;
pub mod cli;
pub mod cluster;
pub mod controller;
pub mod manifests;
pub mod migration;
pub mod rollout;
pub mod standards;
