//! `docs/reports.md` against the report's type.

use std::collections::BTreeSet;

use podsec::api::{ReportState, report_crd};

use crate::{first_cells, profiles::collect, quoted, read};

/// A section of the page.
fn section<'a>(page: &'a str, title: &str) -> &'a str {
    page.split("\n## ").find(|section| section.starts_with(title)).unwrap()
}

#[test]
fn every_field_of_a_report_is_documented() {
    let schema =
        report_crd().spec.versions.into_iter().next().unwrap().schema.unwrap().open_api_v3_schema.unwrap();
    let mut fields = BTreeSet::new();
    collect(&schema, &mut fields);
    assert!(fields.len() > 40, "{fields:?}");
    let page = read("docs/reports.md");
    let told: BTreeSet<_> = quoted(section(&page, "Fields")).into_iter().collect();
    let missing: Vec<_> = fields.difference(&told).collect();
    assert!(missing.is_empty(), "docs/reports.md does not mention {missing:?}");
    let named = first_cells(section(&page, "Fields")).into_iter().flat_map(quoted);
    let unknown: Vec<_> = named.filter(|name| !fields.contains(name) && name != "blockers[]").collect();
    assert!(unknown.is_empty(), "there is no field {unknown:?}");
}

#[test]
fn the_states_are_documented_and_no_others() {
    let page = read("docs/reports.md");
    let told: BTreeSet<_> = first_cells(section(&page, "States")).into_iter().flat_map(quoted).collect();
    let given: BTreeSet<_> = ReportState::ALL.iter().map(|state| format!("{state:?}")).collect();
    assert_eq!(given, told);
}

#[test]
fn the_columns_are_documented_and_no_others() {
    let version = report_crd().spec.versions.into_iter().next().unwrap();
    let given: BTreeSet<_> =
        version.additional_printer_columns.unwrap().into_iter().map(|column| column.name).collect();
    let page = read("docs/reports.md");
    let told: BTreeSet<_> = first_cells(section(&page, "Columns")).into_iter().flat_map(quoted).collect();
    assert_eq!(given, told);
}
