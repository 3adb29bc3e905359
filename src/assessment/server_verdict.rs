//! What the API server said to the dry run of an enforce label, beside what was expected.

use super::DryRun;
use crate::standards::{Level, LevelVersion, quoted};

/// The API server cuts every warning of an answer to so many characters once there are more than
/// [`MOST_CHARACTERS`] in all.
const SHORTENED: usize = 256;
/// Warnings behind so many characters are left out.
const MOST_CHARACTERS: usize = 4096;
/// The longest name of a pod.
const LONGEST_NAME: usize = 253;

/// Whether a dry run of a change from one enforce policy to another makes the API server look at the pods. Where it
/// does not, its silence says nothing about them.
///
/// Both are as the API server takes them: a namespace without labels has its defaults.
pub fn looks_at_pods(from: LevelVersion, to: LevelVersion) -> bool {
    to.level != Level::Privileged && (to.version != from.version || to.level > from.level)
}

/// What an API server answered to the dry run of an enforce label.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerAnswer {
    /// Its lines about pods, as in [`DryRun::lines`].
    pub lines: Vec<String>,
    /// How many pods it looked at of how many, where these were not all.
    pub looked_at: Option<(usize, usize)>,
    /// Whether it exempts the namespace.
    pub exempt: bool,
    /// Why it says nothing of the pods, though it was to look at them.
    pub failure: Option<String>,
    /// What else it warned of, which is not Pod Security's or not about this change.
    pub others: Vec<String>,
    /// Whether there may have been more warnings than the answer holds.
    pub may_lack_warnings: bool,
}

/// What the API server's answer is beside the expected one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum ServerVerdict {
    /// It says of every pod what podsec says, or of pods in doubt what may be.
    Agrees,
    /// Lines that only one of them has.
    Disagrees {
        /// What the API server says and podsec does not.
        only_server: Vec<String>,
        /// What podsec says and the API server does not.
        only_podsec: Vec<String>,
    },
    /// It agrees as far as it goes, but its answer is not about all pods: it looks at 3,000 at most, for a second at
    /// most, and its warnings together have 4,096 characters at most.
    CutOff {
        /// So many pods it is about.
        checked: usize,
        /// Of so many.
        of: usize,
    },
    /// It exempts the namespace from Pod Security: labels there have no effect.
    Exempt,
    /// There is no verdict, for this reason.
    Unavailable(String),
}

impl ServerAnswer {
    /// Reads the warnings of the answer to a dry run that set the enforce label of a namespace to a policy.
    ///
    /// Upstream's lines about pods stand behind its heading, sorted, each with a pod's name in front. What follows and
    /// is not like that is somebody else's.
    pub fn read(namespace: &str, policy: LevelVersion, warnings: impl IntoIterator<Item = String>) -> Self {
        let (namespace, policy) = (quoted(namespace), quoted_policy(policy));
        let heading =
            format!("existing pods in namespace {namespace} violate the new PodSecurity enforce level ");
        let exempt = format!("namespace {namespace} is exempt from Pod Security, and the policy (");
        let mut answer = Self::default();
        let mut characters = 0;
        let mut in_lines = false;
        for warning in warnings {
            characters += warning.chars().count();
            let is_line = in_lines
                && Line::read(&warning).is_some()
                && answer.lines.last().is_none_or(|before| *before <= warning);
            in_lines = is_line;
            if is_line {
                answer.lines.push(warning);
            } else if let Some(other) = warning.strip_prefix(&heading) {
                in_lines = true;
                if other != policy {
                    answer.failure = Some(format!("something made the level {other} of {policy} on its way"));
                }
            } else if let Some(looked_at) = read_looked_at(&warning) {
                answer.looked_at = Some(looked_at);
            } else if warning == "failed to list pods while checking new PodSecurity enforce level" {
                answer.failure = Some(warning);
            } else if warning.starts_with(&exempt) {
                answer.exempt = true;
            } else {
                answer.others.push(warning);
            }
        }
        answer.may_lack_warnings = characters >= MOST_CHARACTERS;
        answer
    }

    /// Compares what was said with what podsec expects.
    ///
    /// It is assumed that the API server looks at the pods for this change ([`looks_at_pods`]).
    pub fn compare(&self, expected: &DryRun) -> ServerVerdict {
        if let Some(failure) = &self.failure {
            return ServerVerdict::Unavailable(failure.clone());
        }
        if self.exempt {
            return ServerVerdict::Exempt;
        }
        let mut difference = Difference::between(self, expected);
        difference.allow_for_doubt();
        let unnamed = difference.allow_for_missing_lines();
        let Difference { only_server, only_podsec, .. } = difference;
        if !only_server.is_empty() || !only_podsec.is_empty() {
            let owned = |lines: Vec<&str>| lines.into_iter().map(str::to_owned).collect();
            return ServerVerdict::Disagrees {
                only_server: owned(only_server),
                only_podsec: owned(only_podsec),
            };
        }
        match self.looked_at {
            Some((checked, of)) => ServerVerdict::CutOff { checked, of },
            None if unnamed > 0 => {
                ServerVerdict::CutOff { checked: expected.pods.saturating_sub(unnamed), of: expected.pods }
            }
            None => ServerVerdict::Agrees,
        }
    }
}

fn quoted_policy(policy: LevelVersion) -> String {
    quoted(&policy.to_string()).to_string()
}

/// Reads the notice that not all pods were looked at.
fn read_looked_at(warning: &str) -> Option<(usize, usize)> {
    let rest = warning.strip_prefix("new PodSecurity enforce level only checked against the first ")?;
    let (checked, of) = rest.strip_suffix(" existing pods")?.split_once(" of ")?;
    Some((checked.parse().ok()?, of.parse().ok()?))
}

fn is_shortened(line: &str) -> bool {
    line.chars().count() == SHORTENED
}

/// A line about pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Line<'a> {
    first: &'a str,
    pods: usize,
    reasons: &'a str,
}

impl<'a> Line<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let in_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
        let end = text.find(|c| !in_name(c))?;
        let (first, rest) = text.split_at_checked(end)?;
        if first.is_empty() || first.len() > LONGEST_NAME {
            return None;
        }
        let (pods, reasons) = if let Some(reasons) = rest.strip_prefix(": ") {
            (1, reasons)
        } else if let Some((others, reasons)) = rest.split_once("): ") {
            let others = others.strip_prefix(" (and ")?;
            let others = others.strip_suffix(" other pods").or_else(|| others.strip_suffix(" other pod"))?;
            (others.parse::<usize>().ok()?.checked_add(1)?, reasons)
        } else {
            // Cut off before the reasons: the name was that long.
            return (is_shortened(text) && rest.starts_with(" (")).then_some(Self {
                first,
                pods: 1,
                reasons: "",
            });
        };
        (!reasons.is_empty()).then_some(Self { first, pods, reasons })
    }
}

/// The lines that only one of the two has, and for how many pods they may differ.
struct Difference<'a> {
    answer: &'a ServerAnswer,
    only_server: Vec<&'a str>,
    only_podsec: Vec<&'a str>,
    /// So many pods more may the API server name: podsec does not know of them.
    in_doubt: usize,
    /// So many pods fewer: it did not look at them.
    unchecked: usize,
}

impl<'a> Difference<'a> {
    fn between(answer: &'a ServerAnswer, expected: &'a DryRun) -> Self {
        let mut only_podsec: Vec<&str> = expected.lines.iter().map(String::as_str).collect();
        let mut only_server = Vec::new();
        for line in &answer.lines {
            let is_same =
                |ours: &&str| *ours == line || (is_shortened(line) && ours.starts_with(line.as_str()));
            match only_podsec.iter().position(is_same) {
                Some(index) => drop(only_podsec.remove(index)),
                None => only_server.push(line.as_str()),
            }
        }
        let unchecked = answer.looked_at.map_or(0, |(checked, of)| of.saturating_sub(checked));
        Self { answer, only_server, only_podsec, in_doubt: expected.in_doubt, unchecked }
    }

    /// Takes out what differs only by pods of which one of the two does not know.
    fn allow_for_doubt(&mut self) {
        for line in std::mem::take(&mut self.only_server) {
            if !Line::read(line).is_some_and(|server| self.is_possible(&server, is_shortened(line))) {
                self.only_server.push(line);
            }
        }
        let in_unchecked = |unchecked: &mut usize, line: &str| {
            let pods = Line::read(line).map_or(1, |line| line.pods);
            take(unchecked, pods)
        };
        self.only_podsec.retain(|line| !in_unchecked(&mut self.unchecked, line));
    }

    /// Whether pods in doubt and unchecked ones explain a line of the API server; if so they are taken off, and so is
    /// podsec's line with the same reasons.
    fn is_possible(&mut self, server: &Line<'_>, is_shortened: bool) -> bool {
        let same_reasons = |ours: &Line<'_>| {
            ours.reasons == server.reasons || (is_shortened && ours.reasons.starts_with(server.reasons))
        };
        let found = self
            .only_podsec
            .iter()
            .enumerate()
            .find_map(|(index, line)| Line::read(line).filter(same_reasons).map(|ours| (index, ours)));
        let Some((index, ours)) = found else {
            return take(&mut self.in_doubt, server.pods);
        };
        let is_possible = if server.pods > ours.pods {
            // A further pod may be the first; with unchecked ones, the first of podsec's may be missing.
            (server.first <= ours.first || self.unchecked > 0)
                && take(&mut self.in_doubt, server.pods - ours.pods)
        } else {
            let is_known = server.first >= ours.first || self.in_doubt > 0;
            is_known && self.unchecked > 0 && take(&mut self.unchecked, ours.pods - server.pods)
        };
        if is_possible {
            self.only_podsec.remove(index);
        }
        is_possible
    }

    /// Takes out podsec's lines for which there was no room in the answer, and says about how many pods they are.
    fn allow_for_missing_lines(&mut self) -> usize {
        if !self.answer.may_lack_warnings {
            return 0;
        }
        // Lines come sorted, so that the last are missing.
        let last = self.answer.lines.last().map_or("", String::as_str);
        let missing: Vec<_> = self.only_podsec.extract_if(.., |line| *line > last).collect();
        missing.into_iter().filter_map(Line::read).map(|line| line.pods).sum()
    }
}

/// Takes so many off, if there are so many.
fn take(from: &mut usize, count: usize) -> bool {
    let rest = from.checked_sub(count);
    *from = rest.unwrap_or(*from);
    rest.is_some()
}

#[cfg(test)]
#[path = "server_verdict_tests.rs"]
mod tests;
