//! `hostNamespaces` (baseline): the pod does not share the node's namespaces.
//!
//! Looks at `hostNetwork`, `hostPID` and `hostIPC`; none may be true. The same in all versions.

use super::{About, Check, Demand, Level, Offence, Offences, Place, Pod, Remedy, Revision};

static NETWORK: Demand = Demand::new(&["hostNetwork"], Remedy::Set(&["false"]));
static PID: Demand = Demand::new(&["hostPID"], Remedy::Set(&["false"]));
static IPC: Demand = Demand::new(&["hostIPC"], Remedy::Set(&["false"]));

pub(super) const CHECK: Check = Check {
    id: "hostNamespaces",
    level: Level::Baseline,
    about: About {
        title: "Namespaces of the node",
        fields: &["spec.hostNetwork", "spec.hostPID", "spec.hostIPC"],
        allows: "false, or not set",
        protects: "In the node's namespaces a container sees, and may disturb, the node's network, processes and memory.",
        cis: &["5.2.3", "5.2.4", "5.2.5"],
        nsa: &["1.4", "1.5"],
        bad: include_str!("examples/hostNamespaces.bad.yaml"),
        good: include_str!("examples/hostNamespaces.good.yaml"),
    },
    revisions: &[Revision::since(0, "none may be shared", offences)],
    overrides: &[],
    reason: |_| "host namespaces",
    detail: |offences, out| {
        let shared = offences.iter().filter_map(|offence| offence.demand.field.keys.first());
        for (index, key) in shared.enumerate() {
            out.push_str(if index > 0 { ", " } else { "" });
            out.push_str(key);
            out.push_str("=true");
        }
    },
};

fn offences<'p>(pod: &'p Pod<'_>, _: u32, found: &mut Offences<'p>) {
    let spec = &pod.spec;
    for (demand, is_shared) in [(&NETWORK, spec.host_network), (&PID, spec.host_pid), (&IPC, spec.host_ipc)] {
        if is_shared {
            found.push(Offence::new(Place::Pod, demand).found("true"));
        }
    }
}
