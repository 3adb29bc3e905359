//! What is a pod and what is not, as the API server's own decoder has it.

use podsec::standards::pod::Pod;
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::{
    comparison::{answer, fail},
    pods,
    upstream::{Question, Upstream},
};

const CASES: usize = 20_000;

/// Puts `value` at the `position`-th place of a tree, counted from the top.
fn put(tree: &mut Value, position: &mut usize, value: &Value) -> bool {
    if *position == 0 {
        *tree = value.clone();
        return true;
    }
    *position -= 1;
    match tree {
        Value::Array(entries) => entries.iter_mut().any(|entry| put(entry, position, value)),
        Value::Object(fields) => fields
            .iter_mut()
            // Fields that no check reads may hold anything.
            .filter(|(key, _)| {
                !["image", "localhostProfile", "level", "value", "port", "command", "exec"]
                    .contains(&key.as_str())
            })
            .any(|(_, field)| put(field, position, value)),
        _ => false,
    }
}

#[test]
fn a_pod_with_a_field_of_another_type_is_refused_when_upstream_refuses_it() {
    let values =
        [json!(null), json!(true), json!(7), json!(1.5), json!(1e20), json!("x"), json!([]), json!({})];
    let strategy = (pods::pod(), pods::policy(), 0..40_usize, prop::sample::select(values.to_vec()));
    let strategy = strategy.prop_map(|(mut pod, policy, mut position, value)| {
        put(&mut pod, &mut position, &value);
        Question { pod, policies: vec![policy] }
    });
    let mut runner = TestRunner::new(Config::default());
    let mut upstream = Upstream::start();
    let (mut read, mut refused) = (0, 0);
    while read + refused < CASES {
        let questions: Vec<_> = (0..500).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
        for (question, said) in questions.iter().zip(upstream.ask(&questions)) {
            let ours = answer(question);
            match (said.error.is_empty(), ours.error.is_empty()) {
                (true, true) if ours == said => read += 1,
                (false, false) => refused += 1,
                _ => fail(question, &said),
            }
        }
    }
    assert!(read > CASES / 10 && refused > CASES / 10, "{read} read, {refused} refused");
}

#[rstest]
#[case::not_json("{", "", "EOF while parsing an object at line 1 column 1")]
#[case::not_an_object("[]", "", "invalid type: sequence, expected an object at line 1 column 0")]
#[case::a_number_for_a_name(
    r#"{"spec":{"containers":[{"name":"a"},{"name":1}]}}"#,
    "spec.containers[1].name",
    "invalid type: integer `1`, expected a string at line 1 column 45"
)]
#[case::a_list_for_an_object(
    r#"{"spec":{"securityContext":[true]}}"#,
    "spec.securityContext",
    "invalid type: sequence, expected an object at line 1 column 27"
)]
#[case::a_text_for_a_boolean(
    r#"{"spec":{"hostPID":"true"}}"#,
    "spec.hostPID",
    "invalid type: string \"true\", expected a boolean at line 1 column 25"
)]
#[case::a_port_beyond_32_bits(
    r#"{"spec":{"containers":[{"ports":[{"hostPort":2147483648}]}]}}"#,
    "spec.containers[0].ports[0].hostPort",
    "invalid value: integer `2147483648`, expected an integer of 32 bits at line 1 column 55"
)]
#[case::a_fraction_for_a_user(
    r#"{"spec":{"securityContext":{"runAsUser":0.0}}}"#,
    "spec.securityContext.runAsUser",
    "invalid type: floating point `0.0`, expected an integer of 64 bits at line 1 column 43"
)]
#[case::twice(
    r#"{"spec":{"hostPID":true,"hostPID":false}}"#,
    "spec",
    "duplicate field `hostPID` at line 1 column 33"
)]
#[case::an_annotation_of_another_kind(
    r#"{"metadata":{"annotations":{"a":1}}}"#,
    "metadata.annotations.a",
    "invalid type: integer `1`, expected a string at line 1 column 33"
)]
fn an_error_names_the_field(#[case] text: &str, #[case] path: &str, #[case] message: &str) {
    let error = Pod::from_json(text).unwrap_err();
    assert_eq!((error.path.as_str(), error.message.as_str()), (path, message));
}

#[test]
fn yaml_is_read_as_strictly_as_json() {
    let read = |text: &str| serde_saphyr::from_str::<Pod<'_>>(text).is_ok();
    assert!(read("spec: {containers: [{name: a}]}"));
    assert!(read("spec: {containers: [~, {name: null}], securityContext: }"));
    // As kubectl reads YAML.
    assert!(serde_saphyr::from_str::<Pod<'_>>("spec: {hostPID: yes}").unwrap().spec.host_pid);
    for wrong in [
        "spec: {containers: [{name: 1}]}",
        "spec: {containers: {name: a}}",
        "spec: {hostPID: \"true\"}",
        "spec: {hostPID: nonsense}",
        "spec: {securityContext: {runAsUser: \"0\"}}",
        "spec: {containers: [{ports: [{hostPort: 8e1}]}]}",
        "spec: {securityContext: []}",
        "spec: {securityContext: {runAsUser: root}}",
        "spec: {hostPID: true, hostPID: false}",
    ] {
        assert!(!read(wrong), "{wrong}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_pod_is_the_same_from_yaml_and_from_json(pod in pods::pod()) {
        let (yaml, json) = (serde_saphyr::to_string(&pod).unwrap(), pod.to_string());
        let from_yaml: Pod<'_> = serde_saphyr::from_str(&yaml).unwrap();
        prop_assert_eq!(from_yaml, Pod::from_json(&json).unwrap());
    }

    #[test]
    fn a_pod_as_served_is_the_same_as_from_json(
        mut pod in pods::pod(),
        values in prop::collection::vec((0..40_usize, prop::sample::select(vec![
            json!(null), json!(1.5), json!("\\\"}"), json!([]), json!({"image": {"a": ["]"]}}),
        ])), 0..2),
        pretty in any::<bool>(),
    ) {
        for (mut position, value) in values {
            put(&mut pod, &mut position, &value);
        }
        let text = if pretty { format!("{pod:#}") } else { pod.to_string() };
        let served = Pod::from_served(text.as_bytes()).map_err(|error| error.to_string());
        prop_assert_eq!(served, Pod::from_json(&text).map_err(|error| error.message));
    }
}
