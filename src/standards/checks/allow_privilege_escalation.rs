//! `allowPrivilegeEscalation` (restricted, since v1.8): no process gains more privileges than its parent.
//!
//! Looks at each container's `allowPrivilegeEscalation`, which must be false; absent is not false. Since v1.25 pods for
//! Windows are let through.

use super::{
    About, Check, Demand, Level, Offence, Offences, Pod, Remedy, Revision, in_containers,
    phrase::{containers, names},
};

static ALLOW: Demand = Demand::new(&["securityContext", "allowPrivilegeEscalation"], Remedy::Set(&["false"]));

pub(super) const CHECK: Check = Check {
    id: "allowPrivilegeEscalation",
    level: Level::Restricted,
    about: About {
        title: "Privilege escalation",
        fields: &["spec.containers[*].securityContext.allowPrivilegeEscalation", "spec.os.name"],
        allows: "false; any for Windows",
        protects: "Without it a set-user-ID program such as sudo gives a process more than it was started with.",
        cis: &["5.2.6"],
        nsa: &["1.7"],
        bad: include_str!("examples/allowPrivilegeEscalation.bad.yaml"),
        good: include_str!("examples/allowPrivilegeEscalation.good.yaml"),
    },
    revisions: &[
        Revision::since(8, "must be false", offences),
        Revision::since(25, "pods for Windows are let through", |pod, minor, found| {
            if !pod.spec.is_windows() {
                offences(pod, minor, found);
            }
        }),
    ],
    overrides: &[],
    reason: |_| "allowPrivilegeEscalation != false",
    detail: |offences, out| {
        containers(out, names(offences));
        out.push_str(" must set securityContext.allowPrivilegeEscalation=false");
    },
};

fn offences<'p>(pod: &'p Pod<'_>, _: u32, found: &mut Offences<'p>) {
    in_containers(
        pod,
        |context| context.allow_privilege_escalation,
        |place, allowed| {
            let offence = || Offence::new(place, &ALLOW);
            match allowed {
                Some(false) => {}
                Some(true) => found.push(offence().found("true")),
                None => found.push(offence()),
            }
        },
    );
}
