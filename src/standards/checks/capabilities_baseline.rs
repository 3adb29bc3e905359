//! `capabilities_baseline` (baseline): no capabilities beyond those that a runtime gives by default.
//!
//! Looks at each container's `capabilities.add`. Allows the thirteen names of [`DEFAULT`], as they are written here.
//! What is dropped does not count. The same in all versions; at the restricted level `capabilities_restricted` takes
//! its place from v1.22 on.

use super::{
    About, Check, Demand, Level, Offence, Offences, Pod, Remedy, Revision, in_containers,
    phrase::{containers, names, quote_list, values},
};

static ADD: Demand = Demand::new(&["securityContext", "capabilities", "add"], Remedy::Remove);

/// What runtimes give by default.
const DEFAULT: &[&str] = &[
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

pub(super) const CHECK: Check = Check {
    id: "capabilities_baseline",
    level: Level::Baseline,
    about: About {
        title: "Capabilities beyond the default set",
        fields: &["spec.containers[*].securityContext.capabilities.add"],
        allows: "AUDIT_WRITE, CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, MKNOD, NET_BIND_SERVICE, SETFCAP, SETGID, \
                 SETPCAP, SETUID, SYS_CHROOT",
        protects: "Capabilities such as SYS_ADMIN or NET_RAW are parts of root's power over the node and its network.",
        cis: &["5.2.8", "5.2.9"],
        nsa: &[],
        bad: include_str!("examples/capabilities_baseline.bad.yaml"),
        good: include_str!("examples/capabilities_baseline.good.yaml"),
    },
    revisions: &[Revision::since(0, "thirteen capabilities may be added", offences)],
    overrides: &[],
    reason: |_| "non-default capabilities",
    detail: added,
};

fn offences<'p>(pod: &'p Pod<'_>, _: u32, found: &mut Offences<'p>) {
    in_containers(
        pod,
        |context| context.capabilities.as_ref(),
        |place, capabilities| {
            let added = capabilities.map_or(&[][..], |capabilities| &capabilities.add).iter().enumerate();
            for (index, name) in added.filter(|(_, name)| !DEFAULT.contains(&&***name)) {
                found.push(Offence::new(place, &ADD).at(index).found(&**name));
            }
        },
    );
}

fn added(offences: &[Offence<'_>], out: &mut String) {
    containers(out, names(offences));
    out.push_str(" must not include ");
    quote_list(out, values(offences));
    out.push_str(" in securityContext.capabilities.add");
}
