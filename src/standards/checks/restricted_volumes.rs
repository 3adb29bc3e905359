//! `restrictedVolumes` (restricted): only kinds of volumes that bring nothing from outside the cluster's care.
//!
//! Looks at the volumes' sources. Allows a volume that has any of [`ALLOWED`]; the others are named by the first of
//! [`FORBIDDEN`] that they have, else as `unknown`. A volume without a source is `unknown` too; the API server makes it
//! an `emptyDir` before it judges. A volume with a source that is not known here is in doubt. The same in all
//! versions; it takes the place of `hostPathVolumes`.

use super::{
    About, Check, Demand, Level, Offence, Offences, Place, Pod, Remedy, Revision, Sources, Volume,
    phrase::{by_count, quote_list, values},
};

const ALLOWED: Sources = Sources::of(USE);

const USE: &[&str] = &[
    "emptyDir",
    "persistentVolumeClaim",
    "configMap",
    "csi",
    "downwardAPI",
    "ephemeral",
    "image",
    "projected",
    "secret",
];

/// The kinds that are named, in the order in which upstream looks for them.
static FORBIDDEN: [(Sources, Demand); 21] = [
    kind(&["hostPath"]),
    kind(&["gcePersistentDisk"]),
    kind(&["awsElasticBlockStore"]),
    kind(&["gitRepo"]),
    kind(&["nfs"]),
    kind(&["iscsi"]),
    kind(&["glusterfs"]),
    kind(&["rbd"]),
    kind(&["flexVolume"]),
    kind(&["cinder"]),
    kind(&["cephfs"]),
    kind(&["flocker"]),
    kind(&["fc"]),
    kind(&["azureFile"]),
    kind(&["vsphereVolume"]),
    kind(&["quobyte"]),
    kind(&["azureDisk"]),
    kind(&["photonPersistentDisk"]),
    kind(&["portworxVolume"]),
    kind(&["scaleIO"]),
    kind(&["storageos"]),
];

const fn kind(name: &'static [&'static str]) -> (Sources, Demand) {
    (Sources::of(name), Demand::new(name, Remedy::UseSource(USE)))
}

/// The volume as a whole.
static OTHER: Demand = Demand::new(&[], Remedy::UseSource(USE));

pub(super) const CHECK: Check = Check {
    id: "restrictedVolumes",
    level: Level::Restricted,
    about: About {
        title: "Kinds of volumes",
        fields: &["spec.volumes[*]"],
        allows: "configMap, csi, downwardAPI, emptyDir, ephemeral, image, persistentVolumeClaim, projected, secret",
        protects: "Other kinds reach the node's files, or storage that nobody has put under the cluster's care.",
        cis: &["5.2.12"],
        nsa: &[],
        bad: include_str!("examples/restrictedVolumes.bad.yaml"),
        good: include_str!("examples/restrictedVolumes.good.yaml"),
    },
    revisions: &[Revision::since(0, "nine kinds", offences)],
    overrides: &["hostPathVolumes"],
    reason: |_| "restricted volume types",
    detail,
};

fn offences<'p>(pod: &'p Pod<'_>, _: u32, found: &mut Offences<'p>) {
    let volumes = pod.spec.volumes.iter().enumerate();
    for (index, volume) in volumes.filter(|(_, volume)| !volume.sources.intersects(ALLOWED)) {
        found.push(of(index, volume));
    }
}

fn of<'p>(index: usize, volume: &'p Volume<'_>) -> Offence<'p> {
    let place = Place::Volume { index, name: &volume.name };
    let named = FORBIDDEN.iter().find(|(source, _)| volume.sources.intersects(*source));
    let demand = named.map_or(&OTHER, |(_, demand)| demand);
    Offence::new(place, demand)
        .found(demand.field.keys.first().copied().unwrap_or("unknown"))
        .in_doubt(volume.sources.intersects(Sources::UNKNOWN))
}

fn detail(offences: &[Offence<'_>], out: &mut String) {
    let kinds = values(offences);
    by_count(out, offences.len(), "volume ", "volumes ");
    quote_list(out, offences.iter().filter_map(Offence::volume));
    by_count(out, offences.len(), " uses ", " use ");
    by_count(out, kinds.len(), "restricted volume type ", "restricted volume types ");
    quote_list(out, kinds);
}
