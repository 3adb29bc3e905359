//! What the reports of namespaces tell a plan.

use std::collections::BTreeMap;

use kube::Client;

use crate::{
    cluster::{CallError, reports},
    controller::Remembered,
    rollout::Namespace,
};

/// What the reports of the namespaces of a cluster tell. Nothing in them is what somebody who looks came for, so that it
/// is no failure when they cannot be read.
#[derive(Debug, Default)]
pub(in crate::cli) struct Reports {
    /// What each that there is tells, by namespace.
    remembered: BTreeMap<String, Remembered>,
    /// The namespaces whose report could not be read, each with the reason.
    unread: BTreeMap<String, String>,
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
            match reports::list(client, None, Remembered::of).await {
                Ok(listed) => reports.remembered = there(listed),
                Err(error) => {
                    let reason = reason(&error);
                    reports.unread = namespaces.keys().map(|name| (name.clone(), reason.clone())).collect();
                }
            }
            return reports;
        }
        for name in namespaces.keys() {
            match reports::list(client, Some(name), Remembered::of).await {
                Ok(listed) => reports.remembered.extend(there(listed)),
                Err(error) => drop(reports.unread.insert(name.clone(), reason(&error))),
            }
        }
        reports
    }

    /// What the report of a namespace tells.
    pub(in crate::cli) fn of(&self, namespace: &str) -> Option<&Remembered> {
        self.remembered.get(namespace)
    }

    /// Why nothing is known of the report of a namespace, if that is so.
    pub(in crate::cli) fn unread(&self, namespace: &str) -> Option<&str> {
        self.unread.get(namespace).map(String::as_str)
    }
}

#[cfg(test)]
impl Reports {
    /// What a report tells that says this.
    pub(in crate::cli) fn tells(&mut self, namespace: &str, content: crate::api::ReportContent) {
        self.remembered.extend(Remembered::of(content).map(|told| (namespace.to_owned(), told)));
    }

    /// That a report could not be read.
    pub(in crate::cli) fn misses(&mut self, namespace: &str, reason: &str) {
        self.unread.insert(namespace.to_owned(), reason.to_owned());
    }
}

fn there(listed: BTreeMap<String, Option<Remembered>>) -> BTreeMap<String, Remembered> {
    listed.into_iter().filter_map(|(name, told)| Some((name, told?))).collect()
}

fn reason(error: &CallError) -> String {
    match error.code() {
        Some(404) => "there are no PodSecurityReports, since their CRD is not installed".to_owned(),
        _ => format!("cannot list PodSecurityReports: {error}"),
    }
}
