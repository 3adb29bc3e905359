//! What another policy, or another version of the same, would change.

use std::collections::BTreeSet;

use super::{
    Blocker, Judge,
    blockers::blocker,
    findings::{Finder, Found},
    judge::badness,
    workload::{Workload, Workloads},
};
use crate::standards::Verdict;

/// A workload on which two judges differ.
#[derive(Clone, Debug)]
pub struct Difference<'w, 'a> {
    /// The workload.
    pub workload: &'w Workload<'a>,
    /// The first judge's verdict; `None` when all of it is exempt.
    pub from: Option<Verdict>,
    /// The second judge's verdict.
    pub to: Option<Verdict>,
    /// What only the second has against it.
    pub gained: Vec<Blocker<'a>>,
    /// What only the first has against it.
    pub lost: Vec<Blocker<'a>>,
}

/// Which way a workload goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is worse off: it newly fails, or can newly not be told.
    Fails,
    /// It is better off: it newly passes, or newly is only in doubt.
    Passes,
    /// The verdict is the same, for other reasons.
    Stays,
}

impl Difference<'_, '_> {
    /// Which way it goes.
    pub fn turn(&self) -> Turn {
        match badness_of(self.from).cmp(&badness_of(self.to)) {
            std::cmp::Ordering::Less => Turn::Fails,
            std::cmp::Ordering::Equal => Turn::Stays,
            std::cmp::Ordering::Greater => Turn::Passes,
        }
    }
}

/// What is exempt is refused by nobody.
fn badness_of(verdict: Option<Verdict>) -> u8 {
    verdict.map_or(0, badness)
}

/// The workloads on which two judges differ, by kind and name.
pub fn compare<'w, 'a>(from: &Judge, to: &Judge, workloads: &'w Workloads<'a>) -> Vec<Difference<'w, 'a>> {
    let mut by_from = Finder::new(from);
    let mut by_to = Finder::new(to);
    let mut differences = Vec::new();
    for workload in &workloads.list {
        let verdicts = (from.verdict_of(workload), to.verdict_of(workload));
        if badness_of(verdicts.0) == 0 && badness_of(verdicts.1) == 0 {
            continue;
        }
        let before = by_from.find(workload);
        let after = by_to.find(workload);
        let gained = beyond(&after, &before).map(|found| blocker(to, workload, found)).collect::<Vec<_>>();
        let lost = beyond(&before, &after).map(|found| blocker(from, workload, found)).collect::<Vec<_>>();
        let (from, to) = verdicts;
        if !(gained.is_empty() && lost.is_empty()) || from != to {
            differences.push(Difference { workload, from, to, gained, lost });
        }
    }
    differences
}

/// What is in one and not in the other.
fn beyond<'f, 'a>(one: &'f [Found<'a>], other: &[Found<'a>]) -> impl Iterator<Item = &'f Found<'a>> {
    let key = |found: &Found<'a>| (found.cause, found.template);
    let other: BTreeSet<_> = other.iter().map(key).collect();
    one.iter().filter(move |found| !other.contains(&key(found)))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Obstacle, TemplateKind, testing},
        *,
    };
    use crate::assessment::Inventory;

    const PROBED: &str = r#"{"containers": [{"name": "web", "livenessProbe": {"httpGet": {"host": "h"}}}]}"#;

    /// Each difference as `name turn from>to +check -check`.
    fn told(inventory: &Inventory, from: &Judge, to: &Judge) -> Vec<String> {
        let workloads = inventory.workloads();
        let ids = |sign: char, blockers: &[Blocker<'_>]| -> String {
            let ids = blockers.iter().map(|blocker| match &blocker.obstacle {
                Obstacle::Refused(refusal) => format!(" {sign}{}", refusal.check.id),
                Obstacle::Unreadable(_) => format!(" {sign}unreadable"),
            });
            ids.collect()
        };
        let shown = |verdict: Option<Verdict>| {
            verdict.map_or_else(|| "exempt".to_owned(), |verdict| verdict.to_string())
        };
        let differences = compare(from, to, &workloads).into_iter().map(|difference| {
            let turn = difference.turn();
            let Difference { workload, from, to, gained, lost } = difference;
            let (from, to) = (shown(from), shown(to));
            format!("{} {turn:?} {from}>{to}{}{}", workload.name(), ids('+', &gained), ids('-', &lost))
        });
        differences.collect()
    }

    #[test]
    fn what_newly_fails_and_newly_passes_between_versions() {
        let mut inventory = Inventory::default();
        inventory.insert_template(testing::template(TemplateKind::CronJob, "probed").is(PROBED).observed());
        inventory.insert_pod(testing::pod("fine").observed());
        inventory.insert_pod(testing::pod("always").is(testing::PRIVILEGED).observed());
        inventory.insert_pod(testing::pod("unread").is(testing::UNREADABLE).observed());
        inventory.insert_pod(
            testing::pod("image")
                .is(r#"{"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_rmem"}]}}"#)
                .observed(),
        );
        let (old, new) = (testing::judge("baseline:v1.31"), testing::judge("baseline:v1.34"));
        assert_eq!(
            told(&inventory, &old, &new),
            [
                "probed Fails conforms>violates +hostProbesAndHostLifecycle",
                "image Passes violates>conforms -sysctls",
            ]
        );
        assert_eq!(
            told(&inventory, &new, &old),
            [
                "probed Passes violates>conforms -hostProbesAndHostLifecycle",
                "image Fails conforms>violates +sysctls",
            ]
        );
        assert_eq!(told(&inventory, &old, &new.on_server(31)), [""; 0], "the server does not know better");
    }

    #[test]
    fn a_workload_that_fails_for_more_reasons_stays_violating() {
        let mut inventory = Inventory::default();
        inventory.insert_pod(testing::pod("p").is(testing::PRIVILEGED).observed());
        let told = told(&inventory, &testing::judge("baseline:v1.37"), &testing::judge("restricted:v1.37"));
        let [told] = &told[..] else { panic!("{told:?}") };
        assert!(told.starts_with("p Stays violates>violates +allowPrivilegeEscalation"), "{told}");
        assert!(!told.contains('-'), "{told}");
    }
}
