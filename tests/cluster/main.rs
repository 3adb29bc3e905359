//! What only a real API server can tell.

#![expect(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod access;
mod argocd;
mod chart;
mod cross_check;
mod doubt;
mod events;
mod fences;
mod flux;
mod gate;
mod getting_started;
mod gitops_page;
mod helm;
mod hostile;
mod interposer;
mod krew;
mod leadership;
mod lending;
mod metrics;
mod outage;
mod ownership;
mod plan;
mod platforms;
#[path = "../standards/pods"]
mod pods {
    #[expect(dead_code, reason = "the rest is for pods that no API server takes")]
    mod json;
    pub(crate) mod valid;
}
mod probe;
mod profile_rules;
mod races;
mod reading;
mod release;
mod report;
mod rollout_page;
mod scale;
mod stage;
mod status;
mod status_contract;
#[path = "../profiles/table.rs"]
mod table;
mod transitions;
mod uninstalling;
mod versions;
mod weakening;
