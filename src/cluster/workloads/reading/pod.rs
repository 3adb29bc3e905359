//! A pod.

use jiff::Timestamp;
use serde::Deserialize;

use super::{Observed, metadata::Metadata, metadata_of, shortened, unreadable};
use crate::{
    assessment::{Fingerprint, Kind, ObservedPod, PodPhase, Reading, Reference, Shapes, TemplateKind},
    cluster::workloads::BrokenAnswer,
    standards::pod::{self, Pod, Spec, Text, from_served},
};

#[derive(Deserialize)]
struct Object<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow, default)]
    spec: Spec<'a>,
    #[serde(borrow, default)]
    status: Status<'a>,
}

/// Without a specification: how far a pod has come is known even if what is in it is not.
#[derive(Deserialize)]
struct Outline<'a> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    #[serde(borrow, default)]
    status: Status<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status<'a> {
    #[serde(borrow)]
    phase: Text<'a>,
}

pub(super) fn read<'a>(text: &'a [u8], shapes: &mut Shapes) -> Result<(Text<'a>, Observed), BrokenAnswer> {
    match from_served(text) {
        Ok(Object { metadata, spec, status }) => {
            let mut metadata = metadata.identified()?;
            let annotations = std::mem::take(&mut metadata.annotations.read);
            let reading = if metadata.created().is_some() {
                let pod = Pod { metadata: pod::Metadata { annotations }, spec };
                Reading::Judgeable(shapes.of_pod(pod))
            } else {
                unreadable("metadata.creationTimestamp: not a time")
            };
            Ok(observed(metadata, &status, reading))
        }
        Err(error) => {
            let reading = unreadable(&why(text).unwrap_or_else(|| error.to_string()));
            match from_served(text) {
                Ok(Outline { metadata, status }) => Ok(observed(metadata.identified()?, &status, reading)),
                Err(_) => Ok(observed(metadata_of(text)?, &Status::default(), reading)),
            }
        }
    }
}

/// What is wrong, and at which field.
fn why(text: &[u8]) -> Option<String> {
    let error = Pod::from_json(str::from_utf8(text).ok()?).err()?;
    let message = shortened(&error.message);
    Some(if error.path.is_empty() { message } else { format!("{}: {message}", error.path) })
}

fn observed<'a>(metadata: Metadata<'a>, status: &Status<'_>, reading: Reading) -> (Text<'a>, Observed) {
    let controller = metadata.controller();
    let phase = match &*status.phase {
        "Succeeded" | "Failed" => PodPhase::Finished,
        _ if metadata.is_being_deleted() => PodPhase::Deleting,
        _ => PodPhase::Live,
    };
    let pod = ObservedPod {
        name: (*metadata.name).to_owned(),
        revision: controller.as_ref().and_then(|controller| revision(controller, &metadata)),
        controller,
        reading,
        phase,
        mirror: metadata.annotations.is_mirror(),
        created: metadata.created().unwrap_or(Timestamp::UNIX_EPOCH),
    };
    (metadata.namespace, Observed::Pod(pod))
}

/// The label with which the controller marks the pods that it makes from one state of its template.
fn revision(controller: &Reference, metadata: &Metadata<'_>) -> Option<Fingerprint> {
    let label = match controller.kind {
        Kind::Template(TemplateKind::StatefulSet) => &metadata.labels.revision,
        Kind::Template(TemplateKind::DaemonSet) => &metadata.labels.template_generation,
        _ => &None,
    };
    label.as_ref().map(|label| Fingerprint::of(&**label))
}
