//! `procMount` (baseline): `/proc` is masked as the runtime masks it.
//!
//! Looks at each container's `procMount`, which must be `Default` or absent; empty is not absent. Since v1.35 pods with
//! a user namespace of their own (`hostUsers: false`) are let through. At the restricted level `procMount_restricted`
//! takes its place from v1.35 on.

use super::{
    About, Check, Demand, Level, Offence, Offences, Pod, Remedy, Revision, in_containers,
    phrase::{containers, names, quote_list, values},
};

static PROC_MOUNT: Demand = Demand::new(&["securityContext", "procMount"], Remedy::Set(&["Default"]));

pub(super) const CHECK: Check = Check {
    id: "procMount",
    level: Level::Baseline,
    about: About {
        title: "Masking of /proc",
        fields: &["spec.containers[*].securityContext.procMount", "spec.hostUsers"],
        allows: "Default, or not set; any in a user namespace of the pod's own",
        protects: "Runtimes mask parts of /proc that tell about the node or change its kernel.",
        cis: &[],
        nsa: &[],
        bad: include_str!("examples/procMount.bad.yaml"),
        good: include_str!("examples/procMount.good.yaml"),
    },
    revisions: &[
        Revision::since(0, "only Default", offences),
        Revision::since(
            35,
            "pods with a user namespace of their own are let through",
            |pod, minor, found| {
                if !pod.spec.has_user_namespace() {
                    offences(pod, minor, found);
                }
            },
        ),
    ],
    overrides: &[],
    reason,
    detail,
};

/// Of `procMount_restricted` as well.
pub(super) fn offences<'p>(pod: &'p Pod<'_>, _: u32, found: &mut Offences<'p>) {
    in_containers(
        pod,
        |context| context.proc_mount.as_deref(),
        |place, mount| {
            if let Some(mount) = mount.filter(|mount| *mount != "Default") {
                found.push(Offence::new(place, &PROC_MOUNT).found(mount));
            }
        },
    );
}

/// Of `procMount_restricted` as well.
pub(super) fn reason(_: &[Offence<'_>]) -> &'static str {
    "procMount"
}

/// Of `procMount_restricted` as well.
pub(super) fn detail(offences: &[Offence<'_>], out: &mut String) {
    containers(out, names(offences));
    out.push_str(" must not set securityContext.procMount to ");
    quote_list(out, values(offences));
}
