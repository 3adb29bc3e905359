//! PURE: workloads and verdicts grouped, counted and compared; what blocks a level.
//!
//! From values that a reader saw to what people and the gate need. Everything a namespace runs goes into its
//! [`Inventory`], pods reduced to [`Shape`]s by the one [`Shapes`]; [`Inventory::workloads`] says what is judged and as
//! what; a [`Judge`] gives an [`Assessment`] by one level and version. From that come the blockers, the level that the
//! namespace is clean at, and what another version would change. No I/O, no clock, no Kubernetes client.
//!
//! What podsec cannot tell is never taken for clean: an unreadable pod, a volume source that nobody knows, and whatever
//! may be missing from an inventory.

mod blockers;
mod clean;
mod compare;
mod dry_run;
mod findings;
mod fingerprint;
mod grouping;
mod inventory;
mod judge;
mod kind;
mod observed;
mod rejections;
mod report;
mod server_verdict;
mod shape;
mod workload;

#[cfg(test)]
mod model;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod testing;

pub use blockers::{Blocker, Blockers, Change, CheckCount, Mended, Obstacle, Refusal};
pub use clean::{Cleanness, Distance};
pub use compare::{Difference, Turn, compare};
pub use dry_run::DryRun;
pub use findings::Subject;
pub use fingerprint::Fingerprint;
pub use inventory::Inventory;
pub use judge::{Assessment, Counts, FinishedViolating, Judge};
pub use kind::{Kind, TemplateKind};
pub use observed::{Activity, ObservedPod, ObservedTemplate, PodPhase, Reading, Reference};
pub use rejections::{Broken, Rejection, Rejections};
pub use report::{
    Account, Imprint, Judgement, ModeAccount, ReportChange, Said, StateSince, breakage, report,
    verdict_counts,
};
pub use server_verdict::{ServerAnswer, ServerVerdict, looks_at_pods};
pub use shape::{Shape, Shapes};
pub use workload::{Apart, Workload, Workloads};
