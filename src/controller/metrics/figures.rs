//! What became of the namespaces, as the profiles' statuses count it.

use std::{collections::BTreeMap, fmt, sync::Arc};

use parking_lot::Mutex;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, gauge::ConstGauge},
};

use super::super::outcome::Outcome;
use crate::{
    api::{
        JudgedCounts, NamespaceCounts, ProfileStatus, ReportState,
        conditions::{Condition, ConditionStatus},
    },
    rollout::{ModePlan, Verdict, Writer, standing},
    standards::Mode,
};

/// Everything that is counted anew whenever statuses are: it is replaced as a whole, so that what is gone is told no more.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Figures {
    profiles: Vec<ProfileFigures>,
    /// Workloads that lack pods since a raise, by the profile that governs enforce.
    broken: BTreeMap<String, u32>,
    contested: BTreeMap<Writer, u32>,
    yielded: BTreeMap<Writer, u32>,
    /// The state of each namespace that podsec has to do with, where that is asked for.
    namespaces: Vec<(String, ReportState)>,
}

#[derive(Clone, Debug)]
struct ProfileFigures {
    name: String,
    namespaces: NamespaceCounts,
    workloads: JudgedCounts,
    conditions: Vec<(String, bool)>,
}

impl Figures {
    /// What became of each namespace; each of them by name only where that is asked for.
    pub(in super::super) fn of(outcomes: &[(String, Arc<Outcome>)], by_namespace: bool) -> Self {
        let mut figures = Self::default();
        for (name, outcome) in outcomes {
            let modes = outcome.modes();
            // A namespace counts once, with the first of its modes: so the sum is the number of namespaces.
            if let Some(contest) = modes.iter().find_map(|plan| plan.contest.as_deref()) {
                *figures.contested.entry(Writer::of(&contest.manager)).or_default() += 1;
            }
            if let Some(manager) = modes.iter().find_map(left_to) {
                *figures.yielded.entry(Writer::of(manager)).or_default() += 1;
            }
            let enforced = outcome.mode(Mode::Enforce).zip(outcome.summary.as_ref());
            if let Some((plan, summary)) = enforced.filter(|(_, summary)| summary.broken > 0) {
                *figures.broken.entry(plan.profile.clone()).or_default() += summary.broken;
            }
            if by_namespace {
                let reported = outcome.summary.as_ref().map(|summary| summary.state);
                let state = reported.or_else(|| Some(standing(name, modes, false)?.state));
                figures.namespaces.extend(state.map(|state| (name.clone(), state)));
            }
        }
        figures
    }

    /// Takes in what the status of a profile counts.
    pub(in super::super) fn add(&mut self, name: &str, status: &ProfileStatus) {
        let is_true = |condition: &Condition| condition.status == ConditionStatus::True;
        self.profiles.push(ProfileFigures {
            name: name.to_owned(),
            namespaces: status.namespaces,
            workloads: status.workloads.unwrap_or_default(),
            conditions: status
                .conditions
                .iter()
                .map(|condition| (condition.kind.clone(), is_true(condition)))
                .collect(),
        });
    }
}

/// The field manager that a mode is left to, if it is.
fn left_to(plan: &ModePlan) -> Option<&str> {
    match &plan.verdict {
        Verdict::LeaveAlone { last_set_by, .. } => Some(last_set_by),
        _ => None,
    }
}

/// The states of a profile's namespaces that are counted. A namespace may count in several.
fn states(counts: &NamespaceCounts) -> [(&'static str, u32); 10] {
    let NamespaceCounts {
        matched,
        governed,
        in_sync,
        held,
        soaking,
        exempt,
        yielded,
        frozen,
        inconclusive,
        contested,
    } = counts;
    [
        ("matched", *matched),
        ("governed", *governed),
        ("in_sync", *in_sync),
        ("held", *held),
        ("soaking", soaking.unwrap_or_default()),
        ("exempt", *exempt),
        ("yielded", *yielded),
        ("frozen", *frozen),
        ("inconclusive", inconclusive.unwrap_or_default()),
        ("contested", contested.unwrap_or_default()),
    ]
}

/// The name of a state of a namespace, written like the others.
const fn state_name(state: ReportState) -> &'static str {
    match state {
        ReportState::InSync => "in_sync",
        ReportState::Held => "held",
        ReportState::Soaking => "soaking",
        ReportState::Exempt => "exempt",
        ReportState::Yielded => "yielded",
        ReportState::Contested => "contested",
        ReportState::Inconclusive => "inconclusive",
        ReportState::Frozen => "frozen",
        ReportState::Protected => "protected",
        ReportState::ServerExempt => "server_exempt",
        ReportState::Left => "left",
    }
}

/// The figures as last counted.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct LastFigures(Arc<Mutex<Arc<Figures>>>);

impl LastFigures {
    pub(in super::super) fn set(&self, figures: Figures) {
        *self.0.lock() = Arc::new(figures);
    }
}

/// One series: its labels and its value.
type Series<'a> = (Vec<(&'static str, &'a str)>, u32);

impl Collector for LastFigures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let figures = Arc::clone(&self.0.lock());
        let Figures { profiles, broken, contested, yielded, namespaces } = &*figures;
        let mut gauge =
            |name: &str, help: &str, series: &mut dyn Iterator<Item = Series<'_>>| -> fmt::Result {
                let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
                for (labels, value) in series {
                    ConstGauge::new(i64::from(value)).encode(metric.encode_family(&labels)?)?;
                }
                Ok(())
            };
        gauge(
            "namespaces",
            "Namespaces of a profile by state, as its status counts them; one may count in several",
            &mut profiles.iter().flat_map(|profile| {
                let of_state =
                    |(state, count)| (vec![("profile", profile.name.as_str()), ("state", state)], count);
                states(&profile.namespaces).map(of_state)
            }),
        )?;
        gauge(
            "violating_workloads",
            "Workloads that violate what their profile asks for",
            &mut profiles
                .iter()
                .map(|profile| (vec![("profile", profile.name.as_str())], profile.workloads.violating)),
        )?;
        gauge(
            "broken_workloads",
            "Workloads that lack pods since enforce was raised",
            &mut profiles.iter().map(|profile| {
                let count = broken.get(&profile.name).copied().unwrap_or_default();
                (vec![("profile", profile.name.as_str())], count)
            }),
        )?;
        gauge(
            "profile_condition",
            "Whether a condition of a profile is True",
            &mut profiles.iter().flat_map(|profile| {
                profile.conditions.iter().map(|(condition, holds)| {
                    let labels = vec![("profile", profile.name.as_str()), ("condition", condition.as_str())];
                    (labels, u32::from(*holds))
                })
            }),
        )?;
        let by_writer = |counts: &BTreeMap<Writer, u32>| {
            Writer::ALL.map(|writer| {
                (vec![("writer", writer.as_str())], counts.get(&writer).copied().unwrap_or_default())
            })
        };
        gauge(
            "contested_namespaces",
            "Namespaces in which somebody keeps taking back what podsec writes",
            &mut by_writer(contested).into_iter(),
        )?;
        gauge(
            "yielded_namespaces",
            "Namespaces in which a label is left to whoever set it",
            &mut by_writer(yielded).into_iter(),
        )?;
        gauge(
            "namespace_state",
            "The state of a namespace, where this was asked for",
            &mut namespaces
                .iter()
                .map(|(name, state)| (vec![("namespace", name.as_str()), ("state", state_name(*state))], 1)),
        )
    }
}
