//! For people: by file and workload, with the line, the container, the field and what to do.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{Writer, plain, plain::line_start};
use crate::{
    cli::check::{
        file_name::FileName,
        report::{Failure, Field, Finding, Modes, Skipped, Subject, Summary, Workload},
    },
    standards::{LevelVersion, Mode, Remedy, Verdict},
};

const BAD: Style = AnsiColor::Red.on_default().bold();
const DOUBTFUL: Style = AnsiColor::Yellow.on_default();
const GOOD: Style = AnsiColor::Green.on_default();
const TITLE: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// No name makes the column of names wider than this.
const WIDEST: usize = 32;

/// Writes the table.
#[derive(Debug)]
pub(super) struct Table {
    is_coloured: bool,
    is_wide: bool,
    modes: Option<Modes>,
    /// The file whose name was written last.
    file: Option<FileName>,
}

impl Table {
    pub(super) const fn new(is_coloured: bool, is_wide: bool) -> Self {
        Self { is_coloured, is_wide, modes: None, file: None }
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.is_coloured { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// The name of the file, once.
    fn heading(&mut self, out: &mut dyn Write, file: &FileName) -> io::Result<()> {
        if self.file.as_ref() == Some(file) {
            return Ok(());
        }
        if self.file.replace(file.clone()).is_some() {
            writeln!(out)?;
        }
        writeln!(out, "{}", self.paint(TITLE, &line_start(file.as_str())))
    }

    /// What became of a workload, to be read after its title.
    fn verdict(&self, workload: &Workload) -> String {
        if let Some(class) = &workload.exempt {
            return self.paint(FAINT, &format!("is exempt (runtime class {})", plain(class)));
        }
        let policy = |mode| self.modes.and_then(|modes| modes.get(mode)).map(|policy| policy.to_string());
        let enforce = policy(Mode::Enforce).unwrap_or_default();
        match workload.verdict {
            Verdict::Violates => self.paint(BAD, &format!("violates {enforce}")),
            Verdict::Inconclusive => {
                self.paint(DOUBTFUL, &format!("may violate {enforce}: podsec does not know all of it"))
            }
            Verdict::Conforms => {
                let conforms = self.paint(GOOD, &format!("conforms to {enforce}"));
                let others: Vec<_> = [Mode::Audit, Mode::Warn]
                    .into_iter()
                    .filter(|mode| workload.message(*mode).is_some())
                    .map(|mode| format!("{mode} {}", policy(mode).unwrap_or_default()))
                    .collect();
                if others.is_empty() {
                    return conforms;
                }
                format!(
                    "{conforms}, {}",
                    self.paint(DOUBTFUL, &format!("but not to {}", others.join(" and ")))
                )
            }
        }
    }

    fn finding(&self, out: &mut dyn Write, finding: &Finding, names: usize, lines: usize) -> io::Result<()> {
        let name = name(&finding.subject);
        let pad = " ".repeat(names.saturating_sub(width(&name)));
        let mut reason = finding.reason.to_owned();
        if self.is_wide {
            reason = format!("{reason} ({}, {})", finding.check.id, plain(&finding.detail));
        }
        if finding.in_doubt {
            reason.push_str(" (in doubt)");
        }
        reason.push_str(&finding.only());
        for (index, field) in finding.fields.iter().enumerate() {
            let line = format!("{:>lines$}", field.place.line);
            if index == 0 {
                let style = if finding.mode() == Mode::Enforce && !finding.in_doubt { BAD } else { DOUBTFUL };
                let reason = self.paint(style, &reason);
                writeln!(out, "    {}  {name}{pad}  {reason}", self.paint(FAINT, &line))?;
            }
            // The line of a second field, where it is another one.
            let margin = if index == 0 || field.place.line == finding.place().line {
                " ".repeat(lines)
            } else {
                self.paint(FAINT, &line)
            };
            let instruction = if self.is_wide { in_full(field) } else { in_short(field) };
            writeln!(out, "    {margin}  {:names$}  {}", "", plain(&instruction))?;
        }
        if let Some(more) = finding.more() {
            writeln!(out, "    {:lines$}  {:names$}  {more}", "", "")?;
        }
        Ok(())
    }
}

/// What to do about a field, with all that it may be and what it is now.
fn in_full(field: &Field) -> String {
    let value = field.value.as_ref().map(|value| format!(" (is {value})")).unwrap_or_default();
    format!("{}{value}", field.instruction())
}

/// What to do about a field, in a line that is not longer than it must be.
fn in_short(field: &Field) -> String {
    let or = if field.path_on_pod.is_some() { " (or the pod's)" } else { "" };
    match field.remedy {
        Remedy::UseSource([first, second, _, ..]) => format!("{}{or}: use {first}, {second}, …", field.path),
        remedy => format!("{}{or}: {remedy}", field.path),
    }
}

/// The container or volume, in the column of names.
fn name(subject: &Subject) -> String {
    plain(&subject.title()).into_owned()
}

/// The columns that a text takes. Names are nearly always ASCII; others may stand out of line.
fn width(text: &str) -> usize {
    text.chars().count()
}

impl Writer for Table {
    fn begin(&mut self, _: &mut dyn Write, modes: Modes) -> io::Result<()> {
        self.modes = Some(modes);
        Ok(())
    }

    fn workload(&mut self, out: &mut dyn Write, file: &FileName, workload: &Workload) -> io::Result<()> {
        if workload.findings.is_empty() && !self.is_wide {
            return Ok(());
        }
        self.heading(out, file)?;
        writeln!(out, "  {} {}", line_start(&workload.title()), self.verdict(workload))?;
        let names = workload.findings.iter().map(|finding| width(&name(&finding.subject)).min(WIDEST));
        let names = names.max().unwrap_or_default();
        let lines =
            workload.findings.iter().flat_map(|finding| &finding.fields).map(|field| field.place.line);
        let lines = lines.max().unwrap_or_default().to_string().len();
        for finding in &workload.findings {
            self.finding(out, finding, names, lines)?;
        }
        if let Some(more) = workload.more() {
            writeln!(out, "    {more}")?;
        }
        if self.is_wide {
            for (_, message) in &workload.messages {
                writeln!(out, "    {}", self.paint(FAINT, &plain(message)))?;
            }
        }
        Ok(())
    }

    fn failure(&mut self, out: &mut dyn Write, file: &FileName, failure: &Failure) -> io::Result<()> {
        self.heading(out, file)?;
        let object =
            failure.object.as_deref().map(|object| format!("{} ", line_start(object))).unwrap_or_default();
        let file = plain(file.as_str());
        let place = failure.place.map(|place| format!("{file}:{place}: ")).unwrap_or_default();
        let verdict = self.paint(BAD, "cannot be judged");
        writeln!(out, "  {object}{verdict}: {place}{}", plain(&failure.message))
    }

    fn skipped(&mut self, out: &mut dyn Write, file: &FileName, skipped: &Skipped) -> io::Result<()> {
        if !self.is_wide {
            return Ok(());
        }
        self.heading(out, file)?;
        writeln!(out, "  {}", self.paint(FAINT, &format!("skipped, {}", plain(&skipped.reason()))))
    }

    fn ignored(&mut self, out: &mut dyn Write, file: &FileName) -> io::Result<()> {
        if !self.is_wide {
            return Ok(());
        }
        self.heading(out, file)?;
        writeln!(out, "  {}", self.paint(FAINT, "left out: git ignores it and does not track it"))
    }

    fn end(&mut self, out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
        if self.file.is_some() {
            writeln!(out)?;
        }
        let policies = self.modes.into_iter().flat_map(Modes::iter);
        let policies: Vec<_> =
            policies.map(|(mode, policy): (Mode, LevelVersion)| format!("{mode} {policy}")).collect();
        writeln!(out, "{}; {}", policies.join(", "), summary.line(|kind| plain(kind).into_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::manifests::Place;

    fn written(is_coloured: bool) -> String {
        let policy = "baseline:latest".parse().unwrap();
        let modes = Modes { enforce: policy, audit: None, warn: None };
        let mut table = Table::new(is_coloured, false);
        let mut out = Vec::new();
        table.begin(&mut out, modes).unwrap();
        let failure = Failure {
            place: Some(Place::new(1, 2)),
            object: Some("Pod a".into()),
            message: "is \u{1b}[2J bad".into(),
        };
        table.failure(&mut out, &Path::new("a.yaml").into(), &failure).unwrap();
        table.end(&mut out, &Summary::default()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        let mut plain = written(true);
        for style in [BAD, TITLE] {
            let (on, off) = (style.to_string(), format!("{style:#}"));
            assert!(plain.contains(&on), "{plain:?}");
            plain = plain.replace(&on, "").replace(&off, "");
        }
        assert_eq!(plain, written(false));
        assert!(!plain.contains('\u{1b}'));
    }
}
