//! How a plan is written: one file for each format.
//!
//! Clusters come one after the other. Names in them are tenants' texts: each format makes them harmless in its own way.

mod html;
pub(in crate::cli) mod json;
mod markdown;
pub(in crate::cli) mod table;
pub(in crate::cli) mod words;

use std::io::{self, Write};

use clap::ValueEnum;

use super::{cluster_plan::ClusterPlan, totals::Totals};
use crate::cli::{observing::Problem, output::Screen};

/// A format of plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// For people: what changes, what is held, and what is in the way.
    Table,
    /// The same with every namespace, every workload and every owner.
    Wide,
    /// A CheckReport with the namespaces.
    Json,
    /// The same as YAML.
    Yaml,
    /// Tables for the comments of a change.
    Markdown,
    /// A page for a browser, in one file.
    Html,
}

/// What writes plans in a format. The calls come in the order of this trait.
pub(in crate::cli) trait Writer {
    /// Before everything.
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()>;
    /// For each cluster that could be read.
    fn cluster(&mut self, out: &mut dyn Write, plan: &ClusterPlan) -> io::Result<()>;
    /// For each that could not.
    fn unreadable(&mut self, out: &mut dyn Write, problem: &Problem) -> io::Result<()>;
    /// After everything.
    fn end(&mut self, out: &mut dyn Write, totals: &Totals) -> io::Result<()>;
}

impl Format {
    /// What writes this format. `screen` matters to what people read.
    pub(in crate::cli) fn writer(self, screen: Screen) -> Box<dyn Writer> {
        match self {
            Self::Table => Box::new(table::Table::new(screen, false)),
            Self::Wide => Box::new(table::Table::new(screen, true)),
            Self::Json => Box::new(json::Json::default()),
            Self::Yaml => Box::new(json::Yaml::default()),
            Self::Markdown => Box::new(markdown::Markdown::default()),
            Self::Html => Box::new(html::Html),
        }
    }
}
