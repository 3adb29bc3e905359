//! Which namespaces a profile selects: label selectors and name globs.

use globset::{Glob, GlobMatcher};

use super::KeyValues;
use crate::api::{NamespaceSelector, Operator, Requirement};

/// A namespace name, or a glob over names in which `*` stands for any run of characters.
#[derive(Clone)]
pub struct NamePattern {
    text: String,
    glob: Option<GlobMatcher>,
}

impl NamePattern {
    /// Compiles a pattern. Only lower-case letters, digits, `-` and `*` may stand in one; anything else makes a
    /// pattern that matches nothing, so that a text that was never checked selects no namespace by accident.
    pub fn new(text: &str) -> Self {
        let glob = (is_pattern(text) && text.contains('*')).then(|| Glob::new(text).ok()).flatten();
        Self { text: text.to_owned(), glob: glob.map(|glob| glob.compile_matcher()) }
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the text is a pattern: otherwise it matches nothing.
    pub(super) fn is_valid(&self) -> bool {
        is_pattern(&self.text)
    }

    /// Whether the pattern is a name in full.
    pub fn is_literal(&self) -> bool {
        !self.text.contains('*')
    }

    /// Whether a namespace of this name is meant.
    pub fn matches(&self, name: &str) -> bool {
        self.glob.as_ref().map_or_else(|| self.text == name, |glob| glob.is_match(name))
    }
}

fn is_pattern(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(|byte| plain(byte) || byte == b'*')
}

impl std::fmt::Debug for NamePattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.text.fmt(f)
    }
}

/// Whether labels meet a selector, as Kubernetes matches a `metav1.LabelSelector`: an empty one selects all.
pub(super) fn selects(selector: &NamespaceSelector, labels: &KeyValues) -> bool {
    let equal =
        selector.match_labels.iter().flatten().all(|(key, value)| labels.get(key) == Some(value.as_str()));
    equal && selector.match_expressions.iter().flatten().all(|requirement| meets(requirement, labels))
}

pub(super) fn meets(requirement: &Requirement, labels: &KeyValues) -> bool {
    let value = labels.get(&requirement.key);
    let listed = value.is_some_and(|value| requirement.values.iter().flatten().any(|listed| listed == value));
    match requirement.operator {
        Operator::In => listed,
        Operator::NotIn => !listed,
        Operator::Exists => value.is_some(),
        Operator::DoesNotExist => value.is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_know_only_the_star() {
        let table = [
            ("team-*", "team-a", true),
            ("team-*", "team-", true),
            ("team-*", "other", false),
            ("*", "anything", true),
            ("*-prod", "shop-prod", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("exact", "exact", true),
            ("exact", "exactly", false),
            ("te?m", "team", false),
            ("[t]eam", "team", false),
            ("{team,x}", "team", false),
            ("", "", false),
        ];
        for (pattern, name, expected) in table {
            let matches = NamePattern::new(pattern).matches(name) && !pattern.is_empty();
            assert_eq!(matches, expected, "{pattern} {name}");
        }
    }

    #[test]
    fn selectors_match_as_kubernetes_does() {
        let labels = [("tier", "apps")].into_iter().collect();
        let requirement = |key: &str, operator, values: &[&str]| NamespaceSelector {
            match_labels: None,
            match_expressions: Some(vec![Requirement {
                key: key.into(),
                operator,
                values: Some(values.iter().map(|v| (*v).to_owned()).collect()),
            }]),
        };
        assert!(selects(&NamespaceSelector::default(), &labels));
        assert!(selects(&requirement("tier", Operator::In, &["apps", "x"]), &labels));
        assert!(!selects(&requirement("tier", Operator::NotIn, &["apps"]), &labels));
        assert!(selects(&requirement("absent", Operator::NotIn, &["apps"]), &labels));
        assert!(selects(&requirement("tier", Operator::Exists, &[]), &labels));
        assert!(!selects(&requirement("absent", Operator::Exists, &[]), &labels));
        assert!(selects(&requirement("absent", Operator::DoesNotExist, &[]), &labels));
        let both = NamespaceSelector {
            match_labels: Some([("tier".to_owned(), "apps".to_owned())].into_iter().collect()),
            ..requirement("tier", Operator::DoesNotExist, &[])
        };
        assert!(!selects(&both, &labels), "all of a selector must hold");
    }
}
