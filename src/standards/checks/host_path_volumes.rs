//! `hostPathVolumes` (baseline): no folder of the node is mounted.
//!
//! Looks at the volumes' sources; `hostPath` is not allowed, even empty or beside another source. The same in all
//! versions; at the restricted level `restrictedVolumes` takes its place.

use super::{
    About, Check, Demand, Level, Offence, Offences, Place, Pod, Remedy, Revision, Sources,
    phrase::{by_count, quote_list},
};

static SOURCE: Demand = Demand::new(&["hostPath"], Remedy::UseSource(&["emptyDir", "persistentVolumeClaim"]));
const HOST_PATH: Sources = Sources::of(&["hostPath"]);

pub(super) const CHECK: Check = Check {
    id: "hostPathVolumes",
    level: Level::Baseline,
    about: About {
        title: "HostPath volumes",
        fields: &["spec.volumes[*].hostPath"],
        allows: "every other kind of volume",
        protects: "A folder of the node in a container leads to the node's files, credentials and container runtime.",
        cis: &["5.2.12"],
        nsa: &[],
        bad: include_str!("examples/hostPathVolumes.bad.yaml"),
        good: include_str!("examples/hostPathVolumes.good.yaml"),
    },
    revisions: &[Revision::since(0, "hostPath is forbidden", offences)],
    overrides: &[],
    reason: |_| "hostPath volumes",
    detail: |offences, out| {
        by_count(out, offences.len(), "volume ", "volumes ");
        quote_list(out, offences.iter().filter_map(Offence::volume));
    },
};

fn offences<'p>(pod: &'p Pod<'_>, _: u32, found: &mut Offences<'p>) {
    let volumes = pod.spec.volumes.iter().enumerate();
    for (index, volume) in volumes.filter(|(_, volume)| volume.sources.intersects(HOST_PATH)) {
        let place = Place::Volume { index, name: &volume.name };
        found.push(Offence::new(place, &SOURCE).found("hostPath"));
    }
}
