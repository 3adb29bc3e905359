//! The checks, one a file: what it looks at, what it allows and since when, and then its table of versions.
//!
//! A new check is a file here and a line in [`CHECKS`]. A check that changes gets a line in its `revisions`. What a
//! check says must be what `pod-security-admission` says, to the byte; `tests/standards` compares the two.

mod allow_privilege_escalation;
mod app_armor_profile;
mod capabilities_baseline;
mod capabilities_restricted;
mod host_namespaces;
mod host_path_volumes;
mod host_ports;
mod host_probes_and_host_lifecycle;
mod privileged;
mod proc_mount;
mod proc_mount_restricted;
mod restricted_volumes;
mod run_as_non_root;
mod run_as_user;
mod se_linux_options;
mod seccomp_profile_baseline;
mod seccomp_profile_restricted;
mod sysctls;
mod windows_host_process;

// What nearly every check needs; the checks take it from here.
use super::{
    Level,
    offence::{Demand, Offence, Offences, Remedy},
    path::Place,
    phrase,
    pod::{
        APPARMOR_PREFIX, Container, ContainerList, Handler, Pod, PodSecurityContext,
        SECCOMP_CONTAINER_PREFIX, SECCOMP_POD, SeLinuxOptions, SecurityContext, Sources, Volume,
        WindowsOptions,
    },
    registry::{About, Check, Revision},
};

/// All checks, in the order in which messages name them: baseline before restricted, each by id.
pub(super) static CHECKS: [Check; 19] = [
    app_armor_profile::CHECK,
    capabilities_baseline::CHECK,
    host_namespaces::CHECK,
    host_path_volumes::CHECK,
    host_ports::CHECK,
    host_probes_and_host_lifecycle::CHECK,
    privileged::CHECK,
    proc_mount::CHECK,
    se_linux_options::CHECK,
    seccomp_profile_baseline::CHECK,
    sysctls::CHECK,
    windows_host_process::CHECK,
    allow_privilege_escalation::CHECK,
    capabilities_restricted::CHECK,
    proc_mount_restricted::CHECK,
    restricted_volumes::CHECK,
    run_as_non_root::CHECK,
    run_as_user::CHECK,
    seccomp_profile_restricted::CHECK,
];

/// Visits all containers in upstream's order: init containers, containers, ephemeral containers.
///
/// Not an iterator: a chain of three takes twice as long over the one container that most pods have.
fn visit<'p>(pod: &'p Pod<'_>, mut look: impl FnMut(Place<'p>, &'p Container<'p>)) {
    let spec = &pod.spec;
    let lists: [(_, &'p [Container<'p>]); 3] = [
        (ContainerList::Init, &spec.init_containers),
        (ContainerList::Regular, &spec.containers),
        (ContainerList::Ephemeral, &spec.ephemeral_containers),
    ];
    for (list, containers) in lists {
        for (index, container) in containers.iter().enumerate() {
            look(Place::Container { list, index, name: &container.name }, container);
        }
    }
}

/// Visits a setting of each container; `None` where it has no security context, or that has no such setting.
fn in_containers<'p, T: 'p>(
    pod: &'p Pod<'_>,
    setting: impl Fn(&'p SecurityContext<'p>) -> Option<T>,
    mut look: impl FnMut(Place<'p>, Option<T>),
) {
    visit(pod, |place, container| look(place, container.security_context.as_ref().and_then(&setting)));
}

/// Visits a setting that pods and containers share: that of the pod, then that of each container.
fn everywhere<'p, T: 'p>(
    pod: &'p Pod<'_>,
    of_pod: impl Fn(&'p PodSecurityContext<'p>) -> Option<T>,
    of_container: impl Fn(&'p SecurityContext<'p>) -> Option<T>,
    mut look: impl FnMut(Place<'p>, Option<T>),
) {
    look(Place::Pod, pod.spec.security_context.as_ref().and_then(of_pod));
    in_containers(pod, of_container, look);
}
