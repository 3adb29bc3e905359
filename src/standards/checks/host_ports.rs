//! `hostPorts` (baseline): no port of the node is taken.
//!
//! Looks at each container's `ports[*].hostPort`, which must be 0 or absent. The same in all versions. Under
//! `hostNetwork` the API server sets a missing one to the `containerPort` before it judges.

use super::{
    About, Check, Demand, Level, Offence, Offences, Pod, Remedy, Revision,
    phrase::{self, by_count, join, names, values},
    visit,
};

static PORT: Demand = Demand::of_entries(&["ports"], "hostPort", Remedy::Remove);

pub(super) const CHECK: Check = Check {
    id: "hostPorts",
    level: Level::Baseline,
    about: About {
        title: "Ports of the node",
        fields: &["spec.containers[*].ports[*].hostPort"],
        allows: "0, or not set",
        protects: "A port of the node passes by network policies, and may take the place of a service of the node.",
        cis: &["5.2.13"],
        nsa: &[],
        bad: include_str!("examples/hostPorts.bad.yaml"),
        good: include_str!("examples/hostPorts.good.yaml"),
    },
    revisions: &[Revision::since(0, "no port may be taken", offences)],
    overrides: &[],
    reason: |_| "hostPort",
    detail,
};

fn offences<'p>(pod: &'p Pod<'_>, _: u32, found: &mut Offences<'p>) {
    visit(pod, |place, container| {
        for (index, port) in container.ports.iter().enumerate().filter(|(_, port)| port.host_port != 0) {
            found.push(Offence::new(place, &PORT).at(index).found(port.host_port.to_string()));
        }
    });
}

fn detail(offences: &[Offence<'_>], out: &mut String) {
    let names = names(offences);
    // Sorted as strings: 443 stands before 80.
    let ports = values(offences);
    phrase::containers(out, names.clone());
    by_count(out, names.count(), " uses ", " use ");
    by_count(out, ports.len(), "hostPort ", "hostPorts ");
    join(out, ports, ", ");
}
