//! `seLinuxOptions` (baseline): the SELinux context is that of a container.
//!
//! Looks at `type`, `user` and `role` of the pod's and of each container's `seLinuxOptions`. Allows the types of
//! [`TYPES`] and an empty one; user and role must be empty; the level is free.

use super::{
    About, Check, Demand, Level, Offence, Offences, Place, Pod, Remedy, Revision, SeLinuxOptions, everywhere,
    phrase::{by_count, quote_list, setters, values},
};

static TYPE: Demand = Demand::new(&["securityContext", "seLinuxOptions", "type"], Remedy::Set(TYPES[0].1));
static USER: Demand = Demand::new(&["securityContext", "seLinuxOptions", "user"], Remedy::Remove);
static ROLE: Demand = Demand::new(&["securityContext", "seLinuxOptions", "role"], Remedy::Remove);

/// The types that are allowed, by the minor since which they are. Each line is a revision of the check.
const TYPES: &[(u32, &[&str])] =
    &[(0, &["container_t", "container_init_t", "container_kvm_t"]), (31, &["container_engine_t"])];

pub(super) const CHECK: Check = Check {
    id: "seLinuxOptions",
    level: Level::Baseline,
    about: About {
        title: "SELinux context",
        fields: &[
            "spec.securityContext.seLinuxOptions.{type,user,role}",
            "spec.containers[*].securityContext.seLinuxOptions.{type,user,role}",
        ],
        allows: "type container_t, container_init_t, container_kvm_t or container_engine_t, or not set; no user, no role",
        protects: "SELinux keeps a container from files and processes that are not its own; another context may not.",
        cis: &[],
        nsa: &["1.8"],
        bad: include_str!("examples/seLinuxOptions.bad.yaml"),
        good: include_str!("examples/seLinuxOptions.good.yaml"),
    },
    revisions: &Revision::each::<{ TYPES.len() }>(TYPES, "allows the types", offences),
    overrides: &[],
    reason: |_| "seLinuxOptions",
    detail,
};

fn offences<'p>(pod: &'p Pod<'_>, minor: u32, found: &mut Offences<'p>) {
    everywhere(
        pod,
        |context| context.se_linux_options.as_ref(),
        |context| context.se_linux_options.as_ref(),
        |place, options| {
            if let Some(options) = options {
                of_options(place, options, minor).for_each(|offence| found.push(offence));
            }
        },
    );
}

fn of_options<'p>(
    place: Place<'p>,
    options: &'p SeLinuxOptions<'_>,
    minor: u32,
) -> impl Iterator<Item = Offence<'p>> {
    let is_type_allowed = options.kind.is_empty() || is_allowed(&options.kind, minor);
    let fields = [
        (&TYPE, &options.kind, is_type_allowed),
        (&USER, &options.user, options.user.is_empty()),
        (&ROLE, &options.role, options.role.is_empty()),
    ];
    let forbidden = fields.into_iter().filter(|(_, _, is_allowed)| !is_allowed);
    forbidden.map(move |(demand, value, _)| Offence::new(place, demand).found(&**value))
}

fn is_allowed(kind: &str, minor: u32) -> bool {
    TYPES.iter().any(|(since, types)| *since <= minor && types.contains(&kind))
}

fn detail(offences: &[Offence<'_>], out: &mut String) {
    setters(out, offences);
    out.push_str(" set forbidden securityContext.seLinuxOptions: ");
    let types = values(offences.iter().filter(|offence| *offence.demand == TYPE));
    let begin = out.len();
    if !types.is_empty() {
        by_count(out, types.len(), "type ", "types ");
        quote_list(out, &types);
    }
    for (demand, part) in [(&USER, "user may not be set"), (&ROLE, "role may not be set")] {
        if offences.iter().any(|offence| offence.demand == demand) {
            out.push_str(if out.len() == begin { "" } else { "; " });
            out.push_str(part);
        }
    }
}
