//! A `CheckReport` as YAML: what JSON says, in its words.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use serde::Serialize;

use super::{
    Writer,
    json::{API_VERSION, Failed, KIND, Policy, Result, escaped},
};
use crate::cli::check::{
    file_name::FileName,
    report::{Failure, Modes, Summary, Workload},
};

/// Writes the report.
#[derive(Debug, Default)]
pub(super) struct Yaml {
    has_results: bool,
    failed: Vec<Failed>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    api_version: &'static str,
    kind: &'static str,
    policy: Policy,
}

#[derive(Serialize)]
struct One<'a> {
    results: [Result<'a>; 1],
}

#[derive(Serialize)]
struct Foot<'a> {
    failures: &'a [Failed],
    summary: &'a Summary,
}

/// An object as YAML. It is JSON, laid out by lines and indents in place of brackets, and without the quotes that are not
/// needed: so nothing is in doubt about what a string says, and nothing invisible stands in one.
pub(in crate::cli) fn yaml(object: &impl Serialize) -> io::Result<String> {
    let json = serde_json::to_string_pretty(object)?;
    let json = escaped(&json, |text, c| {
        let code = u32::from(c);
        // Writing to a string cannot fail.
        _ = if code < 0x1_0000 { write!(text, "\\u{code:04x}") } else { write!(text, "\\U{code:08x}") };
    });
    let mut text = String::with_capacity(json.len());
    // The dashes of the list items that begin in the next line.
    let mut dashes = String::new();
    for line in json.lines().skip(1) {
        let content = line.trim_start();
        // The outermost object has no indent.
        let indent = (line.len() - content.len()).saturating_sub(2 + dashes.len());
        let content = content.strip_suffix(',').unwrap_or(content);
        match content {
            "}" | "]" => continue,
            "{" | "[" => {
                dashes.push_str("- ");
                continue;
            }
            _ => {}
        }
        let shown = match content.strip_prefix('"').and_then(|rest| rest.split_once("\": ")) {
            Some((key, "{" | "[")) => format!("{key}:"),
            Some((key, value)) => format!("{key}: {}", scalar(value)),
            None => format!("- {}", scalar(content)),
        };
        _ = writeln!(text, "{:indent$}{dashes}{shown}", "");
        dashes.clear();
    }
    Ok(text)
}

/// A scalar of JSON, without quotes where all readers of YAML take it for a string without them.
fn scalar(json: &str) -> &str {
    const WORDS: [&str; 9] = ["true", "false", "yes", "no", "on", "off", "y", "n", "null"];
    let Some(text) = json.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else { return json };
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte))
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is_plain { text } else { json }
}

impl Writer for Yaml {
    fn begin(&mut self, out: &mut dyn Write, modes: Modes) -> io::Result<()> {
        let head = Head { api_version: API_VERSION, kind: KIND, policy: modes.into() };
        write!(out, "{}results:", yaml(&head)?)
    }

    fn workload(&mut self, out: &mut dyn Write, file: &FileName, workload: &Workload) -> io::Result<()> {
        let end = if std::mem::replace(&mut self.has_results, true) { "" } else { "\n" };
        let one = yaml(&One { results: [Result::new(file, workload)] })?;
        write!(out, "{end}{}", one.strip_prefix("results:\n").unwrap_or(&one))
    }

    fn failure(&mut self, _: &mut dyn Write, file: &FileName, failure: &Failure) -> io::Result<()> {
        self.failed.push(Failed::new(file, failure));
        Ok(())
    }

    fn end(&mut self, out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
        let end = if self.has_results { "" } else { " []\n" };
        write!(out, "{end}{}", yaml(&Foot { failures: &self.failed, summary })?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn lists_and_objects_are_laid_out_by_indent() {
        let object = json!({
            "a": [{"b": 1, "c": ["x", "y z"]}, [[true], 2.5], {}, []],
            "d": {"e": {"f": null, "g": "no"}, "h": ""},
            "i": "#: \u{202e}\u{e0001} ##[",
        });
        let text = yaml(&object).unwrap();
        let expected = "\
a:
  - b: 1
    c:
      - x
      - \"y z\"
  - - - true
    - 2.5
  - {}
  - []
d:
  e:
    f: null
    g: \"no\"
  h: \"\"
i: \"#: \\u202e\\U000e0001 #\\u0023[\"
";
        assert_eq!(text, expected);
        assert_eq!(serde_saphyr::from_str::<Value>(&text).unwrap(), object);
    }

    proptest! {
        #[test]
        fn it_says_what_json_says(one in any::<String>(), other in "[a-zA-Z0-9._/#: -]{0,6}", list in prop::collection::vec(any::<String>(), 0..4)) {
            let object = json!({"one": one, "list": list, "nested": [{"other": other}]});
            let text = yaml(&object).unwrap();
            prop_assert_eq!(serde_saphyr::from_str::<Value>(&text).unwrap(), object);
        }
    }
}
