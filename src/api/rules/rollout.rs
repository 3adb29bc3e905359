//! How enforce is raised.

use std::time::Duration;

use super::{Object, Predicate, Rule};
use crate::api::GoDuration;

/// A duration as [`GoDuration`] reads it, in CEL. The counts keep `duration()` from failing on too large a number.
macro_rules! is_duration {
    () => {
        concat!(
            "self.size() <= 32 && self.matches(r'^(0|(",
            "[0-9]{1,5}([.][0-9]{1,9})?h|[0-9]{1,7}([.][0-9]{1,9})?m|[0-9]{1,9}([.][0-9]{1,9})?(s|ms|us|ns)",
            ")+)$')",
        )
    };
}

/// The longest soak and batch.
const YEAR: Duration = Duration::from_hours(8760);

/// A field that has no meaning under another strategy than `WhenClean`.
macro_rules! only_when_clean {
    ($name:literal) => {
        Rule {
            at: &["spec.rollout"],
            field: concat!(".", $name),
            message: "is only for strategy WhenClean",
            cel: concat!("!has(self.", $name, ") || !has(self.strategy) || self.strategy == 'WhenClean'"),
            holds: Predicate::Object(|rollout| !rollout.contains_key($name) || is_when_clean(rollout)),
        }
    };
}

pub(super) const RULES: &[Rule] = &[
    only_when_clean!("soak"),
    only_when_clean!("batch"),
    only_when_clean!("forceAfter"),
    Rule {
        at: &["spec.rollout.soak"],
        field: "",
        message: "must be a duration such as 90m or 24h, at most 8760h",
        cel: concat!(is_duration!(), " && duration(self) <= duration('8760h')"),
        holds: Predicate::Text(|text| text.parse::<GoDuration>().is_ok_and(|soak| soak.0 <= YEAR)),
    },
    Rule {
        at: &["spec.rollout.batch.every"],
        field: "",
        message: "must be a duration such as 90s or 10m, 1s to 8760h",
        cel: concat!(
            is_duration!(),
            " && duration(self) >= duration('1s') && duration(self) <= duration('8760h')"
        ),
        holds: Predicate::Text(|text| {
            text.parse::<GoDuration>().is_ok_and(|every| (Duration::from_secs(1)..=YEAR).contains(&every.0))
        }),
    },
];

fn is_when_clean(rollout: &Object) -> bool {
    super::text(rollout, "strategy").is_none_or(|strategy| strategy == "WhenClean")
}
