//! JUnit XML in the form that Jenkins, GitLab and others read: a suite for each file, a case for each workload.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use super::{Writer, plain, plain::line_start};
use crate::{
    cli::check::{
        file_name::FileName,
        report::{Failure, Finding, Modes, Summary, Workload},
    },
    standards::{Mode, Verdict},
};

/// Writes the suites. One is held until its file is at its end, because its counts come first.
#[derive(Debug, Default)]
pub(super) struct Junit {
    suite: Option<Suite>,
}

#[derive(Debug, Default)]
struct Suite {
    file: String,
    cases: String,
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

/// Text within XML. What is not printed is written out, for XML cannot hold most of it.
fn xml(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in plain(text).chars() {
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&apos;"),
            c => shown.push(c),
        }
    }
    shown
}

/// A finding in a line, which begins with the name of the file.
fn line(file: &str, finding: &Finding) -> String {
    let modes: Vec<_> = finding.modes.iter().map(|mode| mode.as_str()).collect();
    let line = format!(
        "{}:{}: {} ({}): {}: {}",
        file,
        finding.place().line,
        finding.reason,
        modes.join(", "),
        finding.subject.title(),
        finding.remedy()
    );
    xml(&line_start(&line))
}

impl Junit {
    fn suite(&mut self, out: &mut dyn Write, file: &str) -> io::Result<&mut Suite> {
        if self.suite.as_ref().is_some_and(|suite| suite.file != file) {
            self.finish(out)?;
        }
        Ok(self.suite.get_or_insert_with(|| Suite { file: file.to_owned(), ..Suite::default() }))
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let Some(Suite { file, cases, tests, failures, errors, skipped }) = self.suite.take() else {
            return Ok(());
        };
        writeln!(
            out,
            "  <testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" \
             skipped=\"{skipped}\">\n{cases}  </testsuite>",
            xml(&file)
        )
    }
}

impl Writer for Junit {
    fn begin(&mut self, out: &mut dyn Write, _: Modes) -> io::Result<()> {
        writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"podsec check\">")
    }

    fn workload(&mut self, out: &mut dyn Write, file: &FileName, workload: &Workload) -> io::Result<()> {
        let file = file.as_str();
        let suite = self.suite(out, file)?;
        suite.tests += 1;
        let mut lines: Vec<_> = workload.findings.iter().map(|finding| line(file, finding)).collect();
        lines.extend(workload.more());
        let lines = lines.join("\n");
        let message = workload.message(Mode::Enforce).map(xml);
        let content = match (&workload.exempt, workload.verdict, message) {
            (Some(class), ..) => {
                suite.skipped += 1;
                format!("<skipped message=\"exempt by its runtime class {}\"/>", xml(class))
            }
            (None, Verdict::Inconclusive, Some(message)) => {
                suite.errors += 1;
                format!("<error type=\"inconclusive\" message=\"{message}\">{lines}</error>")
            }
            (None, _, Some(message)) => {
                suite.failures += 1;
                format!("<failure type=\"PodSecurity\" message=\"{message}\">{lines}</failure>")
            }
            (None, _, None) if lines.is_empty() => String::new(),
            (None, _, None) => format!("<system-out>{lines}</system-out>"),
        };
        // Writing to a string cannot fail.
        _ = writeln!(
            suite.cases,
            "    <testcase classname=\"{}\" name=\"{}\">{content}</testcase>",
            xml(file),
            xml(&workload.title())
        );
        Ok(())
    }

    fn failure(&mut self, out: &mut dyn Write, file: &FileName, failure: &Failure) -> io::Result<()> {
        let file = file.as_str();
        let suite = self.suite(out, file)?;
        suite.tests += 1;
        suite.errors += 1;
        let place = failure.place.map(|place| format!(":{place}")).unwrap_or_default();
        let name = failure.object.clone().unwrap_or_else(|| format!("{file}{place}"));
        _ = writeln!(
            suite.cases,
            "    <testcase classname=\"{}\" name=\"{}\"><error type=\"cannot be judged\" message=\"{}\">{}</error></testcase>",
            xml(file),
            xml(&name),
            xml(&failure.message),
            xml(&format!("{file}{place}: {}", failure.message))
        );
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
        self.finish(out)?;
        let counts = serde_json::to_value(summary)?;
        writeln!(
            out,
            "  <testsuite name=\"summary\" tests=\"0\" failures=\"0\" errors=\"0\">\n    <properties>"
        )?;
        for (name, count) in counts.as_object().into_iter().flatten() {
            writeln!(out, "      <property name=\"{name}\" value=\"{count}\"/>")?;
        }
        writeln!(out, "    </properties>\n  </testsuite>\n</testsuites>")
    }
}
