//! What is still to be had of a report that cannot be read as a whole: one that a newer podsec wrote, or somebody else.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{ReportContent, Soak};
use crate::api::bounds;

impl ReportContent {
    /// What podsec has to remember, out of a report of which other things are strange; what else it says is written
    /// anew. Of what is to be remembered each part is read by itself, so that the soak of a level goes on although
    /// nobody here knows another one.
    ///
    /// # Errors
    ///
    /// When `report` is no JSON.
    pub fn salvaged(report: &str) -> serde_json::Result<Self> {
        let Remains { soak } = serde_json::from_str(report)?;
        Ok(Self { soak: self::soak(&soak), ..Self::default() })
    }
}

#[derive(Deserialize)]
struct Remains {
    #[serde(default)]
    soak: Value,
}

/// What can be read of what is to be remembered; nothing where it does not say of which namespace that is.
fn soak(soak: &Value) -> Option<Soak> {
    let clean = soak["clean"].as_array().map(Vec::as_slice).unwrap_or_default();
    Some(Soak {
        clean: clean.iter().filter_map(part).take(bounds::SOAKING).collect(),
        enforced: part(&soak["enforced"]),
        held: part(&soak["held"]),
        namespace_uid: part(&soak["namespaceUid"])?,
    })
}

fn part<T: DeserializeOwned>(value: &Value) -> Option<T> {
    T::deserialize(value).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        api::{CleanLevel, HeldLevel, PodSecurityReport},
        standards::Level,
    };

    fn at(second: u32) -> String {
        format!("2030-01-01T00:00:{second:02}Z")
    }

    fn salvaged(report: &Value) -> Option<Soak> {
        ReportContent::salvaged(&report.to_string()).unwrap().soak
    }

    #[test]
    fn what_is_to_be_remembered_is_had_of_a_report_of_a_newer_podsec() {
        let report = json!({
            "apiVersion": "podsec.dev/v1alpha1", "kind": "PodSecurityReport",
            "metadata": {"name": "podsec", "namespace": "a"},
            "state": "Dreaming", "pods": {"judged": "many"}, "nextStep": "soon",
            "soak": {
                "namespaceUid": "u",
                "clean": [
                    {"cleanSince": at(1), "level": "baseline", "version": "v1.37", "seen": 3},
                    {"cleanSince": at(2), "level": "hardened", "version": "v1.37"},
                    {"cleanSince": at(3), "level": "restricted", "version": "v1.37"},
                ],
                "enforced": "baseline:v1.37",
                "held": {"heldSince": at(4), "level": "restricted", "profileUid": "p"},
                "dreams": [],
            },
        });
        assert!(
            serde_json::from_value::<PodSecurityReport>(report.clone()).is_err(),
            "or nothing is shown here"
        );
        let clean = |second, level| CleanLevel {
            clean_since: at(second).parse().unwrap(),
            level,
            version: "v1.37".parse().unwrap(),
        };
        let held = HeldLevel {
            held_since: at(4).parse().unwrap(),
            level: Level::Restricted,
            profile_uid: "p".into(),
        };
        let expected = Soak {
            clean: vec![clean(1, Level::Baseline), clean(3, Level::Restricted)],
            enforced: "baseline:v1.37".parse().ok(),
            held: Some(held),
            namespace_uid: "u".into(),
        };
        assert_eq!(salvaged(&report), Some(expected.clone()));

        let strange = |field: &str, value: Value| {
            let mut report = report.clone();
            report["soak"][field] = value;
            salvaged(&report)
        };
        let without_held = Soak { held: None, ..expected.clone() };
        assert_eq!(strange("held", json!({"heldSince": "long ago"})), Some(without_held));
        let without_enforced = Soak { enforced: None, ..expected.clone() };
        assert_eq!(strange("enforced", json!({"level": "baseline"})), Some(without_enforced));
        assert_eq!(strange("clean", json!("all")), Some(Soak { clean: Vec::new(), ..expected }));
        assert_eq!(strange("namespaceUid", json!(7)), None, "nobody knows of what it is");
    }

    #[test]
    fn of_nothing_nothing_is_had() {
        for report in [json!({}), json!({"soak": null}), json!({"soak": []}), json!({"soak": "long"})] {
            assert_eq!(salvaged(&report), None, "{report}");
        }
        assert!(ReportContent::salvaged("{").is_err());
    }
}
