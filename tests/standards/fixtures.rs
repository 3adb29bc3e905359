//! Upstream's own fixtures, at every level and version.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use podsec::standards::{Level, LevelVersion, NEWEST_MINOR, Version, checks_with_reason, evaluate, pod::Pod};
use serde_json::Value;

use crate::{
    comparison::{answer, fail, judge},
    upstream::{Policy, Question, Upstream, fixtures},
};

/// How many files the module brings.
const FILES: usize = 4537;

/// The module's YAML files, as paths below its folder, with what they hold.
fn files() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "yaml") {
                found.push(path);
            }
        }
    }
    let root = fixtures();
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        (path.strip_prefix(&root).unwrap().to_owned(), text)
    };
    paths.into_iter().map(read).collect()
}

fn all_policies() -> Vec<Policy> {
    // One version beyond the tables, and latest.
    let versions = (0..=u64::from(NEWEST_MINOR) + 1).map(Version::Minor).chain([Version::Latest]);
    let policy = |level, version| Policy { asked: LevelVersion::new(level, version), server: None };
    versions.flat_map(|version| Level::ALL.map(|level| policy(level, version))).collect()
}

#[test]
fn fixtures_are_judged_as_upstream_judges_them_at_every_level_and_version() {
    // Most files repeat another one for a later version; each content is judged at all of them.
    let files = files();
    assert_eq!(files.len(), FILES);
    let contents: BTreeMap<&str, &Path> =
        files.iter().map(|(path, text)| (text.as_str(), path.as_path())).collect();
    let policies = all_policies();
    let mut upstream = Upstream::start();
    for text in contents.keys() {
        let pod: Value = serde_saphyr::from_str(text).unwrap();
        let question = Question { pod, policies: policies.clone() };
        let said = upstream.ask(std::slice::from_ref(&question)).remove(0);
        if answer(&question) != said {
            fail(&question, &said);
        }
        // Read from YAML, the pod is the same.
        let pod: Pod<'_> = serde_saphyr::from_str(text).unwrap();
        let judgements: Vec<_> = policies.iter().map(|policy| judge(*policy, &pod)).collect();
        assert_eq!(judgements, said.judgements);
    }
}

#[test]
fn fixtures_pass_and_fail_where_their_folders_say_so() {
    for (path, text) in files() {
        let parts: Vec<_> = path.iter().map(|part| part.to_str().unwrap()).collect();
        let [level, version, outcome, _] = parts[..] else { panic!("{}", path.display()) };
        let policy: LevelVersion = format!("{level}:{version}").parse().unwrap();
        let mut pod: Pod<'_> = serde_saphyr::from_str(&text).unwrap();
        pod.default_as_template();
        let evaluation = evaluate(policy, &pod);
        assert_eq!(
            evaluation.is_allowed(),
            outcome == "pass",
            "{}: {:?}",
            path.display(),
            evaluation.message()
        );
        for violation in evaluation.violations() {
            let known = checks_with_reason(violation.reason());
            assert!(known.iter().any(|check| check.id == violation.check().id), "{}", violation.reason());
        }
    }
}
