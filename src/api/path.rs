//! Paths to the fields of a profile, as rules name their places and as violations name what they found.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use serde_json::Value;

/// One step down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step<'a> {
    /// To a named field.
    Field(&'a str),
    /// To each item of a list or each value of a map.
    Each,
}

/// The steps of a place such as `spec.exemptions[].reason`.
pub(super) fn steps(place: &str) -> Vec<Step<'_>> {
    let each = |part: &str| part.ends_with("[]").then_some(Step::Each);
    place
        .split('.')
        .flat_map(|part| [Some(Step::Field(part.trim_end_matches("[]"))), each(part)])
        .flatten()
        .collect()
}

/// The schema at a place.
pub(super) fn schema_at<'a>(root: &'a mut JSONSchemaProps, place: &str) -> Option<&'a mut JSONSchemaProps> {
    steps(place).into_iter().try_fold(root, |schema, step| match step {
        Step::Field(name) => schema.properties.as_mut()?.get_mut(name),
        Step::Each => match (&mut schema.items, &mut schema.additional_properties) {
            (Some(JSONSchemaPropsOrArray::Schema(items)), _) => Some(items.as_mut()),
            (_, Some(JSONSchemaPropsOrBool::Schema(values))) => Some(values.as_mut()),
            _ => None,
        },
    })
}

/// Calls `see` with the path and the value of everything that stands at a place.
pub(super) fn visit(value: &Value, steps: &[Step<'_>], at: &str, see: &mut impl FnMut(&str, &Value)) {
    match (steps, value) {
        ([], _) => see(at, value),
        ([Step::Field(name), rest @ ..], Value::Object(object)) => {
            if let Some(value) = object.get(*name) {
                visit(value, rest, &field(at, name), see);
            }
        }
        ([Step::Each, rest @ ..], Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                visit(item, rest, &format!("{at}[{index}]"), see);
            }
        }
        ([Step::Each, rest @ ..], Value::Object(values)) => {
            for (key, item) in values {
                visit(item, rest, &entry(at, key), see);
            }
        }
        _ => {}
    }
}

/// The path of a field of an object. A name that is none (it comes from the user) is quoted.
pub(super) fn field(at: &str, name: &str) -> String {
    let plain = (1..=63).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    match (at, plain) {
        ("", true) => name.to_owned(),
        (_, true) => format!("{at}.{name}"),
        (_, false) => format!("{at}[{}]", quoted(name)),
    }
}

/// The path of a value of a map.
pub(super) fn entry(at: &str, key: &str) -> String {
    let plain = (1..=317).contains(&key.len())
        && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
    if plain { format!("{at}[{key}]") } else { format!("{at}[{}]", quoted(key)) }
}

/// A user's text, fit for a line of a message: quoted, escaped and shortened.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN: usize = 64;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_name_fields_and_items() {
        let at = steps("spec.exemptions[].reason");
        assert_eq!(at, [Step::Field("spec"), Step::Field("exemptions"), Step::Each, Step::Field("reason")]);
    }

    #[test]
    fn a_users_text_stays_on_one_line() {
        assert_eq!(field("spec", "enforc"), "spec.enforc");
        assert_eq!(field("spec", "a\nb\u{1b}[31m"), r#"spec["a\nb\u{1b}[31m"]"#);
        assert_eq!(entry("m", "example.com/tier"), "m[example.com/tier]");
        assert_eq!(entry("m", "\u{202e}x"), r#"m["\u{202e}x"]"#);
        assert_eq!(quoted(&"é".repeat(65)), format!("\"{}\"…", "é".repeat(64)));
    }
}
