//! An object with a pod template.

use jiff::Timestamp;
use serde::Deserialize;

use super::{Observed, canonical, metadata::Metadata, metadata_of, unreadable};
use crate::{
    assessment::{Activity, Fingerprint, ObservedTemplate, Reading, Shapes, TemplateKind},
    cluster::workloads::BrokenAnswer,
    standards::pod::{Pod, Text, from_served},
};

/// An object of any of the kinds: each uses some of the fields.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct Object<'a, T> {
    #[serde(borrow)]
    metadata: Metadata<'a>,
    template: Option<T>,
    spec: Option<Spec<T>>,
    #[serde(borrow)]
    status: Option<Status<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "T: Deserialize<'de>"))]
struct Spec<T> {
    replicas: Option<i64>,
    suspend: Option<bool>,
    template: Option<T>,
    job_template: Option<JobTemplate<T>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct JobTemplate<T> {
    spec: Option<JobSpec<T>>,
}

#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
struct JobSpec<T> {
    template: Option<T>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status<'a> {
    observed_generation: i64,
    #[serde(borrow)]
    update_revision: Text<'a>,
    #[serde(borrow)]
    conditions: Option<Vec<Condition<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Condition<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    #[serde(borrow)]
    status: Text<'a>,
}

impl<T> Object<'_, T> {
    /// The template, from where the kind has it.
    fn take_template(&mut self, kind: TemplateKind) -> Option<T> {
        match kind {
            TemplateKind::PodTemplate => self.template.take(),
            TemplateKind::CronJob => self.spec.take()?.job_template?.spec?.template,
            _ => self.spec.as_mut()?.template.take(),
        }
    }
}

pub(super) fn read<'a>(
    kind: TemplateKind,
    text: &'a [u8],
    shapes: &mut Shapes,
) -> Result<(Text<'a>, Observed), BrokenAnswer> {
    let mut object: Object<'_, Pod<'_>> = match from_served(text) {
        Ok(object) => object,
        Err(error) => {
            let metadata = metadata_of(text)?;
            let object = Object { metadata, template: None, spec: None, status: None };
            return Ok(observed(kind, object, None, unreadable(&error.to_string())));
        }
    };
    let reading = match object.take_template(kind) {
        Some(template) => Reading::Judgeable(shapes.of_template(template)),
        None => unreadable(&format!("{}: is missing", kind.template_path())),
    };
    object.metadata = object.metadata.identified()?;
    let revision = revision(kind, text, &object);
    Ok(observed(kind, object, revision, reading))
}

fn observed<'a>(
    kind: TemplateKind,
    object: Object<'a, Pod<'_>>,
    revision: Option<Fingerprint>,
    reading: Reading,
) -> (Text<'a>, Observed) {
    let template = ObservedTemplate {
        kind,
        name: (*object.metadata.name).to_owned(),
        uid: Fingerprint::of(&*object.metadata.uid),
        controller: object.metadata.controller(),
        reading,
        revision,
        activity: activity(kind, &object),
        wants: wants(kind, &object),
        created: object.metadata.created().unwrap_or(Timestamp::UNIX_EPOCH),
    };
    (object.metadata.namespace, Observed::Template(template))
}

fn activity<T>(kind: TemplateKind, object: &Object<'_, T>) -> Activity {
    let ends = |condition: &Condition<'_>| {
        matches!(&*condition.kind, "Complete" | "Failed") && &*condition.status == "True"
    };
    let conditions = || object.status.iter().filter_map(|status| status.conditions.as_ref()).flatten();
    match kind {
        TemplateKind::Job if conditions().any(ends) => Activity::Finished,
        TemplateKind::CronJob | TemplateKind::DaemonSet | TemplateKind::Job | TemplateKind::PodTemplate => {
            Activity::Active
        }
        _ if object.spec.as_ref().and_then(|spec| spec.replicas) == Some(0) => Activity::AtZero,
        _ => Activity::Active,
    }
}

/// How many pods it wants, where that does not hang on the nodes or on how far it has come.
fn wants<T>(kind: TemplateKind, object: &Object<'_, T>) -> Option<u32> {
    let spec = object.spec.as_ref()?;
    match kind {
        TemplateKind::ReplicaSet | TemplateKind::ReplicationController | TemplateKind::StatefulSet => {
            u32::try_from(spec.replicas?).ok()
        }
        TemplateKind::Job if spec.suspend == Some(true) => Some(0),
        _ => None,
    }
}

/// By what the present template's pods are told from those of earlier ones; see [`ObservedTemplate::revision`].
fn revision<T>(kind: TemplateKind, text: &[u8], object: &Object<'_, T>) -> Option<Fingerprint> {
    match kind {
        TemplateKind::Deployment | TemplateKind::ReplicaSet => {
            let template: Object<'_, canonical::Template> = from_served(text).ok()?;
            Some(template.spec?.template?.fingerprint())
        }
        TemplateKind::StatefulSet => {
            let status = object.status.as_ref()?;
            let is_known = status.observed_generation >= object.metadata.generation
                && !status.update_revision.is_empty();
            is_known.then(|| Fingerprint::of(&*status.update_revision))
        }
        TemplateKind::DaemonSet => {
            object.metadata.annotations.template_generation.as_ref().map(|label| Fingerprint::of(&**label))
        }
        _ => None,
    }
}
