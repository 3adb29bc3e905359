//! `runAsNonRoot` (restricted): the kubelet refuses to run as root.
//!
//! Looks at `runAsNonRoot` of the pod and of each container. It must be true for every container, on the container or,
//! where that leaves it open, on the pod; and it must be false nowhere, on the pod not even where every container has
//! its own. While it is false anywhere, only that is told. A user other than root does not help, and there is nothing
//! special about Windows. Since v1.35 pods with a user namespace of their own (`hostUsers: false`) are let through.

use super::{
    About, Check, Demand, Level, Offence, Offences, Pod, Remedy, Revision, everywhere, in_containers,
    phrase::{pod_or_containers, setters},
};

static RUN_AS_NON_ROOT: Demand = Demand::new(&["securityContext", "runAsNonRoot"], Remedy::Set(&["true"]));

pub(super) const CHECK: Check = Check {
    id: "runAsNonRoot",
    level: Level::Restricted,
    about: About {
        title: "Running as another user than root",
        fields: &[
            "spec.securityContext.runAsNonRoot",
            "spec.containers[*].securityContext.runAsNonRoot",
            "spec.hostUsers",
        ],
        allows: "true on the pod or on every container, and false nowhere; any in a user namespace of the pod's own",
        protects: "Root in a container is root on the node as soon as it gets out of it.",
        cis: &["5.2.7"],
        nsa: &["1.0", "1.6"],
        bad: include_str!("examples/runAsNonRoot.bad.yaml"),
        good: include_str!("examples/runAsNonRoot.good.yaml"),
    },
    revisions: &[
        Revision::since(0, "must be true", offences),
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
    reason: |_| "runAsNonRoot != true",
    detail: |offences, out| {
        if offences.iter().any(|offence| offence.value().is_some()) {
            setters(out, offences);
            out.push_str(" must not set securityContext.runAsNonRoot=false");
        } else {
            pod_or_containers(out, offences);
            out.push_str(" must set securityContext.runAsNonRoot=true");
        }
    },
};

fn offences<'p>(pod: &'p Pod<'_>, _: u32, found: &mut Offences<'p>) {
    let begin = found.len();
    everywhere(
        pod,
        |context| context.run_as_non_root,
        |context| context.run_as_non_root,
        |place, value| {
            if value == Some(false) {
                found.push(Offence::new(place, &RUN_AS_NON_ROOT).found("false"));
            }
        },
    );
    let of_pod = pod.spec.security_context.as_ref().and_then(|context| context.run_as_non_root);
    if found.len() > begin || of_pod == Some(true) {
        return;
    }
    in_containers(
        pod,
        |context| context.run_as_non_root,
        |place, value| {
            if value.is_none() {
                found.push(Offence::new(place, &RUN_AS_NON_ROOT).or_on_pod());
            }
        },
    );
}
