//! Names come from tenants, and files from anywhere: neither may steer what they are shown in.

use std::{ffi::OsString, os::unix::ffi::OsStringExt};

use super::{FORMATS, Folder, json_text};
use crate::{stderr, stdout};

/// Names that try.
pub(crate) const NAMES: [&str; 12] = [
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
            assert!(format == "yaml" || !text.contains('\u{202e}'), "{format}");
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
fn markdown_is_a_table_and_nothing_else() {
    let output = folder().check(&["-o", "markdown", "."]);
    let rows: Vec<_> = stdout(&output).lines().filter(|line| line.starts_with('|')).collect();
    assert!(rows.len() > 50);
    for row in rows.iter().skip(2) {
        let outside: String = row.split('`').step_by(2).collect();
        assert_eq!(outside.matches('|').count(), 5, "{row}");
        assert!(!outside.contains(['<', '>', '!', '@', '[']), "{row}");
    }
    assert_eq!(stdout(&output).lines().filter(|line| !line.starts_with('|') && !line.is_empty()).count(), 2);
}

#[test]
fn a_name_that_is_no_text_is_no_name() {
    let folder = Folder::new(&[]);
    let name = OsString::from_vec(b"\xff\x1b.yaml".to_vec());
    std::fs::write(folder.0.path().join(name), manifest("a")).unwrap();
    let output = folder.check(&["."]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("\u{fffd}\\x1b.yaml"), "{}", stdout(&output));
}
