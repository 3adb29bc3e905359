//! What holds of every namespace, over random ones.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{
    Blocker, Inventory, Judge, PodPhase, Turn, compare,
    model::{Model, Object, PODS, object, policy, steps, take},
    testing::{self, UNREADABLE},
};
use crate::standards::{Level, LevelVersion, Verdict, Version};

/// All that is said of a namespace.
fn told(inventory: &Inventory, judge: &Judge) -> String {
    let workloads = inventory.workloads();
    let assessment = judge.assess(&workloads);
    let verdicts: Vec<_> = assessment
        .verdicts()
        .map(|(workload, verdict)| {
            (workload.kind(), workload.name(), workload.pods(), verdict, assessment.mended(workload).len())
        })
        .collect();
    format!(
        "{verdicts:?} {:?} {:?} {:?} {:?} {:?}",
        assessment.workloads(),
        assessment.pods(),
        assessment.apart(),
        assessment.finished_violating(),
        assessment.blockers(3),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn counts_are_those_of_a_plain_recount(steps in steps(), level in prop::sample::select(&Level::ALL[..])) {
        let model = Model::after(&steps);
        let judge = Judge::new(LevelVersion::new(level, Version::Latest));
        let inventory = model.inventory();
        let workloads = inventory.workloads();
        let assessment = judge.assess(&workloads);
        let counted = (assessment.workloads(), assessment.pods(), assessment.apart());
        prop_assert_eq!(counted, model.count(judge.policy()));
        let refused: BTreeMap<_, _> =
            assessment.checks().iter().map(|count| (count.check.id, count.pods)).filter(|(_, pods)| *pods > 0).collect();
        prop_assert_eq!(refused, model.refused(judge.policy()));
    }

    #[test]
    fn what_one_way_gains_the_other_way_loses(steps in steps(), policies in (policy(), policy())) {
        let inventory = Model::after(&steps).inventory();
        let workloads = inventory.workloads();
        let (one, other) = (Judge::new(policies.0), Judge::new(policies.1));
        prop_assert!(compare(&one, &one, &workloads).is_empty());
        let there = compare(&one, &other, &workloads);
        let back = compare(&other, &one, &workloads);
        prop_assert_eq!(there.len(), back.len());
        let shown = |blockers: &[Blocker<'_>]| format!("{blockers:?}");
        for (there, back) in there.iter().zip(&back) {
            prop_assert_eq!((there.from, there.to), (back.to, back.from));
            prop_assert_eq!(shown(&there.gained), shown(&back.lost));
            prop_assert_eq!(shown(&there.lost), shown(&back.gained));
        }
        let (from, to) = (one.assess(&workloads), other.assess(&workloads));
        let turned = from.verdicts().zip(to.verdicts()).filter(|((_, from), (_, to))| from != to).count();
        prop_assert_eq!(there.iter().filter(|difference| difference.turn() != Turn::Stays).count(), turned);
    }

    #[test]
    fn what_changed_bit_by_bit_is_what_is_filled_at_once(steps in steps()) {
        let mut changed = Inventory::default();
        for step in &steps {
            take(&mut changed, *step);
        }
        let filled = Model::after(&steps).inventory();
        for policy in ["baseline", "restricted"] {
            let judge = testing::judge(policy);
            prop_assert_eq!(told(&changed, &judge), told(&filled, &judge));
        }
    }

    #[test]
    fn without_a_workload_the_level_is_not_lower(steps in steps()) {
        let model = Model::after(&steps);
        let roots = model.templates.keys().map(|index| model.root_of_template(*index));
        let roots: Vec<_> = roots.chain(model.pods.keys().map(|index| model.root_of_pod(*index))).collect();
        for root in roots {
            prop_assert!(model.without(&root).level() >= model.level(), "without {}", root);
        }
    }

    #[test]
    fn what_cannot_be_told_is_never_clean(steps in steps(), pod in object(0, 0), index in 0..PODS) {
        let mut model = Model::after(&steps);
        model.pods.insert(index, Object { spec: UNREADABLE, phase: PodPhase::Live, ..pod });
        prop_assert_eq!(model.level(), Level::Privileged);
        let mut inventory = Model::after(&steps).inventory();
        inventory.miss("pods");
        let level = testing::judge("privileged").cleanness(Version::Latest, &inventory.workloads()).level;
        prop_assert_eq!(level, Level::Privileged);
    }

    /// What a check refuses is told as a blocker, and nothing blocks what conforms.
    #[test]
    fn there_are_blockers_exactly_where_something_does_not_conform(steps in steps()) {
        let inventory = Model::after(&steps).inventory();
        let workloads = inventory.workloads();
        for policy in ["baseline", "restricted"] {
            let assessment = testing::judge(policy).assess(&workloads);
            for (workload, verdict) in assessment.verdicts() {
                let blockers = assessment.blockers_of(workload);
                prop_assert_eq!(blockers.is_empty(), verdict == Some(Verdict::Conforms));
                prop_assert!(blockers.iter().all(|blocker| blocker.pods <= workload.pods()));
            }
            let all = assessment.blockers(usize::MAX);
            let few = assessment.blockers(2);
            prop_assert_eq!(few.listed.len() + few.more, all.listed.len());
            prop_assert!(all.listed.is_sorted_by_key(|blocker| std::cmp::Reverse(blocker.pods)));
        }
    }
}
