//! What comes between the plan and the deed where enforce is raised through the gate: what is known of the workloads, the
//! API server's last look, the batch, and the halt when something broke.

mod halts;
mod judging;
mod looks;
mod preparing;

pub(super) use self::{
    halts::{Cause, Halts},
    judging::Findings,
    looks::Looks,
    preparing::{Prepared, prepare},
};
