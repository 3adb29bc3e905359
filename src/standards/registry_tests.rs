//! The table of checks, and what a table must not be.

use super::*;

fn none<'p>(_: &'p Pod<'_>, _: u32, _: &mut Offences<'p>) {}

const fn check_of(id: &'static str, level: Level, revisions: &'static [Revision]) -> Check {
    Check {
        id,
        level,
        about: About {
            title: "",
            fields: &[],
            allows: "",
            protects: "",
            cis: &[],
            nsa: &[],
            bad: "",
            good: "",
        },
        revisions,
        overrides: &[],
        reason: |_| "",
        detail: |_, _| (),
    }
}

const ONE: &[Revision] = &[Revision::since(0, "", none)];

fn ids(level: Level, minor: u32) -> Vec<&'static str> {
    applicable(level, minor).map(|(check, _)| check.id).collect()
}

#[test]
fn upstreams_number_of_checks_is_run() {
    let counts = |level| (0..=37).map(|minor| ids(level, minor).len()).collect::<Vec<_>>();
    let baseline = [vec![11; 34], vec![12; 4]].concat();
    let restricted = [vec![12; 8], vec![13; 15], vec![14; 11], vec![15; 4]].concat();
    assert_eq!(counts(Level::Baseline), baseline);
    assert_eq!(counts(Level::Restricted), restricted);
    assert_eq!(counts(Level::Privileged), vec![0; 38]);
}

#[test]
fn overridden_checks_are_not_run() {
    let runs = |id, minor| ids(Level::Restricted, minor).contains(&id);
    assert!(!runs("hostPathVolumes", 0));
    assert!(runs("seccompProfile_baseline", 18) && !runs("seccompProfile_baseline", 19));
    assert!(runs("capabilities_baseline", 21) && !runs("capabilities_baseline", 22));
    assert!(runs("procMount", 34) && !runs("procMount", 35));
    assert!(ids(Level::Baseline, NEWEST_MINOR).contains(&"procMount"));
}

#[test]
fn a_minor_newer_than_the_tables_has_the_newest_rules() {
    assert_eq!(ids(Level::Restricted, 9999), ids(Level::Restricted, NEWEST_MINOR));
}

#[test]
fn the_rule_of_a_minor_is_the_newest_that_is_not_newer() {
    let sysctls = check("sysctls").unwrap();
    let since = |minor| sysctls.revision(minor).map(|revision| revision.since);
    assert_eq!([0, 26, 27, 28, 31, 32, 36, 37].map(since), [0, 0, 27, 27, 29, 32, 32, 37].map(Some));
    assert!(check("runAsUser").unwrap().revision(22).is_none());
    assert_eq!(sysctls.revision(32).unwrap().to_string(), "allows net.ipv4.tcp_rmem, net.ipv4.tcp_wmem");
}

#[test]
fn a_table_that_cannot_be_is_refused_in_upstreams_words() {
    const REPEATED: &[Revision] = &[Revision::since(3, "", none), Revision::since(3, "", none)];
    const FALLING: &[Revision] = &[Revision::since(3, "", none), Revision::since(2, "", none)];
    let baseline = |id| check_of(id, Level::Baseline, ONE);
    let restricted = |id, overrides| Check { overrides, ..check_of(id, Level::Restricted, ONE) };
    let tables = [
        (vec![baseline("a"), baseline("a")], "multiple checks registered for ID a"),
        (vec![check_of("a", Level::Privileged, ONE)], "check a: invalid level privileged"),
        (vec![check_of("a", Level::Baseline, &[])], "check a: empty"),
        (vec![check_of("a", Level::Baseline, REPEATED)], "check a: duplicate version v1.3"),
        (vec![check_of("a", Level::Baseline, FALLING)], "check a: versions must be strictly increasing"),
        (
            vec![baseline("a"), Check { overrides: &["a"], ..baseline("b") }],
            "check b: only restricted checks may set overrides",
        ),
        (vec![restricted("a", &[]), restricted("b", &["a"])], "check b: overrides restricted check a"),
        (vec![restricted("b", &["z"])], "check b: overrides unknown check z"),
        (vec![baseline("b"), baseline("a")], "check a: must stand before the one ahead of it"),
        (vec![restricted("a", &[]), baseline("b")], "check b: must stand before the one ahead of it"),
    ];
    for (table, text) in tables {
        assert_eq!(validate(&table).unwrap_err().to_string(), text);
    }
    assert_eq!(validate(&[baseline("a"), baseline("b"), restricted("a2", &["a"])]), Ok(()));
}

#[test]
fn every_check_says_what_it_is_about() {
    for check in checks() {
        let about = &check.about;
        for text in [about.title, about.allows, about.protects, about.bad, about.good] {
            assert!(!text.is_empty(), "{}", check.id);
        }
        assert!(!about.fields.is_empty(), "{}", check.id);
        assert!(check.revisions.iter().all(|revision| !revision.to_string().is_empty()), "{}", check.id);
    }
}
