//! What holds for every raise, over random histories of a few namespaces, of what runs in them, and of the controller.

mod model;

use std::collections::BTreeSet;

use proptest::{collection::vec, option, prelude::*, sample::select};

use self::model::{EVERY, Event, PATTERNS, SLOTS, SPECS, Server, World};
use super::{
    super::{Change, HoldReason, ModePlan, Namespace, NamespacePlan, Settings, Verdict, WeakenCause},
    *,
};
use crate::assessment::PodPhase;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn arb_profile() -> impl Strategy<Value = String> {
    let enforce = (
        select(vec!["privileged", "baseline", "restricted", "restricted"]),
        select(vec!["server", "server", "latest", "v1.26", "v1.33", "v1.37"]),
    );
    let soak = select(vec!["0s", "90s", "10m", "1h"]);
    let batch = option::weighted(0.5, 1..3_u32);
    let force_after = option::weighted(0.4, select(vec![-2_i64, 2, 6]));
    let strategy = select(vec!["WhenClean", "WhenClean", "WhenClean", "WhenClean", "Immediate"]);
    let exemptions = select(vec![
        "[]",
        "[]",
        r#"[{"name": "a", "reason": "r"}]"#,
        r#"[{"name": "*", "enforce": "baseline", "reason": "r", "expires": "2026-11-22T15:00:00Z"}]"#,
        r#"[{"name": "a", "reason": "r", "expires": "2026-11-22T15:00:00Z"}]"#,
    ]);
    let conflict = select(vec!["KeepStricter", "Force"]);
    let suspend = prop::bool::weighted(0.1);
    (enforce, soak, batch, force_after, strategy, exemptions, conflict, suspend).prop_map(
        |((level, version), soak, batch, force_after, strategy, exemptions, conflict, suspend)| {
            let mut spec = serde_json::json!({
                "namespaceNames": PATTERNS,
                "enforce": {"level": level, "version": version},
                "warn": {"level": "restricted"},
                "conflictPolicy": conflict,
                "suspend": suspend,
                "rollout": {"strategy": strategy},
            });
            spec["exemptions"] = serde_json::from_str(exemptions).unwrap();
            if strategy == "WhenClean" {
                spec["rollout"]["soak"] = soak.into();
                if let Some(size) = batch {
                    spec["rollout"]["batch"] = serde_json::json!({"size": size, "every": EVERY});
                }
                if let Some(hours) = force_after {
                    let at = after(model::start(), HOUR * i32::try_from(hours).unwrap());
                    spec["rollout"]["forceAfter"] = at.to_string().into();
                }
            }
            spec.to_string()
        },
    )
}

fn arb_event() -> impl Strategy<Value = Event> {
    let name = || 0..PATTERNS.len();
    let phase = select(vec![PodPhase::Live, PodPhase::Live, PodPhase::Finished, PodPhase::Deleting]);
    let spec = || select((0..SPECS.len()).collect::<Vec<_>>());
    let pod = (name(), 0..SLOTS, option::weighted(0.6, (spec(), phase)))
        .prop_map(|(name, slot, pod)| Event::Pod { name, slot, pod });
    let template =
        (name(), option::weighted(0.5, spec())).prop_map(|(name, spec)| Event::Template { name, spec });
    let profile = arb_profile().prop_map(Event::Profile);
    let pass = prop_oneof![1..120_i64, 60..900_i64, 1800..10_000_i64]
        .prop_map(|seconds| Event::Pass(SignedDuration::from_secs(seconds)));
    let key = select(vec!["enforce", "enforce", "enforce-version"]);
    let value = option::of(select(vec!["privileged", "baseline", "restricted", "v1.26", "latest", "junk"]));
    let label = (name(), key, value).prop_map(|(name, key, value)| Event::Label { name, key, value });
    let stall = (name(), any::<bool>()).prop_map(|(name, silent)| Event::Stall { name, silent });
    let restart = any::<bool>().prop_map(|reports_kept| Event::Restart { reports_kept });
    let recreate = name().prop_map(Event::Recreate);
    let halt = any::<bool>().prop_map(Event::Halt);
    let server =
        select(vec![Server::Agrees, Server::Agrees, Server::Disagrees, Server::Silent, Server::Exempt])
            .prop_map(Event::Server);
    let minor = select(vec![33, 36, 37]).prop_map(Event::Minor);
    prop_oneof![
        8 => pod, 3 => template, 3 => profile, 8 => pass, 3 => label, 2 => stall, 1 => restart, 1 => recreate,
        1 => halt, 2 => server, 1 => minor
    ]
}

/// What was done to one namespace in one turn.
struct Turn<'a> {
    world: &'a World,
    name: usize,
    before: &'a Namespace,
    plan: &'a NamespacePlan,
}

impl Turn<'_> {
    fn check(&self) -> Result<(), TestCaseError> {
        let Self { world, plan, .. } = self;
        prop_assert!(plan.next.is_none_or(|next| next > world.now), "{plan:#?} would be planned for ever");
        let Some(enforce) = plan.modes.iter().find(|plan| plan.mode == Mode::Enforce) else { return Ok(()) };
        let before = self.effective(self.before);
        let after = self.effective(&world.sites[self.name].namespace);
        let gated = world.profile.strategy == crate::api::Strategy::WhenClean || enforce.protected;
        match &enforce.verdict {
            Verdict::Write { value, change: Change::Raise } if gated => self.passed_the_gate(*value)?,
            Verdict::Write { value, change: Change::ForcedRaise } => self.was_forced(*value, before)?,
            // A version that somebody removed comes back, and no level goes down for it.
            Verdict::Write { value, change: Change::Repair }
                if self.before.label(Mode::Enforce.keys().version).is_none()
                    && value.level >= before.level => {}
            Verdict::Write { change: Change::Raise | Change::Repair | Change::Own, .. } => {
                // What nobody can read the API server takes for `restricted`.
                let (_, unreadable) = self.before.labelled(Mode::Enforce, &world.settings.server_defaults);
                let lowers = after.is_weaker_than(before) && unreadable.is_empty();
                prop_assert!(!lowers, "{plan:#?} lowers enforce from {before}");
            }
            Verdict::Write { value, change: Change::Weaken(cause) } => {
                let known = [WeakenCause::Edited, WeakenCause::Exempted, WeakenCause::Forced];
                prop_assert!(known.contains(cause), "{plan:#?} lowers enforce from {before}");
                if gated && value.level == before.level {
                    self.passed_the_gate(*value)?;
                }
            }
            _ => prop_assert_eq!(before, after, "{:#?} writes enforce", plan),
        }
        let due = plan.look.is_some();
        prop_assert!(!due, "the look was taken, and {plan:#?} asks for it again");
        Ok(())
    }

    fn effective(&self, namespace: &Namespace) -> LevelVersion {
        namespace.labelled(Mode::Enforce, &self.world.settings.server_defaults).0
    }

    /// Whether the gate was rightly open for a policy, told afresh from the world.
    fn passed_the_gate(&self, policy: LevelVersion) -> Result<(), TestCaseError> {
        let Self { world, name, plan, .. } = self;
        let site = &world.sites[*name];
        prop_assert!(!site.silent, "raised while a stream is silent: {plan:#?}");
        prop_assert_eq!(site.worst(policy), crate::standards::Verdict::Conforms, "raised to {}", policy);
        let is_new = !site.had_pods && world.now.duration_since(site.created) < SignedDuration::from_mins(10);
        let clean_for = world.now.duration_since(site.clean_since(policy));
        let soak = world.profile.soak;
        prop_assert!(is_new || clean_for >= soak, "clean for {clean_for:?} of {soak:?}: {plan:#?}");
        self.kept_to_pace_and_look()
    }

    fn was_forced(&self, policy: LevelVersion, before: LevelVersion) -> Result<(), TestCaseError> {
        let Self { world, name, plan, .. } = self;
        let site = &world.sites[*name];
        let profile = &world.profile;
        let at = profile.force_after.unwrap();
        prop_assert!(world.now >= at && policy.level > before.level, "{plan:#?}");
        let held = site.held_since.filter(|(level, _)| *level == policy.level);
        prop_assert!(held.is_some_and(|(_, since)| since < at), "held since {held:?}: {plan:#?}");
        prop_assert!(!site.silent && !world.settings.protects(&site.namespace.name));
        prop_assert!(!site.in_doubt(policy), "what podsec cannot tell was forced: {plan:#?}");
        let name = &site.namespace.name;
        let exempt = profile.exemption(name, world.now).is_some() || profile.had_exemption(name, world.now);
        prop_assert!(!exempt, "an exemption was forced: {plan:#?}");
        self.kept_to_pace_and_look()
    }

    fn kept_to_pace_and_look(&self) -> Result<(), TestCaseError> {
        let Self { world, name, plan, .. } = self;
        prop_assert!(plan.raise.is_some());
        prop_assert!(!world.halted, "raised while halted: {plan:#?}");
        let site = &world.sites[*name];
        let looked = world.server == Server::Agrees || site.pods.is_empty();
        prop_assert!(looked, "the API server did not agree: {plan:#?}");
        if let Some(batch) = world.profile.batch {
            let since = before(world.now, HOUR);
            let raised = world.raised.iter().filter(|(at, _)| *at > since);
            let uids: BTreeSet<_> = raised.map(|(_, uid)| uid).collect();
            prop_assert!(uids.len() <= batch.size as usize, "{uids:?} within {EVERY}: {plan:#?}");
        }
        Ok(())
    }
}

fn play(world: &mut World, event: &Event) -> Result<(), TestCaseError> {
    world.on(event);
    if let Event::Pass(duration) = event {
        return run_until(world, after(world.now, *duration));
    }
    for name in 0..world.sites.len() {
        turn(world, name)?;
    }
    Ok(())
}

/// Lets time pass, with each namespace planned anew when its plan said that it changes.
fn run_until(world: &mut World, until: Timestamp) -> Result<(), TestCaseError> {
    loop {
        let due = world.sites.iter().enumerate().filter_map(|(name, site)| Some((site.next?, name))).min();
        let Some((next, name)) = due.filter(|(next, _)| *next <= until) else { break };
        world.now = next;
        turn(world, name)?;
    }
    world.now = until;
    Ok(())
}

fn turn(world: &mut World, name: usize) -> Result<(), TestCaseError> {
    let before = world.sites[name].namespace.clone();
    let plan = world.turn(name);
    Turn { world, name, before: &before, plan: &plan }.check()?;
    world.note(name, &plan);
    let is_repair = |plan: &ModePlan| matches!(plan.verdict, Verdict::Write { change: Change::Repair, .. });
    if plan.modes.iter().any(is_repair) {
        // What was put back may be raised further.
        return turn(world, name);
    }
    let again = world.turn(name);
    prop_assert_eq!(&again.requests, &[], "planning again after applying gives nothing to do: {:#?}", plan);
    prop_assert_eq!(&again.record, &plan.record, "nor anything else to remember");
    Ok(())
}

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_raise_of_every_history_is_rightly_made(
        profile in arb_profile(),
        events in vec(arb_event(), 1..40),
        protected in prop::bool::weighted(0.2),
        default in select(vec!["privileged:latest", "privileged:latest", "baseline:latest"]),
    ) {
        let mut settings = Settings::default();
        settings.server_defaults.set(Mode::Enforce, default.parse().unwrap());
        if protected {
            settings.protected = vec![super::super::NamePattern::new("a")];
        }
        let mut world = World::new(settings, profile);
        for event in &events {
            play(&mut world, event)?;
        }
    }

    #[test]
    fn once_the_world_is_quiet_the_state_is_a_function_of_it(
        profile in arb_profile(),
        events in vec(arb_event(), 1..30),
        reports_kept in any::<bool>(),
    ) {
        let mut world = World::new(Settings::default(), profile);
        for event in &events {
            play(&mut world, event)?;
        }
        // Whether a raise is forced depends on what was held when.
        let mut spec: serde_json::Value = serde_json::from_str(&world.spec).unwrap();
        spec["rollout"].as_object_mut().unwrap().remove("forceAfter");
        let quiet = [Event::Profile(spec.to_string()), Event::Server(Server::Agrees), Event::Halt(false)];
        let streams = (0..PATTERNS.len()).map(|name| Event::Stall { name, silent: false });
        // Nothing is new any more.
        let end = [Event::Pass(HOUR)];
        for event in quiet.into_iter().chain(streams).chain(end) {
            play(&mut world, &event)?;
        }
        let mut other = world.clone();
        play(&mut other, &Event::Restart { reports_kept })?;
        for world in [&mut world, &mut other] {
            let end = after(world.now, HOUR * 24 * 30);
            run_until(world, end)?;
        }
        for (name, (site, same)) in world.sites.iter().zip(&other.sites).enumerate() {
            let (plan, other) = (world.plan(name), other.plan(name));
            prop_assert_eq!(site.shown(), same.shown(), "{:#?} {:#?}", plan, other);
            prop_assert_eq!(&plan.modes, &other.modes);
            at_rest(&world, name, &plan)?;
        }
    }
}

/// That a plan waits for nothing that the passing of time would bring, and is held only by what is really there.
fn at_rest(world: &World, name: usize, plan: &NamespacePlan) -> Result<(), TestCaseError> {
    let Some(enforce) = plan.modes.iter().find(|plan| plan.mode == Mode::Enforce) else { return Ok(()) };
    let site = &world.sites[name];
    let planned = enforce.planned.unwrap_or(enforce.present);
    match &enforce.verdict {
        Verdict::Hold(HoldReason::Violations { workloads }) => {
            prop_assert_eq!(site.worst(planned), crate::standards::Verdict::Violates);
            prop_assert!(*workloads > 0);
        }
        Verdict::Hold(HoldReason::Inconclusive { .. }) => {
            prop_assert_eq!(site.worst(planned), crate::standards::Verdict::Inconclusive);
        }
        Verdict::Hold(HoldReason::WouldWeaken) => prop_assert!(planned.is_weaker_than(enforce.present)),
        Verdict::InSync | Verdict::LeaveAlone { .. } | Verdict::Freeze(_) => {}
        other => prop_assert!(false, "{other:?} at rest"),
    }
    let below = LevelVersion::new(Level::Baseline, planned.version);
    let is_held = matches!(&enforce.verdict, Verdict::Hold(reason) if *reason != HoldReason::WouldWeaken);
    if is_held && planned.level > below.level && enforce.present.is_weaker_than(below) {
        prop_assert_ne!(
            site.worst(below),
            crate::standards::Verdict::Conforms,
            "not raised to the level below"
        );
    }
    Ok(())
}
