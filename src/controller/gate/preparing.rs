//! From a namespace as observed to a plan that may be carried out as it stands.

use jiff::Timestamp;
use kube::Client;

use super::{
    super::{snapshot::Snapshot, state::State},
    Findings,
    judging::{Case, Judged, judge},
    looks::Looked,
};
use crate::{
    rollout::{Namespace, NamespacePlan, Pace, Profile, Reservation},
    standards::{Mode, NEWEST_MINOR},
};

/// How often a namespace is planned anew with what a look or a batch told. Two levels may be looked at; what needs more
/// has changed meanwhile.
const ROUNDS: usize = 5;

/// A plan that may be carried out.
#[derive(Debug)]
pub(in super::super) struct Prepared {
    pub(in super::super) plan: NamespacePlan,
    /// What was found there; `None` while it is not known what runs.
    pub(in super::super) findings: Option<Findings>,
    /// The slot that was taken for the raise.
    pub(in super::super) reservation: Option<Reservation>,
}

/// Plans a namespace, with the last look at it taken and a slot of the batch reserved where the plan raises enforce
/// through the gate. `None` when it is no longer as it was observed.
pub(in super::super) async fn prepare(
    client: &Client,
    state: &State,
    snapshot: &Snapshot,
    namespace: &Namespace,
) -> Option<Prepared> {
    let record = state.reports.record(namespace);
    let ledger = namespace.ledger();
    let winner = snapshot.profiles.winner(Mode::Enforce, namespace, &ledger, &state.settings);
    let profile = winner.map(|winner| winner.profile);
    let author = profile.map(|profile| profile.name.as_str()).or_else(|| ledger.profile_of(Mode::Enforce));
    let decides = snapshot.server.minor > NEWEST_MINOR;
    let mut round = 0;
    loop {
        round += 1;
        let now = Timestamp::now();
        let identity = (namespace.name.as_str(), namespace.uid.as_str());
        let raised = author.and_then(|author| state.halts.last(author, identity, now));
        let pace = profile.map(|profile| pace(state, profile, namespace, now)).unwrap_or_default();
        let looks = state.looks.of(namespace);
        let case = Case {
            state,
            snapshot,
            namespace,
            record: record.as_ref(),
            looks: &looks,
            pace: &pace,
            raised,
            now,
        };
        let Judged { plan, findings } = judge(&case);
        let expected = findings.as_ref().and_then(|findings| findings.expected.as_ref());
        if let (Some(due), Some(expected), true) = (&plan.look, expected, round < ROUNDS) {
            match state.looks.take(client, namespace, due, expected, decides).await {
                Looked::Stale => return None,
                Looked::Answered { disagrees } => {
                    state.metrics.disagreements.inc_by(u64::from(disagrees));
                    continue;
                }
            }
        }
        let mut reservation = None;
        if let (Some(_), Some(profile)) = (plan.raise, profile) {
            match state.raises.lock().reserve(profile, &namespace.uid, now) {
                Ok(taken) => reservation = Some(taken),
                // Another namespace was faster: the pace says so now.
                Err(_) if round < ROUNDS => continue,
                Err(_) => return None,
            }
        }
        return Some(Prepared { plan, findings, reservation });
    }
}

/// How fast a profile may go on in a namespace.
fn pace(state: &State, profile: &Profile, namespace: &Namespace, now: Timestamp) -> Pace {
    Pace {
        slot: state.raises.lock().slot(profile, &namespace.uid, now),
        halted: state.halts.reason(&profile.name, profile.generation, now).is_some(),
    }
}
