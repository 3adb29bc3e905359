//! A `CheckReport` of a cluster, as JSON and as YAML. What a version of it means does not change; fields may be added.
//!
//! Results are written as they come; namespaces are held, since they are few beside them.

mod namespace;
mod workload;

use std::io::{self, Write};

use serde::Serialize;

pub(in crate::cli) use self::{namespace::Namespace, workload::Workload};
use super::{Writer, words};
use crate::{
    cli::{
        observing::Problem,
        output::{
            json::{API_VERSION, KIND, pretty},
            yaml::yaml,
        },
        plan::{cluster_plan::ClusterPlan, totals::Totals},
    },
    standards::{Level, LevelVersion},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Policy(LevelVersion);

impl Serialize for Policy {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Pair {
            level: Level,
            version: String,
        }
        Pair { level: self.0.level, version: self.0.version.to_string() }.serialize(serializer)
    }
}

#[derive(Debug, Serialize)]
struct Source<'a> {
    context: &'a str,
}

/// A cluster.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Cluster {
    context: String,
    version: String,
    seconds: f64,
    /// Whether there was anything to plan.
    planned: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notices: Vec<String>,
}

/// Something that could not be read.
#[derive(Debug, Serialize)]
struct Failed {
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<OwnedSource>,
    object: String,
    message: String,
}

#[derive(Debug, Serialize)]
struct OwnedSource {
    context: String,
}

/// What is told after all results.
#[derive(Debug, Default)]
struct Rest {
    clusters: Vec<Cluster>,
    failures: Vec<Failed>,
    /// By what everything was judged, while that is one policy.
    policy: Option<Policy>,
    has_several_policies: bool,
}

impl Rest {
    fn cluster(&mut self, plan: &ClusterPlan) {
        self.clusters.push(Cluster {
            context: plan.name.clone(),
            version: format!("v1.{}", plan.minor),
            seconds: words::seconds(plan),
            planned: plan.is_plan(),
            notices: plan.notices.clone(),
        });
        let source = || Some(OwnedSource { context: plan.name.clone() });
        self.failures.extend(plan.problems.iter().map(|problem| failed(source(), problem)));
        for report in &plan.reports {
            let policy = Policy(report.judged.policy);
            self.has_several_policies |= *self.policy.get_or_insert(policy) != policy;
        }
    }

    fn policy(&self) -> Option<Policy> {
        self.policy.filter(|_| !self.has_several_policies)
    }
}

fn failed(source: Option<OwnedSource>, problem: &Problem) -> Failed {
    let Problem { place, message } = problem.clone();
    Failed { source, object: place, message }
}

/// Writes JSON.
#[derive(Debug, Default)]
pub(super) struct Json {
    has_results: bool,
    /// Each as it stands in the document.
    namespaces: Vec<String>,
    rest: Rest,
}

impl Writer for Json {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{{\n  \"apiVersion\": \"{API_VERSION}\",\n  \"kind\": \"{KIND}\",\n  \"results\": [")
    }

    fn cluster(&mut self, out: &mut dyn Write, plan: &ClusterPlan) -> io::Result<()> {
        for report in &plan.reports {
            self.namespaces.push(pretty(&Namespace::new(&plan.name, report), 2)?);
            for result in plan.results(report) {
                let comma = if std::mem::replace(&mut self.has_results, true) { "," } else { "" };
                write!(out, "{comma}\n    {}", pretty(&Workload::new(&plan.name, report, &result), 2)?)?;
            }
        }
        self.rest.cluster(plan);
        Ok(())
    }

    fn unreadable(&mut self, _: &mut dyn Write, problem: &Problem) -> io::Result<()> {
        self.rest.failures.push(failed(None, problem));
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write, totals: &Totals) -> io::Result<()> {
        write!(out, "{},\n  \"namespaces\": [", if self.has_results { "\n  ]" } else { "]" })?;
        for (index, namespace) in self.namespaces.iter().enumerate() {
            write!(out, "{}\n    {namespace}", if index > 0 { "," } else { "" })?;
        }
        writeln!(out, "{},", if self.namespaces.is_empty() { "]" } else { "\n  ]" })?;
        if let Some(policy) = self.rest.policy() {
            writeln!(out, "  \"policy\": {},", pretty(&policy, 1)?)?;
        }
        writeln!(out, "  \"clusters\": {},", pretty(&self.rest.clusters, 1)?)?;
        writeln!(out, "  \"failures\": {},", pretty(&self.rest.failures, 1)?)?;
        writeln!(out, "  \"summary\": {}\n}}", pretty(totals, 1)?)
    }
}

/// Writes YAML: what JSON says, in its words.
#[derive(Debug, Default)]
pub(super) struct Yaml {
    has_results: bool,
    namespaces: Vec<String>,
    rest: Rest,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    api_version: &'static str,
    kind: &'static str,
}

#[derive(Serialize)]
struct Foot<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<Policy>,
    clusters: &'a [Cluster],
    failures: &'a [Failed],
    summary: &'a Totals,
}

impl Writer for Yaml {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        write!(out, "{}results:", yaml(&Head { api_version: API_VERSION, kind: KIND })?)
    }

    fn cluster(&mut self, out: &mut dyn Write, plan: &ClusterPlan) -> io::Result<()> {
        for report in &plan.reports {
            self.namespaces.push(yaml(&[Namespace::new(&plan.name, report)])?);
            for result in plan.results(report) {
                let end = if std::mem::replace(&mut self.has_results, true) { "" } else { "\n" };
                write!(out, "{end}{}", yaml(&[Workload::new(&plan.name, report, &result)])?)?;
            }
        }
        self.rest.cluster(plan);
        Ok(())
    }

    fn unreadable(&mut self, _: &mut dyn Write, problem: &Problem) -> io::Result<()> {
        self.rest.failures.push(failed(None, problem));
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write, totals: &Totals) -> io::Result<()> {
        write!(out, "{}namespaces:", if self.has_results { "" } else { " []\n" })?;
        writeln!(out, "{}", if self.namespaces.is_empty() { " []" } else { "" })?;
        for namespace in &self.namespaces {
            write!(out, "{namespace}")?;
        }
        let Rest { clusters, failures, .. } = &self.rest;
        write!(out, "{}", yaml(&Foot { policy: self.rest.policy(), clusters, failures, summary: totals })?)
    }
}
