//! Judging the shape of a pod is judging the pod, at every level and version.

use podsec::{
    assessment::Shapes,
    standards::{Evaluator, Level, LevelVersion, NEWEST_MINOR, Version, evaluate, pod::Pod},
};
use proptest::prelude::*;

use crate::pods;

fn policies() -> impl Iterator<Item = LevelVersion> {
    let versions = (0..=NEWEST_MINOR).map(|minor| Version::Minor(minor.into())).chain([Version::Latest]);
    versions.flat_map(|version| Level::ALL.map(|level| LevelVersion::new(level, version)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_shape_is_judged_as_the_pod_is(pod in pods::pod(), server in 0..=NEWEST_MINOR) {
        let text = pod.to_string();
        let pod = Pod::from_json(&text).unwrap();
        let mut shapes = Shapes::default();
        let shape = shapes.of_pod(pod.clone());
        prop_assert_eq!(shapes.of_pod(shape.pod().clone()), shape.clone(), "a shape is its own shape");
        for policy in policies() {
            let expected = evaluate(policy, &pod);
            let judged = evaluate(policy, shape.pod());
            prop_assert_eq!(judged.message(), expected.message());
            prop_assert_eq!(judged, expected);
            for evaluator in [Evaluator::default(), Evaluator::for_server(server)] {
                let expected = evaluator.evaluate(policy, &pod).verdict();
                // The second time it is remembered.
                prop_assert_eq!(shape.verdict(&evaluator, policy), expected, "{}", policy);
                prop_assert_eq!(shape.verdict(&evaluator, policy), expected, "{}", policy);
            }
        }
    }

    #[test]
    fn the_shape_of_a_template_is_that_of_the_pod_it_makes(template in pods::pod(), policy in pods::policy()) {
        let text = template.to_string();
        let template = Pod::from_json(&text).unwrap();
        let mut pod = template.clone();
        pod.default_as_pod();
        let mut shapes = Shapes::default();
        let shape = shapes.of_template(template);
        prop_assert_eq!(evaluate(policy.asked, shape.pod()), evaluate(policy.asked, &pod));
        prop_assert_eq!(shapes.of_pod(pod), shape);
    }

    #[test]
    fn a_settled_shape_is_that_of_the_pod_without_ephemeral_containers(pod in pods::pod()) {
        let text = pod.to_string();
        let mut pod = Pod::from_json(&text).unwrap();
        let mut shapes = Shapes::default();
        let shape = shapes.of_pod(pod.clone());
        pod.spec.ephemeral_containers.clear();
        prop_assert_eq!(shape.settled(), &shapes.of_pod(pod));
    }
}
