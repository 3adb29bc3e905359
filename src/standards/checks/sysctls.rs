//! `sysctls` (baseline): no kernel parameters but those that stay within the pod.
//!
//! Looks at the names of the pod's `sysctls`. Allows those of [`SAFE`], as they are written there; the value is free.

use super::{About, Check, Demand, Level, Offence, Offences, Place, Pod, Remedy, Revision, phrase::join};

static SYSCTLS: Demand = Demand::new(&["securityContext", "sysctls"], Remedy::Remove);

/// The parameters that are allowed, by the minor since which they are. Each line is a revision of the check.
const SAFE: &[(u32, &[&str])] = &[
    (
        0,
        &[
            "kernel.shm_rmid_forced",
            "net.ipv4.ip_local_port_range",
            "net.ipv4.ip_unprivileged_port_start",
            "net.ipv4.ping_group_range",
            "net.ipv4.tcp_syncookies",
        ],
    ),
    (27, &["net.ipv4.ip_local_reserved_ports"]),
    (
        29,
        &[
            "net.ipv4.tcp_keepalive_time",
            "net.ipv4.tcp_fin_timeout",
            "net.ipv4.tcp_keepalive_intvl",
            "net.ipv4.tcp_keepalive_probes",
        ],
    ),
    (32, &["net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"]),
    (37, &["net.ipv4.tcp_slow_start_after_idle", "net.ipv4.tcp_notsent_lowat"]),
];

pub(super) const CHECK: Check = Check {
    id: "sysctls",
    level: Level::Baseline,
    about: About {
        title: "Kernel parameters",
        fields: &["spec.securityContext.sysctls[*].name"],
        allows: "parameters that Kubernetes counts as safe",
        protects: "Other parameters reach beyond the pod: to other pods, or to the whole node.",
        cis: &[],
        nsa: &[],
        bad: include_str!("examples/sysctls.bad.yaml"),
        good: include_str!("examples/sysctls.good.yaml"),
    },
    revisions: &Revision::each::<{ SAFE.len() }>(SAFE, "allows", offences),
    overrides: &[],
    reason: |_| "forbidden sysctls",
    // In the order of the list, with duplicates, without quotes.
    detail: |offences, out| join(out, offences.iter().filter_map(Offence::value), ", "),
};

fn offences<'p>(pod: &'p Pod<'_>, minor: u32, found: &mut Offences<'p>) {
    let sysctls = pod.spec.security_context.iter().flat_map(|context| context.sysctls.iter().enumerate());
    sysctls
        .map(|(index, sysctl)| (index, &*sysctl.name))
        .filter(|(_, name)| !SAFE.iter().any(|(since, names)| *since <= minor && names.contains(name)))
        .for_each(|(index, name)| {
            found.push(Offence::new(Place::Pod, &SYSCTLS).at(index).found(name));
        });
}
