use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    api::{ClusterPodSecurityProfile, read_profile},
    migration::Fate,
    standards::{LevelVersion, Mode},
};

fn checked(text: &Value) -> Result<Configuration, Vec<String>> {
    let written: Written = serde_json::from_value(text.clone()).map_err(|error| vec![error.to_string()])?;
    written.check().map_err(|invalid| invalid.iter().map(ToString::to_string).collect())
}

fn told(value: &Value) -> Vec<String> {
    checked(value).unwrap_err()
}

#[test]
fn what_is_not_said_is_privileged_and_latest() {
    for nothing in
        [json!({}), json!({"defaults": null, "exemptions": {}}), json!({"defaults": {"enforce": ""}})]
    {
        assert_eq!(checked(&nothing).unwrap(), Configuration::default(), "{nothing}");
    }
    let some = checked(&json!({"defaults": {"enforce": "baseline", "warn-version": "v1.30"}})).unwrap();
    let values = Mode::ALL.map(|mode| some.defaults.get(mode).to_string());
    assert_eq!(values, ["baseline:latest", "privileged:latest", "privileged:v1.30"]);
}

#[test]
fn what_the_api_server_would_not_start_with_is_told_field_by_field() {
    let defaults = json!({"enforce": "Baseline", "audit-version": "1.30", "warn": "low"});
    let names = json!({
        "namespaces": ["a", "A.b", "a.b", "a", &"n".repeat(64)],
        "runtimeClasses": ["gvisor.example", "-", "gvisor.example"],
        "usernames": ["", "u", "u"],
    });
    let all = told(&json!({"defaults": defaults, "exemptions": names}));
    let fields: Vec<_> = all.iter().map(|text| text.split(": ").next().unwrap()).collect();
    assert_eq!(
        fields,
        [
            "defaults.enforce",
            "defaults.audit-version",
            "defaults.warn",
            "exemptions.namespaces[1]",
            "exemptions.namespaces[2]",
            "exemptions.namespaces[3]",
            "exemptions.namespaces[4]",
            "exemptions.runtimeClasses[1]",
            "exemptions.runtimeClasses[2]",
            "exemptions.usernames[0]",
            "exemptions.usernames[2]",
        ]
    );
    assert_eq!(
        all[0],
        "defaults.enforce: invalid value \"Baseline\": must be one of privileged, baseline, restricted"
    );
    assert!(all[4].ends_with("must not contain dots"), "{}", all[4]);
    assert!(all[6].ends_with("must be no more than 63 characters"), "{}", all[6]);
    assert!(told(&json!({"deflaults": {}}))[0].contains("unknown field `deflaults`"));
    assert!(told(&json!({"exemptions": {"groups": []}}))[0].contains("unknown field `groups`"));
}

/// The profiles as the API server would take them.
fn taken(imported: &Imported) -> Vec<ClusterPodSecurityProfile> {
    let object = |draft: &Draft| {
        serde_json::to_value(ClusterPodSecurityProfile::new(&draft.name, draft.spec.clone())).unwrap()
    };
    imported.drafts.iter().map(|draft| read_profile(&object(draft)).unwrap()).collect()
}

fn of(value: &Value) -> Imported {
    imported(&checked(value).unwrap(), NAME, "file.yaml")
}

#[test]
fn defaults_become_a_profile_that_goes_after_all_others() {
    let all =
        of(&json!({"defaults": {"enforce": "baseline", "enforce-version": "v1.34", "warn": "restricted"}}));
    let [profile] = taken(&all).try_into().unwrap();
    assert_eq!(
        serde_json::to_value(&profile.spec).unwrap(),
        json!({
            "priority": -1_000_000, "namespaceSelector": {}, "conflictPolicy": "Yield",
            "enforce": {"level": "baseline", "version": "v1.34"}, "warn": {"level": "restricted", "version": "latest"},
        })
    );
    assert_eq!(all.flags, ["--server-defaults=enforce=baseline:v1.34,warn=restricted:latest"]);
    assert!(of(&json!({"exemptions": {"namespaces": ["a"]}})).drafts.is_empty(), "nothing is asked for");
}

#[test]
fn every_exemption_is_accounted_for() {
    let all = of(&json!({"defaults": {"enforce": "baseline"}, "exemptions": {
        "namespaces": ["kube-system", "a"], "usernames": ["system:serviceaccount:ci:x", "admin"], "runtimeClasses": ["kata", "runc"],
    }}));
    let [profile] = taken(&all).try_into().unwrap();
    let exemptions = profile.spec.exemptions.unwrap();
    assert_eq!(exemptions.len(), 1, "kube-system is protected");
    assert_eq!(
        (exemptions[0].name.as_str(), exemptions[0].reason.as_str()),
        ("a", "exempt in the API server's configuration (file.yaml, exemptions.namespaces[1])")
    );
    assert_eq!(all.flags[1], "--server-exempt-runtime-classes=kata,runc");
    let lost: Vec<_> = all
        .entries
        .iter()
        .filter(|entry| entry.fate == Fate::NotPossible)
        .map(|entry| entry.value.as_str())
        .collect();
    assert_eq!(lost, ["kata", "runc", "system:serviceaccount:ci:x", "admin"]);
    let of_namespaces =
        all.entries.iter().filter(|entry| entry.field.starts_with("exemptions.namespaces")).count();
    assert_eq!(of_namespaces, 2);
}

fn configurations() -> impl Strategy<Value = Configuration> {
    let value = ("privileged|baseline|restricted", "latest|v1[.](0|[1-9][0-9])")
        .prop_map(|(level, version)| format!("{level}:{version}").parse::<LevelVersion>().unwrap());
    let defaults = prop::array::uniform3(value).prop_map(crate::standards::Policy::new);
    let names = || prop::collection::btree_set("[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?", 0..300);
    let usernames = prop::collection::btree_set(".{1,20}", 0..3);
    (defaults, names(), usernames, names()).prop_map(|(defaults, namespaces, usernames, classes)| {
        let exempt = Exempt {
            usernames: usernames.into_iter().collect(),
            namespaces: namespaces.into_iter().collect(),
            runtime_classes: classes.into_iter().take(3).collect(),
        };
        Configuration { defaults, exempt }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_written_is_taken_and_nothing_is_left_out(configuration in configurations()) {
        let all = imported(&configuration, NAME, "stdin");
        let profiles = taken(&all);
        let asks = |mode| configuration.defaults.get(mode).level != crate::standards::Level::Privileged;
        prop_assert_eq!(profiles.is_empty(), !Mode::ALL.into_iter().any(asks));
        let Exempt { usernames, namespaces, runtime_classes } = &configuration.exempt;
        let accounted = |name: &str| all.entries.iter().filter(|entry| entry.field.starts_with(&format!("exemptions.{name}["))).count();
        prop_assert_eq!(accounted("namespaces"), namespaces.len());
        prop_assert_eq!(accounted("usernames"), usernames.len());
        prop_assert_eq!(accounted("runtimeClasses"), runtime_classes.len());
        if asks(Mode::Enforce) {
            // Each namespace is exempt in one of the profiles, once.
            let exempt: usize = profiles.iter().map(|profile| {
                profile.spec.exemptions.as_ref().map_or(0, Vec::len) + profile.spec.namespace_names.as_ref().map_or(0, Vec::len)
            }).sum();
            let settings = crate::rollout::Settings::as_installed();
            prop_assert_eq!(exempt, namespaces.iter().filter(|name| !settings.protects(name)).count());
        }
    }
}
