//! All profiles as of one moment, made ready for planning.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use tokio::time::Instant;

use crate::{
    api::{
        ClusterPodSecurityProfile, InvalidProfile, ModeSummary, ProfileStatus, ReleasePolicy, VersionSpec,
    },
    cluster::{
        crd::CrdState,
        profiles::{Listing, UnreadableProfile},
    },
    rollout::{Completeness, Namespace, Pin, Profile, Profiles, ServerView, Settings},
    standards::{Mode, NEWEST_MINOR, Version},
};

/// All profiles as of one moment.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// Counts up with every snapshot.
    pub(super) epoch: u64,
    /// The profiles, for planning.
    pub(super) profiles: Profiles,
    /// The profiles, for telling about them; the unreadable ones too.
    pub(super) described: BTreeMap<String, Described>,
    /// Whether the list can be relied on.
    pub(super) completeness: Completeness,
    /// When the profiles were asked for: what was written after that, the list need not show.
    pub(super) asked: Instant,
    /// Whether the profiles may be written: see [`Listing::trusted`].
    pub(super) trusted: bool,
    /// What `server` stood for.
    pub(super) server: ServerView,
}

/// What a profile's status is made of besides what became of the namespaces.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Described {
    pub(super) uid: String,
    pub(super) generation: i64,
    /// The status as it stood when the profiles were listed.
    pub(super) status: Option<ProfileStatus>,
    pub(super) content: Content,
}

/// What could be read of a profile.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    /// All of it.
    Readable {
        object: Box<ClusterPodSecurityProfile>,
        /// What each mode is set to.
        modes: [Option<ModeSummary>; 3],
    },
    /// Nothing that may be acted on.
    Unreadable(InvalidProfile),
}

/// What each mode's version spec stood for last, and what is known of it, by the profile's uid.
type Pins = HashMap<(String, Mode), (VersionSpec, Pin)>;

/// What is remembered from one snapshot to the next.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The CRD as of the last listing.
    pub(super) crd: Option<CrdState>,
    pins: Pins,
    /// What each profile's release policy was when it was last seen, by name: one entry for every name there was.
    release_policies: BTreeMap<String, ReleasePolicy>,
}

impl Snapshot {
    /// Makes a listing ready. `memory` is brought up to date.
    pub(super) fn new(
        epoch: u64,
        asked: Instant,
        listing: Listing,
        server: ServerView,
        memory: &mut Memory,
    ) -> Self {
        let Memory { pins, release_policies, crd: _ } = memory;
        let Listing { readable, unreadable, completeness, trusted, crd: _ } = listing;
        let mut described = BTreeMap::new();
        let mut profiles = Vec::new();
        for object in readable {
            let profile = Profile::new(&object, server, |mode| previous_pin(&object, mode, pins));
            let modes = Mode::ALL.map(|mode| summary(&object, &profile, mode));
            release_policies.insert(profile.name.clone(), profile.release_policy);
            for (mode, summary) in Mode::ALL.into_iter().zip(&modes) {
                if let Some(ModeSummary { level: _, version: spec, resolved }) = *summary {
                    let Pin { edited, version: _ } = previous_pin(&object, mode, pins);
                    let pin = Pin { version: Some(resolved), edited };
                    pins.insert((profile.uid.clone(), mode), (spec, pin));
                }
            }
            let content = Content::Readable { object: Box::new(object.clone()), modes };
            let (uid, generation, status) = (profile.uid.clone(), profile.generation, object.status);
            described.insert(profile.name.clone(), Described { uid, generation, status, content });
            profiles.push(profile);
        }
        let names: Vec<_> = unreadable.iter().map(|profile| profile.name.clone()).collect();
        for UnreadableProfile { name, uid, generation, problem, status } in unreadable {
            described
                .insert(name, Described { uid, generation, status, content: Content::Unreadable(problem) });
        }
        let uids: BTreeSet<_> = described.values().map(|described| described.uid.clone()).collect();
        pins.retain(|(uid, _), _| uids.contains(uid));
        Self {
            epoch,
            profiles: Profiles::new(profiles, names, completeness).with_last_seen(release_policies),
            described,
            completeness,
            asked,
            trusted,
            server,
        }
    }

    /// The same profiles, no longer to be relied on for letting go of something.
    pub(super) fn doubted(&self, epoch: u64, reason: &'static str) -> Self {
        let completeness = Completeness::InDoubt(reason);
        Self {
            epoch,
            profiles: self.profiles.with_completeness(completeness),
            described: self.described.clone(),
            completeness,
            asked: self.asked,
            trusted: self.trusted,
            server: self.server,
        }
    }

    /// The profiles that differ between two snapshots in what bears on a plan, by name.
    fn changed_since<'a>(&'a self, before: Option<&'a Self>) -> BTreeSet<&'a str> {
        let names =
            self.described.keys().chain(before.into_iter().flat_map(|before| before.described.keys()));
        let signature = |snapshot: &'a Self, name: &str| {
            snapshot.described.get(name).map(
                |Described { uid, generation, status: _, content }| match content {
                    // The spec itself: a CRD of another shape changes what is read of it under one generation.
                    Content::Readable { object, modes } => (uid, *generation, Some((&object.spec, modes))),
                    Content::Unreadable(_) => (uid, *generation, None),
                },
            )
        };
        let differs =
            |name: &&'a str| before.and_then(|before| signature(before, name)) != signature(self, name);
        names.map(String::as_str).filter(differs).collect()
    }

    /// The namespaces that have to be looked at because of what changed since the snapshot before, for each profile
    /// that changed; the empty name stands for what bears on all of them.
    pub(super) fn touched<'a>(
        &self,
        before: Option<&Self>,
        namespaces: impl Iterator<Item = &'a Namespace> + Clone,
        settings: &Settings,
    ) -> BTreeMap<String, BTreeSet<String>> {
        let mut touched = BTreeMap::new();
        for name in self.changed_since(before) {
            let matches = |snapshot: &Self, namespace: &Namespace| {
                snapshot.profiles.get(name).is_some_and(|profile| profile.matches(namespace, settings))
            };
            let is_touched = |namespace: &&Namespace| {
                matches(self, namespace)
                    || before.is_some_and(|before| matches(before, namespace))
                    || namespace.ledger().governed_by.iter().flatten().any(|author| author == name)
            };
            let names =
                namespaces.clone().filter(is_touched).map(|namespace| namespace.name.clone()).collect();
            touched.insert(name.to_owned(), names);
        }
        let in_doubt = |snapshot: &Self| snapshot.profiles.complete();
        if before.is_none_or(|before| in_doubt(before) != in_doubt(self)) {
            touched.insert(String::new(), namespaces.map(|namespace| namespace.name.clone()).collect());
        }
        touched
    }
}

/// What is known of a mode's version: what is remembered, else what the profile's status says. That anybody may write
/// who may write statuses, so a version that podsec would not have written does not count.
fn previous_pin(object: &ClusterPodSecurityProfile, mode: Mode, pins: &Pins) -> Pin {
    let Some(spec) = object.spec.version_of(mode) else { return Pin::default() };
    let uid = object.metadata.uid.clone().unwrap_or_default();
    let (noted, pin) = match pins.get(&(uid, mode)) {
        Some(remembered) => *remembered,
        None => match object.status.as_ref().and_then(|status| told_version(status, mode)) {
            Some((_, Version::Minor(minor))) if minor > u64::from(NEWEST_MINOR) => return Pin::default(),
            Some((noted, version)) => (noted, Pin { version: Some(version), edited: false }),
            None => return Pin::default(),
        },
    };
    if noted == spec { pin } else { Pin { version: None, edited: true } }
}

fn told_version(status: &ProfileStatus, mode: Mode) -> Option<(VersionSpec, Version)> {
    let text = match mode {
        Mode::Enforce => &status.enforce,
        Mode::Audit => &status.audit,
        Mode::Warn => &status.warn,
    };
    ModeSummary::read_version(text.as_deref()?)
}

fn summary(object: &ClusterPodSecurityProfile, profile: &Profile, mode: Mode) -> Option<ModeSummary> {
    let version = object.spec.version_of(mode)?;
    profile.asks(mode).map(|asked| ModeSummary { level: asked.level, version, resolved: asked.version })
}
