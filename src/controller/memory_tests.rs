//! Fights, with podsec's memory, its plans and a small model of the API server.

use jiff::SignedDuration;

use super::*;
use crate::rollout::{
    NamespacePlan, Profiles, Settings, plan,
    testing::{apply, namespace, now, profiles, update},
};

/// A namespace, podsec's memory and a clock: one second at least between two writes, as in the worker.
struct World {
    namespace: Namespace,
    profiles: Profiles,
    memory: Memory,
    now: Timestamp,
    writes: u32,
    last_write: Timestamp,
}

impl World {
    fn new(labels: &[(&str, &str)], specs: &[(&str, &str)]) -> Self {
        let mut world = Self {
            namespace: namespace("a", labels),
            profiles: profiles(specs),
            memory: Memory::default(),
            now: now(),
            writes: 0,
            last_write: Timestamp::MIN,
        };
        while !world.look().requests.is_empty() {
            world.wait(1);
        }
        world
    }

    fn plan(&mut self) -> NamespacePlan {
        self.namespace.remembered = self.memory.of(&self.namespace);
        (self.namespace.contests, _) = self.memory.contests(&self.namespace, self.now);
        plan(&self.namespace, &self.profiles, &Settings::default(), None, self.now)
    }

    /// One look of the worker.
    fn look(&mut self) -> NamespacePlan {
        let plan = self.plan();
        if !plan.requests.is_empty() {
            if self.now.duration_since(self.last_write) < SignedDuration::from_secs(1) {
                return plan;
            }
            for request in &plan.requests {
                apply(&mut self.namespace, request).unwrap();
            }
            self.writes += 1;
            self.last_write = self.now;
        }
        self.memory.note(&self.namespace.clone(), &Applied::as_if_planned(&plan), self.now);
        plan
    }

    fn wait(&mut self, seconds: i64) {
        self.now = self.now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
    }

    fn enforce(&self) -> Option<&str> {
        self.namespace.label(Mode::Enforce.keys().level)
    }

    fn label(&mut self, manager: &str, key: &str, value: &str) {
        update(&mut self.namespace, manager, key, Some(value));
    }

    /// How many seconds it takes until enforce is as wanted.
    fn seconds_until(&mut self, level: &str) -> i64 {
        for second in 0..100_000 {
            self.look();
            if self.enforce() == Some(level) {
                return second;
            }
            self.wait(1);
        }
        panic!("never")
    }

    /// Lets somebody do something so often, and podsec look each time; gives how often podsec wrote, and whether it told
    /// of a fight.
    fn while_somebody(
        &mut self,
        rounds: u32,
        pause: i64,
        mut does: impl FnMut(&mut Self, u32),
    ) -> (u32, bool) {
        let (before, mut told) = (self.writes, false);
        for round in 0..rounds {
            self.wait(pause);
            does(self, round);
            told |= self.look().modes.iter().any(|mode| mode.contest.is_some());
        }
        (self.writes - before, told)
    }
}

const KEEP: &str =
    r#"{"namespaceSelector": {}, "enforce": {"level": "baseline"}, "rollout": {"strategy": "Immediate"}}"#;
const FORCE: &str = r#"{"namespaceSelector": {}, "enforce": {"level": "baseline"}, "rollout": {"strategy": "Immediate"},
    "conflictPolicy": "Force"}"#;

/// The spec with one more member.
fn with(spec: &str, member: &str) -> String {
    spec.replacen('{', &format!("{{{member}, "), 1)
}

/// Ten minutes, a write a second.
const ROUNDS: u32 = 600;

#[test]
fn who_has_podsec_write_something_else_meanwhile_cannot_use_up_the_answers() {
    let of = |tier: &str, warn: &str| {
        format!(
            r#"{{"namespaceSelector": {{"matchLabels": {{"tier": "{tier}"}}}}, "enforce": {{"level": "baseline"}},
            "warn": {{"level": "{warn}"}}, "rollout": {{"strategy": "Immediate"}}}}"#
        )
    };
    let (a, b) = (of("a", "baseline"), of("b", "restricted"));
    let mut world = World::new(&[("tier", "a")], &[("a", &a), ("b", &b)]);
    for round in 0..60 {
        world.wait(1);
        world.label("kubectl-label", "tier", if round % 2 == 0 { "b" } else { "a" });
        world.label("kubectl-label", "warn", "privileged");
        world.look();
    }
    world.wait(1);
    world.label("kubectl-label", "enforce", "privileged");
    assert!(world.seconds_until("baseline") <= 60);
}

#[test]
fn a_clock_that_is_set_back_keeps_nothing_weaker_for_longer() {
    for (spec, level) in [(KEEP, "privileged"), (FORCE, "restricted")] {
        let mut world = World::new(&[], &[("a", spec)]);
        for _ in 0..3 {
            world.wait(2);
            world.label("kubectl-label", "enforce", level);
            world.seconds_until("baseline");
        }
        world.wait(60);
        world.now = world.now.checked_sub(SignedDuration::from_hours(1)).unwrap();
        world.last_write = Timestamp::MIN;
        world.label("kubectl-label", "enforce", level);
        assert!(world.seconds_until("baseline") <= 60, "{level}");
    }
}

#[test]
fn who_gives_up_in_between_is_not_answered_more_often() {
    let (writes, _) = World::new(&[], &[("a", KEEP)]).while_somebody(ROUNDS, 1, |world, round| {
        if round % 2 == 0 {
            world.label("mallory", "enforce", "privileged");
        } else if world.enforce() == Some("baseline") {
            // Sets the right value in its own name, too.
            let key = Mode::Enforce.keys().level;
            let mut owner = world.namespace.owners.of(key)[0].clone();
            owner.manager = "mallory".into();
            world.namespace.owners.change(key, |owners| owners.push(owner));
        }
    });
    assert!(writes <= 16, "{writes}");
}

#[test]
fn who_is_stricter_in_between_is_told_and_not_answered_more_often() {
    let (writes, told) = World::new(&[], &[("a", KEEP)]).while_somebody(ROUNDS, 1, |world, round| {
        world.label("mallory", "enforce", if round % 2 == 0 { "restricted" } else { "privileged" });
    });
    assert!(told && writes <= 32, "{writes} {told}");
}

#[test]
fn two_who_take_turns_are_answered_no_faster_than_one() {
    let (writes, _) = World::new(&[], &[("a", FORCE)]).while_somebody(ROUNDS, 1, |world, round| {
        world.label(if round % 2 == 0 { "x" } else { "y" }, "enforce", "restricted");
    });
    assert!(writes <= 12, "{writes}");
}

#[test]
fn once_a_day_is_a_fight() {
    let (writes, told) = World::new(&[], &[("a", KEEP)]).while_somebody(4, 24 * 3600 + 5, |world, _| {
        world.label("kustomize-controller", "enforce", "privileged");
    });
    assert_eq!((writes, told), (4, true));
}

#[test]
fn where_podsec_puts_nothing_back_there_is_no_fight() {
    for member in [r#""suspend": true"#, r#""conflictPolicy": "Yield""#] {
        let mut world = World::new(&[], &[("a", KEEP)]);
        let (_, told) = world.while_somebody(4, 3600, |world, _| {
            world.label("kustomize-controller", "enforce", "privileged");
        });
        assert!(told);
        world.profiles = profiles(&[("a", &with(KEEP, member))]);
        world.label("kustomize-controller", "enforce", "privileged");
        world.wait(5);
        assert_eq!(world.look().modes[0].contest, None, "{member}");
    }
}

#[test]
fn a_write_whose_answer_was_lost_is_no_take() {
    let mut world = World::new(&[], &[("a", KEEP)]);
    for round in 0..6 {
        world.wait(120);
        let level = if round % 2 == 0 { "restricted" } else { "baseline" };
        world.profiles = profiles(&[("a", &KEEP.replace("baseline", level))]);
        let plan = world.plan();
        for request in &plan.requests {
            apply(&mut world.namespace, request).unwrap();
        }
        world.memory.unsure(&world.namespace, &[Mode::Enforce]);
        world.wait(2);
        assert_eq!(world.look().modes[0].contest, None);
        assert!(world.namespace.contests[0].is_none(), "{:?}", world.namespace.contests);
    }
}
