//! The rules of a profile without an API server. `tests/cluster` reads the same table with one.

use podsec::api::read_profile;

use crate::table;

#[test]
fn bad_profiles_are_refused_and_the_field_is_named() {
    for case in table::bad() {
        let refused = read_profile(&case.profile()).expect_err(&case.shows);
        let named = refused
            .violations
            .iter()
            .any(|violation| violation.field == case.field && violation.message.contains(&case.says));
        assert!(named, "{}: {refused}", case.shows);
        assert_eq!(refused.violations.len() > 1, case.more, "{}: {refused}", case.shows);
        assert_eq!(refused.to_string().lines().count(), 1, "{}: {refused}", case.shows);
        assert_eq!(refused.name.as_deref(), case.profile()["metadata"]["name"].as_str(), "{}", case.shows);
    }
}

#[test]
fn good_profiles_are_read() {
    for case in table::good() {
        let profile =
            read_profile(&case.profile()).unwrap_or_else(|refused| panic!("{}: {refused}", case.shows));
        let written = serde_json::to_value(&profile).unwrap();
        assert_eq!(read_profile(&written).unwrap(), profile, "{}", case.shows);
    }
}

#[test]
fn the_table_is_large_enough_to_mean_something() {
    for case in table::bad() {
        let (field, says) = case.told_by_server();
        assert!(![field, says, &case.says].contains(&""), "{}: an empty text is found anywhere", case.shows);
    }
    assert!(table::bad().len() >= 40 && table::good().len() >= 15);
}
