//! Which level each namespace is ready for: what a newcomer to a cluster asks first.

use std::{cmp::Reverse, collections::BTreeMap};

use super::model::NamespaceReport;
use crate::{
    assessment::{Cleanness, Distance},
    standards::Level,
};

/// How the namespaces of a cluster stand to the levels.
#[derive(Debug, Default)]
pub(in crate::cli) struct Overview<'r> {
    /// How many namespaces are clean at restricted.
    pub(in crate::cli) restricted: usize,
    /// At baseline, and not at restricted.
    pub(in crate::cli) baseline: usize,
    /// At neither.
    pub(in crate::cli) neither: usize,
    /// Of which podsec cannot tell whether they are clean at baseline.
    pub(in crate::cli) unknown: Vec<&'r NamespaceReport>,
    /// By the level that namespaces are not clean at: the checks that keep them from it, those of most namespaces first.
    pub(in crate::cli) blockers: BTreeMap<Level, Vec<Blocking>>,
    /// The namespaces that the fewest workloads keep from a level, those first.
    pub(in crate::cli) nearest: Vec<(&'r NamespaceReport, Distance)>,
}

/// A check, and how many namespaces it keeps from a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Blocking {
    pub(in crate::cli) check: &'static str,
    pub(in crate::cli) namespaces: usize,
    pub(in crate::cli) workloads: usize,
}

impl<'r> Overview<'r> {
    /// Of the namespaces of a cluster, each judged by the next level that it is not clean at.
    pub(in crate::cli) fn of(reports: &'r [NamespaceReport]) -> Self {
        let mut overview = Self::default();
        let mut blockers: BTreeMap<Level, BTreeMap<&'static str, (usize, usize)>> = BTreeMap::new();
        for report in reports {
            overview.count(report);
            for count in &report.checks {
                let by_check = blockers.entry(report.judged.policy.level).or_default();
                let (namespaces, workloads) = by_check.entry(count.check.id).or_default();
                *namespaces += 1;
                *workloads += count.workloads;
            }
        }
        overview.blockers = blockers.into_iter().map(|(level, by_check)| (level, sorted(by_check))).collect();
        let to_go =
            |(_, distance): &(&NamespaceReport, Distance)| (distance.violating, Reverse(distance.workloads));
        overview.nearest.sort_by_key(to_go);
        overview
    }

    fn count(&mut self, report: &'r NamespaceReport) {
        let Cleanness { level, next } = report.cleanness;
        match (level, next) {
            (Level::Restricted, _) => self.restricted += 1,
            (Level::Baseline, _) => self.baseline += 1,
            (Level::Privileged, Some(Distance { violating: 0, .. })) => self.unknown.push(report),
            (Level::Privileged, _) => self.neither += 1,
        }
        if let Some(distance @ Distance { violating: 1.., incomplete: false, .. }) = next
            && !report.protected
        {
            self.nearest.push((report, distance));
        }
    }
}

fn sorted(by_check: BTreeMap<&'static str, (usize, usize)>) -> Vec<Blocking> {
    let blocking = |(check, (namespaces, workloads))| Blocking { check, namespaces, workloads };
    let mut blockers: Vec<_> = by_check.into_iter().map(blocking).collect();
    blockers.sort_by_key(|blocking| (Reverse((blocking.namespaces, blocking.workloads)), blocking.check));
    blockers
}
