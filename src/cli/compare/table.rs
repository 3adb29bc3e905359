//! For people.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{Change, Comparison};
use crate::{
    api::{agreed, counted},
    assessment::Turn,
    cli::{
        findings::{Finding, instruction},
        output::plain,
    },
    standards::Verdict,
};

const BAD: Style = AnsiColor::Red.on_default().bold();
const DOUBTFUL: Style = AnsiColor::Yellow.on_default();
const GOOD: Style = AnsiColor::Green.on_default();
const TITLE: Style = Style::new().bold();

struct Table<'o> {
    out: &'o mut dyn Write,
    is_coloured: bool,
}

pub(super) fn write(
    out: &mut dyn Write,
    comparison: &Comparison,
    is_coloured: bool,
    is_wide: bool,
) -> io::Result<()> {
    let mut table = Table { out, is_coloured };
    let Comparison { from, to, titles, changes, .. } = comparison;
    let title = table.paint(TITLE, &format!("{from} to {to}"));
    match titles.as_slice() {
        [] => writeln!(table.out, "{title}: nothing could be read")?,
        titles => writeln!(table.out, "{title} on {}", plain(&titles.join(", ")))?,
    }
    for notice in &comparison.notices {
        writeln!(table.out, "{}: {}", table.paint(DOUBTFUL, "note"), plain(notice))?;
    }
    for problem in &comparison.problems {
        writeln!(table.out, "{}: {}", table.paint(BAD, "cannot be told"), plain(&problem.to_string()))?;
    }
    let of = |turn| changes.iter().filter(move |change| change.turn == turn);
    for (turn, style, heading) in [
        (Turn::Fails, BAD, "newly fails"),
        (Turn::Passes, GOOD, "newly passes"),
        (Turn::Stays, DOUBTFUL, "fails as before, for other reasons"),
    ] {
        if of(turn).next().is_none() || turn == Turn::Stays && !is_wide {
            continue;
        }
        writeln!(table.out, "\n{}", table.paint(style, heading))?;
        of(turn).try_for_each(|change| table.change(change))?;
    }
    let [fails, passes, stays] =
        [Turn::Fails, Turn::Passes, Turn::Stays].map(|turn| comparison.workloads_of(turn));
    writeln!(
        table.out,
        "\n{}, {}: {fails} newly {}, {passes} newly {}, {stays} {} as before for other reasons",
        counted(comparison.namespaces, "namespace"),
        counted(comparison.workloads, "workload"),
        agreed(&fails, "fails", "fail"),
        agreed(&passes, "passes", "pass"),
        agreed(&stays, "fails", "fail"),
    )
}

impl Table<'_> {
    fn paint(&self, style: Style, text: &str) -> String {
        if self.is_coloured { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    fn change(&mut self, change: &Change) -> io::Result<()> {
        let Change {
            level, context, namespace, kind, workload, source, pods, to, gained, lost, follows, ..
        } = change;
        let context = context.as_deref().map(|context| format!("{context} ")).unwrap_or_default();
        let pods = if *pods > 0 && source.is_none() {
            format!(", {}", counted(*pods, "pod"))
        } else {
            String::new()
        };
        let doubt = if *to == Some(Verdict::Inconclusive) { " (in doubt)" } else { "" };
        let place =
            source.as_ref().map(|source| format!("  {}:{}", source.file, source.line)).unwrap_or_default();
        let title = format!("{context}{namespace}/{kind} {workload}{pods}{place}");
        let modes: Vec<_> = follows.iter().map(|mode| mode.as_str()).collect();
        let follows = if modes.is_empty() {
            String::new()
        } else {
            let follow = agreed(&modes.len(), "follows", "follow");
            format!("; {} {follow} the API server", modes.join(" and "))
        };
        writeln!(self.out, "  {level}{doubt}  {}{follows}", plain(&title))?;
        for (sign, finding) in
            gained.iter().map(|finding| ('+', finding)).chain(lost.iter().map(|finding| ('-', finding)))
        {
            self.finding(sign, finding)?;
        }
        Ok(())
    }

    fn finding(&mut self, sign: char, finding: &Finding) -> io::Result<()> {
        let reason = plain(&finding.reason()).into_owned();
        writeln!(self.out, "    {sign} {}: {reason}{}", plain(&finding.subject), finding.remark())?;
        // What is no longer refused needs no remedy.
        let changes = finding.changes.iter().filter(|_| sign == '+');
        changes
            .into_iter()
            .try_for_each(|change| writeln!(self.out, "        {}", plain(&instruction(change))))
    }
}
