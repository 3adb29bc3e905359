//! Which namespaces a profile selects, as CEL.

use super::text::{is_named, list, literal};
use crate::{
    api::{NamespaceSelector, Operator, Requirement},
    rollout::Profile,
};

/// Whether a profile selects the namespace of the request; [`Profile::matches`] in CEL.
pub(super) fn selects(profile: &Profile) -> String {
    let mut conditions = vec![names(profile)];
    if profile.selector().is_none() && profile.name_patterns().is_none() {
        conditions.push("false".into());
    }
    if let Some(selector) = profile.selector() {
        conditions.extend(meets_selector(selector));
    }
    conditions.retain(|condition| condition != "true");
    if conditions.is_empty() { "true".into() } else { conditions.join("\n  && ") }
}

/// Whether the name is one that the profile asks for. A protected namespace must be named in full.
fn names(profile: &Profile) -> String {
    let Some(names) = profile.name_patterns() else { return "!variables.protected".into() };
    let (literals, globs): (Vec<_>, Vec<_>) = names.iter().partition(|pattern| pattern.is_literal());
    let globs = match is_named(globs) {
        globs if globs == "false" => globs,
        globs if globs == "true" => "!variables.protected".into(),
        globs if globs.contains(" || ") => format!("!variables.protected && ({globs})"),
        globs => format!("!variables.protected && {globs}"),
    };
    let conditions = [is_named(literals), globs];
    let conditions: Vec<_> = conditions.into_iter().filter(|condition| condition != "false").collect();
    match conditions.as_slice() {
        [] => "false".into(),
        [one] => one.clone(),
        several => format!("({})", several.join(" || ")),
    }
}

fn meets_selector(selector: &NamespaceSelector) -> impl Iterator<Item = String> {
    let equal = selector.match_labels.iter().flatten().map(|(key, value)| is_one_of(key, [value]));
    equal.chain(selector.match_expressions.iter().flatten().map(meets))
}

fn meets(requirement: &Requirement) -> String {
    let Requirement { key, operator, values } = requirement;
    let values = values.iter().flatten();
    match operator {
        Operator::In => is_one_of(key, values),
        Operator::NotIn => format!("!({})", is_one_of(key, values)),
        Operator::Exists => is_there(key),
        Operator::DoesNotExist => format!("!({})", is_there(key)),
    }
}

fn is_there(key: &str) -> String {
    format!("{} in variables.labels", literal(key))
}

fn is_one_of<'a>(key: &str, values: impl IntoIterator<Item = &'a String>) -> String {
    format!("{} && variables.labels[{}] in {}", is_there(key), literal(key), list(values))
}

#[cfg(test)]
mod tests {
    use super::super::super::testing;

    fn selects(spec: &str) -> String {
        super::selects(&testing::profile("p", spec))
    }

    #[test]
    fn a_selector_and_names_must_both_match() {
        assert_eq!(selects(r#"{"namespaceSelector": {}}"#), "!variables.protected");
        assert_eq!(selects(r#"{"namespaceNames": ["*"]}"#), "!variables.protected");
        assert_eq!(selects(r#"{"namespaceNames": ["a"]}"#), "variables.name in ['a']");
        assert_eq!(
            selects(
                r#"{"namespaceNames": ["a", "b-*"], "namespaceSelector": {"matchLabels": {"x/y": "1"},
                "matchExpressions": [{"key": "k", "operator": "NotIn", "values": ["u", "v"]},
                {"key": "l", "operator": "Exists"}, {"key": "m", "operator": "DoesNotExist"}]}}"#
            ),
            "(variables.name in ['a'] || !variables.protected && variables.name.startsWith('b-'))
  && 'x/y' in variables.labels && variables.labels['x/y'] in ['1']
  && !('k' in variables.labels && variables.labels['k'] in ['u', 'v'])
  && 'l' in variables.labels
  && !('m' in variables.labels)"
        );
    }

    #[test]
    fn what_selects_nothing_is_false() {
        assert_eq!(selects("{}"), "!variables.protected\n  && false");
        assert_eq!(selects(r#"{"namespaceNames": ["?"]}"#), "false");
    }
}
