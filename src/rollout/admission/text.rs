//! Texts and lists in CEL.

use std::fmt::Write as _;

use crate::rollout::NamePattern;

/// A string as CEL has it. Whatever is in it, it ends where it should and stays on its line.
pub fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push('\'');
    for c in text.chars() {
        match c {
            '\'' | '\\' => literal.extend(['\\', c]),
            ' '..='~' => literal.push(c),
            // Writing to a string cannot fail.
            _ => _ = write!(literal, "\\U{:08x}", u32::from(c)),
        }
    }
    literal.push('\'');
    literal
}

/// A list of strings.
pub fn list<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    let literals: Vec<_> = texts.into_iter().map(|text| literal(text.as_ref())).collect();
    format!("[{}]", literals.join(", "))
}

/// Items of a list, each on its line.
pub(super) fn lines(items: &[String]) -> String {
    items.iter().flat_map(|item| ["  ", item, ",\n"]).collect()
}

/// Whether the name that `variables.name` has is among these; `false` where there are none.
pub(super) fn is_named<'a>(patterns: impl IntoIterator<Item = &'a NamePattern>) -> String {
    let (mut names, mut prefixes, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for pattern in patterns {
        match form(pattern) {
            Form::Nothing => {}
            Form::Name(name) => names.push(name),
            Form::Prefix(prefix) => prefixes.push(prefix),
            Form::Other(condition) => others.push(condition),
        }
    }
    let mut conditions = Vec::new();
    if !names.is_empty() {
        conditions.push(format!("variables.name in {}", list(names)));
    }
    match prefixes.as_slice() {
        [] => {}
        [prefix] => conditions.push(starts_with(prefix)),
        prefixes => {
            conditions.push(format!("{}.exists(p, variables.name.startsWith(p))", list(prefixes)));
        }
    }
    conditions.extend(others);
    if conditions.is_empty() { "false".into() } else { conditions.join(" || ") }
}

/// Whether the name that `variables.name` has is meant by one pattern.
pub(super) fn is_meant(pattern: &NamePattern) -> String {
    match form(pattern) {
        Form::Nothing => "false".into(),
        Form::Name(name) => format!("variables.name == {}", literal(name)),
        Form::Prefix(prefix) => starts_with(prefix),
        Form::Other(condition) => condition,
    }
}

fn starts_with(prefix: &str) -> String {
    format!("variables.name.startsWith({})", literal(prefix))
}

/// How a pattern is asked for.
enum Form<'a> {
    /// It matches nothing.
    Nothing,
    Name(&'a str),
    Prefix(&'a str),
    Other(String),
}

fn form(pattern: &NamePattern) -> Form<'_> {
    let text = pattern.as_str();
    if !pattern.is_valid() {
        return Form::Nothing;
    }
    if pattern.is_literal() {
        return Form::Name(text);
    }
    if text.bytes().all(|byte| byte == b'*') {
        return Form::Other("true".into());
    }
    if let Some(prefix) = text.strip_suffix('*').filter(|prefix| !prefix.contains('*')) {
        return Form::Prefix(prefix);
    }
    // What is left are lower-case letters, digits and `-`, which mean nothing else to a regular expression.
    Form::Other(format!("variables.name.matches({})", literal(&format!("^{}$", text.replace('*', ".*")))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named(patterns: &[&str]) -> String {
        let patterns: Vec<_> = patterns.iter().map(|pattern| NamePattern::new(pattern)).collect();
        is_named(&patterns)
    }

    #[test]
    fn names_and_globs() {
        assert_eq!(named(&[]), "false");
        assert_eq!(named(&["a", "b"]), "variables.name in ['a', 'b']");
        assert_eq!(named(&["team-*"]), "variables.name.startsWith('team-')");
        assert_eq!(
            named(&["a", "b-*", "c-*", "*-d", "*"]),
            "variables.name in ['a'] || ['b-', 'c-'].exists(p, variables.name.startsWith(p)) \
             || variables.name.matches('^.*-d$') || true"
        );
        assert_eq!(named(&["te?m", "[a]*", ""]), "false", "what is no pattern matches nothing");
    }

    #[test]
    fn what_could_end_a_literal_does_not() {
        assert_eq!(literal("a'b\\\n\u{202e}"), r"'a\'b\\\U0000000a\U0000202e'");
    }

    proptest! {
        #[test]
        fn a_literal_is_plain_text_on_one_line(text: String) {
            let literal = literal(&text);
            prop_assert!(literal.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            let inside = &literal[1..literal.len() - 1];
            let bare = inside.replace("\\\\", "").replace("\\'", "");
            prop_assert!(!bare.contains('\''), "{literal}");
        }
    }
}
