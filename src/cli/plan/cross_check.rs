//! The API server's own verdict on what is planned, by dry runs.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicUsize, Ordering},
};

use futures::{StreamExt, stream};
use jiff::Timestamp;
use kube::Client;

use super::{
    cluster_plan::{Draft, Drafted},
    model::CrossCheck,
};
use crate::{
    assessment::{DryRun, Judge, ServerVerdict, looks_at_pods},
    cli::observing::Progress,
    cluster::{
        cross_check::{self, Change, Question},
        workloads::{self, Scope},
    },
    rollout::{Answer, Look, Verdict},
    standards::{LevelVersion, Mode},
};

/// How many namespaces are asked about at a time: for each the API server lists pods for up to a second.
const AT_ONCE: usize = 4;

/// How often a namespace is read and asked about anew on which the two disagree: pods come and go between the reading
/// and the question.
const TRIES: usize = 3;

/// What the API server is to be asked about.
struct Asked {
    index: usize,
    namespace: String,
    policy: LevelVersion,
    expected: DryRun,
}

/// Asks the API server about every enforce label that is planned, and plans anew where it has something against it.
pub(super) async fn cross_check(client: &Client, draft: &mut Draft, progress: &Progress) {
    draft.draw_up();
    let judge = draft.preview.judge().clone();
    let asked: Vec<_> =
        draft.namespaces.iter().enumerate().flat_map(|(index, of)| asked(index, of, &judge)).collect();
    let (total, done) = (asked.len(), AtomicUsize::new(0));
    let checks = stream::iter(asked).map(|asked| {
        let (judge, done) = (&judge, &done);
        async move {
            let checked = check(client, judge, &asked).await;
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            progress.say(|| format!("asked the API server about {done} of {total} labels"));
            (asked.index, checked)
        }
    });
    let mut checks: Vec<_> = checks.buffer_unordered(AT_ONCE).collect().await;
    progress.end();
    checks.sort_by_key(|(index, check)| (*index, check.policy.level, check.policy.version));
    for (index, check) in checks {
        draft.namespaces[index].checks.push(check);
    }
    for index in 0..draft.namespaces.len() {
        let Drafted { namespace, checks, .. } = &draft.namespaces[index];
        let looks: Vec<_> = checks.iter().map(|check| look(check, &namespace.resource_version)).collect();
        if looks.iter().any(|look| look.answer != Answer::Agrees) {
            draft.plan_anew(index, &looks);
        }
    }
}

/// What is planned for enforce in a namespace, where the API server looks at its pods for that.
fn asked(index: usize, drafted: &Drafted, judge: &Judge) -> Vec<Asked> {
    let Some(plan) = drafted.plan.modes.iter().find(|plan| plan.mode == Mode::Enforce && plan.governed)
    else {
        return Vec::new();
    };
    let written = match &plan.verdict {
        Verdict::Write { value, .. } => Some(*value),
        _ => None,
    };
    let mut policies: Vec<_> = plan.planned.into_iter().chain(written).collect();
    policies.dedup();
    let asked =
        policies.into_iter().filter(|policy| looks_at_pods(plan.present, *policy)).map(|policy| Asked {
            index,
            namespace: drafted.namespace.name.clone(),
            policy,
            expected: judge.by(policy).dry_run(&drafted.inventory),
        });
    asked.collect()
}

async fn check(client: &Client, judge: &Judge, asked: &Asked) -> CrossCheck {
    let Asked { namespace, policy, expected, .. } = asked;
    let question = Question { namespace, policy: *policy, change: Change::Label };
    let mut verdict = cross_check::cross_check(client, &question, expected).await;
    for _ in 1..TRIES {
        if !matches!(verdict, ServerVerdict::Disagrees { .. }) {
            break;
        }
        let scope = Scope::Named(BTreeSet::from([namespace.clone()]));
        let inventory = workloads::list(client, &scope, |_| {}).await.take(namespace);
        let expected = judge.by(*policy).dry_run(&inventory);
        verdict = cross_check::cross_check(client, &question, &expected).await;
    }
    CrossCheck { policy: *policy, verdict }
}

/// The answer as the gate takes it.
fn look(check: &CrossCheck, resource_version: &str) -> Look {
    let answer = match &check.verdict {
        // As far as its answer goes.
        ServerVerdict::Agrees | ServerVerdict::CutOff { .. } => Answer::Agrees,
        ServerVerdict::Exempt => Answer::Exempt,
        ServerVerdict::Unavailable(reason) => Answer::Unavailable { reason: reason.clone() },
        ServerVerdict::Disagrees { .. } => Answer::Disagrees { detail: check.told() },
    };
    Look {
        policy: check.policy,
        resource_version: resource_version.to_owned(),
        answer,
        until: Timestamp::MAX,
    }
}
