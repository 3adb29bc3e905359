//! How results are written: one file for each format.
//!
//! Results are written as they come, so that memory does not grow with their number. Every text that came from a
//! manifest or is the name of a file is somebody else's: each format makes it harmless in its own way.

mod columns;
mod document;
mod github;
pub(super) mod json;
mod junit;
pub(super) mod markdown;
mod notice;
mod plain;
mod printer;
mod sarif;
mod screen;
mod table;
pub(super) mod yaml;

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;

pub(super) use self::{
    columns::{Cell, Columns},
    document::{Notation, TableOrDocument},
    notice::tell,
    plain::plain,
    printer::Printer,
    screen::Screen,
};
use super::check::{
    file_name::FileName,
    report::{Failure, Modes, Skipped, Summary, Workload},
};

/// A format of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Table,
    /// The table, with what conforms and what was skipped, ids of checks and the API server's words.
    Wide,
    /// A CheckReport.
    Json,
    /// The same as YAML.
    Yaml,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML, for test reports.
    Junit,
    /// Workflow commands that annotate files in GitHub Actions.
    Github,
    /// A table for comments and job summaries.
    Markdown,
}

/// Whether what people read there is to be coloured.
pub(super) fn is_coloured(out: &impl IsTerminal) -> bool {
    let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    out.is_terminal() && !no_colour
}

/// What writes results in a format. `begin` comes first and `end` last; all calls about one file come together.
pub(super) trait Writer {
    /// Before everything.
    fn begin(&mut self, out: &mut dyn Write, modes: Modes) -> io::Result<()>;
    /// For each workload.
    fn workload(&mut self, out: &mut dyn Write, file: &FileName, workload: &Workload) -> io::Result<()>;
    /// For what could not be judged.
    fn failure(&mut self, out: &mut dyn Write, file: &FileName, failure: &Failure) -> io::Result<()>;
    /// For what need not be judged. It is always counted; few formats list it.
    fn skipped(&mut self, _: &mut dyn Write, _: &FileName, _: &Skipped) -> io::Result<()> {
        Ok(())
    }
    /// For what is left out because git ignores it. It is always counted; few formats list it.
    fn ignored(&mut self, _: &mut dyn Write, _: &FileName) -> io::Result<()> {
        Ok(())
    }
    /// After everything.
    fn end(&mut self, out: &mut dyn Write, summary: &Summary) -> io::Result<()>;
}

impl Format {
    /// What writes this format. `is_coloured` matters to what people read.
    pub(super) fn writer(self, is_coloured: bool) -> Box<dyn Writer> {
        match self {
            Self::Table => Box::new(table::Table::new(is_coloured, false)),
            Self::Wide => Box::new(table::Table::new(is_coloured, true)),
            Self::Json => Box::new(json::Json::default()),
            Self::Yaml => Box::new(yaml::Yaml::default()),
            Self::Sarif => Box::new(sarif::Sarif::default()),
            Self::Junit => Box::new(junit::Junit::default()),
            Self::Github => Box::new(github::Github),
            Self::Markdown => Box::new(markdown::Markdown::default()),
        }
    }
}
