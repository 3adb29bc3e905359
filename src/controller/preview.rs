//! What the controller would plan, for those who look before anything is applied.
//!
//! The profiles are made ready as the controller makes them ready, and planned with as it plans; what differs is that
//! nothing is carried out.

use jiff::Timestamp;
use tokio::time::Instant;

use super::{
    reports::Remembered,
    snapshot::{Described, Memory, Snapshot},
};
use crate::{
    api::{
        ClusterPodSecurityProfile, Controller, ProfileStatus,
        conditions::{Condition, ConditionStatus, types},
    },
    assessment::{Judge, Workloads},
    cluster::{crd, lease::Told, profiles::Listing},
    rollout::{
        Answer, Completeness, Evidence, Look, NamePattern, Namespace, NamespacePlan, Pace, Profiles,
        ServerView, Settings, plan,
    },
    standards::{Level, LevelVersion, Mode, NEWEST_MINOR, Policy, Version},
};

/// A change of the profiles that is thought of.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Profiles that are put in place, each in that of the one of its name.
    pub applied: Vec<ClusterPodSecurityProfile>,
    /// The names of profiles that are deleted.
    pub deleted: Vec<String>,
}

impl Changes {
    /// Whether nothing would change.
    pub const fn is_empty(&self) -> bool {
        self.applied.is_empty() && self.deleted.is_empty()
    }
}

/// What is known of whether somebody watches the cluster.
#[derive(Clone, Debug, Default)]
pub enum Vigil {
    /// Nothing: it is taken for granted that somebody has all the time.
    #[default]
    Unknown,
    /// The Lease by which a leader is elected tells this; nothing where there is none.
    Told(Option<Told>),
}

/// The controller at one moment, without hands.
#[derive(Debug)]
pub struct Preview {
    snapshot: Snapshot,
    settings: Settings,
    judge: Judge,
    /// Whether the API server is newer than the tables.
    newer_server: bool,
    /// Since when there is known to be a controller. One that is still to be started has watched nothing.
    watched_since: Option<Timestamp>,
    vigil: Vigil,
}

impl Preview {
    /// A controller that has seen `listing`, and then those changes of it.
    pub fn new(listing: Listing, changes: Changes, server: ServerView, settings: Settings) -> Self {
        let mut memory = Memory::default();
        let watched_since = watched_since(&listing);
        let asked = Instant::now();
        let thought_of = after(listing.clone(), changes);
        // What it remembers of the profiles before the change counts: pins, and how they were to be let go.
        drop(Snapshot::new(0, asked, listing, server, &mut memory));
        let snapshot = Snapshot::new(1, asked, thought_of, server, &mut memory);
        let known = Version::Minor(u64::from(server.minor.min(NEWEST_MINOR)));
        let judge = Judge::new(LevelVersion::new(Level::Privileged, known))
            .on_server(server.minor)
            .exempting(settings.server_exempt_runtime_classes.iter().cloned());
        Self {
            snapshot,
            settings,
            judge,
            newer_server: server.minor > NEWEST_MINOR,
            watched_since,
            vigil: Vigil::default(),
        }
    }

    /// The same where something is known of whether somebody watches the cluster.
    #[must_use]
    pub fn with_vigil(self, vigil: Vigil) -> Self {
        Self { vigil, ..self }
    }

    /// What it would do about a namespace that runs these workloads, and whose report says this.
    ///
    /// A last look that is due is taken to agree, unless there is an answer to it among `looks`. What the controller
    /// knows from having watched is taken for granted: that it has missed nothing; and where there was one before the
    /// namespace, that no pod was in it besides those that are there or that the report shows. Where no report tells
    /// since when nothing violates a policy, a soak begins now; and so it does where the Lease tells that nobody watches.
    pub fn plan(
        &self,
        namespace: &Namespace,
        workloads: &Workloads<'_>,
        remembered: Option<&Remembered>,
        looks: &[Look],
        now: Timestamp,
    ) -> NamespacePlan {
        let record = remembered.and_then(Remembered::record);
        let (soaks_since, leads_since) = self.watched(now);
        let is_watched = self.watched_since.is_some_and(|since| since.max(leads_since) < namespace.created);
        let had_pods = !is_watched || remembered.is_some_and(|remembered| remembered.had_pods(namespace));
        let mut looks = looks.to_vec();
        let pace = Pace { halted: self.is_halted(namespace), ..Pace::default() };
        loop {
            let evidence = Evidence {
                workloads,
                judge: &self.judge,
                newer_server: self.newer_server,
                watched_since: soaks_since,
                created: namespace.created,
                had_pods,
                record: record.as_ref(),
                looks: &looks,
                pace: &pace,
            };
            let plan = plan(namespace, &self.snapshot.profiles, &self.settings, Some(&evidence), now);
            // One for each policy that there may be, so that this ends.
            let due = plan.look.as_ref().map(|due| due.policy);
            match due.filter(|due| looks.iter().all(|look| look.policy != *due)) {
                Some(policy) => looks.push(agreeing(namespace, policy)),
                None => return plan,
            }
        }
    }

    /// Since when somebody watches without a gap, and since when it is the one that leads now.
    fn watched(&self, now: Timestamp) -> (Timestamp, Timestamp) {
        match &self.vigil {
            Vigil::Unknown => (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH),
            Vigil::Told(told) => {
                let told = told.as_ref();
                let since = told.and_then(|told| told.watched_since(now)).unwrap_or(now);
                // Who comes next has not seen what came and went.
                let leader = told.map(|told| &told.record).filter(|record| record.holder.is_some());
                (since, leader.and_then(|record| record.acquired).unwrap_or(now).max(since))
            }
        }
    }

    /// Whether the profile that governs enforce raises nothing for the time being, as its status says. That holds until
    /// its spec changes.
    fn is_halted(&self, namespace: &Namespace) -> bool {
        let ledger = namespace.ledger();
        let winner = self.profiles().winner(Mode::Enforce, namespace, &ledger, &self.settings);
        let described = winner.and_then(|winner| self.snapshot.described.get(&winner.profile.name));
        let Some(Described { generation, status: Some(status), .. }) = described else { return false };
        let is_halted = |condition: &Condition| {
            condition.kind == types::ROLLOUT_HALTED
                && condition.status == ConditionStatus::True
                && condition.observed_generation == *generation
        };
        status.conditions.iter().any(is_halted)
    }

    /// The profiles.
    pub const fn profiles(&self) -> &Profiles {
        &self.snapshot.profiles
    }

    /// What bears on every plan.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Judges as the API server does. The policy that it has is of no account.
    pub const fn judge(&self) -> &Judge {
        &self.judge
    }
}

fn agreeing(namespace: &Namespace, policy: LevelVersion) -> Look {
    Look {
        policy,
        resource_version: namespace.resource_version.clone(),
        answer: Answer::Agrees,
        until: Timestamp::MAX,
    }
}

/// The profiles as they would be listed then.
fn after(mut listing: Listing, changes: Changes) -> Listing {
    let Changes { applied, deleted } = changes;
    if !applied.is_empty() && listing.completeness == Completeness::InDoubt(crd::MISSING) {
        // Whoever applies profiles has applied their CRD before.
        listing.completeness = Completeness::Complete { crd_created: Timestamp::now() };
    }
    listing.readable.retain(|profile| !deleted.contains(&name(profile)));
    listing.unreadable.retain(|profile| !deleted.contains(&profile.name));
    for mut profile in applied {
        let name = name(&profile);
        listing.unreadable.retain(|unreadable| unreadable.name != name);
        match listing.readable.iter_mut().find(|present| self::name(present) == name) {
            Some(present) if present.spec == profile.spec => {}
            Some(present) => {
                present.spec = profile.spec;
                present.metadata.generation = present.metadata.generation.map(|generation| generation + 1);
            }
            None => {
                // The API server gives it one that nobody has.
                profile.metadata.uid = Some(format!("new {name}"));
                profile.metadata.generation = Some(1);
                profile.status = None;
                listing.readable.push(profile);
            }
        }
    }
    listing
}

fn name(profile: &ClusterPodSecurityProfile) -> String {
    profile.metadata.name.clone().unwrap_or_default()
}

/// What the controller that wrote the profiles' statuses says of itself, if there is one.
pub fn told_of_itself(listing: &Listing) -> Option<&Controller> {
    let mut controllers = statuses(listing).filter_map(|status| status.controller.as_ref());
    controllers.find(|controller| !controller.version.is_empty())
}

fn statuses(listing: &Listing) -> impl Iterator<Item = &ProfileStatus> {
    let of_readable = listing.readable.iter().filter_map(|profile| profile.status.as_ref());
    of_readable.chain(listing.unreadable.iter().filter_map(|profile| profile.status.as_ref()))
}

/// Since when at the latest there is a controller: it has written conditions since.
fn watched_since(listing: &Listing) -> Option<Timestamp> {
    let conditions = statuses(listing).flat_map(|status| &status.conditions);
    conditions.map(|condition| condition.last_transition_time.0).min()
}

/// The settings of a controller, from what it says of itself.
///
/// # Errors
///
/// With what cannot be read.
pub fn settings_of(controller: &Controller) -> Result<Settings, String> {
    let mut server_defaults = Policy::default();
    for text in &controller.server_defaults {
        let read = || {
            let (mode, value) = text.split_once('=')?;
            Some((mode.parse::<Mode>().ok()?, value.parse().ok()?))
        };
        let (mode, value) = read().ok_or_else(|| format!("server default {text:?}"))?;
        server_defaults.set(mode, value);
    }
    let protected = controller.protected_namespaces.iter().map(|name| NamePattern::new(name)).collect();
    Ok(Settings {
        protected,
        server_defaults,
        server_exempt_runtime_classes: controller.server_exempt_runtime_classes.iter().cloned().collect(),
        never_weaken: controller.never_weaken,
        reconcilers: controller.reconcilers.iter().cloned().collect(),
    })
}

#[cfg(test)]
#[path = "preview_tests.rs"]
mod tests;
