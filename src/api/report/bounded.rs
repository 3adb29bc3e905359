//! Keeping a report within its bounds, whatever it is told.

use serde::Serialize;

use super::{Breakage, ReportContent, ReportSummary, ReportedBlocker, ReportedMode, Soak};
use crate::api::{bounds, text::bound};

/// Room for the field that counts blockers that are not listed.
const MORE: usize = 32;

impl ReportContent {
    /// The report with every text harmless and every list as short as the CRD asks, and so many blockers that the
    /// whole is not too large: the rest is counted.
    ///
    /// A text that is too long would have the API server refuse the whole report. What is podsec's own, such as times
    /// and levels, is within its bounds anyway.
    #[must_use]
    pub fn within_bounds(mut self) -> Self {
        let Self {
            audit,
            blockers,
            breakage,
            clean_at: _,
            enforce,
            mended: _,
            message,
            missing,
            more_blockers,
            next_step: _,
            not_judged: _,
            pods: _,
            policy: _,
            reason,
            since: _,
            soak,
            state: _,
            summary,
            warn,
            workloads: _,
        } = &mut self;
        bound(message, bounds::REPORT_MESSAGE);
        bound(reason, bounds::NAME);
        for mode in [enforce, audit, warn].into_iter().flatten() {
            mode.bound();
        }
        missing.truncate(bounds::MISSING);
        for list in missing {
            bound(list, bounds::NAME);
        }
        breakage.iter_mut().for_each(Breakage::bound);
        soak.iter_mut().for_each(Soak::bound);
        summary.bound();
        blockers.iter_mut().for_each(ReportedBlocker::bound);

        let mut listed = std::mem::take(blockers);
        let before = listed.len();
        let more = *more_blockers;
        let mut room = bounds::REPORT.saturating_sub(json_size(&self) + MORE);
        let mut fitting = 0;
        for blocker in listed.iter().take(bounds::BLOCKERS) {
            let size = json_size(blocker) + 1;
            if size > room {
                break;
            }
            room -= size;
            fitting += 1;
        }
        listed.truncate(fitting);
        self.more_blockers = more.saturating_add(u32::try_from(before - fitting).unwrap_or(u32::MAX));
        self.blockers = listed;
        self
    }
}

/// How many bytes something takes as JSON, as the API server writes it. What cannot be written fits nowhere.
fn json_size(value: &impl Serialize) -> usize {
    serde_json::to_string(value)
        .map_or(usize::MAX, |json| json.len() + 5 * json.matches(['<', '>', '&']).count())
}

impl ReportedMode {
    fn bound(&mut self) {
        let Self { assumed: _, message, planned: _, present, profile, reason, state: _ } = self;
        bound(message, bounds::REPORT_MESSAGE);
        bound(present, bounds::WORD);
        bound(profile, bounds::NAME);
        bound(reason, bounds::NAME);
    }
}

impl ReportSummary {
    fn bound(&mut self) {
        let Self { blocker, clean_at, enforce, planned, violating } = self;
        for cell in [blocker, clean_at, enforce, planned, violating] {
            bound(cell, bounds::CELL);
        }
    }
}

impl ReportedBlocker {
    fn bound(&mut self) {
        let Self {
            check,
            container,
            field,
            message,
            more_fields: _,
            note,
            object,
            pods: _,
            remedy,
            volume,
            workload,
        } = self;
        for name in [check, container, volume] {
            bound(name, bounds::NAME);
        }
        for text in [message, note, remedy] {
            bound(text, bounds::WORKLOAD_MESSAGE);
        }
        for name in [object, workload] {
            bound(name, bounds::WORKLOAD);
        }
        bound(field, bounds::FIELD);
    }
}

impl Breakage {
    fn bound(&mut self) {
        self.refused.truncate(bounds::REFUSED);
        for refused in &mut self.refused {
            bound(&mut refused.message, bounds::WORKLOAD_MESSAGE);
            bound(&mut refused.workload, bounds::WORKLOAD);
        }
    }
}

impl Soak {
    fn bound(&mut self) {
        self.clean.truncate(bounds::SOAKING);
        if let Some(held) = &mut self.held {
            bound(&mut held.profile_uid, bounds::NAME);
        }
        bound(&mut self.namespace_uid, bounds::NAME);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::api::{crd::report_schema, shape, text::json_len};

    /// A report with `text` wherever somebody else's text may stand, and lists of so many items.
    fn overflowing(text: &str, items: usize) -> ReportContent {
        let mode = json!({
            "assumed": true, "message": text, "planned": "restricted:v1.9223372036854775807", "present": text,
            "profile": text, "reason": text, "state": "ServerExempt",
        });
        let blocker = json!({
            "check": text, "container": text, "field": text, "message": text, "moreFields": u32::MAX, "note": text,
            "object": text, "pods": u32::MAX, "remedy": text, "volume": text, "workload": text,
        });
        let counts = json!({
            "conforming": u32::MAX, "exempt": u32::MAX, "inconclusive": u32::MAX, "judged": u32::MAX,
            "violating": u32::MAX,
        });
        let moment = "2027-01-01T00:00:00.123456789Z";
        let clean = json!({
            "cleanSince": moment, "level": "restricted", "version": "v1.9223372036854775807",
        });
        let held = json!({"heldSince": moment, "level": "restricted", "profileUid": text});
        let content = json!({
            "audit": mode, "enforce": mode, "warn": mode, "blockers": vec![blocker; items],
            "breakage": {
                "refused": vec![json!({"message": text, "workload": text}); items],
                "since": moment, "workloads": u32::MAX,
            },
            "cleanAt": "restricted:latest", "message": text, "missing": vec![text; items], "moreBlockers": 7,
            "nextStep": moment, "pods": counts, "workloads": counts, "policy": "restricted:latest",
            "notJudged": {
                "deletingPods": u32::MAX, "finishedJobs": u32::MAX, "finishedPods": u32::MAX,
                "idleReplicaSets": u32::MAX,
            },
            "reason": text, "since": moment, "state": "ServerExempt",
            "soak": {
                "clean": vec![clean; items], "enforced": "restricted:latest", "held": held, "namespaceUid": text,
            },
            "summary": {"blocker": text, "cleanAt": text, "enforce": text, "planned": text, "violating": text},
        });
        serde_json::from_value(content).unwrap()
    }

    /// Calls `see` with every text below.
    fn texts(value: &Value, see: &mut impl FnMut(&str)) {
        match value {
            Value::String(text) => see(text),
            Value::Array(items) => items.iter().for_each(|item| texts(item, see)),
            Value::Object(fields) => fields.values().for_each(|field| texts(field, see)),
            _ => {}
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_it_is_told_a_report_is_harmless_and_the_api_server_takes_it(
            text in r#"(\PC|[<>`|&"\\\n\u{1b}\u{202e}😀]|\]\(){0,9}"#, times in 0..400_usize, items in 0..30_usize,
        ) {
            let content = overflowing(&text.repeat(times), items).within_bounds();
            prop_assert!(json_size(&content) <= bounds::REPORT);
            prop_assert_eq!(content.blockers.len() + content.more_blockers as usize, items + 7);
            prop_assert_eq!(&content.clone().within_bounds(), &content, "it stays as it is");
            let mut value = serde_json::to_value(&content).unwrap();
            texts(&value, &mut |text| {
                assert!(!text.contains(|c: char| c.is_control() || "<>`|\u{202e}".contains(c)), "{text}");
                assert!(!text.contains("]("), "{text}");
            });
            let violations = shape::check(&report_schema(), &mut value, "");
            prop_assert!(violations.is_empty(), "{:?}", violations);
            prop_assert_eq!(serde_json::from_value::<ReportContent>(value).unwrap(), content);
        }
    }

    #[test]
    fn the_largest_report_still_lists_blockers() {
        let content = overflowing(&"x".repeat(5_000), 30).within_bounds();
        assert!(content.blockers.len() >= 3, "{}", content.blockers.len());
        assert_eq!(content.blockers[0].workload.chars().count(), bounds::WORKLOAD - 2, "with the ellipsis");
    }

    #[test]
    fn sizes_are_counted_as_the_api_server_writes() {
        assert_eq!(json_size(&"a<&é\""), json_len("a<&é\"") + 2);
    }
}
