//! Label keys and values of a selector.

use super::{
    Predicate, Rule,
    names::{is_qualified_name, is_subdomain},
};

/// A label key. The bounds on its two parts (253 and 63 characters) are in the CEL below: a count in a regular
/// expression makes it cost more.
macro_rules! key_pattern {
    () => {
        "r'^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$'"
    };
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        at: &["spec.namespaceSelector.matchLabels"],
        field: "",
        message: "must have label keys such as tier or example.com/tier",
        cel: concat!(
            "self.all(key, key.matches(",
            key_pattern!(),
            ") && key.indexOf('/') <= 253 && key.size() - key.indexOf('/') <= 64)"
        ),
        holds: Predicate::Object(|labels| labels.keys().all(|key| is_key(key))),
    },
    Rule {
        at: &["spec.namespaceSelector.matchExpressions[].key"],
        field: "",
        message: "must be a label key such as tier or example.com/tier",
        cel: concat!(
            "self.matches(",
            key_pattern!(),
            ") && self.indexOf('/') <= 253 && self.size() - self.indexOf('/') <= 64"
        ),
        holds: Predicate::Text(is_key),
    },
    Rule {
        at: &["spec.namespaceSelector.matchLabels[]", "spec.namespaceSelector.matchExpressions[].values[]"],
        field: "",
        message: "must be a label value: at most 63 letters, digits, -, _ and ., and none but letters and digits \
                  at either end",
        cel: "self.matches(r'^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$')",
        holds: Predicate::Text(|value| value.is_empty() || is_qualified_name(value)),
    },
];

fn is_key(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_subdomain(prefix) && is_qualified_name(name),
        None => is_qualified_name(text),
    }
}
