//! `capabilities_restricted` (restricted, since v1.22): every container drops all capabilities and adds none but
//! `NET_BIND_SERVICE`.
//!
//! Looks at each container's `capabilities`: `drop` must hold `ALL`, `add` may hold `NET_BIND_SERVICE` only. A
//! container without `capabilities` is told about `drop` alone. Since v1.25 pods for Windows are let through; they are
//! then not asked for the baseline either.

use super::{
    About, Check, Demand, Level, Offence, Offences, Pod, Remedy, Revision, in_containers,
    phrase::{containers, names, quote_list, values},
};

static ADD: Demand = Demand::new(&["securityContext", "capabilities", "add"], Remedy::Remove);
static DROP: Demand = Demand::new(&["securityContext", "capabilities", "drop"], Remedy::Set(&["[\"ALL\"]"]));

pub(super) const CHECK: Check = Check {
    id: "capabilities_restricted",
    level: Level::Restricted,
    about: About {
        title: "Capabilities dropped",
        fields: &[
            "spec.containers[*].securityContext.capabilities.drop",
            "spec.containers[*].securityContext.capabilities.add",
            "spec.os.name",
        ],
        allows: "drop holds ALL, add holds nothing but NET_BIND_SERVICE; any for Windows",
        protects: "A process that is broken into has no part of root's power left to use.",
        cis: &["5.2.8", "5.2.9", "5.2.10"],
        nsa: &[],
        bad: include_str!("examples/capabilities_restricted.bad.yaml"),
        good: include_str!("examples/capabilities_restricted.good.yaml"),
    },
    revisions: &[
        Revision::since(22, "ALL is dropped, NET_BIND_SERVICE may be added", offences),
        Revision::since(25, "pods for Windows are let through", |pod, minor, found| {
            if !pod.spec.is_windows() {
                offences(pod, minor, found);
            }
        }),
    ],
    overrides: &["capabilities_baseline"],
    reason: |_| "unrestricted capabilities",
    detail,
};

fn offences<'p>(pod: &'p Pod<'_>, _: u32, found: &mut Offences<'p>) {
    in_containers(
        pod,
        |context| context.capabilities.as_ref(),
        |place, capabilities| {
            let (add, drop) = capabilities.map_or((&[][..], &[][..]), |both| (&both.add, &both.drop));
            if !drop.iter().any(|name| &**name == "ALL") {
                found.push(Offence::new(place, &DROP));
            }
            for (index, name) in add.iter().enumerate().filter(|(_, name)| &***name != "NET_BIND_SERVICE") {
                found.push(Offence::new(place, &ADD).at(index).found(&**name));
            }
        },
    );
}

fn detail(offences: &[Offence<'_>], out: &mut String) {
    let kept = offences.iter().filter(|offence| offence.index.is_none());
    let added = offences.iter().filter(|offence| offence.index.is_some());
    let begin = out.len();
    if kept.clone().next().is_some() {
        containers(out, names(kept));
        out.push_str(" must set securityContext.capabilities.drop=[\"ALL\"]");
    }
    if added.clone().next().is_some() {
        out.push_str(if out.len() == begin { "" } else { "; " });
        containers(out, names(added.clone()));
        out.push_str(" must not include ");
        quote_list(out, values(added));
        out.push_str(" in securityContext.capabilities.add");
    }
}
