//! `appArmorProfile` (baseline): the AppArmor profile must not be overridden or switched off.
//!
//! Looks at the type of the pod's and of each container's `appArmorProfile`, and at the annotations
//! `container.apparmor.security.beta.kubernetes.io/…` of the pod. Allows the types `RuntimeDefault` and `Localhost`,
//! and no profile at all; annotations that are empty, `runtime/default` or begin with `localhost/`, whether the
//! container they name exists or not. A bad profile of the pod counts also where every container has its own.
//! The same in all versions.

use super::{
    APPARMOR_PREFIX, About, Check, Demand, Level, Offence, Offences, Place, Pod, Remedy, Revision,
    everywhere,
    phrase::{annotations, quote_list, setters, values},
};

static TYPE: Demand = Demand::new(&["securityContext", "appArmorProfile", "type"], Remedy::Set(ALLOWED));
static ANNOTATION: Demand = Demand::new(&[], Remedy::Set(&["runtime/default"]));
const ALLOWED: &[&str] = &["RuntimeDefault", "Localhost"];

pub(super) const CHECK: Check = Check {
    id: "appArmorProfile",
    level: Level::Baseline,
    about: About {
        title: "AppArmor profile",
        fields: &[
            "spec.securityContext.appArmorProfile.type",
            "spec.containers[*].securityContext.appArmorProfile.type",
            "metadata.annotations[\"container.apparmor.security.beta.kubernetes.io/*\"]",
        ],
        allows: "no profile, RuntimeDefault or Localhost; annotations runtime/default and localhost/…",
        protects: "AppArmor confines what a process may do on the node; Unconfined takes that away.",
        cis: &[],
        nsa: &["1.9"],
        bad: include_str!("examples/appArmorProfile.bad.yaml"),
        good: include_str!("examples/appArmorProfile.good.yaml"),
    },
    revisions: &[Revision::since(0, "fields and annotations", offences)],
    overrides: &[],
    reason: |offences| match distinct(offences) {
        1 => "forbidden AppArmor profile",
        _ => "forbidden AppArmor profiles",
    },
    detail,
};

fn offences<'p>(pod: &'p Pod<'_>, _: u32, found: &mut Offences<'p>) {
    everywhere(
        pod,
        |context| context.app_armor_profile.as_ref(),
        |context| context.app_armor_profile.as_ref(),
        |place, profile| {
            if let Some(kind) = profile.map(|profile| &*profile.kind).filter(|kind| !ALLOWED.contains(kind)) {
                found.push(Offence::new(place, &TYPE).found(kind));
            }
        },
    );
    let annotations = pod.metadata.annotations.iter().filter(|(key, _)| key.starts_with(APPARMOR_PREFIX));
    for (key, value) in annotations.filter(|(_, value)| !is_allowed(value)) {
        found.push(Offence::new(Place::Annotation(key), &ANNOTATION).found(value));
    }
}

fn is_allowed(annotation: &str) -> bool {
    annotation.is_empty() || annotation == "runtime/default" || annotation.starts_with("localhost/")
}

fn types<'a>(offences: &'a [Offence<'_>]) -> Vec<&'a str> {
    values(offences.iter().filter(|offence| !matches!(offence.place(), Place::Annotation(_))))
}

fn distinct(offences: &[Offence<'_>]) -> usize {
    types(offences).len() + annotations(offences).len()
}

fn detail(offences: &[Offence<'_>], out: &mut String) {
    setters(out, offences);
    out.push_str(" must not set AppArmor profile type to ");
    let annotations = annotations(offences);
    quote_list(out, types(offences).into_iter().chain(annotations.iter().map(String::as_str)));
}
