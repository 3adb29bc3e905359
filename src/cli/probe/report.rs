//! What was found out, for people and for programs.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use serde::Serialize;

use super::findings::{Answer, Findings};
use crate::{
    api::counted,
    cli::output::{Notation, plain},
    standards::{Level, LevelVersion, Mode},
};

/// The version of the report. What it means does not change; fields may be added.
const API_VERSION: &str = "podsec.dev/v1alpha1";
const KIND: &str = "ProbeReport";

/// Writes the findings for people.
pub(super) fn table(out: &mut impl Write, findings: &Findings) -> io::Result<()> {
    let user = findings.user.as_deref().map(|user| format!(", asked as {}", plain(user))).unwrap_or_default();
    let place = findings.namespace.as_deref().map(|name| format!(", in namespace {}", plain(name)));
    writeln!(out, "API server v1.{}{user}{}", findings.server_minor, place.unwrap_or_default())?;
    writeln!(out, "Nothing was created or changed: every request was a dry run.\n")?;
    let head = ["", "FOUND", "SURE", "BECAUSE"].map(ToOwned::to_owned);
    columns(out, &std::iter::once(head).chain(rows(findings)).collect::<Vec<_>>())?;
    for why in &findings.not_asked {
        writeln!(out, "\nNot asked: {}", plain(why))?;
    }
    let flags = findings.flags();
    if flags.is_empty() {
        writeln!(out, "\nNothing found needs a flag of podsec controller.")
    } else {
        writeln!(out, "\nFlags for podsec controller:")?;
        flags.iter().try_for_each(|flag| writeln!(out, "  {}", plain(flag)))
    }
}

fn rows(findings: &Findings) -> Vec<[String; 4]> {
    let mut rows = Vec::new();
    for mode in Mode::ALL {
        rows.push(row(&format!("{mode} by default"), findings.default_of(mode), |value| policy(*value)));
    }
    rows.push(row("you", &findings.user_exempt, |exempt| exemption(*exempt).to_owned()));
    for (answer, names) in alike(&findings.namespaces) {
        // All the others are of one sort nearly always: they are counted.
        let title = match (answer.value(), names.as_slice()) {
            (Some(true), _) | (_, [_]) => names.iter().map(|name| format!("namespace {name}")).collect(),
            _ => vec![counted(names.len(), "namespace")],
        };
        rows.extend(title.iter().map(|title| row(title, answer, |exempt| exemption(*exempt).to_owned())));
    }
    for (class, answer) in &findings.runtime_classes {
        rows.push(row(&format!("runtime class {class}"), answer, |exempt| exemption(*exempt).to_owned()));
    }
    rows
}

/// The namespaces by answer, those that are exempt first.
fn alike(namespaces: &BTreeMap<String, Answer<bool>>) -> Vec<(&Answer<bool>, Vec<&str>)> {
    let mut sorts: Vec<(&Answer<bool>, Vec<&str>)> = Vec::new();
    for (name, answer) in namespaces {
        match sorts.iter_mut().find(|(sort, _)| *sort == answer) {
            Some((_, names)) => names.push(name),
            None => sorts.push((answer, vec![name])),
        }
    }
    sorts.sort_by_key(|(answer, _)| answer.value() != Some(&true));
    sorts
}

fn row<T>(title: &str, answer: &Answer<T>, shown: impl Fn(&T) -> String) -> [String; 4] {
    let sure = match answer {
        Answer::Sure { .. } => "yes",
        Answer::Likely { .. } => "likely",
        Answer::Unknown { .. } => "no",
    };
    let found = answer.value().map_or_else(|| "unknown".to_owned(), shown);
    [plain(title).into_owned(), found, sure.to_owned(), plain(&answer.reason()).into_owned()]
}

/// Versions of privileged do not differ, and are not shown by anything.
fn policy(value: LevelVersion) -> String {
    if value.level == Level::Privileged { value.level.to_string() } else { value.to_string() }
}

const fn exemption(exempt: bool) -> &'static str {
    if exempt { "exempt" } else { "not exempt" }
}

/// Writes a table; the last column is as wide as it is.
fn columns<const N: usize>(out: &mut impl Write, rows: &[[String; N]]) -> io::Result<()> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; N] = std::array::from_fn(width);
    for row in rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    api_version: &'static str,
    kind: &'static str,
    server_version: String,
    user: Option<&'a str>,
    namespace: Option<&'a str>,
    defaults: Defaults,
    exemptions: Exemptions<'a>,
    not_asked: &'a [String],
    flags: Vec<String>,
}

#[derive(Serialize)]
struct Defaults {
    enforce: Told<String>,
    audit: Told<String>,
    warn: Told<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Exemptions<'a> {
    user: Told<bool>,
    namespaces: Vec<Named<'a>>,
    runtime_classes: Vec<Named<'a>>,
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
    #[serde(flatten)]
    told: Told<bool>,
}

/// An answer; `value` is null where it is unknown.
#[derive(Serialize)]
struct Told<T> {
    value: Option<T>,
    certainty: &'static str,
    because: String,
}

impl<T> Told<T> {
    fn of<A>(answer: &Answer<A>, shown: impl Fn(&A) -> T) -> Self {
        Self { value: answer.value().map(shown), certainty: answer.certainty(), because: answer.reason() }
    }
}

fn named(answers: &BTreeMap<String, Answer<bool>>) -> Vec<Named<'_>> {
    answers.iter().map(|(name, answer)| Named { name, told: Told::of(answer, |exempt| *exempt) }).collect()
}

/// Writes the findings for programs.
pub(super) fn document(out: &mut impl Write, notation: Notation, findings: &Findings) -> io::Result<()> {
    let default_of = |mode| Told::of(findings.default_of(mode), ToString::to_string);
    let report = Report {
        api_version: API_VERSION,
        kind: KIND,
        server_version: format!("v1.{}", findings.server_minor),
        user: findings.user.as_deref(),
        namespace: findings.namespace.as_deref(),
        defaults: Defaults {
            enforce: default_of(Mode::Enforce),
            audit: default_of(Mode::Audit),
            warn: default_of(Mode::Warn),
        },
        exemptions: Exemptions {
            user: Told::of(&findings.user_exempt, |exempt| *exempt),
            namespaces: named(&findings.namespaces),
            runtime_classes: named(&findings.runtime_classes),
        },
        not_asked: &findings.not_asked,
        flags: findings.flags(),
    };
    notation.write(out, &report)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(name: &str) -> Findings {
        let exempt = |exempt| Answer::sure(exempt, "it was so");
        let policy = |text: &str| Answer::sure(text.parse().unwrap(), "it was so");
        let others = ["a", "b"].map(|other| (other.to_owned(), exempt(false)));
        let named = [(name.to_owned(), exempt(true))];
        Findings {
            server_minor: 37,
            user: Some(name.to_owned()),
            namespace: Some(name.to_owned()),
            defaults: [policy("baseline:latest"), Answer::unknown(name), policy("privileged:latest")],
            user_exempt: exempt(false).unless(name),
            namespaces: named.clone().into_iter().chain(others).collect(),
            runtime_classes: named.into(),
            not_asked: vec![name.to_owned()],
        }
    }

    fn shown(write: impl Fn(&mut Vec<u8>, &Findings) -> io::Result<()>, findings: &Findings) -> String {
        let mut out = Vec::new();
        write(&mut out, findings).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn people_read_a_table() {
        insta::assert_snapshot!(shown(table, &findings("odd")), @r"
        API server v1.37, asked as odd, in namespace odd
        Nothing was created or changed: every request was a dry run.

                            FOUND            SURE    BECAUSE
        enforce by default  baseline:latest  yes     it was so
        audit by default    unknown          no      odd
        warn by default     privileged       yes     it was so
        you                 not exempt       likely  it was so, unless odd
        namespace odd       exempt           yes     it was so
        2 namespaces        not exempt       yes     it was so
        runtime class odd   exempt           yes     it was so

        Not asked: odd

        Flags for podsec controller:
          --server-defaults=enforce=baseline:latest
          --server-exempt-runtime-classes=odd
        ");
    }

    fn json(out: &mut Vec<u8>, findings: &Findings) -> io::Result<()> {
        document(out, Notation::Json, findings)
    }

    #[test]
    fn hostile_text_steers_no_terminal() {
        let findings = findings("\u{1b}[31m\u{202e}\n");
        let lines = shown(table, &findings).lines().count();
        assert_eq!(lines, shown(table, &self::findings("odd")).lines().count());
        for text in [shown(table, &findings), shown(json, &findings)] {
            assert!(!text.contains(|c: char| c != '\n' && !crate::standards::is_printable(c)), "{text:?}");
        }
    }

    #[test]
    fn json_says_the_same() {
        let report: serde_json::Value = serde_json::from_str(&shown(json, &findings("odd"))).unwrap();
        assert_eq!(report["defaults"]["enforce"]["value"], "baseline:latest");
        assert_eq!(report["defaults"]["audit"]["value"], serde_json::Value::Null);
        assert_eq!(report["exemptions"]["namespaces"][2]["name"], "odd");
        assert_eq!(report["exemptions"]["user"]["certainty"], "likely");
        assert_eq!(report["flags"][1], "--server-exempt-runtime-classes=odd");
    }
}
