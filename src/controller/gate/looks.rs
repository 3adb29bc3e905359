//! The last look before a raise: the API server's own verdict, had by a dry run of the very request.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use kube::Client;
use parking_lot::Mutex;

use crate::{
    assessment::{DryRun, ServerVerdict},
    cluster::{
        CallError,
        cross_check::{self, Change, Question},
        namespaces,
    },
    rollout::{Answer, DueLook, Look, Namespace, wording},
};

/// How long an answer that speaks for a raise counts. The raise follows at once; what hinders it takes no longer.
const AGREES: SignedDuration = SignedDuration::from_secs(30);

/// How long a refusal counts, or a difference that stayed.
const STANDS: SignedDuration = SignedDuration::from_mins(1);

/// How long a first difference counts: pods come and go between podsec's look and the API server's.
const UNSETTLED: SignedDuration = SignedDuration::from_secs(1);

/// So many differences in a row are one. Fewer are a namespace that changes.
const PATIENCE: u32 = 3;

/// How long an exemption by the API server's own configuration counts.
const EXEMPT: SignedDuration = SignedDuration::from_mins(10);

/// How many lines of a difference are told.
const TOLD: usize = 3;

/// The looks that were taken at each namespace.
#[derive(Debug, Default)]
pub(in super::super) struct Looks {
    by_name: Mutex<HashMap<String, Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    uid: String,
    looks: Vec<Look>,
    /// How many differences there were in a row.
    differences: u32,
}

/// How a look ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Looked {
    /// There is an answer.
    Answered {
        /// Whether the API server and podsec disagree about the pods.
        disagrees: bool,
    },
    /// The namespace is no longer as it was observed.
    Stale,
}

impl Looks {
    /// The looks that were taken at this very namespace, as far as they may still count.
    pub(in super::super) fn of(&self, namespace: &Namespace) -> Vec<Look> {
        let by_name = self.by_name.lock();
        let taken = by_name.get(&namespace.name).filter(|taken| taken.uid == namespace.uid);
        taken.map(|taken| taken.looks.clone()).unwrap_or_default()
    }

    /// Takes a look that is due, beside what podsec expects.
    ///
    /// `decides` says that the API server knows more than podsec: then an answer that is not about all pods is none.
    pub(in super::super) async fn take(
        &self,
        client: &Client,
        namespace: &Namespace,
        due: &DueLook,
        expected: &DryRun,
        decides: bool,
    ) -> Looked {
        let DueLook { policy, request } = due;
        let body = namespaces::apply_body(namespace, &namespace.resource_version, request);
        let change = Change::Apply { body: &body, manager: request.manager, force: request.force };
        let question = Question { namespace: &namespace.name, policy: *policy, change };
        let verdict = match cross_check::ask(client, &question).await {
            Ok(answer) => answer.compare(expected),
            Err(error) if is_stale(&error) => return Looked::Stale,
            Err(error) => ServerVerdict::Unavailable(error.to_string()),
        };
        let now = Timestamp::now();
        let mut by_name = self.by_name.lock();
        let taken = by_name.entry(namespace.name.clone()).or_default();
        if taken.uid != namespace.uid {
            *taken = Taken { uid: namespace.uid.clone(), ..Taken::default() };
        }
        let (answer, counts, disagrees) = taken.conclude(verdict, decides);
        let until = now.checked_add(counts).unwrap_or(Timestamp::MAX);
        taken.looks.retain(|look| look.policy != *policy && look.until > now);
        taken.looks.push(Look {
            policy: *policy,
            resource_version: namespace.resource_version.clone(),
            answer,
            until,
        });
        Looked::Answered { disagrees }
    }

    /// Forgets a namespace that is gone.
    pub(in super::super) fn forget(&self, name: &str) {
        self.by_name.lock().remove(name);
    }
}

impl Taken {
    /// What a verdict means for the gate, for how long, and whether the two disagree for good.
    fn conclude(&mut self, verdict: ServerVerdict, decides: bool) -> (Answer, SignedDuration, bool) {
        let ServerVerdict::Disagrees { only_server, only_podsec } = verdict else {
            self.differences = 0;
            return match verdict {
                ServerVerdict::Exempt => (Answer::Exempt, EXEMPT, false),
                ServerVerdict::Unavailable(reason) => (Answer::Unavailable { reason }, STANDS, false),
                ServerVerdict::CutOff { checked, of } if decides => {
                    let reason = format!("it knows more than podsec, and looked at {checked} of {of} pods");
                    (Answer::Unavailable { reason }, STANDS, false)
                }
                ServerVerdict::Agrees | ServerVerdict::CutOff { .. } | ServerVerdict::Disagrees { .. } => {
                    (Answer::Agrees, AGREES, false)
                }
            };
        };
        self.differences = self.differences.saturating_add(1);
        if self.differences < PATIENCE {
            let reason = "it does not see the same pods yet".to_owned();
            return (Answer::Unavailable { reason }, UNSETTLED, false);
        }
        let detail = format!("it says {}, and podsec {}", told(&only_server), told(&only_podsec));
        (Answer::Disagrees { detail }, STANDS, true)
    }
}

/// The first of some lines.
fn told(lines: &[String]) -> String {
    if lines.is_empty() {
        return "nothing".into();
    }
    let shown: Vec<_> = lines.iter().take(TOLD).map(|line| wording::quoted(line)).collect();
    let more = lines.len().saturating_sub(TOLD);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", shown.join("; "))
}

/// Whether the namespace has changed or is gone.
fn is_stale(error: &CallError) -> bool {
    matches!(error.code(), Some(404 | 409))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differs() -> ServerVerdict {
        let only_server = (0..5).map(|index| format!("p{index}: privileged")).collect();
        ServerVerdict::Disagrees { only_server, only_podsec: Vec::new() }
    }

    #[test]
    fn a_difference_that_stays_is_one() {
        let mut taken = Taken::default();
        for _ in 1..PATIENCE {
            let (answer, counts, disagrees) = taken.conclude(differs(), false);
            assert!(matches!(answer, Answer::Unavailable { .. }) && !disagrees);
            assert_eq!(counts, UNSETTLED, "it is looked at again soon");
        }
        let (answer, _, disagrees) = taken.conclude(differs(), false);
        let detail = "it says p0: privileged; p1: privileged; p2: privileged and 2 more, and podsec nothing";
        assert_eq!((answer, disagrees), (Answer::Disagrees { detail: detail.into() }, true));
        assert_eq!(taken.conclude(ServerVerdict::Agrees, false).0, Answer::Agrees);
        assert!(!taken.conclude(differs(), false).2, "it begins anew");
    }

    #[test]
    fn an_answer_about_some_pods_will_do_unless_the_api_server_knows_more() {
        let mut taken = Taken::default();
        let cut_off = || ServerVerdict::CutOff { checked: 3000, of: 3500 };
        assert_eq!(taken.conclude(cut_off(), false).0, Answer::Agrees);
        assert!(matches!(taken.conclude(cut_off(), true).0, Answer::Unavailable { .. }));
    }
}
