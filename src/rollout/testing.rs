//! Values for tests, and a small model of server-side apply on a namespace's labels and annotations.

use jiff::Timestamp;

use super::{
    ApplyRequest, Completeness, KeyValues, LEDGER_KEYS, Manager, Namespace, Operation, Owner, Owners, Pin,
    Profile, Profiles, ServerView, TRACKED_KEYS,
};
use crate::{api::ClusterPodSecurityProfile, standards::LABEL_PREFIX};

pub(crate) const SERVER: ServerView = ServerView { minor: 37, watched_in_full: true };

pub(crate) const COMPLETE: Completeness = Completeness::Complete { crd_created: Timestamp::UNIX_EPOCH };

pub(crate) fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

pub(crate) fn object(name: &str, spec: &str) -> ClusterPodSecurityProfile {
    let mut object = ClusterPodSecurityProfile::new(name, serde_json::from_str(spec).expect(spec));
    object.metadata.uid = Some(format!("uid-{name}"));
    object
}

pub(crate) fn profile(name: &str, spec: &str) -> Profile {
    Profile::new(&object(name, spec), SERVER, |_| Pin::default())
}

pub(crate) fn profiles(specs: &[(&str, &str)]) -> Profiles {
    Profiles::new(specs.iter().map(|(name, spec)| profile(name, spec)), [], COMPLETE)
}

/// A namespace whose labels belong to `kubectl-create`.
pub(crate) fn namespace(name: &str, labels: &[(&str, &str)]) -> Namespace {
    let mut namespace = Namespace {
        name: name.into(),
        uid: format!("uid-{name}"),
        resource_version: "1".into(),
        terminating: false,
        created: Timestamp::UNIX_EPOCH,
        labels: KeyValues::default(),
        ledger_annotations: KeyValues::default(),
        owners: Owners::default(),
        remembered: None,
        contests: Default::default(),
    };
    for (key, value) in labels {
        update(&mut namespace, "kubectl-create", key, Some(value));
    }
    namespace
}

/// Writes one label as any client but an applier does: a changed value is taken from everybody.
pub(crate) fn update(namespace: &mut Namespace, manager: &str, key: &str, value: Option<&str>) {
    let key = if ["enforce", "audit", "warn"].iter().any(|mode| key.starts_with(mode)) {
        format!("{LABEL_PREFIX}{key}")
    } else {
        key.to_owned()
    };
    if namespace.label(&key) == value {
        return;
    }
    namespace.labels.set(&key, value);
    if TRACKED_KEYS.contains(&key.as_str()) {
        let owner = value.map(|_| owner(manager, Operation::Update));
        namespace.owners.change(&key, |owners| *owners = owner.into_iter().collect());
    }
}

/// Sets or drops one of podsec's notes as any client but an applier does.
pub(crate) fn forge(namespace: &mut Namespace, manager: &str, key: &'static str, value: Option<&str>) {
    if namespace.ledger_annotations.get(key) == value {
        return;
    }
    let owner = value.map(|_| owner(manager, Operation::Update));
    namespace.owners.change(key, |owners| *owners = owner.into_iter().collect());
    namespace.ledger_annotations.set(key, value);
}

fn owner(manager: &str, operation: Operation) -> Owner {
    Owner { manager: manager.into(), operation, subresource: String::new(), time: Some(now()) }
}

/// Carries out a request as the API server does: conflicts where another owner's value would change, unless
/// forced; co-owns equal values; deletes what the manager no longer names and nobody else owns.
///
/// # Errors
///
/// The key in conflict.
pub(crate) fn apply(namespace: &mut Namespace, request: &ApplyRequest) -> Result<(), &'static str> {
    let manager = request.manager.as_str();
    for key in TRACKED_KEYS {
        let is_annotation = LEDGER_KEYS.contains(&key);
        let wanted = if is_annotation { request.annotations.get(key) } else { request.labels.get(key) };
        let present =
            if is_annotation { namespace.ledger_annotations.get(key) } else { namespace.labels.get(key) }
                .map(ToOwned::to_owned);
        let mut owners = namespace.owners.of(key).to_vec();
        let mine = |owner: &Owner| owner.manager == manager && owner.operation == Operation::Apply;
        let value = if let Some(wanted) = wanted {
            if present.as_ref() != Some(wanted) && present.is_some() {
                if !request.force && owners.iter().any(|owner| !mine(owner)) {
                    return Err(key);
                }
                owners.clear();
            }
            if !owners.iter().any(mine) {
                owners.push(owner(manager, Operation::Apply));
            }
            Some(wanted.clone())
        } else {
            let was_mine = owners.iter().any(mine);
            owners.retain(|owner| !mine(owner));
            if was_mine && owners.is_empty() { None } else { present }
        };
        namespace.owners.change(key, |before| *before = owners);
        let texts = if is_annotation { &mut namespace.ledger_annotations } else { &mut namespace.labels };
        texts.set(key, value.as_deref());
    }
    Ok(())
}

/// The Pod Security labels, as `enforce=baseline,enforce-version=v1.37`, and who owns each by Apply of podsec's two.
pub(crate) fn shown(namespace: &Namespace) -> String {
    let mark = |key: &str| match (namespace.owns(key), namespace.is_retained(key)) {
        (true, true) => "+both",
        (true, false) => "+podsec",
        (false, true) => "+retained",
        (false, false) => "",
    };
    let labels = namespace.labels.iter().filter_map(|(key, value)| {
        let short = key.strip_prefix(LABEL_PREFIX)?;
        Some(format!("{short}={value}{}", mark(key)))
    });
    labels.collect::<Vec<_>>().join(" ")
}

/// Owned by podsec in the model.
pub(crate) fn owned_by(namespace: &Namespace, manager: Manager) -> Vec<&'static str> {
    TRACKED_KEYS.into_iter().filter(|key| namespace.owners.is_owned_by(key, manager)).collect()
}
