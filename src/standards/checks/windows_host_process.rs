//! `windowsHostProcess` (baseline): nothing runs as a process of a Windows node.
//!
//! Looks at `windowsOptions.hostProcess` of the pod and of each container, which must not be true; whatever `os` says,
//! and also where every container has its own. The same in all versions.

use super::{
    About, Check, Demand, Level, Offence, Offences, Pod, Remedy, Revision, WindowsOptions, everywhere,
    phrase::setters,
};

static HOST_PROCESS: Demand =
    Demand::new(&["securityContext", "windowsOptions", "hostProcess"], Remedy::Set(&["false"]));

pub(super) const CHECK: Check = Check {
    id: "windowsHostProcess",
    level: Level::Baseline,
    about: About {
        title: "Windows host processes",
        fields: &[
            "spec.securityContext.windowsOptions.hostProcess",
            "spec.containers[*].securityContext.windowsOptions.hostProcess",
        ],
        allows: "false, or not set",
        protects: "A host process runs on the Windows node itself, without a container around it.",
        cis: &["5.2.11"],
        nsa: &[],
        bad: include_str!("examples/windowsHostProcess.bad.yaml"),
        good: include_str!("examples/windowsHostProcess.good.yaml"),
    },
    revisions: &[Revision::since(0, "no host processes", offences)],
    overrides: &[],
    reason: |_| "hostProcess",
    detail: |offences, out| {
        setters(out, offences);
        out.push_str(" must not set securityContext.windowsOptions.hostProcess=true");
    },
};

fn offences<'p>(pod: &'p Pod<'_>, _: u32, found: &mut Offences<'p>) {
    let is_set = |options: Option<&WindowsOptions>| options?.host_process;
    everywhere(
        pod,
        |context| is_set(context.windows_options.as_ref()),
        |context| is_set(context.windows_options.as_ref()),
        |place, host_process| {
            if host_process == Some(true) {
                found.push(Offence::new(place, &HOST_PROCESS).found("true"));
            }
        },
    );
}
