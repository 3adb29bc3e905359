//! The tables of the documentation against what they describe.

use std::{collections::BTreeSet, process::Command};

use podsec::api::profile_crd;

use crate::{first_cells, quoted, read, root};

/// The words of a text that satisfy `is`, without duplicates.
fn words(text: &str, is: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let part = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    text.split(part).filter(|word| is(word)).map(ToOwned::to_owned).collect()
}

/// What a subcommand says of itself.
fn help(subcommand: &str) -> String {
    let mut podsec = Command::new(env!("CARGO_BIN_EXE_podsec"));
    let output = podsec.args([subcommand, "--help"]).env("NO_COLOR", "1").output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The flags of a subcommand.
pub(crate) fn flags(subcommand: &str) -> BTreeSet<String> {
    let help = help(subcommand);
    let names = help.lines().filter_map(|line| {
        let line = line.trim_start();
        let long = line.split_once(", ").filter(|(short, _)| short.len() == 2).map_or(line, |(_, long)| long);
        long.strip_prefix("--")
    });
    let flags = names.map(|line| format!("--{}", line.split(' ').next().unwrap()));
    flags.filter(|flag| flag != "--help").collect()
}

#[test]
fn the_flags_of_the_controller_are_documented_and_no_others() {
    let help = help("controller");
    let given = flags("controller");
    let page = read("docs/operating.md");
    let told: BTreeSet<_> = first_cells(&page)
        .into_iter()
        .filter_map(|cell| cell.strip_prefix('`')?.strip_suffix('`'))
        .filter(|cell| cell.starts_with("--"))
        .map(ToOwned::to_owned)
        .collect();
    assert_eq!(given, told);

    let variables = |text: &str| words(text, |word| word.starts_with("PODSEC_") || word.starts_with("POD_"));
    assert_eq!(variables(&help), variables(&page));
}

#[test]
fn the_metrics_are_documented_and_no_others() {
    let source = read("src/controller/metrics.rs");
    let registered = source.split("register(").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
    let given: BTreeSet<_> = registered.map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
    assert!(given.len() >= 5, "{given:?}");
    let page = read("docs/operating.md");
    let told: BTreeSet<_> = first_cells(&page)
        .into_iter()
        .filter_map(|cell| cell.trim_matches('`').strip_prefix("podsec_"))
        .map(|name| name.trim_end_matches("_total").trim_end_matches("_info").to_owned())
        .collect();
    assert_eq!(given, told);
}

#[test]
fn the_reasons_are_documented_and_no_others() {
    let telling = read("src/controller/telling.rs");
    let wording = read("src/rollout/wording.rs");
    let is_word = |text: &&str| {
        text.starts_with(|c: char| c.is_ascii_uppercase()) && text.chars().all(|c| c.is_ascii_alphabetic())
    };
    let events: BTreeSet<_> = telling.split('"').skip(1).step_by(2).filter(is_word).collect();
    assert!(events.len() >= 8, "{events:?}");
    let page = read("docs/labels.md");
    let told: BTreeSet<_> = first_cells(&page)
        .into_iter()
        .filter_map(|cell| cell.strip_prefix('`')?.strip_suffix('`'))
        .filter(is_word)
        .collect();
    let untold: Vec<_> = events.difference(&told).collect();
    assert!(untold.is_empty(), "docs/labels.md says nothing of {untold:?}");
    for reason in told {
        let word = format!("\"{reason}\"");
        assert!(telling.contains(&word) || wording.contains(&word), "there is no reason {reason}");
    }
}

#[test]
fn the_columns_are_documented_and_no_others() {
    let version = profile_crd().spec.versions.into_iter().next().unwrap();
    let given: BTreeSet<_> =
        version.additional_printer_columns.unwrap().into_iter().map(|column| column.name).collect();
    let page = read("docs/status.md");
    let columns = page.split("## ").find(|section| section.starts_with("Columns")).unwrap();
    let told: BTreeSet<_> = first_cells(columns).into_iter().flat_map(quoted).collect();
    assert_eq!(given, told);
}

#[test]
fn the_targets_that_the_documentation_names_exist() {
    let makefile = read("Makefile");
    for page in crate::pages() {
        for text in quoted(&read(&page)) {
            let Some(target) = text.strip_prefix("make ").and_then(|rest| rest.split(' ').next()) else {
                continue;
            };
            assert!(makefile.contains(&format!("\n{target}:")), "{page}: there is no `make {target}`");
        }
    }
}

#[test]
fn every_test_binary_is_a_stage_of_make_test() {
    let script = read("tests/run.sh");
    for entry in std::fs::read_dir(root("tests")).unwrap() {
        let folder = entry.unwrap();
        let name = folder.file_name().into_string().unwrap();
        if folder.path().join("main.rs").exists() {
            assert!(script.contains(&format!("--test {name} ")), "tests/run.sh does not run tests/{name}");
        }
    }
}
