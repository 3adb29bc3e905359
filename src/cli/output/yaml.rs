//! A `CheckReport` as YAML: what JSON says, in its words.

use std::io::{self, Write};

use serde::Serialize;

use super::{
    Writer,
    json::{API_VERSION, Failed, KIND, Policy, Result},
};
use crate::cli::check::report::{Failure, Modes, Summary, Workload};

/// Writes the report.
#[derive(Debug, Default)]
pub(super) struct Yaml {
    has_results: bool,
    failed: Vec<Failed>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    api_version: &'static str,
    kind: &'static str,
    policy: Policy,
}

#[derive(Serialize)]
struct Foot<'a> {
    failures: &'a [Failed],
    summary: &'a Summary,
}

pub(in crate::cli) fn yaml(value: &impl Serialize) -> io::Result<String> {
    serde_saphyr::to_string(value).map_err(io::Error::other)
}

impl Writer for Yaml {
    fn begin(&mut self, out: &mut dyn Write, modes: Modes) -> io::Result<()> {
        let head = Head { api_version: API_VERSION, kind: KIND, policy: modes.into() };
        write!(out, "{}results:", yaml(&head)?)
    }

    fn workload(&mut self, out: &mut dyn Write, file: &str, workload: &Workload) -> io::Result<()> {
        let end = if std::mem::replace(&mut self.has_results, true) { "" } else { "\n" };
        write!(out, "{end}{}", yaml(&[Result::new(file, workload)])?)
    }

    fn failure(&mut self, _: &mut dyn Write, file: &str, failure: &Failure) -> io::Result<()> {
        self.failed.push(Failed::new(file, failure));
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
        let end = if self.has_results { "" } else { " []\n" };
        write!(out, "{end}{}", yaml(&Foot { failures: &self.failed, summary })?)
    }
}
