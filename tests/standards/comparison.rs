//! podsec's judgement beside upstream's.

use podsec::standards::{Evaluator, pod::Pod};

use crate::upstream::{Answer, CheckResult, Judgement, Policy, Question};

/// What podsec answers to a question.
pub(crate) fn answer(question: &Question) -> Answer {
    let text = question.pod.to_string();
    match Pod::from_json(&text) {
        Ok(pod) => Answer {
            error: String::new(),
            judgements: question.policies.iter().map(|policy| judge(*policy, &pod)).collect(),
        },
        Err(error) => Answer { error: error.to_string(), judgements: Vec::new() },
    }
}

/// What podsec makes of a pod.
pub(crate) fn judge(policy: Policy, pod: &Pod<'_>) -> Judgement {
    let evaluator = policy.server.map_or_else(Evaluator::default, Evaluator::for_server);
    let evaluation = evaluator.evaluate(policy.asked, pod);
    let results = evaluation.results().map(|result| CheckResult {
        allowed: result.allowed,
        reason: result.reason.to_owned(),
        detail: result.detail.to_owned(),
    });
    let results = results.collect();
    Judgement { results, reason: evaluation.reasons(), detail: evaluation.details() }
}

/// Panics with the pod as YAML and what both say of each policy.
pub(crate) fn fail(question: &Question, upstream: &Answer) -> ! {
    let yaml = serde_saphyr::to_string(&question.pod).unwrap();
    let mut told = vec![format!("podsec and upstream differ about this pod:\n---\n{yaml}---")];
    let ours = answer(question);
    if ours.error != upstream.error {
        told.push(format!("podsec:   {:?}\nupstream: {:?}", ours.error, upstream.error));
    }
    for (index, policy) in question.policies.iter().enumerate() {
        let says = |answer: &Answer| answer.judgements.get(index).map(shown).unwrap_or_default();
        let (podsec, upstream) = (says(&ours), says(upstream));
        if podsec != upstream {
            let server = policy.server.map(|minor| format!(" on a server of 1.{minor}")).unwrap_or_default();
            told.push(format!("at {}{server}\npodsec:   {podsec}\nupstream: {upstream}", policy.asked));
        }
    }
    panic!("{}", told.join("\n"))
}

/// What each check says, in its place, and the aggregate.
fn shown(judgement: &Judgement) -> String {
    let result = |result: &CheckResult| match result.allowed {
        true if result.reason.is_empty() && result.detail.is_empty() => "allowed".to_owned(),
        allowed => format!("{allowed} {:?} {:?}", result.reason, result.detail),
    };
    let results: Vec<String> = judgement.results.iter().map(result).collect();
    format!("[{}]\n          {:?}\n          {:?}", results.join(", "), judgement.reason, judgement.detail)
}
