//! Random histories of profiles, selectors, other writers and restarts, on the real API server, against a small model of
//! who should own what.
//!
//! The model knows one mode, enforce, of one version, and the rules of `docs/ownership.md`. It has nothing of podsec's own
//! code in it. `PODSEC_HISTORIES=500` plays so many histories, which takes some three minutes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use futures::future::join_all;
use kube::api::{Patch, PatchParams};
use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};
use serde_json::{Value, json};

use crate::stage::Stage;

/// Histories that run side by side, and how many there are unless the environment says otherwise.
const AT_A_TIME: usize = 50;
const HISTORIES: usize = 100;
const EVENTS: usize = 8;

const VERSION: &str = "v1.30";
const LEVEL: &str = "pod-security.kubernetes.io/enforce";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Privileged,
    Baseline,
    Restricted,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Privileged => "privileged",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Conflict {
    KeepStricter,
    Force,
    Yield,
}

#[derive(Clone, Copy, Debug)]
struct Profile {
    level: Level,
    conflict: Conflict,
    removes: bool,
}

#[derive(Clone, Debug)]
enum Event {
    /// The profile is put in place, or changed.
    Profile(Profile),
    /// It is deleted.
    Delete,
    /// The namespace comes to match it, or no longer does.
    Match(bool),
    /// A person sets the labels, or removes them.
    Label(Option<Level>),
    /// Another applier sets the labels by force, or lets go of them.
    Apply(Option<Level>),
}

fn event() -> impl Strategy<Value = Event> {
    let level = prop_oneof![Just(Level::Privileged), Just(Level::Baseline), Just(Level::Restricted)];
    let conflict = prop_oneof![4 => Just(Conflict::KeepStricter), 2 => Just(Conflict::Force), 1 => Just(Conflict::Yield)];
    let profile = (level.clone(), conflict, any::<bool>());
    prop_oneof![
        4 => profile.prop_map(|(level, conflict, removes)| Event::Profile(Profile { level, conflict, removes })),
        1 => Just(Event::Delete),
        2 => any::<bool>().prop_map(Event::Match),
        3 => prop::option::weighted(0.8, level.clone()).prop_map(Event::Label),
        3 => prop::option::weighted(0.7, level).prop_map(Event::Apply),
    ]
}

/// What stands on a namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Standing {
    level: Option<Level>,
    owners: BTreeSet<&'static str>,
    /// What podsec noted that it raised enforce to.
    noted: Option<Level>,
}

impl Standing {
    /// Somebody writes another value by force, or by an update: it is theirs alone.
    fn overwrite(&mut self, level: Option<Level>, by: &'static str) {
        self.level = level;
        self.owners = level.map(|_| by).into_iter().collect();
    }

    fn let_go(&mut self, by: &'static str) {
        if self.owners.remove(by) && self.owners.is_empty() {
            self.level = None;
        }
    }

    fn hand_over(&mut self) {
        if self.owners.remove("podsec") {
            self.owners.insert("podsec-retained");
        }
    }

    fn is_foreign(&self) -> bool {
        self.owners.iter().any(|owner| !owner.starts_with("podsec"))
    }
}

#[derive(Clone, Debug, Default)]
struct Model {
    profile: Option<Profile>,
    /// The profile's last policy, once it is gone.
    removes: bool,
    matches: bool,
    standing: Standing,
}

impl Model {
    fn happens(&mut self, event: &Event) {
        match *event {
            Event::Profile(profile) => (self.profile, self.removes) = (Some(profile), profile.removes),
            Event::Delete => self.profile = None,
            Event::Match(matches) => self.matches = matches,
            Event::Label(level) if self.standing.level != level => {
                self.standing.overwrite(level, "kubectl-label");
            }
            Event::Label(_) => {}
            Event::Apply(None) => self.standing.let_go("gitops"),
            Event::Apply(level) if self.standing.level == level => self.standing.owners.extend(["gitops"]),
            Event::Apply(level) => self.standing.overwrite(level, "gitops"),
        }
        match self.profile.filter(|_| self.matches) {
            Some(profile) => self.govern(profile),
            None => self.release(),
        }
    }

    fn govern(&mut self, profile: Profile) {
        let present = self.standing.level.unwrap_or(Level::Privileged);
        let Profile { level: wanted, conflict, .. } = profile;
        let below = self.standing.noted.map(|noted| noted.min(wanted));
        let is_taken_back = conflict != Conflict::Yield && below.is_some_and(|below| present < below);
        if is_taken_back || self.standing.level == Some(wanted) {
            self.write(wanted);
        } else if self.standing.is_foreign() {
            match (conflict, wanted > present) {
                (Conflict::Force, _) | (Conflict::KeepStricter, true) => self.write(wanted),
                (Conflict::KeepStricter, false) => self.standing.hand_over(),
                (Conflict::Yield, _) => {
                    self.standing.hand_over();
                    self.standing.noted = None;
                }
            }
        } else if wanted >= present || self.standing.owners.contains("podsec") {
            self.write(wanted);
        }
        // Otherwise it is a stricter label that podsec has let go of: it stays.
    }

    fn write(&mut self, level: Level) {
        if self.standing.level == Some(level) {
            self.standing.owners.remove("podsec-retained");
            self.standing.owners.insert("podsec");
        } else {
            self.standing.overwrite(Some(level), "podsec");
        }
        self.standing.noted = Some(level);
    }

    fn release(&mut self) {
        // A namespace that merely stops matching keeps its labels.
        if self.profile.is_none() && self.removes {
            self.standing.let_go("podsec");
        } else {
            self.standing.hand_over();
        }
        self.standing.noted = None;
    }
}

/// One namespace with a profile of its own.
struct History {
    name: String,
    model: Model,
    events: Vec<Event>,
}

impl History {
    async fn play(&mut self, stage: &Stage, index: usize) {
        let (name, event) = (self.name.clone(), self.events[index].clone());
        match &event {
            Event::Profile(profile) => drop(stage.profile(&name, spec(&name, *profile)).await),
            Event::Delete if self.model.profile.is_some() => stage.delete_profile(&name).await,
            Event::Delete => {}
            Event::Match(matches) => {
                let value = matches.then_some(name.as_str());
                stage.label(&name, &[("history", value)]).await;
            }
            Event::Label(level) => {
                let (level, version) = (level.map(|level| level.to_string()), level.map(|_| VERSION));
                stage.label(&name, &[("enforce", level.as_deref()), ("enforce-version", version)]).await;
            }
            Event::Apply(Some(level)) => {
                let labels = [("enforce", level.to_string()), ("enforce-version", VERSION.to_owned())];
                let labels = labels.each_ref().map(|(key, value)| (*key, value.as_str()));
                stage.apply_labels("gitops", &name, &labels).await;
            }
            Event::Apply(None) => let_go(stage, &name).await,
        }
        self.model.happens(&event);
        self.is_as_expected(stage, index).await;
    }

    async fn is_as_expected(&self, stage: &Stage, index: usize) {
        let mut last = Standing::default();
        for _ in 0..600 {
            last = standing(stage, &self.name).await;
            if last == self.model.standing {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        let (expected, history) = (&self.model.standing, &self.events[..=index]);
        panic!("{}: {last:?} and not {expected:?} after {history:#?}", self.name);
    }
}

/// Applies nothing in the name of the other applier: what it had it lets go of.
async fn let_go(stage: &Stage, namespace: &str) {
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
    let params = PatchParams::apply("gitops").force();
    stage.namespaces().patch(namespace, &params, &Patch::Apply(&object)).await.unwrap();
}

fn spec(name: &str, profile: Profile) -> Value {
    let Profile { level, conflict, removes } = profile;
    json!({
        "namespaceSelector": {"matchLabels": {"history": name}},
        "enforce": {"level": level.to_string(), "version": VERSION},
        "rollout": {"strategy": "Immediate"},
        "conflictPolicy": format!("{conflict:?}"),
        "releasePolicy": if removes { "Remove" } else { "Retain" },
    })
}

/// What really stands on a namespace.
async fn standing(stage: &Stage, name: &str) -> Standing {
    const NAMES: [&str; 4] = ["podsec", "podsec-retained", "kubectl-label", "gitops"];
    let namespace = stage.observed(name).await;
    let level = |text: &str| match text {
        "privileged" => Level::Privileged,
        "baseline" => Level::Baseline,
        "restricted" => Level::Restricted,
        other => panic!("{name}: {other}"),
    };
    let owner = |manager: &str| NAMES.into_iter().find(|name| *name == manager).expect("a known manager");
    let noted = namespace.ledger_annotations.get("podsec.dev/enforced");
    Standing {
        level: namespace.label(LEVEL).map(level),
        owners: namespace.owners.of(LEVEL).iter().map(|known| owner(&known.manager)).collect(),
        noted: noted.map(|noted| level(noted.split_once(':').unwrap().0)),
    }
}

#[tokio::test]
async fn random_histories_end_as_the_model_says() {
    let asked = std::env::var("PODSEC_HISTORIES").ok().and_then(|text| text.parse().ok());
    let rounds = asked.unwrap_or(HISTORIES).div_ceil(AT_A_TIME);
    let mut stage = Stage::new().await;
    let mut runner = TestRunner::deterministic();
    let events = proptest::collection::vec(event(), EVENTS);
    let mut kinds = BTreeMap::new();
    for round in 0..rounds {
        let history = |number| {
            let mut events = events.new_tree(&mut runner).unwrap().current();
            // Most namespaces match from the beginning, or little would happen.
            events[0] = Event::Match(number % 8 != 0);
            History { name: format!("h-{round:02}-{number:02}"), model: Model::default(), events }
        };
        let mut histories: Vec<_> = (0..AT_A_TIME).map(history).collect();
        join_all(histories.iter().map(|history| stage.namespace(&history.name, &[]))).await;
        for index in 0..EVENTS {
            // A restart, or a death, changes nothing.
            if index == EVENTS / 2 {
                if round % 2 == 0 {
                    stage.stop().await;
                } else {
                    stage.kill();
                }
                stage.start();
            }
            join_all(histories.iter_mut().map(|history| history.play(&stage, index))).await;
        }
        // Nothing comes after.
        stage.a_second_passes().await;
        join_all(histories.iter().map(|history| history.is_as_expected(&stage, EVENTS - 1))).await;
        for history in &histories {
            *kinds.entry(format!("{:?}", history.model.standing.owners)).or_insert(0) += 1;
            if history.model.profile.is_some() {
                stage.delete_profile(&history.name).await;
            }
        }
    }
    assert!(kinds.len() >= 5, "the histories end in too few ways to show anything: {kinds:?}");
}
