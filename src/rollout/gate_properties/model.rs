//! A few namespaces with what runs in them, and a controller as it is meant to use the plan.

use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use super::super::{
    super::{
        Ledger, Manager, Namespace, NamespacePlan, Pace, Pin, Profile, Profiles, Raises, ServerView,
        Settings, TRACKED_KEYS, Verdict, plan,
        testing::{self, COMPLETE, apply, now, object, shown, update},
    },
    tests::{BASELINE, IN_DOUBT, PRIVILEGED, PROBED, RESTRICTED, TUNED, deployment, pod},
    *,
};
use crate::{
    assessment::{Inventory, Judge, PodPhase},
    standards::{self, pod::Pod},
};

/// The namespaces, as the profile names them.
pub(super) const PATTERNS: [&str; 3] = ["a", "b", "c"];
pub(super) const SPECS: [&str; 6] = [RESTRICTED, BASELINE, PRIVILEGED, IN_DOUBT, PROBED, TUNED];
/// The pods that a namespace may have.
pub(super) const SLOTS: usize = 2;
/// The time of every batch.
pub(super) const EVERY: &str = "1h";

/// When every history begins.
pub(super) fn start() -> Timestamp {
    now()
}

#[derive(Clone, Debug)]
pub(super) enum Event {
    /// A pod comes, changes or goes.
    Pod { name: usize, slot: usize, pod: Option<(usize, PodPhase)> },
    /// A Deployment comes, changes or goes.
    Template { name: usize, spec: Option<usize> },
    /// The profile is edited.
    Profile(String),
    /// Time passes.
    Pass(SignedDuration),
    /// Somebody sets or drops a label.
    Label { name: usize, key: &'static str, value: Option<&'static str> },
    /// A stream goes silent, or comes back with a list.
    Stall { name: usize, silent: bool },
    /// The controller is another process.
    Restart { reports_kept: bool },
    /// The namespace is deleted and created again.
    Recreate(usize),
    /// The rollout is halted, or goes on.
    Halt(bool),
    /// The API server answers dry runs in another way.
    Server(Server),
    /// The API server is of another minor.
    Minor(u32),
}

/// How the API server answers dry runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Server {
    Agrees,
    Disagrees,
    Silent,
    Exempt,
}

/// A namespace with what runs in it, and what the controller keeps of it.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) namespace: Namespace,
    pub(super) pods: BTreeMap<usize, (usize, PodPhase, Timestamp)>,
    template: Option<usize>,
    pub(super) silent: bool,
    pub(super) created: Timestamp,
    /// When it last was not clean by a policy, in truth, or nobody watched.
    spoilt: HashMap<LevelVersion, Timestamp>,
    /// Since when the profile asks for a level that it does not have.
    pub(super) held_since: Option<(Level, Timestamp)>,
    /// Whether podsec saw one, in so far as anything remembers it.
    pub(super) had_pods: bool,
    watched_since: Timestamp,
    record: Option<GateRecord>,
    looks: Vec<Look>,
    pub(super) next: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) now: Timestamp,
    pub(super) settings: Settings,
    pub(super) spec: String,
    minor: u32,
    pub(super) profile: Profile,
    pub(super) sites: Vec<Site>,
    pub(super) halted: bool,
    pub(super) server: Server,
    raises: Raises,
    /// Each raise through the gate there was, with the uid of its namespace.
    pub(super) raised: Vec<(Timestamp, String)>,
    versions: u64,
}

/// The policies that a profile may ask for.
fn policies() -> impl Iterator<Item = LevelVersion> {
    let versions = ["v1.26", "v1.33", "v1.36", "v1.37", "latest"];
    let policy = |level, version: &str| LevelVersion::new(level, version.parse().unwrap());
    versions
        .into_iter()
        .flat_map(move |version| [Level::Baseline, Level::Restricted].map(|level| policy(level, version)))
}

/// The verdicts on the pods themselves, not on their shapes.
static VERDICTS: LazyLock<HashMap<(LevelVersion, usize), Judgement>> = LazyLock::new(|| {
    let pods = SPECS.map(|spec| format!(r#"{{"spec": {spec}}}"#));
    let judged = pods.iter().enumerate().flat_map(|(index, text)| {
        let pod = Pod::from_json(text).unwrap();
        policies().map(move |policy| ((policy, index), standards::evaluate(policy, &pod).verdict()))
    });
    judged.collect()
});

type Judgement = standards::Verdict;

fn verdict(policy: LevelVersion, spec: usize) -> Judgement {
    VERDICTS[&(policy, spec)]
}

impl Site {
    fn new(name: &str, uid: String, created: Timestamp) -> Self {
        let mut namespace = testing::namespace(name, &[]);
        namespace.uid = uid;
        namespace.remembered = Some(Ledger::default());
        Self {
            namespace,
            pods: BTreeMap::new(),
            template: None,
            silent: false,
            created,
            spoilt: HashMap::new(),
            held_since: None,
            had_pods: false,
            watched_since: created,
            record: None,
            looks: Vec::new(),
            next: None,
        }
    }

    fn verdicts(&self, policy: LevelVersion) -> Vec<Judgement> {
        let live =
            self.pods.values().filter(|(_, phase, _)| *phase == PodPhase::Live).map(|(spec, ..)| *spec);
        live.chain(self.template).map(|spec| verdict(policy, spec)).collect()
    }

    pub(super) fn in_doubt(&self, policy: LevelVersion) -> bool {
        self.silent || self.verdicts(policy).contains(&Judgement::Inconclusive)
    }

    /// The worst verdict on a live pod or a template.
    pub(super) fn worst(&self, policy: LevelVersion) -> Judgement {
        let verdicts = self.verdicts(policy);
        let is = |verdict| verdicts.contains(&verdict).then_some(verdict);
        is(Judgement::Violates).or_else(|| is(Judgement::Inconclusive)).unwrap_or(Judgement::Conforms)
    }

    /// Since when it is clean by a policy, in truth, and somebody watched.
    pub(super) fn clean_since(&self, policy: LevelVersion) -> Timestamp {
        self.spoilt.get(&policy).copied().unwrap_or(self.created)
    }

    fn spoil(&mut self, now: Timestamp) {
        for policy in policies() {
            let refused = |spec: usize| verdict(policy, spec) != Judgement::Conforms;
            let finished =
                self.pods.values().filter(|(spec, phase, _)| *phase == PodPhase::Finished && refused(*spec));
            let spoilt = if self.silent || self.worst(policy) != Judgement::Conforms {
                Some(now)
            } else {
                finished.map(|(_, _, created)| *created).max()
            };
            if let Some(at) = spoilt {
                let last = self.spoilt.entry(policy).or_insert(at);
                *last = (*last).max(at);
            }
        }
    }

    fn spoil_all(&mut self, now: Timestamp) {
        for policy in policies() {
            self.spoilt.insert(policy, now);
        }
    }

    fn inventory(&self) -> Inventory {
        let mut inventory = Inventory::default();
        for (slot, (spec, phase, created)) in &self.pods {
            inventory.insert_pod(pod(&format!("p{slot}"), SPECS[*spec], *phase, *created));
        }
        if let Some(spec) = self.template {
            inventory.insert_template(deployment("web", SPECS[spec]));
        }
        if self.silent {
            inventory.miss("pods");
        }
        inventory
    }

    pub(super) fn shown(&self) -> String {
        shown(&self.namespace)
    }
}

fn profile(spec: &str, minor: u32) -> Profile {
    let server = ServerView { minor, watched_in_full: true };
    Profile::new(&object("p", spec), server, |_| Pin::default())
}

impl World {
    /// Namespaces that were created a moment ago and are watched since.
    pub(super) fn new(settings: Settings, spec: String) -> Self {
        let site = |name: &&str| Site::new(name, format!("uid-{name}"), start());
        let profile = profile(&spec, 37);
        Self {
            now: start(),
            settings,
            spec,
            minor: 37,
            profile,
            sites: PATTERNS.iter().map(site).collect(),
            halted: false,
            server: Server::Agrees,
            raises: Raises::default(),
            raised: Vec::new(),
            versions: 1,
        }
    }

    pub(super) fn on(&mut self, event: &Event) {
        let now = self.now;
        match event {
            Event::Pod { name, slot, pod } => {
                let site = &mut self.sites[*name];
                match pod {
                    Some((spec, phase)) => {
                        site.pods.insert(*slot, (*spec, *phase, now));
                        site.had_pods = true;
                    }
                    None => drop(site.pods.remove(slot)),
                }
            }
            Event::Template { name, spec } => self.sites[*name].template = *spec,
            Event::Profile(spec) => self.spec.clone_from(spec),
            Event::Pass(_) => {}
            Event::Label { name, key, value } => {
                update(&mut self.sites[*name].namespace, "kubectl-label", key, *value);
                self.another_version(*name);
            }
            Event::Stall { name, silent } => {
                let site = &mut self.sites[*name];
                if site.silent && !silent {
                    site.watched_since = now;
                    site.spoil_all(now);
                }
                site.silent = *silent;
            }
            Event::Restart { reports_kept } => {
                for site in &mut self.sites {
                    site.namespace.remembered = None;
                    site.watched_since = now;
                    // What only a report told is gone with it.
                    site.had_pods &= *reports_kept;
                    site.had_pods |= !site.pods.is_empty();
                    site.looks.clear();
                    site.record = site.record.take().filter(|_| *reports_kept);
                    site.spoil_all(now);
                }
                self.raises = Raises::told_by(self.sites.iter().map(|site| &site.namespace));
                // Of namespaces that are gone nobody tells.
                let is_there = |uid: &String| self.sites.iter().any(|site| site.namespace.uid == *uid);
                self.raised.retain(|(_, uid)| is_there(uid));
            }
            Event::Recreate(name) => {
                self.versions += 1;
                self.sites[*name] = Site::new(PATTERNS[*name], format!("uid-{}", self.versions), now);
                self.another_version(*name);
            }
            Event::Halt(halted) => self.halted = *halted,
            Event::Server(server) => self.server = *server,
            Event::Minor(minor) => self.minor = *minor,
        }
        if matches!(event, Event::Profile(_) | Event::Minor(_)) {
            self.profile = profile(&self.spec, self.minor);
        }
        for site in &mut self.sites {
            site.spoil(now);
        }
    }

    fn another_version(&mut self, name: usize) {
        self.versions += 1;
        self.sites[name].namespace.resource_version = self.versions.to_string();
    }

    /// Plans a namespace with what is there.
    pub(super) fn plan(&self, name: usize) -> NamespacePlan {
        let site = &self.sites[name];
        let profile = &self.profile;
        let inventory = site.inventory();
        let pace =
            Pace { slot: self.raises.slot(profile, &site.namespace.uid, self.now), halted: self.halted };
        let evidence = Evidence {
            workloads: &inventory.workloads(),
            judge: &Judge::new("privileged:latest".parse().unwrap()),
            newer_server: false,
            watched_since: site.watched_since,
            created: site.created,
            had_pods: site.had_pods,
            record: site.record.as_ref(),
            looks: &site.looks,
            pace: &pace,
        };
        let profiles = Profiles::new([profile.clone()], [], COMPLETE);
        plan(&site.namespace, &profiles, &self.settings, Some(&evidence), self.now)
    }

    /// One turn of the controller: plan, look, plan, reserve, apply, remember.
    pub(super) fn turn(&mut self, name: usize) -> NamespacePlan {
        let mut plan = self.plan(name);
        if let Some(due) = &plan.look {
            let answer = match self.server {
                Server::Agrees => Answer::Agrees,
                Server::Disagrees => Answer::Disagrees { detail: "web".into() },
                Server::Silent => Answer::Unavailable { reason: "403".into() },
                Server::Exempt => Answer::Exempt,
            };
            let until = after(self.now, SignedDuration::from_mins(5));
            let site = &mut self.sites[name];
            site.looks.retain(|look| look.policy != due.policy);
            site.looks.push(due.answered(&site.namespace, answer, until));
            plan = self.plan(name);
        }
        let uid = self.sites[name].namespace.uid.clone();
        if plan.raise.is_some() {
            let _taken = self
                .raises
                .reserve(&self.profile, &uid, self.now)
                .expect("a slot was free when it was planned");
            self.raised.push((self.now, uid));
        }
        let site = &mut self.sites[name];
        for request in &plan.requests {
            let before = site.namespace.clone();
            apply(&mut site.namespace, request).expect("no request may run into a conflict");
            date(&mut site.namespace, &before, self.now);
        }
        if !plan.requests.is_empty() {
            self.another_version(name);
        }
        let site = &mut self.sites[name];
        site.namespace.remembered = Some(plan.ledger.clone());
        site.record.clone_from(&plan.record);
        site.looks.retain(|look| look.answer != Answer::Agrees);
        site.next = plan.next;
        plan
    }

    /// Notes since when a namespace is held, after its turn.
    pub(super) fn note(&mut self, name: usize, plan: &NamespacePlan) {
        let now = self.now;
        let defaults = self.settings.server_defaults;
        let site = &mut self.sites[name];
        let enforce = plan.modes.iter().find(|plan| plan.mode == Mode::Enforce && plan.governed);
        let waits =
            enforce.filter(|plan| !matches!(plan.verdict, Verdict::LeaveAlone { .. } | Verdict::Freeze(_)));
        let asked = waits.and_then(|plan| plan.planned).map(|planned| planned.level);
        let effective = site.namespace.labelled(Mode::Enforce, &defaults).0.level;
        let held = asked.filter(|level| *level > effective);
        site.held_since = held.map(|level| match site.held_since {
            Some((same, since)) if same == level => (level, since),
            _ => (level, now),
        });
    }
}

/// Gives the keys that podsec has changed the time of the change, as the API server does, to the second.
fn date(namespace: &mut Namespace, before: &Namespace, now: Timestamp) {
    let time = Timestamp::from_second(now.as_second()).ok();
    for key in TRACKED_KEYS {
        let changed = namespace.label(key) != before.label(key)
            || namespace.ledger_annotations.get(key) != before.ledger_annotations.get(key)
            || namespace.owns(key) != before.owns(key);
        namespace.owners.change(key, |owners| {
            for owner in
                owners.iter_mut().filter(|owner| changed && owner.manager == Manager::Podsec.as_str())
            {
                owner.time = time;
            }
        });
    }
}
