//! What `docs/getting-started.md` shows, from its first command to its last.

use std::process::{Command, Stdio};

use podsec_control_plane::{Binaries, Program};
use tempfile::TempDir;

use crate::stage::path;

/// The commands of the page with what it shows of each; a command goes on in the next line after a backslash.
fn shown(page: &str) -> Vec<(String, String)> {
    let mut shown: Vec<(String, String)> = Vec::new();
    for block in page.split("\n```console\n").skip(1).map(|rest| rest.split("\n```").next().unwrap()) {
        let mut lines = block.lines().peekable();
        while let Some(line) = lines.next() {
            // What is shown without a prompt is for other ways of installing, which have their own tests.
            let Some(command) = line.strip_prefix("$ ") else { continue };
            let mut command = command.to_owned();
            while command.ends_with('\\') {
                command.truncate(command.len() - 1);
                command.push_str(lines.next().unwrap().trim_start());
            }
            let mut printed = Vec::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with("$ ")) {
                printed.push(line);
            }
            shown.push((command, printed.join("\n")));
        }
    }
    shown
}

/// The same words on any day and any cluster: no ages, times, random names, nor the width of columns.
fn settled(text: &str) -> String {
    let is_age = |word: &str| {
        let digits = word.trim_end_matches(['s', 'm']).replace('m', "");
        word.ends_with(['s', 'm']) && !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
    };
    let word = |word: &str| {
        let bare = word.trim_end_matches([',', ';', '.', ')']);
        if bare.parse::<jiff::Timestamp>().is_ok() {
            word.replace(bare, "TIME")
        } else if is_age(word) {
            "AGE".to_owned()
        } else {
            word.to_owned()
        }
    };
    let line = |line: &str| line.split_whitespace().map(word).collect::<Vec<_>>().join(" ");
    let seconds = |line: String| match line.split_once("read in ") {
        Some((before, _)) => format!("{before}read in TIME"),
        None => line,
    };
    text.trim().lines().map(line).map(seconds).collect::<Vec<_>>().join("\n")
}

/// The control plane that the page starts, ended also where it was not followed to its end.
struct ClusterOfThePage(TempDir);

impl ClusterOfThePage {
    /// A shell in the repository, as somebody has it who has just cloned it, but for where the cluster is kept.
    fn shell(&self, script: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]).current_dir(path("")).stdin(Stdio::null());
        // What cargo and make tell the programs that they run is not for a cargo and a make of one's own.
        for (key, _) in std::env::vars_os() {
            let name = key.to_string_lossy();
            let is_theirs =
                name.starts_with("CARGO_") && !["CARGO_HOME", "CARGO_TARGET_DIR"].contains(&&*name);
            if is_theirs || ["CARGO", "MAKEFLAGS", "MAKELEVEL", "MFLAGS", "RUST_LOG"].contains(&&*name) {
                shell.env_remove(&key);
            }
        }
        shell.env_remove("KUBECONFIG").env("KUBECACHEDIR", self.0.path().join("cache")).env("KUBERC", "off");
        shell.env("CLUSTER", self.0.path().join("cluster")).env("NO_COLOR", "1");
        // Another podsec may have the port by default.
        shell.env("PODSEC_LISTEN", "127.0.0.1:0");
        shell
    }

    /// Runs the commands one after the other in one shell, as somebody does who follows the page; gives what each prints.
    fn run(&self, commands: &[&str]) -> Vec<String> {
        const MARK: &str = "--- the next command ---";
        // What runs in the background ends with the shell.
        let mut script = String::from("exec 2>&1\ntrap 'kill $! 2>/dev/null' EXIT\n");
        for command in commands {
            script.push_str(command);
            script.push_str("\necho '");
            script.push_str(MARK);
            script.push_str("'\n");
        }
        let output = self.shell(&script).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let mut printed: Vec<_> = printed.split(MARK).map(ToOwned::to_owned).collect();
        printed.pop();
        printed
    }
}

impl Drop for ClusterOfThePage {
    fn drop(&mut self) {
        if self.0.path().join("cluster").exists() {
            let _ = self.shell("make cluster-down").output();
        }
    }
}

#[test]
fn following_the_page_shows_what_it_shows() {
    // Built before, so that what cargo builds is not waited for in the middle of the page.
    Binaries::ensure(&Program::ALL).expect("a control plane");
    let page = std::fs::read_to_string(path("docs/getting-started.md")).unwrap();
    let shown = shown(&page);
    assert!(shown.len() > 15, "{shown:#?}");
    let commands: Vec<_> = shown.iter().map(|(command, _)| command.as_str()).collect();
    let printed = ClusterOfThePage(TempDir::new().unwrap()).run(&commands);
    assert_eq!(printed.len(), shown.len(), "{printed:#?}");
    let mut wrong = String::new();
    for ((command, shown), printed) in shown.iter().zip(printed) {
        // kubectl says nothing where what it is to wait for is gone already.
        let was_gone = command.contains("--for=delete") && printed.trim().is_empty();
        if settled(shown) != settled(&printed) && !was_gone {
            wrong.push_str("$ ");
            wrong.push_str(command);
            wrong.push('\n');
            wrong.push_str(printed.trim());
            wrong.push('\n');
        }
    }
    assert!(wrong.is_empty(), "docs/getting-started.md shows something else than\n{wrong}");
}
