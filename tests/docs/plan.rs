//! `docs/plan.md`. What it shows of a cluster is compared with what podsec prints of one in
//! `tests/cluster/plan/`.

use std::{
    collections::BTreeSet,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::{Shown, check::keys, first_cells, quoted, read, reference::flags, root, shown};

#[test]
fn the_flags_are_documented_and_no_others() {
    let page = read("docs/plan.md");
    let sections = [
        ("plan", "### Flags"),
        ("why", "## Why a namespace"),
        ("recommend", "## The level that each"),
        ("compare", "## What another version"),
    ];
    for (subcommand, heading) in sections {
        let (_, section) = page.split_once(heading).unwrap();
        let section = section.split("\n## ").next().unwrap();
        let cells = first_cells(section).into_iter().flat_map(quoted);
        let told: BTreeSet<_> = cells.filter(|cell| cell.starts_with("--")).collect();
        assert_eq!(flags(subcommand), told, "{subcommand}");
    }
}

#[test]
fn the_formats_are_documented_and_no_others() {
    let page = read("docs/plan.md");
    let formats = page.split("## ").find(|section| section.starts_with("Formats")).unwrap();
    let told: BTreeSet<_> =
        first_cells(formats).into_iter().flat_map(quoted).filter(|cell| !cell.starts_with('-')).collect();
    let mut podsec = Command::new(env!("CARGO_BIN_EXE_podsec"));
    let output = podsec.args(["plan", "-o", "none"]).output().unwrap();
    let refusal = String::from_utf8(output.stderr).unwrap();
    let (_, given) = refusal.split_once("[possible values: ").unwrap();
    let given = given.split(']').next().unwrap().split(", ").map(ToOwned::to_owned).collect();
    assert_eq!(told, given);
}

#[test]
fn what_pages_show_of_files_is_what_is_printed() {
    let all = shown(|command| {
        let is_of_files = ["recommend ", "compare "].iter().any(|of_files| command.starts_with(of_files));
        is_of_files && command.contains("examples/")
    });
    for Shown { page, command, output } in &all {
        let mut podsec = Command::new(env!("CARGO_BIN_EXE_podsec"));
        podsec.current_dir(root("")).args(command.split(' ')).stderr(Stdio::null());
        let printed = String::from_utf8(podsec.output().unwrap().stdout).unwrap();
        assert_eq!(printed.trim_end(), output.trim_end(), "{page}: {command}");
    }
    assert!(all.len() >= 2, "{} found", all.len());
}

#[test]
fn every_field_of_the_report_is_documented_and_no_others() {
    let mut given = BTreeSet::new();
    for name in ["plan", "overview", "all"] {
        let snapshot = read(&format!("src/cli/plan/snapshots/podsec__cli__plan__tests__{name}-json.snap"));
        let (_, json) = snapshot.split_once("\n---\n").unwrap();
        let mut report: Value = serde_json::from_str(json).unwrap();
        // Label keys are Kubernetes' own.
        for namespace in report["namespaces"].as_array_mut().unwrap() {
            namespace["labels"] = serde_json::json!({"now": {}, "planned": {}});
        }
        keys(&report, &mut given);
    }
    let page = read("docs/plan.md");
    let (_, example) = page.split_once("```json\n").unwrap();
    let mut example: Value = serde_json::from_str(example.split("```").next().unwrap()).unwrap();
    example["namespaces"][0]["labels"] = serde_json::json!({"now": {}, "planned": {}});
    let mut shown = BTreeSet::new();
    keys(&example, &mut shown);
    let unknown: Vec<_> = shown.difference(&given).collect();
    assert!(unknown.is_empty(), "docs/plan.md shows {unknown:?}, which no report has");
    shown.extend(quoted(&page));
    // What a report of `podsec check` has, too.
    shown.extend(quoted(&read("docs/check.md")));
    let mut check = BTreeSet::new();
    let page = read("docs/check.md");
    let (_, example) = page.split_once("```json\n").unwrap();
    keys(&serde_json::from_str(example.split("```").next().unwrap()).unwrap(), &mut check);
    shown.extend(check);
    let missing: Vec<_> = given.difference(&shown).collect();
    assert!(missing.is_empty(), "docs/plan.md says nothing of {missing:?}");
}

#[test]
fn the_words_of_a_plan_are_documented() {
    let page = read("docs/plan.md");
    let told: BTreeSet<_> = quoted(&page).into_iter().collect();
    let model = read("src/cli/plan/model.rs");
    let words = model.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next());
    let words: BTreeSet<_> =
        words.filter(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == ' ')).collect();
    assert!(words.len() >= 12, "{words:?}");
    let rare = ["retained", "removed", "terminating", "exempt by the api server", "in sync"];
    let untold: Vec<_> = words.iter().filter(|word| !told.contains(**word) && !rare.contains(word)).collect();
    assert!(untold.is_empty(), "docs/plan.md says nothing of {untold:?}");
}
