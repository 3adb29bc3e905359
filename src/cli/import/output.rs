//! Profiles with where each line came from, and the account as a table or as JSON.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use serde::Serialize;

use crate::{
    api::{ClusterPodSecurityProfile, ProfileSpec},
    cli::output::{Cell, Columns, Notation, Screen, plain},
    migration::{
        Entry, Fate,
        admission_configuration::{Draft, Imported},
    },
    standards::Mode,
};

const BAD: Style = AnsiColor::Red.on_default().bold();
const DOUBTFUL: Style = AnsiColor::Yellow.on_default();

/// How profiles and account are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// The profiles as YAML, with the account in comments.
    Profiles,
    /// The account, for people.
    Table,
    /// Both, for programs.
    Json,
    /// The same as YAML.
    Yaml,
}

/// Both in one document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    api_version: &'static str,
    kind: &'static str,
    source: &'a str,
    profiles: Vec<ClusterPodSecurityProfile>,
    controller_flags: &'a [String],
    entries: &'a [Entry],
}

pub(super) fn write(
    out: &mut dyn Write,
    format: Format,
    source: &str,
    imported: &Imported,
    screen: Screen,
) -> io::Result<()> {
    let document = || Document {
        api_version: "podsec.dev/v1alpha1",
        kind: "ImportReport",
        source,
        profiles: imported
            .drafts
            .iter()
            .map(|draft| ClusterPodSecurityProfile::new(&draft.name, draft.spec.clone()))
            .collect(),
        controller_flags: &imported.flags,
        entries: &imported.entries,
    };
    match format {
        Format::Profiles => profiles(out, source, imported),
        Format::Table => table(out, imported, screen),
        Format::Json => Notation::Json.write(out, &document()),
        Format::Yaml => Notation::Yaml.write(out, &document()),
    }
}

fn table(out: &mut dyn Write, imported: &Imported, screen: Screen) -> io::Result<()> {
    let mut columns = Columns::new(["FIELD", "VALUE", "", "WHERE IT WENT"]);
    for Entry { field, value, fate, told } in &imported.entries {
        let style = match fate {
            Fate::Carried => Style::new(),
            Fate::Otherwise => DOUBTFUL,
            Fate::NotPossible => BAD,
        };
        columns.row([
            Cell::new(field),
            Cell::new(value),
            Cell::new(fate.as_str()).styled(style),
            Cell::new(told),
        ]);
    }
    columns.write(out, screen.is_coloured)?;
    if imported.flags.is_empty() {
        return Ok(());
    }
    let flags = plain(&imported.flags.join(" ")).into_owned();
    writeln!(out, "\nfor the controller, as long as the API server has this: {flags}")
}

/// Whether a line of a profile has the field beside it.
fn has_a_line(imported: &Imported, field: &str) -> bool {
    let of_mode = |spec: &ProfileSpec| {
        Mode::ALL.into_iter().any(|mode| spec.mode(mode).is_some() && field == format!("defaults.{mode}"))
    };
    imported
        .drafts
        .iter()
        .any(|draft| of_mode(&draft.spec) || draft.origins.iter().any(|origin| origin.to_string() == field))
}

fn profiles(out: &mut dyn Write, source: &str, imported: &Imported) -> io::Result<()> {
    writeln!(
        out,
        "# The API server's Pod Security configuration in {}, as profiles. Nothing was changed.\n\
         # podsec plan -f FILE shows what they would do, kubectl apply -f FILE does it.",
        plain(source)
    )?;
    for flag in &imported.flags {
        writeln!(out, "# As long as the API server has it, tell the controller: {}", plain(flag))?;
    }
    for fate in [Fate::NotPossible, Fate::Otherwise, Fate::Carried] {
        let entries = imported.entries.iter().filter(|entry| entry.fate == fate);
        for entry in entries.filter(|entry| fate != Fate::Carried || !has_a_line(imported, &entry.field)) {
            let Entry { field, value, told, .. } = entry;
            writeln!(out, "# {}: {field} {}: {}", fate.as_str(), plain(&format!("{value:?}")), plain(told))?;
        }
    }
    if imported.drafts.is_empty() {
        writeln!(out, "# No profile is needed: by default nothing is asked for.")?;
    }
    imported.drafts.iter().try_for_each(|draft| profile(out, draft))
}

fn profile(out: &mut dyn Write, Draft { name, spec, origins }: &Draft) -> io::Result<()> {
    writeln!(
        out,
        "---\napiVersion: podsec.dev/v1alpha1\nkind: ClusterPodSecurityProfile\nmetadata:\n  name: {name}\nspec:"
    )?;
    if let Some(priority) = spec.priority {
        writeln!(out, "  # Other profiles go before a default.\n  priority: {priority}")?;
    }
    if spec.namespace_selector.is_some() {
        writeln!(out, "  # Every namespace that is not protected.\n  namespaceSelector: {{}}")?;
    }
    if let Some(names) = &spec.namespace_names {
        writeln!(out, "  namespaceNames:")?;
        for (name, origin) in names.iter().zip(origins) {
            // A name such as `1e3` or `null` is none without quotes.
            writeln!(out, "  - \"{name}\" # {origin}")?;
        }
    }
    if spec.conflict_policy.is_some() {
        writeln!(
            out,
            "  # A label that somebody else has set goes before a default, as with the API server. Without this line, what is\n  \
             # weaker is raised.\n  conflictPolicy: Yield"
        )?;
    }
    modes(out, spec)?;
    let Some(exemptions) = &spec.exemptions else { return Ok(()) };
    if spec.audit.is_some() || spec.warn.is_some() {
        writeln!(out, "  # audit and warn go on in these, which refuses nothing.")?;
    }
    writeln!(out, "  exemptions:")?;
    for (exemption, origin) in exemptions.iter().zip(origins) {
        let reason = serde_json::to_string(&plain(&exemption.reason))?;
        writeln!(out, "  - name: \"{}\" # {origin}\n    reason: {reason}", exemption.name)?;
    }
    Ok(())
}

fn modes(out: &mut dyn Write, spec: &ProfileSpec) -> io::Result<()> {
    for mode in Mode::ALL {
        let Some(policy) = spec.mode(mode) else { continue };
        writeln!(out, "  {mode}:\n    level: {} # defaults.{mode}", policy.level)?;
        if let Some(version) = policy.version {
            writeln!(out, "    version: {version} # defaults.{mode}-version")?;
        }
    }
    Ok(())
}
