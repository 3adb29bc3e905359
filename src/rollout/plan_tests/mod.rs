//! Plans, each told as a short history of one namespace.

mod repair;
mod transitions;
mod trust;

use super::{
    super::{
        Change, Completeness, FreezeReason, HoldReason, LeaveReason, NamePattern, RetainReason, WeakenCause,
        testing::{self, COMPLETE, apply, forge, now, owned_by, profile, profiles, shown, update},
    },
    *,
};

const RESTRICTED: &str =
    r#"{"namespaceSelector": {}, "enforce": {"level": "restricted"}, "rollout": {"strategy": "Immediate"}}"#;
const BASELINE: &str =
    r#"{"namespaceSelector": {}, "enforce": {"level": "baseline"}, "rollout": {"strategy": "Immediate"}}"#;

/// Profiles by name, each with its spec.
type Specs<'a> = &'a [(&'a str, &'a str)];

/// One namespace, the profiles and the settings it is planned with.
struct Scene {
    namespace: Namespace,
    profiles: Profiles,
    settings: Settings,
}

impl Scene {
    fn new(specs: Specs<'_>) -> Self {
        Self {
            namespace: testing::namespace("a", &[]),
            profiles: profiles(specs),
            settings: Settings::default(),
        }
    }

    fn with_labels(mut self, labels: Specs<'_>) -> Self {
        self.namespace = testing::namespace("a", labels);
        self
    }

    /// Plans, carries the plan out, and checks that nothing is left to do.
    fn settle(&mut self) -> NamespacePlan {
        let plan = self.plan();
        for request in &plan.requests {
            apply(&mut self.namespace, request).unwrap();
        }
        assert_eq!(self.plan().requests, [], "planning again must find nothing to do");
        plan
    }

    fn plan(&self) -> NamespacePlan {
        plan(&self.namespace, &self.profiles, &self.settings, None, now())
    }

    fn settle_with(&mut self, specs: Specs<'_>) -> NamespacePlan {
        self.profiles = profiles(specs);
        self.settle()
    }

    fn shown(&self) -> String {
        shown(&self.namespace)
    }
}

fn verdict(plan: &NamespacePlan, mode: Mode) -> Verdict {
    plan.modes.iter().find(|plan| plan.mode == mode).unwrap().verdict.clone()
}

fn enforce(plan: &NamespacePlan) -> Verdict {
    verdict(plan, Mode::Enforce)
}

/// Why a mode is left alone, and to whom, if it is.
fn left(plan: &NamespacePlan, mode: Mode) -> Option<(LeaveReason, String)> {
    match &plan.modes.iter().find(|plan| plan.mode == mode)?.verdict {
        Verdict::LeaveAlone { last_set_by, reason, .. } => Some((*reason, last_set_by.clone())),
        _ => None,
    }
}

fn written(value: &str, change: Change) -> Verdict {
    Verdict::Write { value: value.parse().unwrap(), change }
}

/// The spec with one more member, or another value of one that is there.
fn with(spec: &str, member: &str) -> String {
    let mut value: serde_json::Value = serde_json::from_str(spec).unwrap();
    let more: serde_json::Value = serde_json::from_str(&format!("{{{member}}}")).unwrap();
    for (key, member) in more.as_object().unwrap() {
        value[key] = member.clone();
    }
    value.to_string()
}
