//! What comes between the plan and the deed where enforce is raised through the gate: the API server's last look, the
//! batch, and the halt when something broke.

mod halts;
mod judging;
mod looks;

pub(super) use self::{
    halts::Halts,
    judging::{Findings, Judged, judge},
    looks::{Looked, Looks},
};
