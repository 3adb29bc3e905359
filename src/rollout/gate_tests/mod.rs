//! Each row of the gate, told as a short history of one namespace and of what runs in it.

mod force;
mod looks;
mod pace;
mod soak;
mod versions;
mod workloads;

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex},
};

use super::{
    super::{
        Change, CleanSince, FreezeReason, HeldSince, Namespace, NamespacePlan, Pace, Pin, Profile, Profiles,
        ServerView, Settings, Verdict, plan,
        testing::{self, COMPLETE, apply, now, object, shown, update},
    },
    *,
};
use crate::{
    assessment::{
        Activity, Fingerprint, Inventory, Judge, ObservedPod, ObservedTemplate, PodPhase, Reading, Shapes,
        TemplateKind,
    },
    standards::pod::Pod,
};

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
pub(super) const PRIVILEGED: &str = r#"{"hostPID": true, "containers": [{"name": "web"}]}"#;
/// Violates baseline since v1.34.
pub(super) const PROBED: &str =
    r#"{"containers": [{"name": "web", "livenessProbe": {"httpGet": {"host": "10.0.0.1", "port": 80}}}]}"#;
/// Violates baseline before v1.27.
pub(super) const TUNED: &str = r#"{
    "securityContext": {"sysctls": [{"name": "net.ipv4.ip_local_reserved_ports", "value": "1"}]},
    "containers": [{"name": "web"}]
}"#;
/// Inconclusive at restricted, conforms at baseline.
pub(super) const IN_DOUBT: &str = r#"{
    "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
    "volumes": [{"name": "m", "marsDisk": {}}]
}"#;

/// What was read of pods' specs, so that each is read once.
static READINGS: LazyLock<Mutex<HashMap<String, Reading>>> = LazyLock::new(Mutex::default);

/// What is read of a pod's spec.
fn reading(spec: &str) -> Reading {
    let read = || {
        let text = format!(r#"{{"spec": {spec}}}"#);
        Reading::Judgeable(Shapes::default().of_pod(Pod::from_json(&text).unwrap()))
    };
    READINGS.lock().unwrap().entry(spec.to_owned()).or_insert_with(read).clone()
}

/// A pod that nothing controls.
pub(super) fn pod(name: &str, spec: &str, phase: PodPhase, created: Timestamp) -> ObservedPod {
    let (name, reading) = (name.to_owned(), reading(spec));
    ObservedPod { name, controller: None, revision: None, reading, phase, mirror: false, created }
}

/// A Deployment of which no pod has been made yet.
pub(super) fn deployment(name: &str, spec: &str) -> ObservedTemplate {
    ObservedTemplate {
        kind: TemplateKind::Deployment,
        name: name.to_owned(),
        uid: Fingerprint::of(name),
        controller: None,
        reading: reading(spec),
        revision: None,
        activity: Activity::AtZero,
        wants: None,
        created: Timestamp::UNIX_EPOCH,
    }
}

/// A profile that asks for a level with so long a soak.
fn gated(level: &str, soak: &str) -> String {
    format!(
        r#"{{"namespaceSelector": {{}}, "enforce": {{"level": "{level}"}}, "rollout": {{"soak": "{soak}"}}}}"#
    )
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// One namespace, what runs in it, and all that it is planned with.
struct Stage {
    namespace: Namespace,
    inventory: Inventory,
    profiles: Profiles,
    settings: Settings,
    judge: Judge,
    newer_server: bool,
    created: Timestamp,
    had_pods: bool,
    watched_since: Timestamp,
    record: Option<GateRecord>,
    looks: Vec<Look>,
    pace: Pace,
    now: Timestamp,
}

impl Stage {
    /// A day-old namespace that somebody has watched from the beginning, with one profile.
    fn new(spec: &str) -> Self {
        let created = before(now(), HOUR * 24);
        Self {
            namespace: testing::namespace("a", &[]),
            inventory: Inventory::default(),
            profiles: testing::profiles(&[("p", spec)]),
            settings: Settings::default(),
            judge: Judge::new("privileged:latest".parse().unwrap()),
            newer_server: false,
            created,
            had_pods: false,
            watched_since: created,
            record: None,
            looks: Vec::new(),
            pace: Pace::default(),
            now: now(),
        }
    }

    fn with_pod(mut self, spec: &str) -> Self {
        self.run(spec);
        self
    }

    fn with_labels(mut self, labels: &[(&str, &str)]) -> Self {
        self.namespace = testing::namespace("a", labels);
        self
    }

    /// Replaces the one pod.
    fn run(&mut self, spec: &str) {
        self.inventory.insert_pod(pod("web", spec, PodPhase::Live, self.now));
    }

    fn set_profile(&mut self, spec: &str) {
        self.profiles = testing::profiles(&[("p", spec)]);
    }

    fn plan(&self) -> NamespacePlan {
        let workloads = self.inventory.workloads();
        let evidence = Evidence {
            workloads: &workloads,
            judge: &self.judge,
            newer_server: self.newer_server,
            watched_since: self.watched_since,
            created: self.created,
            had_pods: self.had_pods,
            record: self.record.as_ref(),
            looks: &self.looks,
            pace: &self.pace,
        };
        plan(&self.namespace, &self.profiles, &self.settings, Some(&evidence), self.now)
    }

    /// Has the API server say this of a policy.
    fn answer(&mut self, policy: &str, answer: Answer) {
        let policy = policy.parse().unwrap();
        let resource_version = self.namespace.resource_version.clone();
        self.looks.retain(|look| look.policy != policy);
        self.looks.push(Look { policy, resource_version, answer, until: after(self.now, HOUR) });
    }

    /// Plans, with the API server agreeing where it is asked, carries the plan out, and checks that nothing is left to
    /// do.
    fn settle(&mut self) -> NamespacePlan {
        let mut plan = self.plan();
        if let Some(look) = &plan.look {
            self.answer(&look.policy.to_string(), Answer::Agrees);
            plan = self.plan();
        }
        for request in &plan.requests {
            apply(&mut self.namespace, request).unwrap();
        }
        self.record.clone_from(&plan.record);
        self.looks.clear();
        assert_eq!(self.plan().requests, [], "planning again must find nothing to do");
        plan
    }

    /// The same some time later.
    fn settle_after(&mut self, duration: SignedDuration) -> NamespacePlan {
        self.now = after(self.now, duration);
        self.settle()
    }

    fn shown(&self) -> String {
        shown(&self.namespace)
    }
}

fn enforce(plan: &NamespacePlan) -> &Verdict {
    &plan.modes.iter().find(|plan| plan.mode == Mode::Enforce).unwrap().verdict
}

fn partly(plan: &NamespacePlan) -> Option<&HoldReason> {
    plan.modes.iter().find(|plan| plan.mode == Mode::Enforce)?.partly.as_ref()
}

fn written(value: &str, change: Change) -> Verdict {
    Verdict::Write { value: value.parse().unwrap(), change }
}

fn raised(value: &str) -> Verdict {
    written(value, Change::Raise)
}

fn violations(workloads: usize) -> Verdict {
    Verdict::Hold(HoldReason::Violations { workloads })
}
