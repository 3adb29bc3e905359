//! What a new namespace is labelled with, as CEL: what the plan for it would write, had it been created without.

use jiff::Timestamp;

use super::{
    Variable,
    selection::selects,
    text::{is_meant, is_named, lines, list, literal},
};
use crate::{
    api::ConflictPolicy,
    rollout::{Manager, Profile, Profiles, Settings, resolution::by_rank},
    standards::{Level, Mode},
};

/// The largest version there is, as the rank of `latest`: one more than any `v1.N`.
const LATEST: &str = "uint('18446744073709551615')";

/// How a new namespace is labelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelling {
    /// The variables that the labels are told by.
    pub variables: Vec<Variable>,
    /// For each mode that a profile sets: whether it is to be written, and what.
    pub modes: Vec<ModeLabels>,
    /// The profiles that it is made of, by name.
    pub profiles: Vec<String>,
    /// When the first exemption ends that it goes by.
    pub until: Option<Timestamp>,
}

/// The labels of one mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModeLabels {
    /// The mode.
    pub mode: Mode,
    /// Whether it is to be written.
    pub is_written: String,
    /// The level.
    pub level: String,
    /// The version.
    pub version: String,
}

/// How a new namespace is labelled by these profiles, or nothing where none of them writes.
///
/// It is [`plan`](crate::rollout::plan) for a namespace that was never seen before and runs nothing: the gate is open,
/// there is no ledger, and whoever created the namespace owns what labels it came with. A batch and a halted rollout
/// hold back what could break something, and here nothing can.
pub fn labelling(profiles: &Profiles, settings: &Settings, now: Timestamp) -> Option<Labelling> {
    let active: Vec<_> = profiles.iter().filter(|profile| profile.is_active()).enumerate().collect();
    if active.is_empty() {
        return None;
    }
    let mut variables = about_the_namespace(settings);
    let mut until = None;
    for (index, profile) in &active {
        let about = format!("whether {} selects it", profile.name);
        variables.push(Variable::new(selecting(*index), about, selects(profile)));
        if let Some((variable, expires)) = enforced(*index, profile, now) {
            variables.push(variable);
            until = [until, expires].into_iter().flatten().min();
        }
    }
    let mut modes = Vec::new();
    for mode in Mode::ALL {
        let mut setting: Vec<_> =
            active.iter().copied().filter(|(_, profile)| profile.asks(mode).is_some()).collect();
        setting.sort_by(|(_, a), (_, b)| by_rank(mode, a, b));
        if setting.is_empty() {
            continue;
        }
        variables.extend(of_mode(mode, &setting, settings, now));
        modes.push(ModeLabels {
            mode,
            is_written: format!("variables.{mode}_is_written"),
            level: format!("variables.{mode}.level"),
            version: format!("variables.{mode}.version"),
        });
    }
    let profiles = active.iter().map(|(_, profile)| profile.name.clone()).collect();
    Some(Labelling { variables, modes, profiles, until })
}

/// The name of the variable that says whether a profile selects the namespace.
fn selecting(index: usize) -> String {
    format!("selects_{}", index + 1)
}

fn about_the_namespace(settings: &Settings) -> Vec<Variable> {
    let keys = Mode::ALL.into_iter().flat_map(|mode| [mode.keys().level, mode.keys().version]);
    let podsec = list([Manager::Podsec, Manager::Retained].map(Manager::as_str));
    let reconcilers = list(&settings.reconcilers);
    let owned = |condition: &str| {
        format!(
            "variables.keys.filter(k, variables.managers.exists(m,\n  {condition}\
             m.?fieldsV1[?'f:metadata'][?'f:labels'][?('f:' + k)].hasValue()))"
        )
    };
    let manager = "m.?manager.orValue('')";
    vec![
        Variable::new(
            "name",
            "the name; where the API server is still to complete it, no more than it begins with is known",
            "object.metadata.?name.orValue('') != ''\n  ? object.metadata.name\n  : \
             object.metadata.?generateName.orValue('') + '_____'",
        ),
        Variable::new("labels", "the labels", "object.metadata.?labels.orValue({})"),
        Variable::new(
            "protected",
            "whether only a profile that names it in full may govern it",
            is_named(&settings.protected),
        ),
        Variable::new(
            "keys",
            "the labels of Pod Security",
            format!("[\n{}]", lines(&keys.map(literal).collect::<Vec<_>>())),
        ),
        Variable::new(
            "managers",
            "who set what: whoever creates it, most of all",
            "object.metadata.?managedFields.orValue([])",
        ),
        Variable::new("owned", "those of the labels that somebody is on record for", owned("")),
        Variable::new(
            "foreign",
            "those that somebody else than podsec is on record for",
            owned(&format!("!({manager} in {podsec}) && ")),
        ),
        Variable::new(
            "reconciled",
            "those that somebody set who sets them again and again",
            owned(&format!("{manager} in {reconcilers} && ")),
        ),
        Variable::new(
            "levels",
            "the levels, the strictest last",
            list(Level::ALL.iter().map(|level| level.as_str())),
        ),
    ]
}

/// The level that a profile with exemptions enforces.
fn enforced(index: usize, profile: &Profile, now: Timestamp) -> Option<(Variable, Option<Timestamp>)> {
    let asked = profile.asks(Mode::Enforce)?;
    let exemptions: Vec<_> = profile.lasting_exemptions(now).collect();
    let expires = exemptions.iter().filter_map(|exemption| exemption.expires).min();
    let item = |exemption: &&crate::rollout::profile::CompiledExemption| {
        format!("{} ? {} : ''", is_meant(&exemption.pattern), literal(exemption.level.as_str()))
    };
    let items: Vec<_> = exemptions.iter().map(item).chain([literal(asked.level.as_str())]).collect();
    let about = format!("what {} enforces there: the first exemption counts", profile.name);
    let expression = format!("[\n{}].filter(l, l != '')[0]", lines(&items));
    (!exemptions.is_empty())
        .then(|| (Variable::new(format!("level_{}", index + 1), about, expression), expires))
}

fn of_mode(mode: Mode, setting: &[(usize, &Profile)], settings: &Settings, now: Timestamp) -> [Variable; 5] {
    let keys = mode.keys();
    let (level, version) = (literal(keys.level), literal(keys.version));
    let default = settings.server_defaults.get(mode);
    let records: Vec<_> = setting.iter().map(|(index, profile)| record(mode, *index, profile, now)).collect();
    [
        Variable::new(
            mode.as_str(),
            format!("what the profile sets {mode} to that governs it, which is the first that selects it"),
            format!("([\n{}].filter(p, p != {{}}) + [{{}}])[0]", lines(&records)),
        ),
        Variable::new(
            format!("{mode}_now"),
            format!("what {mode} is, over what the API server defaults to"),
            format!(
                "{{\n  'level': variables.labels[?{level}].orValue({}),\n  \
                 'version': variables.labels[?{version}].orValue({}),\n}}",
                literal(default.level.as_str()),
                literal(&default.version.to_string())
            ),
        ),
        Variable::new(
            format!("{mode}_is_readable"),
            "whether the API server can read that; otherwise it refuses the namespace",
            format!(
                "variables.{mode}_now.level in variables.levels\n  && (variables.{mode}_now.version == 'latest'\n    \
                 || variables.{mode}_now.version.matches('^v1[.](0|[1-9][0-9]{{0,18}})$')\n      \
                 && (size(variables.{mode}_now.version) < 22 || variables.{mode}_now.version <= 'v1.{}'))",
                i64::MAX
            ),
        ),
        Variable::new(
            format!("{mode}_would_be"),
            format!("how {mode} compares with that, as the profile sets it"),
            compared(mode),
        ),
        Variable::new(
            format!("{mode}_is_written"),
            format!("whether {mode} is set, by what the profile says of the labels of others"),
            is_written(mode, &level, &version, settings),
        ),
    ]
}

/// What a profile sets a mode to, where it selects the namespace.
fn record(mode: Mode, index: usize, profile: &Profile, now: Timestamp) -> String {
    let Some(asked) = profile.asks(mode) else { return "{}".into() };
    let is_exempting = mode == Mode::Enforce && profile.lasting_exemptions(now).next().is_some();
    let level =
        if is_exempting { format!("variables.level_{}", index + 1) } else { literal(asked.level.as_str()) };
    let conflicts = match profile.conflict_policy {
        ConflictPolicy::KeepStricter => "KeepStricter",
        ConflictPolicy::Force => "Force",
        ConflictPolicy::Yield => "Yield",
    };
    let weakens = if profile.allow_weakening { "yes" } else { "no" };
    format!(
        "variables.{} ? {{'profile': {}, 'level': {level}, 'version': {}, 'conflicts': '{conflicts}', \
         'weakens': '{weakens}'}} : {{}}",
        selecting(index),
        literal(&profile.name),
        literal(&asked.version.to_string()),
    )
}

/// [`LevelVersion::compared_to`](crate::standards::LevelVersion::compared_to) in CEL.
fn compared(mode: Mode) -> String {
    let (wanted, now) = (format!("variables.{mode}"), format!("variables.{mode}_now"));
    format!(
        "{wanted}.level != {now}.level\n  ? (variables.levels.indexOf({wanted}.level) > \
         variables.levels.indexOf({now}.level) ? 'stricter' : 'weaker')\n  : {wanted}.level == 'privileged' || \
         {wanted}.version == {now}.version ? 'same'\n  : [[{wanted}.version, {now}.version].map(v, v == 'latest' \
         ? {LATEST} : uint(v.substring(3)))]\n    .map(v, v[0] > v[1] ? 'stricter' : 'weaker')[0]"
    )
}

/// What [`decide`](crate::rollout::decision::decide) says of a namespace that podsec never had anything of.
fn is_written(mode: Mode, level: &str, version: &str, settings: &Settings) -> String {
    let (wanted, compared) = (format!("variables.{mode}"), format!("variables.{mode}_would_be"));
    let is_foreign = format!(
        "{level} in variables.foreign && {compared} != 'same'\n      || {version} in variables.foreign && \
         {wanted}.version != {wanted_now}.version",
        wanted_now = format_args!("variables.{mode}_now"),
    );
    let forced = if settings.never_weaken {
        format!("{wanted}.conflicts == 'Force' && {compared} != 'weaker'")
    } else {
        format!("{wanted}.conflicts == 'Force'")
    };
    let is_reconciled = format!("({level} in variables.reconciled || {version} in variables.reconciled)");
    let free = match mode {
        _ if settings.never_weaken => format!("{compared} != 'weaker'"),
        Mode::Audit | Mode::Warn => "true".to_owned(),
        Mode::Enforce => format!(
            "{compared} != 'weaker' || {wanted}.weakens == 'yes'\n        && !({level} in variables.labels && \
             !({level} in variables.owned))"
        ),
    };
    format!(
        "{wanted} != {{}} && variables.{mode}_is_readable\n  && ({is_foreign}\n    ? ({forced}\n        || \
         {wanted}.conflicts == 'KeepStricter'\n          && ({compared} == 'same' || {compared} == 'stricter' && \
         !{is_reconciled}))\n    : ({free}))"
    )
}

#[cfg(test)]
mod tests {
    use super::{super::super::testing, *};

    #[test]
    fn profiles_that_do_not_write_label_nothing() {
        let profiles = testing::profiles(&[
            ("a", r#"{"namespaceSelector": {}, "enforce": {"level": "baseline"}, "suspend": true}"#),
            (
                "b",
                r#"{"namespaceSelector": {}, "enforce": {"level": "baseline"}, "rollout": {"strategy": "DryRun"}}"#,
            ),
        ]);
        assert_eq!(labelling(&profiles, &Settings::default(), testing::now()), None);
    }

    #[test]
    fn the_first_by_rank_stands_first() {
        let profiles = testing::profiles(&[
            ("a", r#"{"namespaceSelector": {}, "warn": {"level": "restricted"}}"#),
            ("b", r#"{"namespaceSelector": {}, "priority": 1, "warn": {"level": "baseline"}}"#),
        ]);
        let labelling = labelling(&profiles, &Settings::default(), testing::now()).unwrap();
        assert_eq!(labelling.modes.iter().map(|labels| labels.mode).collect::<Vec<_>>(), [Mode::Warn]);
        let warn = labelling.variables.iter().find(|variable| variable.name == "warn").unwrap();
        let order: Vec<_> = warn.expression.split("'profile': '").skip(1).map(|rest| &rest[..1]).collect();
        assert_eq!(order, ["b", "a"]);
    }
}
