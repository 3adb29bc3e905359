//! The tables of the documentation against what they describe.

use std::{collections::BTreeSet, process::Command};

use podsec::{
    api::{
        profile_crd,
        reasons::{ConditionReason, EventReason, StateReason},
    },
    controller::metric_names,
};

use crate::{first_cells, quoted, read, root};

/// The words of a text that satisfy `is`, without duplicates.
fn words(text: &str, is: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let part = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    text.split(part).filter(|word| is(word)).map(ToOwned::to_owned).collect()
}

/// What a subcommand says of itself.
fn help(subcommand: &str) -> String {
    let mut podsec = Command::new(env!("CARGO_BIN_EXE_podsec"));
    let output = podsec.args(subcommand.split(' ')).arg("--help").env("NO_COLOR", "1").output().unwrap();
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
    let flags = names.map(|line| format!("--{}", line.split([' ', '[']).next().unwrap()));
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
    let given: BTreeSet<_> = metric_names().unwrap().into_iter().collect();
    assert_eq!(words_of(&read("docs/operating.md"), "Metrics", 0), given);

    // None that is registered is missing from those names, as a family without series would be.
    let source = read("src/controller/metrics/mod.rs");
    let registered = source.split("register(").skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
    let registered: Vec<_> = registered.map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(registered.len() > 10, "{registered:?}");
    for name in registered {
        let is_it = |given: &String| {
            let bare = given.trim_start_matches("podsec_").trim_end_matches("_total");
            bare.trim_end_matches("_info") == name
        };
        assert!(given.iter().any(is_it), "{name}");
    }
}

/// The words in back-ticks in a column of a section's table; in one of the others where a row leaves it empty.
fn words_of(page: &str, section: &str, column: usize) -> BTreeSet<String> {
    let sections = page.split("\n## ");
    let table = sections.into_iter().find(|text| text.starts_with(&format!("{section}\n"))).unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| "));
    let cells = rows.filter_map(|row| row.split('|').nth(column + 1));
    cells.flat_map(quoted).collect()
}

#[test]
fn the_reasons_are_documented_and_no_others() {
    let page = read("docs/troubleshooting.md");
    let all = |words: Vec<&str>| words.into_iter().map(ToOwned::to_owned).collect::<BTreeSet<_>>();
    let conditions = all(ConditionReason::ALL.iter().map(|reason| reason.as_str()).collect());
    assert_eq!(words_of(&page, "Conditions", 2), conditions);
    let states = all(StateReason::ALL.iter().map(|reason| reason.as_str()).collect());
    assert_eq!(words_of(&page, "States", 0), states);
    let events = all(EventReason::ALL.iter().map(|reason| reason.as_str()).collect());
    assert_eq!(words_of(&page, "Events", 0), events);
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
