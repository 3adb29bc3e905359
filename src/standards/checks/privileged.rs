//! `privileged` (baseline): no container is privileged.
//!
//! Looks at each container's `privileged`, which must not be true. The same in all versions.

use super::{
    About, Check, Demand, Level, Offence, Offences, Pod, Remedy, Revision, in_containers,
    phrase::{containers, names},
};

static PRIVILEGED: Demand = Demand::new(&["securityContext", "privileged"], Remedy::Set(&["false"]));

pub(super) const CHECK: Check = Check {
    id: "privileged",
    level: Level::Baseline,
    about: About {
        title: "Privileged containers",
        fields: &["spec.containers[*].securityContext.privileged"],
        allows: "false, or not set",
        protects: "A privileged container is root on the node: nearly nothing that isolates it is left.",
        cis: &["5.2.2"],
        nsa: &["1.2"],
        bad: include_str!("examples/privileged.bad.yaml"),
        good: include_str!("examples/privileged.good.yaml"),
    },
    revisions: &[Revision::since(0, "no container may be privileged", offences)],
    overrides: &[],
    reason: |_| "privileged",
    detail: |offences, out| {
        containers(out, names(offences));
        out.push_str(" must not set securityContext.privileged=true");
    },
};

fn offences<'p>(pod: &'p Pod<'_>, _: u32, found: &mut Offences<'p>) {
    in_containers(
        pod,
        |context| context.privileged,
        |place, privileged| {
            if privileged == Some(true) {
                found.push(Offence::new(place, &PRIVILEGED).found("true"));
            }
        },
    );
}
