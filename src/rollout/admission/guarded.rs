//! What only few may change, because it decides what a profile makes of a namespace.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    Variable,
    text::{is_meant, lines, literal},
};
use crate::rollout::Profiles;

/// The label keys that profiles select by, also those that govern nothing now: they may tomorrow.
pub fn selecting_keys(profiles: &Profiles) -> BTreeSet<&str> {
    let selectors = profiles.iter().filter_map(|profile| profile.selector());
    selectors
        .flat_map(|selector| {
            let equal = selector.match_labels.iter().flatten().map(|(key, _)| key.as_str());
            equal.chain(
                selector.match_expressions.iter().flatten().map(|requirement| requirement.key.as_str()),
            )
        })
        .collect()
}

/// The exemptions that a namespace would have by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExemptNames {
    /// One variable for each profile that has any: a list of texts, `legacy-* of the profile apps`.
    pub variables: Vec<Variable>,
    /// When the first of them ends.
    pub until: Option<Timestamp>,
}

/// The exemptions that hold at `now` or will, whatever the profile selects: a label is changed more easily than a name.
pub fn exempt_names(profiles: &Profiles, now: Timestamp) -> ExemptNames {
    let mut names = ExemptNames { variables: Vec::new(), until: None };
    for (index, profile) in profiles.iter().enumerate() {
        let mut items = Vec::new();
        for exemption in profile.lasting_exemptions(now) {
            let told = format!("{} of the profile {}", exemption.pattern.as_str(), profile.name);
            items.push(format!("{} ? {} : ''", is_meant(&exemption.pattern), literal(&told)));
            names.until = [names.until, exemption.expires].into_iter().flatten().min();
        }
        if !items.is_empty() {
            let expression = format!("[\n{}].filter(e, e != '')", lines(&items));
            let about = format!("the exemptions of {} that the name is among", profile.name);
            names.variables.push(Variable::new(format!("exempt_{}", index + 1), about, expression));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{super::super::testing, *};

    #[test]
    fn keys_of_labels_and_of_requirements_once_each() {
        let profiles = testing::profiles(&[
            ("a", r#"{"namespaceSelector": {"matchLabels": {"x": "1", "y": "2"}}, "suspend": true}"#),
            (
                "b",
                r#"{"namespaceSelector": {"matchExpressions": [{"key": "z", "operator": "Exists"},
                {"key": "y", "operator": "Exists"}]}}"#,
            ),
            ("c", r#"{"namespaceNames": ["a"]}"#),
        ]);
        assert_eq!(selecting_keys(&profiles), BTreeSet::from(["x", "y", "z"]));
    }

    #[test]
    fn exemptions_that_have_ended_are_none() {
        let profiles = testing::profiles(&[(
            "a",
            r#"{"namespaceSelector": {}, "exemptions": [
                {"name": "old", "reason": "r", "expires": "2026-01-01T00:00:00Z"},
                {"name": "legacy-*", "reason": "r", "expires": "2027-01-01T00:00:00Z"},
                {"name": "b", "reason": "r"}]}"#,
        )]);
        let names = exempt_names(&profiles, testing::now());
        assert_eq!(names.until, "2027-01-01T00:00:00Z".parse().ok());
        let [variable] = names.variables.as_slice() else { panic!("{names:?}") };
        assert_eq!(
            variable.expression,
            "[
  variables.name == 'b' ? 'b of the profile a' : '',
  variables.name.startsWith('legacy-') ? 'legacy-* of the profile a' : '',
].filter(e, e != '')"
        );
    }
}
