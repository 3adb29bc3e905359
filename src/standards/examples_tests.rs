//! The examples of the checks are what they say.

use super::{LevelVersion, Version, checks, evaluate, pod::Pod};

#[test]
fn the_bad_pod_violates_this_check_alone_and_the_good_one_none() {
    for check in checks() {
        let policy = LevelVersion::new(check.level, Version::Latest);
        let judge = |yaml: &str| -> Vec<&str> {
            let pod: Pod<'_> = serde_saphyr::from_str(yaml).unwrap();
            evaluate(policy, &pod).violations().map(|violation| violation.check().id).collect()
        };
        let bad = judge(check.about.bad);
        assert_eq!(bad, [check.id]);
        assert_eq!(judge(check.about.good), [""; 0], "{}", check.id);
    }
}
