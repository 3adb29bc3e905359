//! Levels and versions.

use super::{Predicate, Rule};
use crate::api::VersionSpec;

pub(super) const RULES: &[Rule] = &[
    Rule {
        at: &["spec"],
        field: "",
        message: "must set at least one of enforce, audit and warn",
        cel: "has(self.enforce) || has(self.audit) || has(self.warn)",
        holds: Predicate::Object(|spec| {
            ["enforce", "audit", "warn"].iter().any(|mode| spec.contains_key(*mode))
        }),
    },
    Rule {
        at: &["spec.enforce.version", "spec.audit.version", "spec.warn.version"],
        field: "",
        message: "must be server, server-N, latest or v1.N",
        cel: "self.matches(r'^(server(-[1-9][0-9]?)?|latest|v1[.](0|[1-9][0-9]{0,3}))$')",
        holds: Predicate::Text(|text| text.parse::<VersionSpec>().is_ok()),
    },
];
