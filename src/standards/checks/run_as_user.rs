//! `runAsUser` (restricted, since v1.23): the user is not set to root.
//!
//! Looks at `runAsUser` of the pod and of each container, which must not be 0, on the pod not even where every container
//! has its own. Absent is allowed: `runAsNonRoot` sees to that. Since v1.35 pods with a user namespace of their own
//! (`hostUsers: false`) are let through.

use super::{
    About, Check, Demand, Level, Offence, Offences, Pod, Remedy, Revision, everywhere, phrase::setters,
};

static RUN_AS_USER: Demand = Demand::new(&["securityContext", "runAsUser"], Remedy::NonZero);

pub(super) const CHECK: Check = Check {
    id: "runAsUser",
    level: Level::Restricted,
    about: About {
        title: "User other than root",
        fields: &[
            "spec.securityContext.runAsUser",
            "spec.containers[*].securityContext.runAsUser",
            "spec.hostUsers",
        ],
        allows: "any number but 0, or not set; any in a user namespace of the pod's own",
        protects: "Root in a container is root on the node as soon as it gets out of it.",
        cis: &["5.2.7"],
        nsa: &["1.0", "1.6"],
        bad: include_str!("examples/runAsUser.bad.yaml"),
        good: include_str!("examples/runAsUser.good.yaml"),
    },
    revisions: &[
        Revision::since(23, "must not be 0", offences),
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
    reason: |_| "runAsUser=0",
    detail: |offences, out| {
        setters(out, offences);
        out.push_str(" must not set runAsUser=0");
    },
};

fn offences<'p>(pod: &'p Pod<'_>, _: u32, found: &mut Offences<'p>) {
    everywhere(
        pod,
        |context| context.run_as_user,
        |context| context.run_as_user,
        |place, user| {
            if user == Some(0) {
                found.push(Offence::new(place, &RUN_AS_USER).found("0"));
            }
        },
    );
}
