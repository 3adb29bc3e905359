//! The plan for one namespace: a verdict for each mode, and the requests that carry them out.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    ApplyRequest, Change, DueLook, Evidence, FreezeReason, GateRecord, HoldReason, LEDGER_KEYS, Ledger,
    Manager, ModePlan, Namespace, Owner, Profiles, Settings, Verdict,
    decision::{Asked, Decision, Situation, decide},
    gate::{NEW, after},
    ledger::notable,
    release::{Release, RetainReason},
    resolution::Standing,
    soak::carried,
};
use crate::{
    api::{ConflictPolicy, ReleasePolicy},
    standards::{LevelVersion, Mode},
};

/// What is to be done about a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespacePlan {
    /// One entry for each mode that a profile governs or that podsec still has something of.
    pub modes: Vec<ModePlan>,
    /// The requests, in order; each goes out on the resourceVersion that the one before it left.
    pub requests: Vec<ApplyRequest>,
    /// What is noted on the namespace once they are carried out.
    pub ledger: Ledger,
    /// What the requests raise enforce to, or move its version to, where that went through the gate.
    pub raise: Option<LevelVersion>,
    /// A dry run that is to be taken before enforce can be raised. With its answer in the evidence the namespace is to
    /// be planned anew; the requests above do without the raise.
    pub look: Option<DueLook>,
    /// What is to be kept in the namespace's report once the requests are carried out, in place of what was kept there;
    /// `None`: what was kept stays, since nothing is known of the workloads.
    pub record: Option<GateRecord>,
    /// Whether the namespace is protected.
    pub protected: bool,
    /// When the plan changes although nothing else does: an exemption or a soak ends, a batch has its next slot,
    /// `forceAfter` comes or is to be announced, a look is due again, somebody has given up taking a label.
    pub next: Option<Timestamp>,
}

/// Plans a namespace.
///
/// With `profiles` and `settings` as they are at `now`, and what is known of the workloads there: without it enforce is
/// raised only where the strategy is `Immediate`. A namespace that is being deleted is left alone.
///
/// Where a [`NamespacePlan::look`] is due: send its request as a dry run, put a [`Look`](super::Look) with the answer in
/// the evidence, and plan anew. Before a [`NamespacePlan::raise`] is carried out, its slot is to be reserved: see
/// [`Raises`](super::Raises).
pub fn plan(
    namespace: &Namespace,
    profiles: &Profiles,
    settings: &Settings,
    evidence: Option<&Evidence<'_>>,
    now: Timestamp,
) -> NamespacePlan {
    let ledger = namespace.ledger();
    let protected = settings.protects(&namespace.name);
    if namespace.terminating {
        let (modes, requests) = (Vec::new(), Vec::new());
        let (raise, look) = (None, None);
        return NamespacePlan { modes, requests, ledger, raise, look, record: None, protected, next: None };
    }
    let situation = Situation { namespace, ledger: &ledger, profiles, settings, evidence, now };
    let decisions = Mode::ALL.into_iter().filter_map(|mode| decide(mode, &situation));
    let mut asked = None;
    let mut modes: Vec<_> = decisions
        .map(|decision| {
            let Decision { plan, asked: finding } = decision;
            asked = asked.take().or(finding);
            plan
        })
        .collect();
    let judged_by = wait_for_enforce(&mut modes, &situation);
    let next_ledger = next_ledger(&modes, &situation);
    let requests = requests(&modes, namespace, &next_ledger);
    let governing = modes.iter().filter(|mode| mode.governed && mode.mode == Mode::Enforce);
    let expiry = governing.filter_map(|mode| profiles.get(&mode.profile)?.next_expiry(&namespace.name, now));
    let contests = namespace.contests.iter().flatten();
    let turns = contests.flat_map(|contest| [Some(contest.over), contest.answer]).flatten();
    let turns = turns.filter(|turn| *turn > now);
    let next =
        expiry.chain(asked.as_ref().and_then(|asked| asked.finding.next)).chain(turns).chain(judged_by).min();
    NamespacePlan {
        raise: asked.as_ref().and_then(|_| raised(&modes)),
        look: asked.as_ref().and_then(|asked| due_look(asked, &modes, &situation)),
        record: evidence.map(|evidence| record(evidence, asked, &modes, &situation)),
        modes,
        requests,
        ledger: next_ledger,
        protected,
        next,
    }
}

/// Has the first labels of a new namespace come together: while it is not known what runs there, enforce is held, and
/// whoever waits for the namespace to be labelled takes audit and warn for the whole. Gives until when they wait.
fn wait_for_enforce(modes: &mut [ModePlan], situation: &Situation<'_>) -> Option<Timestamp> {
    let until = after(situation.namespace.created, NEW);
    let enforce = modes.iter().find(|plan| plan.mode == Mode::Enforce)?;
    if enforce.verdict != Verdict::Hold(HoldReason::NotJudged) || situation.now >= until {
        return None;
    }
    let is_first = |plan: &&mut ModePlan| plan.assumed && matches!(plan.verdict, Verdict::Write { .. });
    for plan in modes.iter_mut().filter(is_first) {
        plan.verdict = Verdict::Hold(HoldReason::NotJudged);
    }
    Some(until)
}

fn raised(modes: &[ModePlan]) -> Option<LevelVersion> {
    modes.iter().find(|plan| plan.mode == Mode::Enforce).and_then(|plan| match plan.verdict {
        Verdict::Write { value, .. } => Some(value),
        _ => None,
    })
}

/// The dry run to be taken: of the request that the plan would consist of if its answer were known to be good.
fn due_look(asked: &Asked, modes: &[ModePlan], situation: &Situation<'_>) -> Option<DueLook> {
    let due = asked.due.as_ref()?;
    let Verdict::Write { value: policy, .. } = *due else { return None };
    let mut modes = modes.to_vec();
    for plan in modes.iter_mut().filter(|plan| plan.mode == Mode::Enforce) {
        plan.verdict = due.clone();
    }
    let requests = requests(&modes, situation.namespace, &next_ledger(&modes, situation));
    let request = requests.into_iter().find(|request| request.manager == Manager::Podsec)?;
    Some(DueLook { policy, request })
}

/// What is to be remembered for the gate.
fn record(
    evidence: &Evidence<'_>,
    asked: Option<Asked>,
    modes: &[ModePlan],
    situation: &Situation<'_>,
) -> GateRecord {
    let uid = &situation.namespace.uid;
    let enforce = modes.iter().find(|plan| plan.mode == Mode::Enforce);
    match (enforce.map(|plan| (&plan.verdict, plan.planned)), asked) {
        // It is what the profile asks.
        (Some((Verdict::Write { value, .. }, planned)), Some(_)) if Some(*value) == planned => {
            GateRecord::nothing(uid.clone())
        }
        (Some(_), Some(asked)) => asked.finding.record,
        // Otherwise whoever lowers a label could have a soak begin anew, or a moment's doubt.
        (
            Some((
                Verdict::Write { change: Change::Repair, .. } | Verdict::Hold(HoldReason::Contested { .. }),
                _,
            )),
            None,
        ) => carried(evidence, uid, true, situation.now),
        (Some((Verdict::Freeze(reason), _)), None) => {
            // A profile that is suspended or a dry run asks for nothing meanwhile.
            let asks = !matches!(reason, FreezeReason::Suspended | FreezeReason::DryRun);
            carried(evidence, uid, asks, situation.now)
        }
        _ => GateRecord::nothing(uid.clone()),
    }
}

type Labels = BTreeMap<&'static str, String>;

/// What the two managers are to own in the end.
#[derive(Default)]
struct Estate {
    /// What podsec owns.
    kept: Labels,
    /// What podsec owned and hands over.
    handed_over: Labels,
}

fn requests(modes: &[ModePlan], namespace: &Namespace, ledger: &Ledger) -> Vec<ApplyRequest> {
    let mut estate = Estate::default();
    for plan in modes {
        settle(plan, namespace, &mut estate);
    }
    let annotations = ledger.annotations();
    let retained: Labels = label_keys()
        .filter(|key| namespace.is_retained(key))
        .filter_map(|key| Some((key, namespace.label(key)?.to_owned())))
        .collect();
    let mut requests = Vec::new();

    let mut all_retained = retained.clone();
    all_retained.extend(estate.handed_over);
    if all_retained.len() > retained.len() {
        requests.push(retain(all_retained.clone()));
    }
    let keep = ApplyRequest {
        manager: Manager::Podsec,
        force: takes(namespace, &estate.kept, &annotations),
        labels: estate.kept,
        annotations,
    };
    let adopted: BTreeSet<_> =
        keep.labels.keys().copied().filter(|key| all_retained.contains_key(key)).collect();
    if changes(namespace, &keep) {
        requests.push(keep);
    }
    if !adopted.is_empty() {
        all_retained.retain(|key, _| !adopted.contains(key));
        requests.push(retain(all_retained));
    }
    requests
}

const fn retain(labels: Labels) -> ApplyRequest {
    ApplyRequest { manager: Manager::Retained, labels, annotations: BTreeMap::new(), force: false }
}

fn label_keys() -> impl Iterator<Item = &'static str> {
    Mode::ALL.into_iter().flat_map(|mode| [mode.keys().level, mode.keys().version])
}

/// Puts the keys of one mode where its verdict wants them.
fn settle(plan: &ModePlan, namespace: &Namespace, estate: &mut Estate) {
    let owned = || namespace.owned_keys(plan.mode).map(|(key, value)| (key, value.to_owned()));
    match &plan.verdict {
        Verdict::InSync | Verdict::Hold(_) | Verdict::Freeze(_) => estate.kept.extend(owned()),
        Verdict::Write { value, .. } => estate.kept.extend(pair(plan.mode, *value)),
        // The level stays by itself.
        Verdict::Release(Release::Retain(RetainReason::Shared)) => {
            estate.handed_over.extend(owned().filter(|(key, _)| *key == plan.mode.keys().version));
        }
        Verdict::LeaveAlone { .. } | Verdict::Release(Release::Retain(_)) => {
            estate.handed_over.extend(owned());
        }
        Verdict::Release(Release::Remove) => {}
    }
}

fn pair(mode: Mode, value: LevelVersion) -> [(&'static str, String); 2] {
    let keys = mode.keys();
    [(keys.level, value.level.to_string()), (keys.version, value.version.to_string())]
}

/// What becomes of a mode's entry in the ledger.
enum Entry {
    /// It names the profile that governs, and of enforce what it is raised to.
    Governed(Option<LevelVersion>),
    /// It stays, but follows what the profile that it names says of a release.
    Kept,
    /// It stays to the letter.
    Frozen,
    /// There is none any more.
    Dropped,
}

fn entry(plan: &ModePlan, profiles: &Profiles) -> Entry {
    match &plan.verdict {
        // A repair that goes back to what was enforced before leaves the name of the profile that had asked for it.
        Verdict::Write { value, change: Change::Repair } if Some(*value) != plan.planned => Entry::Kept,
        Verdict::Write { value, .. } => Entry::Governed(Some(*value)),
        Verdict::InSync => Entry::Governed(plan.planned),
        Verdict::Hold(_) => Entry::Kept,
        Verdict::Freeze(_) => Entry::Frozen,
        // Under Yield whoever set it has it; otherwise it is put back when they let go of it.
        Verdict::LeaveAlone { .. } => {
            match profiles.get(&plan.profile).map(|profile| profile.conflict_policy) {
                Some(ConflictPolicy::KeepStricter | ConflictPolicy::Force) => Entry::Kept,
                Some(ConflictPolicy::Yield) | None => Entry::Dropped,
            }
        }
        Verdict::Release(_) => Entry::Dropped,
    }
}

/// The ledger as it should stand beside what is kept.
fn next_ledger(modes: &[ModePlan], situation: &Situation<'_>) -> Ledger {
    let Situation { ledger, profiles, .. } = situation;
    let mut next = Ledger::default();
    for plan in modes {
        let index = plan.mode.index();
        let entry = entry(plan, profiles);
        let (governed_by, enforced) = match entry {
            Entry::Governed(value) => (Some(plan.profile.clone()), value),
            Entry::Kept | Entry::Frozen => (ledger.governed_by[index].clone(), ledger.enforced),
            Entry::Dropped => continue,
        };
        let policy =
            governed_by.as_deref().and_then(|name| profiles.get(name)).map(|profile| profile.release_policy);
        let noted = match governed_by.as_deref().map(|name| profiles.standing(name)) {
            // With its CRD a profile goes without anybody's wish about it, and any write renews the time by which
            // that is known: so the first plan under another CRD settles it.
            Some(Standing::Deleted) if situation.is_of_an_earlier_crd() => Some(ReleasePolicy::Retain),
            _ => ledger.on_release[index],
        };
        next.on_release[index] = match entry {
            Entry::Frozen => noted,
            _ => policy.or(noted),
        };
        next.governed_by[index] = governed_by;
        next.taken_from[index] = taken_from(plan, situation);
        if plan.mode == Mode::Enforce {
            next.enforced = enforced;
        }
    }
    next
}

impl ModePlan {
    /// The others who last set what a write overwrites on this namespace: of the level, then of the version.
    pub fn overwritten<'n>(&self, namespace: &'n Namespace) -> impl Iterator<Item = &'n Owner> {
        let written = match self.verdict {
            Verdict::Write { value, .. } => Some(pair(self.mode, value)),
            _ => None,
        };
        let differs = |key: &str, value: &str| namespace.label(key).is_some_and(|now| now != value);
        let differing = written.into_iter().flatten().filter(move |(key, value)| differs(key, value));
        differing.filter_map(|(key, _)| namespace.owners.foreign(key))
    }
}

/// From whom a mode's labels were taken, before or by this plan.
fn taken_from(plan: &ModePlan, situation: &Situation<'_>) -> Option<String> {
    let Situation { namespace, ledger, .. } = situation;
    let noted = ledger.taken_from[plan.mode.index()].clone();
    // What is put back was podsec's before it was theirs.
    if matches!(plan.verdict, Verdict::Write { change: Change::Repair, .. }) {
        return noted;
    }
    let last = plan.overwritten(namespace).max_by_key(|owner| owner.time);
    let last = last.map(|owner| notable(&owner.manager));
    last.or(noted)
}

/// Whether a key has to be taken from somebody.
fn takes(namespace: &Namespace, labels: &Labels, annotations: &Labels) -> bool {
    let label = |(key, value): (&&'static str, &String)| {
        namespace.label(key).is_some_and(|present| present != value)
            && !namespace.owners.is_podsecs_alone(key)
    };
    let annotation = |(key, value): (&&'static str, &String)| {
        namespace.ledger_annotations.get(key).is_some_and(|present| present != value.as_str())
            && !namespace.owners.is_podsecs_alone(key)
    };
    labels.iter().any(label) || annotations.iter().any(annotation)
}

/// Whether the request would change a value or an owner.
fn changes(namespace: &Namespace, request: &ApplyRequest) -> bool {
    let ApplyRequest { manager: _, labels, annotations, force: _ } = request;
    let label =
        |(key, value): (&&'static str, &String)| namespace.label(key) != Some(value) || !namespace.owns(key);
    let annotation = |(key, value): (&&'static str, &String)| {
        namespace.ledger_annotations.get(key) != Some(value.as_str()) || !namespace.owns(key)
    };
    let mut withdrawn_labels = label_keys().filter(|key| namespace.owns(key) && !labels.contains_key(key));
    let mut withdrawn_annotations =
        LEDGER_KEYS.into_iter().filter(|key| namespace.owns(key) && !annotations.contains_key(key));
    labels.iter().any(label)
        || annotations.iter().any(annotation)
        || withdrawn_labels.next().is_some()
        || withdrawn_annotations.next().is_some()
}

#[cfg(test)]
#[path = "plan_tests/mod.rs"]
mod tests;

#[cfg(test)]
#[path = "plan_properties/mod.rs"]
mod properties;
