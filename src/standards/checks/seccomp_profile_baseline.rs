//! `seccompProfile_baseline` (baseline): the seccomp profile is not switched off.
//!
//! Until v1.18 it looks at the annotations `seccomp.security.alpha.kubernetes.io/pod` and
//! `container.seccomp.security.alpha.kubernetes.io/<name>` of each container that exists; a value must be
//! `runtime/default`, `docker/default` or begin with `localhost/`, and must not be empty. Since v1.19 it looks at the
//! type of the pod's and of each container's `seccompProfile` instead; it must be `RuntimeDefault` or `Localhost`, or
//! there must be no profile. At the restricted level `seccompProfile_restricted` takes its place from v1.19 on.

use super::{
    About, Check, Demand, Level, Offence, Offences, Place, Pod, Remedy, Revision, SECCOMP_CONTAINER_PREFIX,
    SECCOMP_POD, everywhere,
    phrase::{annotations, by_count, join, quote_list, setters, values},
    visit,
};

/// Of `seccompProfile_restricted` as well.
pub(super) static TYPE: Demand =
    Demand::new(&["securityContext", "seccompProfile", "type"], Remedy::Set(ALLOWED));
/// Of `seccompProfile_restricted` as well.
pub(super) const ALLOWED: &[&str] = &["RuntimeDefault", "Localhost"];
static ANNOTATION: Demand = Demand::new(&[], Remedy::Set(&["runtime/default"]));

pub(super) const CHECK: Check = Check {
    id: "seccompProfile_baseline",
    level: Level::Baseline,
    about: About {
        title: "Seccomp profile not switched off",
        fields: &[
            "spec.securityContext.seccompProfile.type",
            "spec.containers[*].securityContext.seccompProfile.type",
            "until v1.18: metadata.annotations[\"seccomp.security.alpha.kubernetes.io/pod\"]",
            "until v1.18: metadata.annotations[\"container.seccomp.security.alpha.kubernetes.io/*\"]",
        ],
        allows: "no profile, RuntimeDefault or Localhost",
        protects: "Seccomp keeps a process from system calls that it does not need; Unconfined takes that away.",
        cis: &[],
        nsa: &["1.10"],
        bad: include_str!("examples/seccompProfile_baseline.bad.yaml"),
        good: include_str!("examples/seccompProfile_baseline.good.yaml"),
    },
    revisions: &[
        Revision::since(0, "annotations", in_annotations),
        Revision::since(19, "fields in place of annotations", in_fields),
    ],
    overrides: &[],
    reason: |_| "seccompProfile",
    detail: |offences, out| {
        let annotations = annotations(offences);
        if annotations.is_empty() {
            forbidden_types(offences, out);
        } else {
            by_count(out, annotations.len(), "forbidden annotation ", "forbidden annotations ");
            join(out, annotations, ", ");
        }
    },
};

fn in_annotations<'p>(pod: &'p Pod<'_>, _: u32, found: &mut Offences<'p>) {
    let annotations = &pod.metadata.annotations;
    let mut offences = Vec::new();
    let mut look = |annotation: Option<(&'p str, &'p str)>| {
        if let Some((key, value)) = annotation.filter(|(_, value)| !is_allowed(value)) {
            offences.push(Offence::new(Place::Annotation(key), &ANNOTATION).found(value));
        }
    };
    look(annotations.get(SECCOMP_POD, ""));
    visit(pod, |_, container| look(annotations.get(SECCOMP_CONTAINER_PREFIX, &container.name)));
    // Containers may share a name, and with it an annotation.
    offences.sort_by(|one, other| annotation(one).cmp(&annotation(other)));
    offences.dedup();
    for offence in offences {
        found.push(offence);
    }
}

fn is_allowed(annotation: &str) -> bool {
    matches!(annotation, "runtime/default" | "docker/default") || annotation.starts_with("localhost/")
}

fn annotation<'p>(offence: &Offence<'p>) -> Option<&'p str> {
    match offence.place() {
        Place::Annotation(key) => Some(key),
        _ => None,
    }
}

/// Of `seccompProfile_restricted` as well.
pub(super) fn in_fields<'p>(pod: &'p Pod<'_>, _: u32, found: &mut Offences<'p>) {
    everywhere(
        pod,
        |context| context.seccomp_profile.as_ref(),
        |context| context.seccomp_profile.as_ref(),
        |place, profile| {
            if let Some(kind) = profile.map(|profile| &*profile.kind).filter(|kind| !ALLOWED.contains(kind)) {
                found.push(Offence::new(place, &TYPE).found(kind));
            }
        },
    );
}

/// Of `seccompProfile_restricted` as well.
pub(super) fn forbidden_types(offences: &[Offence<'_>], out: &mut String) {
    setters(out, offences);
    out.push_str(" must not set securityContext.seccompProfile.type to ");
    quote_list(out, values(offences));
}
