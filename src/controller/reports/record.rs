//! What the gate has to remember, as a report keeps it.

use crate::{
    api::{CleanLevel, HeldLevel, Moment, NotJudged, ReportContent, ReportState, Soak},
    rollout::{CleanSince, GateRecord, HeldSince, Ledger, Namespace},
    standards::LevelVersion,
};

/// What a report has to say to whoever plans its namespace without having watched it.
#[derive(Clone, Debug)]
pub struct Remembered {
    soak: Soak,
    had_pods: bool,
}

impl Remembered {
    /// What a report says; nothing where it does not say of which namespace that is.
    pub fn of(content: ReportContent) -> Option<Self> {
        let had_pods = had_pods(&content);
        content.soak.map(|soak| Self { soak, had_pods })
    }

    /// What podsec noted on the namespace, as far as the report is a witness of it.
    pub fn ledger(&self, namespace: &Namespace) -> Option<Ledger> {
        witnessed(&self.soak, namespace)
    }

    /// What the gate has to remember.
    pub(in super::super) fn record(&self) -> Option<GateRecord> {
        record(&self.soak)
    }

    /// Whether it says since when the namespace is clean.
    pub fn soaks(&self) -> bool {
        !self.soak.clean.is_empty()
    }

    /// Whether podsec saw a pod in this very namespace, or would have missed one.
    pub(in super::super) fn had_pods(&self, namespace: &Namespace) -> bool {
        self.had_pods && self.soak.namespace_uid == namespace.uid
    }
}

/// Whether a report shows that there were pods. A namespace whose enforce soaks is none that was empty from the
/// beginning, as far as podsec can tell: that would not have to.
fn had_pods(content: &ReportContent) -> bool {
    let live = content.pods.is_some_and(|pods| pods.judged > 0 || pods.exempt > 0);
    let apart = |not_judged: NotJudged| not_judged.finished_pods > 0 || not_judged.deleting_pods > 0;
    let soaks = content.enforce.as_ref().is_some_and(|enforce| enforce.state == ReportState::Soaking);
    live || content.not_judged.is_some_and(apart) || soaks
}

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

/// What podsec noted on a namespace, of which the report of this very namespace witnesses what enforce was raised to.
pub(in super::super) fn witnessed(soak: &Soak, namespace: &Namespace) -> Option<Ledger> {
    let enforced = soak.enforced.filter(|_| soak.namespace_uid == namespace.uid)?;
    Some(Ledger { enforced: Some(enforced), ..namespace.noted() })
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
    use crate::{
        rollout::{GOVERNED_BY, KeyValues, ManagedFields, Operation, Owners},
        standards::{Level, Mode},
    };

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
        let namespace = |uid: &str, manager: &str| Namespace {
            name: "a".into(),
            uid: uid.into(),
            resource_version: "1".into(),
            terminating: false,
            created: Timestamp::UNIX_EPOCH,
            labels: KeyValues::default(),
            ledger_annotations: [(GOVERNED_BY, "enforce=apps")].into_iter().collect(),
            owners: Owners::from_managed_fields([ManagedFields {
                manager: manager.into(),
                operation: Operation::Apply,
                subresource: String::new(),
                time: None,
                keys: vec![GOVERNED_BY],
            }]),
            remembered: None,
            contests: Default::default(),
        };
        let ledger = witnessed(&read, &namespace("u", "podsec")).unwrap();
        assert_eq!((ledger.enforced, ledger.profile_of(Mode::Enforce)), (Some(policy), Some("apps")));
        assert_eq!(witnessed(&read, &namespace("another", "podsec")), None);
        let forged = witnessed(&read, &namespace("u", "tenant")).unwrap();
        assert_eq!((forged.enforced, forged.profile_of(Mode::Enforce)), (Some(policy), None));
        assert_eq!(soak("another", Some(&record_before), None), None, "of another namespace");
        assert_eq!(soak("u", Some(&GateRecord::nothing("u".into())), None), None);
    }
}
