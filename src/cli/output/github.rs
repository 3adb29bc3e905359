//! Workflow commands, which GitHub Actions shows at the lines of a change.

use std::io::{self, Write};

use super::{Writer, plain};
use crate::{
    cli::check::{
        file_name::FileName,
        report::{Failure, Modes, Summary, Workload},
    },
    standards::Mode,
};

/// Writes one command for each finding.
#[derive(Debug)]
pub(super) struct Github;

/// A text after `::`.
fn data(text: &str) -> String {
    plain(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A text between the command's name and `::`.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

impl Writer for Github {
    fn begin(&mut self, _: &mut dyn Write, _: Modes) -> io::Result<()> {
        Ok(())
    }

    fn workload(&mut self, out: &mut dyn Write, file: &FileName, workload: &Workload) -> io::Result<()> {
        for finding in &workload.findings {
            let command = match finding.mode() {
                _ if finding.in_doubt => "warning",
                Mode::Enforce => "error",
                Mode::Warn => "warning",
                Mode::Audit => "notice",
            };
            let place = finding.place();
            let title = property(&format!("{} ({})", finding.reason, finding.check.id));
            let message = format!("{}, {}: {}", workload.title(), finding.subject.title(), finding.remedy());
            writeln!(
                out,
                "::{command} file={},line={},col={},title={title}::{}",
                property(file.as_str()),
                place.line,
                place.column,
                data(&message)
            )?;
        }
        if let Some(more) = workload.more() {
            let file = property(file.as_str());
            let message = data(&format!("{}: {more}", workload.title()));
            writeln!(out, "::error file={file},line={},title=not all is listed::{message}", workload.line)?;
        }
        Ok(())
    }

    fn failure(&mut self, out: &mut dyn Write, file: &FileName, failure: &Failure) -> io::Result<()> {
        let place = failure.place.map(|place| format!(",line={},col={}", place.line, place.column));
        let object = failure.object.as_deref().map(|object| format!("{object}: ")).unwrap_or_default();
        writeln!(
            out,
            "::error file={}{},title=cannot be judged::{}",
            property(file.as_str()),
            place.unwrap_or_default(),
            data(&format!("{object}{}", failure.message))
        )
    }

    fn end(&mut self, out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
        writeln!(out, "{}", summary.line(|kind| plain(kind).into_owned()))
    }
}
