//! Reports as the controller makes them: from workloads and from what is said of the modes.

use jiff::{SignedDuration, Timestamp};
use podsec::{
    api::{CleanLevel, HeldLevel, Moment, ReportContent, ReportState, Soak},
    assessment::{
        Account, Activity, Fingerprint, Inventory, Judge, Judgement, Kind, ModeAccount, ObservedPod,
        ObservedTemplate, PodPhase, Reading, Reference, Said, Shapes, TemplateKind, report,
    },
    standards::{Level, LevelVersion, Mode, Version, pod::Pod},
};

/// Conforms at every level.
pub(super) const RESTRICTED: &str = r#"{
    "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [{"name": "web", "securityContext": {
        "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}
    }}]
}"#;
/// Violates baseline.
pub(super) const HOST_PATH: &str =
    r#"{"volumes": [{"name": "logs", "hostPath": {"path": "/var/log"}}], "containers": [{"name": "agent"}]}"#;

/// The same, without a volume.
pub(super) const HOST_NETWORK: &str = r#"{"hostNetwork": true, "containers": [{"name": "report"}]}"#;

/// When every report here is made.
pub(super) fn now() -> Timestamp {
    "2027-01-31T12:00:00Z".parse().unwrap()
}

pub(super) fn policy(text: &str) -> LevelVersion {
    text.parse().unwrap()
}

/// What runs in a namespace.
#[derive(Default)]
pub(super) struct Running {
    inventory: Inventory,
    shapes: Shapes,
}

impl Running {
    fn reading(&mut self, spec: &str) -> Reading {
        let text = format!(r#"{{"spec": {spec}}}"#);
        Reading::Judgeable(self.shapes.of_pod(Pod::from_json(&text).unwrap()))
    }

    /// With a workload that makes its pods itself, and so many of them.
    pub(super) fn with(mut self, kind: TemplateKind, name: &str, spec: &str, pods: usize) -> Self {
        let uid = Fingerprint::of(&(kind, name));
        let revision = Some(Fingerprint::of("now"));
        let template = ObservedTemplate {
            kind,
            name: name.to_owned(),
            uid,
            controller: None,
            reading: self.reading(spec),
            revision,
            activity: Activity::Active,
            wants: None,
            created: Timestamp::UNIX_EPOCH,
        };
        self.inventory.insert_template(template);
        for number in 0..pods {
            let controller = Reference { uid, kind: Kind::Template(kind), name: name.into() };
            let pod = ObservedPod {
                name: format!("{name}-{number}"),
                controller: Some(controller),
                revision,
                reading: self.reading(spec),
                phase: PodPhase::Live,
                mirror: false,
                created: now(),
            };
            self.inventory.insert_pod(pod);
        }
        self
    }

    pub(super) fn judged_by(&self, policy: LevelVersion) -> Judgement {
        let workloads = self.inventory.workloads();
        let judge = Judge::new(policy);
        Judgement::new(&judge.assess(&workloads), judge.cleanness(policy.version, &workloads))
    }
}

/// What is said of a mode that the profile `apps` governs.
pub(super) fn mode(mode: Mode, present: &str, planned: &str, said: Said) -> ModeAccount {
    ModeAccount {
        mode,
        profile: "apps".into(),
        present: policy(present),
        assumed: false,
        garbled: None,
        planned: Some(policy(planned)),
        said,
    }
}

pub(super) fn said(state: ReportState, reason: &str, message: &str) -> Said {
    Said { state, reason: reason.into(), message: message.into() }
}

pub(super) fn in_sync() -> Said {
    said(ReportState::InSync, "InSync", "the labels are as profile apps asks")
}

/// audit and warn as they nearly always are.
pub(super) fn advisory() -> [ModeAccount; 2] {
    [Mode::Audit, Mode::Warn].map(|of| mode(of, "restricted:latest", "restricted:latest", in_sync()))
}

/// What is kept of a namespace that has been clean at a level for so many hours.
pub(super) fn soak(level: Level, hours: i64) -> Soak {
    let clean = CleanLevel { clean_since: ago(hours), level, version: Version::Minor(37) };
    Soak { clean: vec![clean], enforced: Some(policy("baseline:v1.37")), ..kept() }
}

/// What is kept of a namespace that has been held for a level for so many hours.
pub(super) fn held(level: Level, hours: i64) -> Soak {
    let profile_uid = "7c0a5a37-8a1c-4b53-9d5e-0f6d3c1b2a90".into();
    Soak { held: Some(HeldLevel { held_since: ago(hours), level, profile_uid }), ..kept() }
}

fn ago(hours: i64) -> Moment {
    Moment(now().checked_sub(SignedDuration::from_hours(hours)).unwrap())
}

fn kept() -> Soak {
    Soak { namespace_uid: "0b0e2f2a-53ab-4a53-8f0f-3a1c8c2a7f10".into(), ..Soak::default() }
}

/// An account of modes of which the first is the one that there is most to tell of.
pub(super) fn account(modes: impl IntoIterator<Item = ModeAccount>) -> Account {
    let modes: Vec<_> = modes.into_iter().collect();
    let foremost = modes.first().cloned().unwrap();
    Account { whole: foremost.said, foremost: Some(foremost.mode), modes, ..Account::default() }
}

/// The report of a namespace that is in sync and clean.
pub(super) fn clean() -> ReportContent {
    let running = Running::default().with(TemplateKind::StatefulSet, "db", RESTRICTED, 1).with(
        TemplateKind::DaemonSet,
        "proxy",
        RESTRICTED,
        9,
    );
    let enforce = mode(Mode::Enforce, "restricted:v1.37", "restricted:v1.37", in_sync());
    let account = Account {
        judgement: Some(running.judged_by(policy("restricted:v1.37"))),
        soak: Some(soak(Level::Restricted, 48)),
        ..account([enforce].into_iter().chain(advisory()))
    };
    report(account, None, now())
}
