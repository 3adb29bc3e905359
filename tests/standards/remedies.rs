//! Who does what the findings say ends with a pod that conforms.

use podsec::standards::{Evaluation, FieldPath, Place, Remedy, Segment, Verdict, evaluate, pod::Pod};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::{pods, upstream::Policy};

/// The value at a path, made of empty objects where there is none.
fn reach<'v>(pod: &'v mut Value, path: &FieldPath<'_>) -> &'v mut Value {
    path.segments().fold(pod, |value, segment| {
        if value.is_null() {
            *value = json!({});
        }
        match segment {
            Segment::Key(key) => value.as_object_mut().expect("an object").entry(key).or_insert(Value::Null),
            Segment::Index(index) => {
                value.as_array_mut().expect("a list").get_mut(index).expect("an entry that is there")
            }
        }
    })
}

/// Removed entries of lists are only marked, so that the positions of the others hold.
const REMOVED: &str = "removed by a remedy";

fn sweep(value: &mut Value) {
    match value {
        Value::Array(entries) => {
            entries.retain(|entry| *entry != REMOVED);
            entries.iter_mut().for_each(sweep);
        }
        Value::Object(fields) => {
            let kept: Map<_, _> =
                std::mem::take(fields).into_iter().filter(|(_, field)| *field != REMOVED).collect();
            *fields = kept;
            fields.values_mut().for_each(sweep);
        }
        _ => {}
    }
}

/// Does what every finding says, on the pod in place of the containers where that is offered and wanted.
fn mend(pod: &Value, evaluation: &Evaluation<'_>, on_pod: bool) -> Value {
    let mut mended = pod.clone();
    for offence in evaluation.findings().flat_map(|finding| finding.offences()) {
        let path = offence.path_on_pod().filter(|_| on_pod).unwrap_or_else(|| offence.path());
        match offence.remedy() {
            Remedy::Set(values) => {
                *reach(&mut mended, &path) = serde_saphyr::from_str(values[0]).unwrap();
            }
            Remedy::NonZero => *reach(&mut mended, &path) = json!(1000),
            Remedy::Remove => *reach(&mut mended, &path) = json!(REMOVED),
            Remedy::UseSource(sources) => {
                let Place::Volume { index, name } = offence.place() else { panic!("a volume") };
                mended["spec"]["volumes"][index] = json!({"name": name, sources[0]: {}});
            }
        }
    }
    sweep(&mut mended);
    mended
}

fn check(mut pod: Value, policy: Policy, on_pod: bool) {
    // A container that is told first what it must not set may then be told what it must; a pod has two levels.
    for _ in 0..3 {
        let text = pod.to_string();
        let read = Pod::from_json(&text).unwrap();
        let evaluation = evaluate(policy.asked, &read);
        if evaluation.verdict() == Verdict::Conforms {
            return;
        }
        every_offence_is_there(&pod, &evaluation);
        pod = mend(&pod, &evaluation, on_pod);
    }
    let text = pod.to_string();
    let read = Pod::from_json(&text).unwrap();
    let left = evaluate(policy.asked, &read).message();
    assert_eq!(left, None, "{}", serde_saphyr::to_string(&pod).unwrap());
}

/// What an offence found stands at its path, and where it found nothing there is nothing.
fn every_offence_is_there(pod: &Value, evaluation: &Evaluation<'_>) {
    for offence in evaluation.findings().flat_map(|finding| finding.offences()) {
        let path = offence.path();
        let found = path.segments().try_fold(pod, |value, segment| match segment {
            Segment::Key(key) => value.get(key),
            Segment::Index(index) => value.get(index),
        });
        match (offence.value(), found.filter(|value| !value.is_null())) {
            (None, found) => assert!(
                found.is_none() || path.to_string().ends_with("capabilities.drop"),
                "{path} is {found:?}"
            ),
            (Some(value), Some(Value::String(found))) => assert_eq!(value, found),
            (Some(value), Some(found @ (Value::Bool(_) | Value::Number(_)))) => {
                assert_eq!(value, found.to_string());
            }
            // Entries of lists of objects, sources of volumes.
            (Some(_), Some(_)) => {}
            // An empty type may be left out, a name may be null.
            (Some(value), None) => assert!(value.is_empty() || value == "unknown", "{path}: {value}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn doing_what_is_said_ends_with_a_pod_that_conforms(
        pod in pods::pod(), policy in pods::policy(), on_pod in any::<bool>(),
    ) {
        check(pod, policy, on_pod);
    }
}
