//! Generated pods, judged by podsec and by upstream: the same answers to the byte.
//!
//! `PODSEC_DIFFERENTIAL_CASES` sets how many.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher as _, RandomState},
    thread,
};

use podsec::standards::{Evaluator, Level, applicable};
use proptest::{
    strategy::{Strategy as _, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use crate::{
    comparison::{answer, fail},
    pods,
    upstream::{Answer, Question, Upstream},
};

/// How many pods are judged in `make test`.
const CASES: usize = 200_000;

/// How many pods go into one round trip.
const BATCH: usize = 500;

/// How many times each rule of a check, run at a level, allowed and refused a pod.
type Coverage = BTreeMap<(&'static str, Level, u32), [usize; 2]>;

#[test]
fn generated_pods_are_judged_as_upstream_judges_them() {
    let cases =
        std::env::var("PODSEC_DIFFERENTIAL_CASES").ok().map_or(CASES, |number| number.parse().unwrap());
    let threads = thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
    let workers: Vec<_> = (0..threads).map(|_| thread::spawn(move || run(cases.div_ceil(threads)))).collect();
    let mut coverage = Coverage::new();
    let mut judged = 0;
    for worker in workers {
        let (done, seen) = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        judged += done;
        for (rule, counts) in seen {
            let sum = coverage.entry(rule).or_default();
            *sum = [sum[0] + counts[0], sum[1] + counts[1]];
        }
    }
    println!("{judged} generated pods judged alike; each rule of a check: how often it refused and allowed");
    for ((id, level, since), [refused, allowed]) in &coverage {
        println!("{level:>10} {id:<26} since v1.{since:<3} {refused:>9} {allowed:>9}");
    }
    assert!(judged >= cases);
    assert!(cases >= 50_000, "too few pods to say that every rule was reached");
    every_rule_both_allowed_and_refused(&coverage);
}

fn every_rule_both_allowed_and_refused(coverage: &Coverage) {
    for level in [Level::Baseline, Level::Restricted] {
        for minor in 0..=podsec::standards::NEWEST_MINOR {
            for (check, revision) in applicable(level, minor) {
                let [refused, allowed] =
                    coverage.get(&(check.id, level, revision.since)).copied().unwrap_or_default();
                let rule = format!("{} since v1.{} at {level}", check.id, revision.since);
                assert!(
                    refused >= 20 && allowed >= 20,
                    "{rule} refused {refused} pods and allowed {allowed}"
                );
            }
        }
    }
}

fn run(cases: usize) -> (usize, Coverage) {
    let seed: Vec<u8> = (0..4_u8).flat_map(|part| RandomState::new().hash_one(part).to_le_bytes()).collect();
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut upstream = Upstream::start();
    let mut coverage = Coverage::new();
    let strategy = pods::question();
    let mut judged = 0;
    while judged < cases {
        let mut trees: Vec<_> = (0..BATCH).map(|_| strategy.new_tree(&mut runner).unwrap()).collect();
        let questions: Vec<Question> = trees.iter().map(ValueTree::current).collect();
        let answers = upstream.ask(&questions);
        for ((tree, question), said) in trees.iter_mut().zip(&questions).zip(&answers) {
            if answer(question) != *said {
                let (question, said) = shrink(tree, &mut upstream);
                fail(&question, &said);
            }
            note(&mut coverage, question, said);
        }
        judged += trees.len();
    }
    (judged, coverage)
}

/// The smallest case found about which the two differ.
fn shrink(tree: &mut impl ValueTree<Value = Question>, upstream: &mut Upstream) -> (Question, Answer) {
    let mut differ = |question: &Question| {
        let said = upstream.ask(std::slice::from_ref(question)).remove(0);
        (answer(question) != said).then_some(said)
    };
    let question = tree.current();
    let said = differ(&question).expect("a difference that stays");
    let mut smallest = (question, said);
    let mut smaller = tree.simplify();
    while smaller {
        let question = tree.current();
        smaller = match differ(&question) {
            Some(said) => {
                smallest = (question, said);
                tree.simplify()
            }
            None => tree.complicate(),
        };
    }
    smallest
}

fn note(coverage: &mut Coverage, question: &Question, said: &Answer) {
    for (policy, judgement) in question.policies.iter().zip(&said.judgements) {
        let evaluator = policy.server.map_or_else(Evaluator::default, Evaluator::for_server);
        let rules = applicable(policy.asked.level, evaluator.minor(policy.asked.version));
        for ((check, revision), result) in rules.zip(&judgement.results) {
            let counts = coverage.entry((check.id, policy.asked.level, revision.since)).or_default();
            counts[usize::from(result.allowed)] += 1;
        }
    }
}
