//! The rules of kstatus, which Flux and others judge by.

use serde_json::Value;

/// What kstatus makes of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    Current,
    InProgress,
    Failed,
    Terminating,
}

/// Judges an object as kstatus does one of a kind that it does not know, in the same order.
pub(super) fn compute(object: &Value) -> Health {
    if !object["metadata"]["deletionTimestamp"].is_null() {
        return Health::Terminating;
    }
    let observed = object["status"].get("observedGeneration");
    if observed.is_some_and(|observed| *observed != object["metadata"]["generation"]) {
        return Health::InProgress;
    }
    let conditions = || object["status"]["conditions"].as_array().into_iter().flatten();
    for condition in conditions().filter(|condition| condition["status"] == "True") {
        match condition["type"].as_str() {
            Some("Reconciling") => return Health::InProgress,
            Some("Stalled") => return Health::Failed,
            _ => {}
        }
    }
    match conditions().find(|condition| condition["type"] == "Ready") {
        Some(ready) if ready["status"] != "True" => Health::InProgress,
        // A status that says nothing counts as done.
        _ => Health::Current,
    }
}

/// What must hold of every version of every profile that was ever stored.
pub(super) fn holds_at_any_time(versions: &[Value]) {
    assert!(versions.len() > 12, "{} versions", versions.len());
    for version in versions {
        let status = &version["status"];
        let conditions: Vec<_> = status["conditions"].as_array().into_iter().flatten().collect();
        let is = |kind: &str| {
            conditions
                .iter()
                .find(|of| of["type"] == kind)
                .map_or("absent", |of| of["status"].as_str().unwrap())
        };
        let (reconciling, stalled, ready) = (is("Reconciling"), is("Stalled"), is("Ready"));
        // A waiter that looks at one of them alone sees the same as one that looks at all.
        match compute(version) {
            Health::Failed => assert_eq!((stalled, ready), ("True", "False"), "{version:#}"),
            Health::Current => {
                assert_eq!((reconciling, stalled, ready), ("absent", "absent", "True"), "{version:#}");
                assert_eq!(status["observedGeneration"], version["metadata"]["generation"], "{version:#}");
            }
            Health::InProgress | Health::Terminating => {}
        }
        assert!(!(reconciling == "True" && stalled == "True"), "{version:#}");
        assert!(ready != "False" || reconciling == "True" || stalled == "True", "{version:#}");
        for condition in &conditions {
            assert_eq!(condition["observedGeneration"], status["observedGeneration"], "{version:#}");
        }
        let place = |condition: &&Value| {
            podsec::api::conditions::types::ORDER.iter().position(|kind| condition["type"] == *kind).unwrap()
        };
        assert!(conditions.is_sorted_by_key(place), "{version:#}");
    }
}
