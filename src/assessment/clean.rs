//! The highest level that a namespace is clean at.

use super::{Judge, workload::Workloads};
use crate::standards::{Level, LevelVersion, Verdict, Version};

/// The highest level that a namespace is clean at, at some version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cleanness {
    /// The level. At `privileged` every namespace is clean.
    pub level: Level,
    /// How far it is to the next one; `None` at the highest.
    pub next: Option<Distance>,
}

/// What keeps a namespace from a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Distance {
    /// The level.
    pub level: Level,
    /// The workloads that violate it.
    pub violating: usize,
    /// Those of which podsec cannot tell.
    pub inconclusive: usize,
    /// All that were judged.
    pub workloads: usize,
    /// Whether there may be more that were not seen. Then this may be all that stands in the way.
    pub incomplete: bool,
}

impl Judge {
    /// The highest level at which the workloads are clean today, at a version.
    ///
    /// Each level is asked by itself: restricted now and then allows what baseline does not (a pod for Windows).
    pub fn cleanness(&self, version: Version, workloads: &Workloads<'_>) -> Cleanness {
        let mut next = None;
        for level in Level::ALL.into_iter().rev() {
            let assessment = self.by(LevelVersion::new(level, version)).assess(workloads);
            if assessment.verdict() == Verdict::Conforms {
                return Cleanness { level, next };
            }
            let counts = assessment.workloads();
            next = Some(Distance {
                level,
                violating: counts.violating,
                inconclusive: counts.inconclusive,
                workloads: counts.judged(),
                incomplete: !workloads.missing.is_empty(),
            });
        }
        Cleanness { level: Level::Privileged, next }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing, *};
    use crate::assessment::Inventory;

    fn cleanness(inventory: &Inventory) -> Cleanness {
        testing::judge("privileged").cleanness(Version::Latest, &inventory.workloads())
    }

    #[test]
    fn the_highest_level_and_the_way_to_the_next() {
        let mut inventory = Inventory::default();
        let restricted = Cleanness { level: Level::Restricted, next: None };
        assert_eq!(cleanness(&inventory), restricted, "nothing runs");
        inventory.insert_pod(testing::pod("a").observed());
        assert_eq!(cleanness(&inventory), restricted);
        inventory.insert_pod(testing::pod("b").is(testing::BASELINE).observed());
        let distance = Distance {
            level: Level::Restricted,
            violating: 1,
            inconclusive: 0,
            workloads: 2,
            incomplete: false,
        };
        assert_eq!(cleanness(&inventory), Cleanness { level: Level::Baseline, next: Some(distance) });
        inventory.insert_pod(testing::pod("c").is(testing::UNREADABLE).observed());
        let distance = Distance {
            level: Level::Baseline,
            violating: 0,
            inconclusive: 1,
            workloads: 3,
            incomplete: false,
        };
        assert_eq!(cleanness(&inventory), Cleanness { level: Level::Privileged, next: Some(distance) });
    }

    #[test]
    fn what_may_be_missing_is_clean_at_no_level() {
        let mut inventory = Inventory::default();
        inventory.miss("pods");
        let Cleanness { level, next } = cleanness(&inventory);
        assert_eq!(level, Level::Privileged);
        assert!(
            next.is_some_and(|next| next.incomplete && next.workloads == 0 && next.level == Level::Baseline)
        );
    }

    #[test]
    fn restricted_is_asked_by_itself() {
        // Since v1.25 restricted lets the seccomp profile of a pod for Windows be anything; baseline does not.
        let mut inventory = Inventory::default();
        inventory.insert_pod(testing::pod("w").is(testing::WINDOWS).observed());
        assert_eq!(cleanness(&inventory).level, Level::Restricted);
        let verdict = testing::judge("baseline").assess(&inventory.workloads()).verdict();
        assert_eq!(verdict, Verdict::Violates);
    }
}
