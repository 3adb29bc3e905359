//! Which namespaces a profile selects.

use super::{Predicate, Rule};

pub(super) const RULES: &[Rule] = &[
    Rule {
        at: &["spec"],
        field: "",
        message: "must select namespaces by namespaceSelector, namespaceNames or both",
        cel: "has(self.namespaceSelector) || has(self.namespaceNames)",
        holds: Predicate::Object(|spec| {
            spec.contains_key("namespaceSelector") || spec.contains_key("namespaceNames")
        }),
    },
    Rule {
        at: &["spec.namespaceNames[]", "spec.exemptions[].name"],
        field: "",
        message: "must be a namespace's name or a glob: only lower-case letters, digits, - and *",
        cel: "self.matches(r'^[a-z0-9*-]+$')",
        holds: Predicate::Text(is_glob),
    },
    Rule {
        at: &["spec.namespaceSelector.matchExpressions[]"],
        field: ".values",
        message: "must have at least one value with operator In or NotIn",
        cel: "!(self.operator in ['In', 'NotIn']) || (has(self.values) && self.values.size() > 0)",
        holds: Predicate::Object(|requirement| {
            !compares_values(super::text(requirement, "operator")) || super::items(requirement, "values") > 0
        }),
    },
    Rule {
        at: &["spec.namespaceSelector.matchExpressions[]"],
        field: ".values",
        message: "must be empty with operator Exists or DoesNotExist",
        cel: "self.operator in ['In', 'NotIn'] || !has(self.values) || self.values.size() == 0",
        holds: Predicate::Object(|requirement| {
            compares_values(super::text(requirement, "operator")) || super::items(requirement, "values") == 0
        }),
    },
];

fn is_glob(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'*'))
}

fn compares_values(operator: Option<&str>) -> bool {
    matches!(operator, Some("In" | "NotIn"))
}
