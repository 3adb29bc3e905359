//! `seccompProfile_restricted` (restricted, since v1.19): every container has a seccomp profile.
//!
//! Looks at the type of the pod's and of each container's `seccompProfile`. It must be `RuntimeDefault` or `Localhost`
//! for every container, on the container or, where that has no profile, on the pod; and it must be nothing else
//! anywhere, on the pod not even where every container has its own. While it is something else anywhere, only that is
//! told. Since v1.25 pods for Windows are let through; they are then not asked for the baseline either.

use super::{
    About, Check, Level, Offence, Offences, Pod, Revision, in_containers,
    phrase::pod_or_containers,
    seccomp_profile_baseline::{TYPE, forbidden_types, in_fields},
};

pub(super) const CHECK: Check = Check {
    id: "seccompProfile_restricted",
    level: Level::Restricted,
    about: About {
        title: "Seccomp profile set",
        fields: &[
            "spec.securityContext.seccompProfile.type",
            "spec.containers[*].securityContext.seccompProfile.type",
            "spec.os.name",
        ],
        allows: "RuntimeDefault or Localhost, on the pod or on every container; any for Windows",
        protects: "Seccomp keeps a process from system calls that it does not need; the default is not to.",
        cis: &[],
        nsa: &["1.10"],
        bad: include_str!("examples/seccompProfile_restricted.bad.yaml"),
        good: include_str!("examples/seccompProfile_restricted.good.yaml"),
    },
    revisions: &[
        Revision::since(19, "a profile must be set", offences),
        Revision::since(25, "pods for Windows are let through", |pod, minor, found| {
            if !pod.spec.is_windows() {
                offences(pod, minor, found);
            }
        }),
    ],
    overrides: &["seccompProfile_baseline"],
    reason: |_| "seccompProfile",
    detail: |offences, out| {
        if offences.iter().any(|offence| offence.value().is_some()) {
            forbidden_types(offences, out);
        } else {
            pod_or_containers(out, offences);
            out.push_str(
                " must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"",
            );
        }
    },
};

fn offences<'p>(pod: &'p Pod<'_>, minor: u32, found: &mut Offences<'p>) {
    let begin = found.len();
    in_fields(pod, minor, found);
    let context = pod.spec.security_context.as_ref();
    if found.len() > begin || context.is_some_and(|context| context.seccomp_profile.is_some()) {
        return;
    }
    in_containers(
        pod,
        |context| context.seccomp_profile.as_ref(),
        |place, profile| {
            if profile.is_none() {
                found.push(Offence::new(place, &TYPE).or_on_pod());
            }
        },
    );
}
