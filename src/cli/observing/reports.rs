//! What the reports of namespaces tell a plan.

use std::collections::BTreeMap;

use kube::Client;

use crate::{
    api::{ReportContent, ReportState},
    cluster::{CallError, reports},
    controller::Remembered,
    rollout::{Namespace, wording},
    standards::Mode,
};

/// What the reports of the namespaces of a cluster tell. Nothing in them is what somebody who looks came for, so that it
/// is no failure when they cannot be read.
#[derive(Debug, Default)]
pub(in crate::cli) struct Reports {
    /// What each that there is tells, by namespace.
    told: BTreeMap<String, Told>,
    /// The namespaces whose report could not be read, each with the reason.
    unread: BTreeMap<String, Unread>,
}

/// What a report tells.
#[derive(Debug, Default)]
struct Told {
    remembered: Option<Remembered>,
    fights: Vec<Fight>,
}

/// That somebody takes back again and again what podsec writes, as a controller told it that has watched. Whoever looks at
/// a cluster once cannot see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Fight {
    pub(in crate::cli) mode: Mode,
    /// The profile that asks for what is taken.
    pub(in crate::cli) profile: String,
    /// With whom, and what ends it. What others wrote stands in it as [`wording::quoted`] has it.
    pub(in crate::cli) told: String,
}

/// Why a report could not be read.
#[derive(Clone, Debug)]
struct Unread {
    reason: String,
    /// Whether there are none: then no controller tells of fights.
    are_unknown: bool,
}

impl Reports {
    /// Reads the reports of these namespaces: one by one, which takes no right to read them all, or all in the cluster.
    pub(super) async fn read(
        client: &Client,
        namespaces: &BTreeMap<String, Namespace>,
        one_by_one: bool,
    ) -> Self {
        let mut reports = Self::default();
        if !one_by_one {
            match reports::list(client, None, Told::by).await {
                Ok(listed) => reports.told = listed,
                Err(error) => {
                    let unread = Unread::from(&error);
                    reports.unread = namespaces.keys().map(|name| (name.clone(), unread.clone())).collect();
                }
            }
            return reports;
        }
        for name in namespaces.keys() {
            match reports::list(client, Some(name), Told::by).await {
                Ok(listed) => reports.told.extend(listed),
                Err(error) => drop(reports.unread.insert(name.clone(), Unread::from(&error))),
            }
        }
        reports
    }

    /// What the report of a namespace has to remember.
    pub(in crate::cli) fn of(&self, namespace: &str) -> Option<&Remembered> {
        self.told.get(namespace)?.remembered.as_ref()
    }

    /// The fights over a namespace.
    pub(in crate::cli) fn fights(&self, namespace: &str) -> &[Fight] {
        self.told.get(namespace).map(|told| told.fights.as_slice()).unwrap_or_default()
    }

    /// Why nothing is known of the report of a namespace, if that is so.
    pub(in crate::cli) fn unread(&self, namespace: &str) -> Option<&str> {
        self.unread.get(namespace).map(|unread| unread.reason.as_str())
    }

    /// Why nothing is known of fights over a namespace, although there may be some.
    pub(in crate::cli) fn fights_unread(&self, namespace: &str) -> Option<&str> {
        let unread = self.unread.get(namespace).filter(|unread| !unread.are_unknown)?;
        Some(&unread.reason)
    }
}

impl Told {
    fn by(content: ReportContent) -> Self {
        Self { fights: fights(&content), remembered: Remembered::of(content) }
    }
}

fn fights(content: &ReportContent) -> Vec<Fight> {
    let fight = |mode| {
        let reported = content.mode(mode).filter(|reported| reported.state == ReportState::Contested)?;
        // What the whole report says is not said again of the mode that it is about.
        let told = if reported.message.is_empty() { &content.message } else { &reported.message };
        Some(Fight { mode, profile: reported.profile.clone(), told: wording::quoted_long(told) })
    };
    Mode::ALL.into_iter().filter_map(fight).collect()
}

#[cfg(test)]
impl Reports {
    /// What a report tells that says this.
    pub(in crate::cli) fn tells(&mut self, namespace: &str, content: ReportContent) {
        self.told.insert(namespace.to_owned(), Told::by(content));
    }

    /// That a report could not be read.
    pub(in crate::cli) fn misses(&mut self, namespace: &str, reason: &str) {
        let unread = Unread { reason: reason.to_owned(), are_unknown: false };
        self.unread.insert(namespace.to_owned(), unread);
    }
}

impl From<&CallError> for Unread {
    fn from(error: &CallError) -> Self {
        let are_unknown = error.code() == Some(404);
        let reason = if are_unknown {
            "there are no PodSecurityReports, since their CRD is not installed".to_owned()
        } else {
            format!("cannot list PodSecurityReports: {error}")
        };
        Self { reason, are_unknown }
    }
}
