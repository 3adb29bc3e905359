//! A pod, slimmed to the fields that a check reads.
//!
//! Every type here reads what the API server's own decoder reads, from JSON (where it borrows what it can) and from
//! YAML: names are case-sensitive; `null` is the same as leaving a field out, also as an entry of a list; a value of
//! another type is an error, a number where a string belongs included; fields that no check reads are passed over.
//! In one point it is stricter: a field that stands twice is an error, as it is for kubectl.
//!
//! A pod template has the same two fields as a pod and is judged as one. Nothing is defaulted while reading; what the
//! API server fills in before it judges is [`Pod::default_as_pod`] and [`Pod::default_as_template`].

mod annotations;
#[macro_use]
mod decode;
mod defaults;
mod json;
mod owned;
mod strict;
mod text;
mod volume;

pub use annotations::{APPARMOR_PREFIX, Annotations, SECCOMP_CONTAINER_PREFIX, SECCOMP_POD};
pub use decode::PodError;
pub use json::{Extent, from_served};
pub use owned::OwnedPod;
use strict::Strict;
pub use text::Text;
pub use volume::{Sources, Volume};

object! {
    /// A pod or a pod template.
    pub struct Pod<'a> {
        /// Its metadata.
        "metadata" => metadata: Metadata<'a>,
        /// What runs in it. A pod without containers has nothing that a container could do wrong.
        "spec" => spec: Spec<'a>,
    }
}

object! {
    /// The metadata of a pod, or of a pod template.
    pub struct Metadata<'a> {
        /// The annotations that a check reads.
        "annotations" => annotations: Annotations<'a>,
    }
}

object! {
    /// The specification of a pod.
    pub struct Spec<'a> {
        /// Containers that run before the others; sidecars are among them.
        "initContainers" => init_containers: Vec<Container<'a>>,
        /// Its containers.
        "containers" => containers: Vec<Container<'a>>,
        /// Containers that were added for debugging.
        "ephemeralContainers" => ephemeral_containers: Vec<Container<'a>>,
        /// Whether it is in the node's network namespace.
        "hostNetwork" => host_network: bool,
        /// Whether it is in the node's process namespace.
        "hostPID" => host_pid: bool,
        /// Whether it is in the node's namespace of inter-process communication.
        "hostIPC" => host_ipc: bool,
        /// Whether it is in the node's user namespace. Absent is not false.
        "hostUsers" => host_users: Option<bool>,
        /// The operating system that it asks for.
        "os" => os: Option<Os<'a>>,
        /// Settings for all of its containers.
        "securityContext" => security_context: Option<PodSecurityContext<'a>>,
        /// Its volumes.
        "volumes" => volumes: Vec<Volume<'a>>,
        /// Its runtime class, which an API server may exempt. No check reads it.
        "runtimeClassName" => runtime_class_name: Text<'a>,
    }
}

object! {
    /// An operating system.
    pub struct Os<'a> {
        /// `linux` or `windows`.
        "name" => name: Text<'a>,
    }
}

object! {
    /// A container of any of the three lists.
    pub struct Container<'a> {
        /// Its name, which messages print.
        "name" => name: Text<'a>,
        /// Its ports.
        "ports" => ports: Vec<Port>,
        /// Its security settings.
        "securityContext" => security_context: Option<SecurityContext<'a>>,
        /// The probe that restarts it.
        "livenessProbe" => liveness_probe: Option<Handler<'a>>,
        /// The probe that takes it out of service.
        "readinessProbe" => readiness_probe: Option<Handler<'a>>,
        /// The probe that the others wait for.
        "startupProbe" => startup_probe: Option<Handler<'a>>,
        /// What runs at its start and end.
        "lifecycle" => lifecycle: Option<Lifecycle<'a>>,
    }
}

object! {
    /// A container's port.
    pub struct Port {
        /// The port of the node; 0 is none.
        "hostPort" => host_port: i32,
        /// The port of the container. Read for [`Pod::default_as_pod`] only.
        "containerPort" => container_port: i32,
    }
}

object! {
    /// The two handlers of a container's life.
    pub struct Lifecycle<'a> {
        /// Runs after the start.
        "postStart" => post_start: Option<Handler<'a>>,
        /// Runs before the end.
        "preStop" => pre_stop: Option<Handler<'a>>,
    }
}

object! {
    /// What a probe or a lifecycle handler asks over the network.
    pub struct Handler<'a> {
        /// An HTTP request.
        "httpGet" => http_get: Option<Target<'a>>,
        /// A TCP connection.
        "tcpSocket" => tcp_socket: Option<Target<'a>>,
    }
}

object! {
    /// Where a request or a connection goes.
    pub struct Target<'a> {
        /// The host; empty means the pod itself.
        "host" => host: Text<'a>,
    }
}

object! {
    /// Security settings for all containers of a pod.
    pub struct PodSecurityContext<'a> {
        /// The AppArmor profile.
        "appArmorProfile" => app_armor_profile: Option<Profile<'a>>,
        /// The seccomp profile.
        "seccompProfile" => seccomp_profile: Option<Profile<'a>>,
        /// The SELinux context.
        "seLinuxOptions" => se_linux_options: Option<SeLinuxOptions<'a>>,
        /// Windows settings.
        "windowsOptions" => windows_options: Option<WindowsOptions>,
        /// Whether root is refused.
        "runAsNonRoot" => run_as_non_root: Option<bool>,
        /// The user.
        "runAsUser" => run_as_user: Option<i64>,
        /// Kernel parameters.
        "sysctls" => sysctls: Vec<Sysctl<'a>>,
    }
}

object! {
    /// Security settings of one container.
    pub struct SecurityContext<'a> {
        /// Whether a process may gain more privileges than its parent.
        "allowPrivilegeEscalation" => allow_privilege_escalation: Option<bool>,
        /// The AppArmor profile.
        "appArmorProfile" => app_armor_profile: Option<Profile<'a>>,
        /// Capabilities added and dropped.
        "capabilities" => capabilities: Option<Capabilities<'a>>,
        /// Whether it is as root on the node.
        "privileged" => privileged: Option<bool>,
        /// How `/proc` is mounted. Present and empty is not absent.
        "procMount" => proc_mount: Option<Text<'a>>,
        /// Whether root is refused.
        "runAsNonRoot" => run_as_non_root: Option<bool>,
        /// The user.
        "runAsUser" => run_as_user: Option<i64>,
        /// The seccomp profile.
        "seccompProfile" => seccomp_profile: Option<Profile<'a>>,
        /// The SELinux context.
        "seLinuxOptions" => se_linux_options: Option<SeLinuxOptions<'a>>,
        /// Windows settings.
        "windowsOptions" => windows_options: Option<WindowsOptions>,
    }
}

object! {
    /// An AppArmor or seccomp profile.
    pub struct Profile<'a> {
        /// `RuntimeDefault`, `Localhost`, `Unconfined`.
        "type" => kind: Text<'a>,
    }
}

object! {
    /// An SELinux context; its level is free.
    pub struct SeLinuxOptions<'a> {
        /// The type.
        "type" => kind: Text<'a>,
        /// The user.
        "user" => user: Text<'a>,
        /// The role.
        "role" => role: Text<'a>,
    }
}

object! {
    /// Windows settings.
    pub struct WindowsOptions {
        /// Whether it runs as a process of the node.
        "hostProcess" => host_process: Option<bool>,
    }
}

object! {
    /// Linux capabilities.
    pub struct Capabilities<'a> {
        /// Added to what the runtime gives.
        "add" => add: Vec<Text<'a>>,
        /// Taken from what the runtime gives.
        "drop" => drop: Vec<Text<'a>>,
    }
}

object! {
    /// A kernel parameter; its value is not looked at.
    pub struct Sysctl<'a> {
        /// Its name.
        "name" => name: Text<'a>,
    }
}

/// Which of the three lists a container stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContainerList {
    /// `initContainers`.
    Init,
    /// `containers`.
    Regular,
    /// `ephemeralContainers`.
    Ephemeral,
}

impl ContainerList {
    /// The list's name in a pod's specification.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Init => "initContainers",
            Self::Regular => "containers",
            Self::Ephemeral => "ephemeralContainers",
        }
    }
}

impl Spec<'_> {
    /// Whether the pod says that it is for Windows. Nothing else than `os.name` counts.
    pub(super) fn is_windows(&self) -> bool {
        self.os.as_ref().is_some_and(|os| &*os.name == "windows")
    }

    /// Whether the pod has a user namespace of its own.
    pub(super) fn has_user_namespace(&self) -> bool {
        self.host_users == Some(false)
    }
}
