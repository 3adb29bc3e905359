//! What the API server refuses to controllers: Events that tell of a pod which could not be created.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Event;
use kube::{Api, Client};
use serde::Deserialize;

use super::Item;
use crate::assessment::{Fingerprint, Rejection};

/// The reason by which every controller of Kubernetes tells that it could not create a pod.
pub const FIELD_SELECTOR: &str = "reason=FailedCreate";

/// What stands in the note of those that Pod Security refused (pod-security-admission, `admission.go`).
const MARK: &str = "violates PodSecurity";

/// The longest message kept, in bytes.
const LONGEST: usize = 1024;

/// An Event as the API server hands it out.
pub type EventItem = Item<Event>;

/// The Events of a cluster; to be asked for with [`FIELD_SELECTOR`].
pub fn api(client: Client) -> Api<EventItem> {
    Api::all(client)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    metadata: Metadata,
    involved_object: Involved,
    #[serde(default)]
    message: String,
    #[serde(default)]
    last_timestamp: Option<String>,
    #[serde(default)]
    event_time: Option<String>,
    #[serde(default)]
    series: Option<Series>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    namespace: String,
    #[serde(default)]
    creation_timestamp: Option<String>,
}

#[derive(Deserialize)]
struct Involved {
    #[serde(default)]
    uid: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Series {
    #[serde(default)]
    last_observed_time: Option<String>,
}

/// What an Event tells of a refused pod, with the namespace; `None` when it tells of something else.
///
/// Whoever may create Events in a namespace may tell of refusals that there were none: that halts the roll-out of the
/// profiles which have just raised that namespace, and lowers nothing.
pub fn observe(item: &EventItem) -> Option<(String, Rejection)> {
    let Content { metadata, involved_object, message, last_timestamp, event_time, series } =
        item.read().ok()?;
    let start = message.find(MARK)?;
    if involved_object.uid.is_empty() {
        return None;
    }
    let times = [
        series.and_then(|series| series.last_observed_time),
        last_timestamp,
        event_time,
        metadata.creation_timestamp,
    ];
    let at: Timestamp = times.into_iter().flatten().find_map(|time| time.parse().ok())?;
    let mut message = message[start..].to_owned();
    message.truncate(message.floor_char_boundary(LONGEST));
    Some((
        metadata.namespace,
        Rejection { object: Fingerprint::of(involved_object.uid.as_str()), at, message },
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn observed(event: &Value) -> Option<(String, Rejection)> {
        observe(&serde_json::from_value(event.clone()).unwrap())
    }

    fn event(message: &str) -> Value {
        json!({
            "metadata": {"name": "web.1", "namespace": "shop", "creationTimestamp": "2027-01-01T00:00:00Z"},
            "involvedObject": {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web-1", "uid": "u1"},
            "reason": "FailedCreate", "message": message,
            "lastTimestamp": "2027-01-01T00:05:00Z", "eventTime": null, "count": 7
        })
    }

    #[test]
    fn a_refusal_by_pod_security_is_told_from_others() {
        let message = r#"Error creating: pods "web-1-x" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)"#;
        let (namespace, rejection) = observed(&event(message)).unwrap();
        assert_eq!(namespace, "shop");
        assert_eq!(rejection.object, Fingerprint::of("u1"));
        assert_eq!(rejection.at.to_string(), "2027-01-01T00:05:00Z");
        assert_eq!(
            rejection.message,
            r#"violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)"#
        );
        assert_eq!(observed(&event("exceeded quota: q")), None);
        assert_eq!(observed(&json!({"metadata": {"name": "x", "namespace": "y"}, "message": 7})), None);
    }

    #[test]
    fn the_last_time_that_is_told_counts() {
        let at = |change: Value| {
            let mut event = event("violates PodSecurity");
            for (key, value) in change.as_object().unwrap() {
                event[key] = value.clone();
            }
            observed(&event).unwrap().1.at.to_string()
        };
        let series = json!({"series": {"count": 3, "lastObservedTime": "2027-01-01T00:09:00.000000Z"}});
        assert_eq!(at(series), "2027-01-01T00:09:00Z");
        let new = json!({"lastTimestamp": null, "eventTime": "2027-01-01T00:03:00.000001Z"});
        assert_eq!(at(new), "2027-01-01T00:03:00.000001Z");
        assert_eq!(at(json!({"lastTimestamp": null})), "2027-01-01T00:00:00Z");
    }

    #[test]
    fn a_message_is_cut_between_characters() {
        let message = format!("violates PodSecurity {}", "ü".repeat(2 * LONGEST));
        let (_, rejection) = observed(&event(&message)).unwrap();
        assert!((LONGEST - 1..=LONGEST).contains(&rejection.message.len()));
    }
}
