//! A cluster made by hand.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    cluster_plan::{ClusterPlan, Draft, Question},
    model::CrossCheck,
    output::Format,
    totals::Totals,
};
use crate::{
    api::{
        Controller, Moment, ProfileStatus,
        conditions::{Condition, ConditionStatus, types},
        read_profile,
    },
    assessment::{
        Activity, Fingerprint, Inventory, Kind, ObservedPod, ObservedTemplate, PodPhase, Reading, Reference,
        ServerVerdict, Shapes, TemplateKind,
    },
    cli::observing::{Observed, Problem, Reports},
    cluster::{crd::CrdState, lease, profiles, workloads},
    controller::Vigil,
    rollout::{
        Completeness, ENFORCED, GOVERNED_BY, KeyValues, ManagedFields, Namespace, ON_RELEASE, Operation,
        Owners, TRACKED_KEYS,
    },
    standards::{LABEL_PREFIX, Mode, pod::Pod},
};

/// Conforms at every level.
pub(in crate::cli) const RESTRICTED: &str = r#"{
    "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [{"name": "web", "securityContext": {
        "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}
    }}]
}"#;
/// Conforms at baseline.
pub(in crate::cli) const BASELINE: &str = r#"{"containers": [{"name": "web"}]}"#;
/// Violates baseline in two ways.
pub(in crate::cli) const PRIVILEGED: &str =
    r#"{"hostNetwork": true, "containers": [{"name": "agent", "securityContext": {"privileged": true}}]}"#;
/// Cannot be told at restricted.
pub(in crate::cli) const IN_DOUBT: &str = r#"{
    "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
    "volumes": [{"name": "m", "marsDisk": {}}]
}"#;

/// Conforms at baseline but for an ephemeral container.
pub(in crate::cli) const DEBUGGED: &str = r#"{
    "containers": [{"name": "web"}],
    "ephemeralContainers": [{"name": "debug", "securityContext": {"privileged": true}}]
}"#;

/// What is built.
pub(in crate::cli) struct Cluster {
    observed: Observed,
    pub(in crate::cli) question: Question,
    checked: Vec<(String, ServerVerdict)>,
}

pub(in crate::cli) fn cluster(name: &str) -> Cluster {
    let observed = Observed {
        name: name.to_owned(),
        minor: 37,
        namespaces: BTreeMap::new(),
        workloads: workloads::Listing::default(),
        profiles: Some(profiles::Listing {
            readable: Vec::new(),
            unreadable: Vec::new(),
            completeness: Completeness::Complete { crd_created: Timestamp::UNIX_EPOCH },
            trusted: true,
            crd: CrdState::default(),
        }),
        reports: Reports::default(),
        vigil: Vigil::default(),
        unread_lease: None,
        problems: Vec::new(),
        absent: Vec::new(),
        took: Duration::from_millis(1234),
    };
    Cluster { observed, question: Question::default(), checked: Vec::new() }
}

impl Cluster {
    /// A namespace whose Pod Security labels somebody set by an update; others are its own.
    pub(in crate::cli) fn namespace(mut self, name: &str, labels: &[(&str, &str)], manager: &str) -> Self {
        let full = |key: &str| {
            let is_mode = ["enforce", "audit", "warn"].iter().any(|mode| key.starts_with(mode));
            if is_mode { format!("{LABEL_PREFIX}{key}") } else { key.to_owned() }
        };
        let labels: BTreeMap<_, _> =
            labels.iter().map(|(key, value)| (full(key), (*value).to_owned())).collect();
        let keys = TRACKED_KEYS.into_iter().filter(|key| labels.contains_key(*key)).collect();
        let entry = ManagedFields {
            manager: manager.to_owned(),
            operation: Operation::Update,
            subresource: String::new(),
            time: Some(Timestamp::UNIX_EPOCH),
            keys,
        };
        let namespace = Namespace {
            name: name.to_owned(),
            uid: format!("uid {name}"),
            resource_version: "1".to_owned(),
            terminating: false,
            created: jiff::Timestamp::UNIX_EPOCH,
            labels: labels.iter().collect(),
            ledger_annotations: KeyValues::default(),
            owners: Owners::from_managed_fields([entry]),
            remembered: None,
            contests: Default::default(),
        };
        self.observed.namespaces.insert(name.to_owned(), namespace);
        self.observed.workloads.inventories.insert(name.to_owned(), Inventory::default());
        self
    }

    /// Has the Lease tell that somebody watched from then to then.
    pub(in crate::cli) fn watched(mut self, since: &str, until: &str) -> Self {
        let watch = lease::Watch { since: since.parse().unwrap(), until: until.parse().unwrap() };
        let record = lease::Record {
            holder: Some("podsec-0_1".to_owned()),
            lasts: Duration::from_secs(15),
            acquired: Some(watch.since),
            ..lease::Record::default()
        };
        self.observed.vigil = Vigil::Told(Some(lease::Told { record, watch: Some(watch) }));
        self
    }

    /// Has the Lease not be read.
    pub(in crate::cli) fn missing_lease(mut self, reason: &str) -> Self {
        self.observed.unread_lease = Some(reason.to_owned());
        self
    }

    /// Has podsec itself own what a namespace has, as it left that for a profile.
    pub(in crate::cli) fn governed_by(mut self, namespace: &str, profile: &str) -> Self {
        let found = self.observed.namespaces.get_mut(namespace).expect("a namespace");
        let notes = [
            (GOVERNED_BY, format!("enforce={profile}")),
            (ENFORCED, found.label(Mode::Enforce.keys().level).unwrap_or_default().to_owned()),
            (ON_RELEASE, "enforce=Remove".to_owned()),
        ];
        found.ledger_annotations = notes.into_iter().collect();
        found.owners = Owners::from_managed_fields([ManagedFields {
            manager: "podsec".to_owned(),
            operation: Operation::Apply,
            subresource: String::new(),
            time: Some(Timestamp::UNIX_EPOCH),
            keys: TRACKED_KEYS.to_vec(),
        }]);
        self
    }

    fn inventory(&mut self, namespace: &str) -> (&mut Inventory, &mut Shapes) {
        let listing = &mut self.observed.workloads;
        let inventory = listing.inventories.get_mut(namespace).expect("a namespace");
        (inventory, &mut listing.shapes)
    }

    /// A Deployment with so many pods.
    pub(in crate::cli) fn deployment(self, namespace: &str, name: &str, spec: &str, pods: usize) -> Self {
        self.made(namespace, name, spec, spec, pods)
    }

    /// A Deployment whose one pod something has changed on its way in.
    pub(in crate::cli) fn mutated(self, namespace: &str, name: &str, template: &str, pod: &str) -> Self {
        self.made(namespace, name, template, pod, 1)
    }

    fn made(mut self, namespace: &str, name: &str, template: &str, pod: &str, pods: usize) -> Self {
        let [template, pod] = [template, pod].map(|spec| format!(r#"{{"spec": {spec}}}"#));
        let (inventory, shapes) = self.inventory(namespace);
        let kind = TemplateKind::Deployment;
        let uid = Fingerprint::of(&(kind, name));
        let revision = Some(Fingerprint::of(&template));
        let set = format!("{name}-1");
        let set_uid = Fingerprint::of(&(TemplateKind::ReplicaSet, &set));
        let mut object = |kind, name: &str, uid, controller| {
            let reading = Reading::Judgeable(shapes.of_template(Pod::from_json(&template).unwrap()));
            let (name, activity) = (name.to_owned(), Activity::Active);
            inventory.insert_template(ObservedTemplate {
                kind,
                name,
                uid,
                controller,
                reading,
                revision,
                activity,
                wants: None,
                created: Timestamp::UNIX_EPOCH,
            });
        };
        object(kind, name, uid, None);
        let controller = Reference { uid, kind: Kind::Template(kind), name: name.into() };
        object(TemplateKind::ReplicaSet, &set, set_uid, Some(controller));
        for index in 0..pods {
            let kind = Kind::Template(TemplateKind::ReplicaSet);
            inventory.insert_pod(ObservedPod {
                name: format!("{set}-{index}"),
                controller: Some(Reference { uid: set_uid, kind, name: set.as_str().into() }),
                revision: None,
                reading: Reading::Judgeable(shapes.of_pod(Pod::from_json(&pod).unwrap())),
                phase: PodPhase::Live,
                mirror: false,
                created: Timestamp::UNIX_EPOCH,
            });
        }
        self
    }

    /// A pod that nothing controls.
    pub(in crate::cli) fn pod(mut self, namespace: &str, name: &str, spec: &str) -> Self {
        let text = format!(r#"{{"spec": {spec}}}"#);
        let (inventory, shapes) = self.inventory(namespace);
        inventory.insert_pod(ObservedPod {
            name: name.to_owned(),
            controller: None,
            revision: None,
            reading: Reading::Judgeable(shapes.of_pod(Pod::from_json(&text).unwrap())),
            phase: PodPhase::Live,
            mirror: false,
            created: Timestamp::UNIX_EPOCH,
        });
        self
    }

    /// A pod under something that podsec knows by its reference only.
    pub(in crate::cli) fn custom(mut self, namespace: &str, name: &str, spec: &str) -> Self {
        let text = format!(r#"{{"spec": {spec}}}"#);
        let (inventory, shapes) = self.inventory(namespace);
        let kind = Kind::of("example.com/v1", name);
        inventory.insert_pod(ObservedPod {
            name: format!("{name}-0"),
            controller: Some(Reference { uid: Fingerprint::of(&(&kind, name)), kind, name: name.into() }),
            revision: None,
            reading: Reading::Judgeable(shapes.of_pod(Pod::from_json(&text).unwrap())),
            phase: PodPhase::Live,
            mirror: false,
            created: Timestamp::UNIX_EPOCH,
        });
        self
    }

    /// A profile.
    pub(in crate::cli) fn profile(mut self, name: &str, spec: &Value) -> Self {
        let object = json!({
            "apiVersion": "podsec.dev/v1alpha1", "kind": "ClusterPodSecurityProfile",
            "metadata": {"name": name, "uid": format!("uid {name}"), "generation": 1}, "spec": spec,
        });
        let listing = self.observed.profiles.as_mut().expect("a listing");
        listing.readable.push(read_profile(&object).expect("a profile"));
        self
    }

    /// What the controller says of itself in the status of the profiles so far.
    pub(in crate::cli) fn of_controller(mut self, version: &str, exempt_runtime_classes: &[&str]) -> Self {
        let listing = self.observed.profiles.as_mut().expect("a listing");
        let controller = Controller {
            version: version.to_owned(),
            protected_namespaces: vec!["kube-system".to_owned()],
            server_exempt_runtime_classes: exempt_runtime_classes
                .iter()
                .map(|&name| name.to_owned())
                .collect(),
            ..Controller::default()
        };
        for profile in &mut listing.readable {
            let condition = Condition {
                kind: types::OVERLAPPING.to_owned(),
                status: ConditionStatus::False,
                observed_generation: 1,
                last_transition_time: Moment(Timestamp::UNIX_EPOCH),
                reason: "NoOverlap".to_owned(),
                message: String::new(),
            };
            profile.status = Some(ProfileStatus {
                controller: Some(controller.clone()),
                conditions: vec![condition],
                ..ProfileStatus::default()
            });
        }
        self
    }

    /// What the API server says of a namespace.
    pub(in crate::cli) fn checked(mut self, namespace: &str, verdict: ServerVerdict) -> Self {
        self.checked.push((namespace.to_owned(), verdict));
        self
    }

    /// That something could not be read of a namespace.
    pub(in crate::cli) fn missing(mut self, namespace: &str, what: &str, why: &str) -> Self {
        self.inventory(namespace).0.miss(what);
        let place = format!("namespace {namespace}");
        self.observed.problems.push(Problem { place, message: format!("cannot list {what}: {why}") });
        self
    }

    /// When a namespace was created.
    pub(in crate::cli) fn created(mut self, namespace: &str, at: &str) -> Self {
        let found = self.observed.namespaces.get_mut(namespace).expect("a namespace");
        found.created = at.parse().unwrap();
        self
    }

    /// What the report of a namespace says.
    pub(in crate::cli) fn reported(mut self, namespace: &str, report: Value) -> Self {
        self.observed.reports.tells(namespace, serde_json::from_value(report).expect("a report"));
        self
    }

    /// That the report of a namespace could not be read.
    pub(in crate::cli) fn missing_report(mut self, namespace: &str, why: &str) -> Self {
        self.observed.reports.misses(namespace, why);
        self
    }

    /// That the profiles could not be listed.
    pub(in crate::cli) fn missing_profiles(mut self) -> Self {
        self.observed.profiles = None;
        let (place, message) =
            ("ClusterPodSecurityProfiles".to_owned(), "cannot list the profiles: forbidden".to_owned());
        self.observed.problems.push(Problem { place, message });
        self
    }

    /// As it is read.
    pub(in crate::cli) fn observed(self) -> Observed {
        self.observed
    }

    pub(in crate::cli) fn plan(self) -> ClusterPlan {
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        let mut draft = Draft::new(self.observed, &self.question, now);
        if !self.checked.is_empty() {
            draft.draw_up();
        }
        for (name, verdict) in self.checked {
            let policy = "baseline:v1.37".parse().unwrap();
            let drafted = draft.namespaces.iter_mut().find(|drafted| drafted.namespace.name == name);
            drafted.expect("a namespace").checks.push(CrossCheck { policy, verdict });
        }
        draft.finish()
    }
}

/// What is written of clusters, and of such that could not be read.
pub(in crate::cli) fn written(format: Format, plans: &[ClusterPlan], unreadable: &[Problem]) -> String {
    let (mut out, mut writer) = (Vec::new(), format.writer(false));
    let mut totals = Totals { failed: unreadable.len(), ..Totals::default() };
    writer.begin(&mut out).unwrap();
    for plan in plans {
        totals += plan.totals();
        writer.cluster(&mut out, plan).unwrap();
    }
    for problem in unreadable {
        writer.unreadable(&mut out, problem).unwrap();
    }
    writer.end(&mut out, &totals).unwrap();
    String::from_utf8(out).unwrap()
}
