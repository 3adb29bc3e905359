//! Exemptions, and the times at which they end.

use super::{Predicate, Rule};
use crate::api::Moment;

/// A point in time as [`Moment`] reads it, in CEL. `timestamp()` is no test: it fails on what it cannot read.
macro_rules! is_moment {
    () => {
        concat!(
            "self.matches(r'^(1999|2[0-9]{3}|3000)",
            "-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))",
            "T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$')",
            " && (!self.contains('-02-29T') || ",
            "self.matches(r'^(2[048]00|[0-9]{2}(0[48]|[2468][048]|[13579][26]))-'))",
            " && timestamp(self) >= timestamp('2000-01-01T00:00:00Z')",
            " && timestamp(self) < timestamp('3000-01-01T00:00:00Z')",
        )
    };
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        at: &["spec.exemptions[].reason"],
        field: "",
        message: "must say why the namespace is exempt",
        cel: "self.trim() != ''",
        holds: Predicate::Text(|reason| !reason.trim().is_empty()),
    },
    Rule {
        at: &["spec.exemptions[].expires", "spec.rollout.forceAfter"],
        field: "",
        message: "must be an RFC 3339 time such as 2027-06-30T00:00:00Z, of the years 2000 to 2999",
        cel: is_moment!(),
        holds: Predicate::Text(|text| text.parse::<Moment>().is_ok()),
    },
];
