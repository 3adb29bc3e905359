//! What the gate has to remember, as a report keeps it.

use crate::{
    api::{CleanLevel, HeldLevel, Moment, Soak},
    rollout::{CleanSince, GateRecord, HeldSince},
    standards::LevelVersion,
};

/// What the gate has to remember, from what a report says.
pub(in super::super) fn record(soak: &Soak) -> Option<GateRecord> {
    let Soak { clean: levels, enforced: _, held, namespace_uid } = soak;
    let clean = |level: &CleanLevel| CleanSince {
        policy: LevelVersion::new(level.level, level.version),
        since: level.clean_since.0,
    };
    let held = held.as_ref().map(|held| HeldSince {
        profile: held.profile_uid.clone(),
        level: held.level,
        since: held.held_since.0,
    });
    let record = GateRecord { uid: namespace_uid.clone(), clean: levels.iter().map(clean).collect(), held };
    (!record.is_empty()).then_some(record)
}

/// What podsec raised enforce to, from what the report of this very namespace says.
pub(in super::super) fn enforced(soak: &Soak, uid: &str) -> Option<LevelVersion> {
    soak.enforced.filter(|_| soak.namespace_uid == uid)
}

/// What a report is to say; nothing where there is nothing to remember.
pub(in super::super) fn soak(
    uid: &str,
    record: Option<&GateRecord>,
    enforced: Option<LevelVersion>,
) -> Option<Soak> {
    let record = record.filter(|record| record.uid == uid);
    let levels = record.into_iter().flat_map(|record| &record.clean).map(|clean| CleanLevel {
        clean_since: Moment(clean.since),
        level: clean.policy.level,
        version: clean.policy.version,
    });
    let held = record.and_then(|record| record.held.as_ref()).map(|held| HeldLevel {
        level: held.level,
        profile_uid: held.profile.clone(),
        held_since: Moment(held.since),
    });
    let soak = Soak { clean: levels.collect(), enforced, held, namespace_uid: uid.to_owned() };
    let is_empty = soak.enforced.is_none() && soak.held.is_none() && soak.clean.is_empty();
    (!is_empty).then_some(soak)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::standards::Level;

    #[test]
    fn what_is_kept_comes_back() {
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        let policy = "baseline:v1.37".parse().unwrap();
        let record_before = GateRecord {
            uid: "u".into(),
            clean: vec![CleanSince { policy, since: at(7) }],
            held: Some(HeldSince { profile: "pu".into(), level: Level::Restricted, since: at(3) }),
        };
        let kept = soak("u", Some(&record_before), Some(policy)).unwrap();
        let text = serde_json::to_string(&kept).unwrap();
        let read: Soak = serde_json::from_str(&text).unwrap();
        assert_eq!(record(&read), Some(record_before.clone()));
        assert_eq!(enforced(&read, "u"), Some(policy));
        assert_eq!(enforced(&read, "another"), None);
        assert_eq!(soak("another", Some(&record_before), None), None, "of another namespace");
        assert_eq!(soak("u", Some(&GateRecord::nothing("u".into())), None), None);
    }
}
