//! A pod that conforms costs no memory.

use allocation_counter::measure;
use podsec::standards::{Level, LevelVersion, NEWEST_MINOR, Version, checks, evaluate, pod::Pod};

fn good_pods() -> Vec<(LevelVersion, Pod<'static>)> {
    checks()
        .iter()
        .flat_map(|check| {
            let pod: Pod<'_> = serde_saphyr::from_str(check.about.good).unwrap();
            let minors = (check.since()..=NEWEST_MINOR).map(|minor| Version::Minor(minor.into()));
            minors
                .chain([Version::Latest])
                .map(move |version| (LevelVersion::new(check.level, version), pod.clone()))
        })
        .collect()
}

#[test]
fn judging_a_pod_that_conforms_allocates_nothing() {
    let mut judged = 0;
    for (policy, pod) in good_pods() {
        let mut conforms = false;
        let cost = measure(|| conforms = evaluate(policy, &pod).is_allowed());
        if conforms {
            assert_eq!(cost.count_total, 0, "{policy}: {pod:#?}");
            judged += 1;
        }
    }
    // Rules older than the examples ask for other things, and refuse some of them.
    assert!(judged > 300, "only {judged} conform");
}

#[test]
fn the_count_counts() {
    let pod: Pod<'_> = serde_saphyr::from_str("spec: {hostNetwork: true}").unwrap();
    let policy = LevelVersion::new(Level::Baseline, Version::Latest);
    assert!(measure(|| drop(evaluate(policy, &pod))).count_total > 0);
}

#[test]
fn text_that_json_holds_as_it_is_is_borrowed() {
    let text = r#"{"spec":{"containers":[{"name":"a"},{"name":"b\u0000"}]}}"#;
    let pod = Pod::from_json(text).unwrap();
    let borrowed: Vec<_> = pod.spec.containers.iter().map(|container| container.name.is_borrowed()).collect();
    assert_eq!(borrowed, [true, false]);
}
