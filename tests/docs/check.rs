//! `docs/check.md`, and whatever pages show of `podsec check`.

use std::{
    collections::BTreeSet,
    io::Write,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::{Shown, first_cells, quoted, read, reference::flags, root, shown};

/// What `podsec check` prints, run in the repository.
fn check(arguments: &[&str], stdin: &str) -> String {
    let mut podsec = Command::new(env!("CARGO_BIN_EXE_podsec"));
    podsec
        .current_dir(root(""))
        .arg("check")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = podsec.spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn the_flags_of_check_are_documented_and_no_others() {
    let page = read("docs/check.md");
    let cells = first_cells(&page).into_iter().flat_map(quoted);
    let told: BTreeSet<_> = cells.filter(|cell| cell.starts_with("--")).collect();
    assert_eq!(flags("check"), told);
}

#[test]
fn the_formats_are_documented_and_no_others() {
    let page = read("docs/check.md");
    let formats = page.split("## ").find(|section| section.starts_with("Formats")).unwrap();
    let told: BTreeSet<_> =
        first_cells(formats).into_iter().flat_map(quoted).filter(|cell| !cell.starts_with('-')).collect();
    assert!(told.len() >= 8, "{told:?}");
    for format in &told {
        assert!(!check(&["-o", format, "examples"], "").is_empty(), "there is no format {format}");
    }
    let mut podsec = Command::new(env!("CARGO_BIN_EXE_podsec"));
    let output = podsec.args(["check", "-o", "none", "."]).output().unwrap();
    let refusal = String::from_utf8(output.stderr).unwrap();
    let (_, given) = refusal.split_once("[possible values: ").unwrap();
    let given = given.split(']').next().unwrap().split(", ").map(ToOwned::to_owned).collect();
    assert_eq!(told, given);
}

#[test]
fn what_pages_show_of_check_is_what_it_prints() {
    let all = shown(|command| command.starts_with("check "));
    for Shown { page, command, output } in &all {
        let arguments: Vec<_> = command.split(' ').skip(1).collect();
        assert_eq!(check(&arguments, "").trim_end(), output.trim_end(), "{page}: {command}");
    }
    assert!(all.len() >= 2, "{} found", all.len());
}

/// The keys of all objects in a value.
pub(crate) fn keys(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                found.insert(key.clone());
                keys(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}

/// Manifests whose report has every field that there is.
const ALL: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: b}
spec: {hostNetwork: true, containers: [{name: c, securityContext: {runAsUser: 0}}], volumes: [{name: v, marsDisk: {}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: exempt}
spec: {runtimeClassName: kata, containers: []}
---
apiVersion: example.com/v1
kind: Twins
metadata: {name: t}
spec: {pods: [{spec: {containers: []}}, {spec: {containers: []}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: broken}
spec: {containers: 1}
";

#[test]
fn every_field_of_the_report_is_documented_and_no_others() {
    let flags =
        ["-o", "json", "--audit", "restricted", "--warn", "restricted", "--exempt-runtime-class", "kata"];
    let report = check(&[&flags[..], &["--template-path", "Twins=spec.pods[*]", "-"]].concat(), ALL);
    let mut given = BTreeSet::from(["moreFindings", "moreFields"].map(str::to_owned));
    keys(&serde_json::from_str(&report).unwrap(), &mut given);
    let page = read("docs/check.md");
    let (_, example) = page.split_once("```json\n").unwrap();
    let example: Value = serde_json::from_str(example.split("```").next().unwrap()).unwrap();
    let mut shown = BTreeSet::new();
    keys(&example, &mut shown);
    let unknown: Vec<_> = shown.difference(&given).collect();
    assert!(unknown.is_empty(), "docs/check.md shows {unknown:?}, which no report has");
    shown.extend(quoted(&page));
    let missing: Vec<_> = given.difference(&shown).collect();
    assert!(missing.is_empty(), "docs/check.md says nothing of {missing:?}");
}
