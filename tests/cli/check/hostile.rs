//! Names come from tenants, and files from anywhere: neither may steer what they are shown in.

use std::{ffi::OsString, os::unix::ffi::OsStringExt};

use super::{FORMATS, Folder, POD, json_text};
use crate::{stderr, stdout};

/// Names that try.
pub(crate) const NAMES: [&str; 15] = [
    "\u{1b}[2J\u{1b}[31mred",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]8;;http://evil.example\u{1b}\\link\u{1b}]8;;\u{1b}\\",
    "\u{9b}31m",
    "\u{202e}drawkcab\u{2066}",
    "a\n::error::injected\n::set-output name=x::y",
    "a\r\n::add-mask::secret%0A::stop-commands::x",
    "]]><evil attribute=\"x\">&amp;</evil><!--",
    "| cell | <img src=x onerror=alert(1)> ![i](http://evil.example/i.png) [l](javascript:x) `code` @someone #1 **b**",
    "{0} {{1}} [text](0) \\[",
    "\u{0}\u{b}\u{fffe}\u{feff}\u{2028}",
    "'\"\\${IFS}`id`$(id)%s%n",
    "##[error]x ##vso[task.setvariable variable=x]y ###",
    "``a` \\| ``` `@someone` &#64;someone GH-1 http://evil.example",
    "`",
];

fn manifest(name: &str) -> String {
    let name = json_text(name);
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {name}}}\nspec:\n  runtimeClassName: {name}\n  \
         containers: [{{name: {name}, securityContext: {{capabilities: {{add: [{name}]}}}}}}]\n  \
         volumes: [{{name: {name}, hostPath: {{}}}}]\n"
    )
}

/// A folder with the names in manifests, in files' names and in what cannot be read.
fn folder() -> Folder {
    let folder = Folder::new(&[]);
    for (index, name) in NAMES.iter().enumerate() {
        folder.write(&format!("{index}.yaml"), manifest(name));
        let file: String = name.chars().filter(|c| !matches!(c, '\0' | '/')).collect();
        folder.write(&format!("{index}-{file}.yaml"), manifest(name));
        let quoted = json_text(name);
        folder.write(&format!("{index}-broken.yaml"), format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {quoted}}}\nspec: {{{quoted}: 1, containers: {quoted}}}\n"));
        folder.write(
            &format!("{index}-twice.yaml"),
            format!("apiVersion: v1\nkind: Pod\nmetadata: {{{quoted}: 1, {quoted}: 2, name: a, name: b}}\n"),
        );
    }
    folder
}

#[test]
fn nothing_steers_a_terminal() {
    let folder = folder();
    for format in FORMATS {
        let output = folder.check(&["-o", format, "--warn", "baseline", "."]);
        for text in [stdout(&output), stderr(&output)] {
            let steers = text.chars().find(|c| c.is_control() && *c != '\n');
            assert_eq!(steers, None, "{format}");
            let invisible =
                text.chars().find(|c| matches!(c, '\u{202e}' | '\u{2066}' | '\u{2028}' | '\u{feff}'));
            assert_eq!(invisible, None, "{format}");
        }
    }
}

#[test]
fn workflow_commands_are_podsecs_own() {
    let output = folder().check(&["-o", "github", "."]);
    let mut commands = 0;
    for line in stdout(&output).lines() {
        if line.contains("::") {
            commands += 1;
            assert!(line.starts_with("::error file="), "{line}");
            assert!(line.matches("::").count() >= 2, "{line}");
        }
    }
    assert!(commands > 50, "{commands}");
    // A command ends its properties at the first `::` after its name.
    for line in stdout(&output).lines().filter(|line| line.starts_with("::error")) {
        let properties = line["::error ".len()..].split("::").next().unwrap();
        assert!(
            properties.split(',').all(|property| {
                ["file=", "line=", "col=", "title="].iter().any(|known| property.starts_with(known))
            }),
            "{line}"
        );
    }
}

#[test]
fn no_line_of_any_format_is_a_command_but_those_of_github() {
    let folder = folder();
    folder.write("::error ::x.yaml", POD);
    folder.write("  ::error ::y.yaml", POD);
    folder.write("##[error]z.yaml", POD);
    folder.write(
        "kinds.yaml",
        "apiVersion: apps/v1\nkind: \"::error ::x\"\n---\napiVersion: v1\nkind: \"::error ::x\"\n",
    );
    for format in FORMATS {
        let output = folder.check(&["-o", format, "."]);
        for line in stdout(&output).lines().chain(stderr(&output).lines()) {
            assert!(line.starts_with("### Pod Security: ") || !line.contains("##"), "{format}: {line}");
            let is_own = format == "github" && line.starts_with("::error file=");
            assert!(is_own || !line.trim_start().starts_with("::"), "{format}: {line}");
        }
    }
}

/// What stands outside of code in a row, or nothing where a bar within code could end a cell.
fn outside_of_code(row: &str) -> Option<String> {
    let mut outside = String::new();
    let mut rest = row;
    while let Some(begin) = rest.find('`') {
        outside.push_str(&rest[..begin]);
        let fence = rest[begin..].len() - rest[begin..].trim_start_matches('`').len();
        rest = &rest[begin + fence..];
        // Code ends at the first run of as many backticks.
        let mut at = 0;
        let end = loop {
            let next = at + rest[at..].find('`')?;
            let run = rest[next..].len() - rest[next..].trim_start_matches('`').len();
            if run == fence {
                break next;
            }
            at = next + run;
        };
        let code = &rest[..end];
        if code.match_indices('|').any(|(bar, _)| !code[..bar].ends_with('\\')) {
            return None;
        }
        rest = &rest[end + fence..];
    }
    Some(outside + rest)
}

#[test]
fn markdown_is_a_table_and_nothing_else() {
    let output = folder().check(&["-o", "markdown", "."]);
    let rows: Vec<_> = stdout(&output).lines().filter(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 50);
    for row in rows.iter().skip(2) {
        let outside = outside_of_code(row).unwrap_or_else(|| panic!("{row}"));
        assert_eq!(outside.matches('|').count(), 5, "{row}");
        assert!(!outside.contains(['<', '>', '!', '@', '[']), "{row}");
        // Also after entities are read nobody is mentioned: names are code.
        for entity in ["&#64;", "&#35;"] {
            assert!(!outside.contains(entity), "{row}");
        }
        assert!(!outside.contains("someone") && !outside.contains("evil"), "{row}");
    }
    assert_eq!(stdout(&output).lines().filter(|line| !line.starts_with('|') && !line.is_empty()).count(), 2);
}

#[test]
fn a_name_that_is_no_text_is_told_apart_and_read() {
    let folder = Folder::new(&[("\\xff\u{1b}.yaml", &manifest("b"))]);
    let name = OsString::from_vec(b"\xff\x1b.yaml".to_vec());
    std::fs::write(folder.0.path().join(name), manifest("a")).unwrap();
    let output = folder.check(&["."]);
    assert_eq!(output.status.code(), Some(1));
    for told in ["./\\\\xff\\x1b.yaml\n  Pod b/b ", "./\\xff\\x1b.yaml\n  Pod a/a "] {
        assert!(stdout(&output).contains(told), "{}", stdout(&output));
    }
    assert_eq!(
        folder.report(&["."]).workloads(),
        ["./\\\\xff\u{1b}.yaml:1 Pod/b violates", "./\\xff\u{1b}.yaml:1 Pod/a violates"]
    );
    let sarif = folder.check(&["-o", "sarif", "."]);
    for uri in ["\"%FF%1B.yaml\"", "\"%5Cxff%1B.yaml\""] {
        assert!(stdout(&sarif).contains(uri), "{}", stdout(&sarif));
    }
}
