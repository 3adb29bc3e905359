//! What a test says of a namespace.

use std::sync::{Arc, LazyLock, Mutex};

use jiff::Timestamp;

use super::{
    Activity, Fingerprint, Judge, Kind, ObservedPod, ObservedTemplate, PodPhase, Reading, Reference, Shapes,
    TemplateKind,
};
use crate::standards::pod::Pod;

/// Conforms at every level.
pub(super) const RESTRICTED: &str = r#"{
    "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [{"name": "web", "securityContext": {
        "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}
    }}]
}"#;
/// Conforms at baseline.
pub(super) const BASELINE: &str = r#"{"containers": [{"name": "web"}]}"#;
/// Violates baseline.
pub(super) const PRIVILEGED: &str =
    r#"{"containers": [{"name": "web", "securityContext": {"privileged": true}}]}"#;
/// Conforms at restricted and violates baseline.
pub(super) const WINDOWS: &str = r#"{
    "os": {"name": "windows"},
    "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "Unconfined"}},
    "containers": [{"name": "web"}]
}"#;
/// Inconclusive at restricted, conforms at baseline.
pub(super) const IN_DOUBT: &str = r#"{
    "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
    "volumes": [{"name": "m", "marsDisk": {}}]
}"#;
/// Cannot be read.
pub(super) const UNREADABLE: &str = "?";

/// One interner for all tests, as there is one for a process.
static SHAPES: LazyLock<Mutex<Shapes>> = LazyLock::new(Mutex::default);

/// What is read of a spec.
pub(super) fn reading(spec: &str) -> Reading {
    if spec == UNREADABLE {
        return Reading::Unreadable(Arc::new("spec.hostPID: a string where a boolean belongs".to_owned()));
    }
    let text = format!(r#"{{"spec": {spec}}}"#);
    Reading::Judgeable(SHAPES.lock().unwrap().of_pod(Pod::from_json(&text).unwrap()))
}

pub(super) fn judge(policy: &str) -> Judge {
    Judge::new(policy.parse().unwrap())
}

pub(super) fn uid(kind: &Kind, name: &str) -> Fingerprint {
    Fingerprint::of(&(kind, name))
}

fn reference(kind: Kind, name: &str) -> Reference {
    Reference { uid: uid(&kind, name), kind, name: name.into() }
}

/// A live pod that conforms, until more is said.
pub(super) fn pod(name: &str) -> PodBuilder {
    PodBuilder(ObservedPod {
        name: name.to_owned(),
        controller: None,
        revision: None,
        reading: reading(RESTRICTED),
        phase: PodPhase::Live,
        mirror: false,
        created: Timestamp::UNIX_EPOCH,
    })
}

pub(super) struct PodBuilder(ObservedPod);

impl PodBuilder {
    pub(super) fn is(mut self, spec: &str) -> Self {
        self.0.reading = reading(spec);
        self
    }

    pub(super) fn of(self, kind: TemplateKind, name: &str) -> Self {
        self.under(Kind::Template(kind), name)
    }

    pub(super) fn under(mut self, kind: Kind, name: &str) -> Self {
        self.0.controller = Some(reference(kind, name));
        self
    }

    pub(super) fn revision(mut self, revision: &str) -> Self {
        self.0.revision = Some(Fingerprint::of(revision));
        self
    }

    pub(super) fn phase(mut self, phase: PodPhase) -> Self {
        self.0.phase = phase;
        self
    }

    pub(super) fn mirror(mut self) -> Self {
        self.0.mirror = true;
        self
    }

    pub(super) fn created(mut self, second: i64) -> Self {
        self.0.created = Timestamp::from_second(second).unwrap();
        self
    }

    pub(super) fn observed(self) -> ObservedPod {
        self.0
    }
}

/// An active object whose template conforms, until more is said.
pub(super) fn template(kind: TemplateKind, name: &str) -> TemplateBuilder {
    TemplateBuilder(ObservedTemplate {
        kind,
        name: name.to_owned(),
        uid: uid(&Kind::Template(kind), name),
        controller: None,
        reading: reading(RESTRICTED),
        revision: None,
        activity: Activity::Active,
        wants: None,
        created: Timestamp::UNIX_EPOCH,
    })
}

pub(super) struct TemplateBuilder(ObservedTemplate);

impl TemplateBuilder {
    pub(super) fn is(mut self, spec: &str) -> Self {
        self.0.reading = reading(spec);
        self
    }

    pub(super) fn of(self, kind: TemplateKind, name: &str) -> Self {
        self.under(Kind::Template(kind), name)
    }

    pub(super) fn under(mut self, kind: Kind, name: &str) -> Self {
        self.0.controller = Some(reference(kind, name));
        self
    }

    pub(super) fn revision(mut self, revision: &str) -> Self {
        self.0.revision = Some(Fingerprint::of(revision));
        self
    }

    pub(super) fn activity(mut self, activity: Activity) -> Self {
        self.0.activity = activity;
        self
    }

    pub(super) fn wants(mut self, pods: u32) -> Self {
        self.0.wants = Some(pods);
        self
    }

    pub(super) fn created(mut self, second: i64) -> Self {
        self.0.created = Timestamp::from_second(second).unwrap();
        self
    }

    pub(super) fn observed(self) -> ObservedTemplate {
        self.0
    }
}
