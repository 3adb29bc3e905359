//! `procMount_restricted` (restricted, since v1.35): `/proc` is masked, also in a user namespace.
//!
//! What `procMount` asked for before v1.35, whatever `hostUsers` says; it takes that check's place.

use super::{
    About, Check, Level, Revision,
    proc_mount::{detail, offences, reason},
};

pub(super) const CHECK: Check = Check {
    id: "procMount_restricted",
    level: Level::Restricted,
    about: About {
        title: "Masking of /proc, also in user namespaces",
        fields: &["spec.containers[*].securityContext.procMount"],
        allows: "Default, or not set",
        protects: "Runtimes mask parts of /proc that tell about the node or change its kernel.",
        cis: &[],
        nsa: &[],
        bad: include_str!("examples/procMount_restricted.bad.yaml"),
        good: include_str!("examples/procMount_restricted.good.yaml"),
    },
    revisions: &[Revision::since(35, "only Default, whatever hostUsers says", offences)],
    overrides: &["procMount"],
    reason,
    detail,
};
