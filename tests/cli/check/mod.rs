//! `podsec check`.

mod broken;
mod explain;
mod formats;
mod git;
pub(crate) mod hostile;
mod large;
mod policies;
mod reading;
mod schemas;
mod status;

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::podsec;

/// A pod that violates restricted in four ways, and conforms to baseline.
pub(crate) const POD: &str =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: web\n    image: a\n";

/// A container that conforms to restricted, in YAML and in JSON.
pub(crate) const CONFORMING: &str = r#"{"name": "c", "securityContext": {"allowPrivilegeEscalation": false,
    "runAsNonRoot": true, "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}}}"#;

/// A pod that conforms to restricted.
pub(crate) const GOOD: &str = "apiVersion: v1
kind: Pod
metadata: {name: good}
spec:
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: web
    image: a
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
";

/// An object without a pod template.
const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n";

/// All formats.
const FORMATS: [&str; 8] = ["table", "wide", "json", "yaml", "sarif", "junit", "github", "markdown"];

/// A folder of files, which podsec is run in.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(TempDir::new().expect("a temporary folder"));
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
        fs::write(path, content).expect("it can be written");
    }

    /// Runs the binary in it.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        podsec().current_dir(self.0.path()).args(arguments).output().expect("the binary runs")
    }

    fn check(&self, arguments: &[&str]) -> Output {
        self.run(&[&["check"], arguments].concat())
    }

    /// What is found, as JSON.
    fn report(&self, arguments: &[&str]) -> Report {
        let output = self.check(&[&["-o", "json"], arguments].concat());
        Report::of(&output)
    }
}

/// [`POD`] as JSON, in one line.
fn pod() -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [{"name": "web"}]}})
}

/// Runs `podsec check` on standard input.
fn check_stdin(arguments: &[&str], stdin: impl AsRef<[u8]>) -> Output {
    let mut child = podsec()
        .arg("check")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    // It may end without reading all.
    _ = child.stdin.take().expect("a pipe").write_all(stdin.as_ref());
    child.wait_with_output().expect("it ends")
}

/// What is found in a text.
fn report(text: impl AsRef<[u8]>) -> Report {
    Report::of(&check_stdin(&["-o", "json", "-"], text))
}

/// What was found.
#[derive(Debug)]
struct Report {
    status: Option<i32>,
    json: Value,
}

impl Report {
    fn of(output: &Output) -> Self {
        let json = serde_json::from_slice(&output.stdout).expect("a report");
        Self { status: output.status.code(), json }
    }

    /// Files, documents, workloads, skipped, failed.
    fn counts(&self) -> [u64; 5] {
        ["files", "documents", "workloads", "skipped", "failed"]
            .map(|name| self.json["summary"][name].as_u64().expect("a count"))
    }

    /// Every workload, as `file:line Kind/name verdict`.
    fn workloads(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let results = self.json["results"].as_array().expect("a list");
        let line = |result: &Value| {
            let source = &result["source"];
            format!(
                "{}:{} {}/{} {}",
                text(&source["file"]),
                source["line"],
                text(&result["kind"]),
                text(&result["name"]),
                text(&result["verdict"])
            )
        };
        results.iter().map(line).collect()
    }

    /// Everything that could not be judged, as `file:line:column object: message`.
    fn failures(&self) -> Vec<String> {
        let failures = self.json["failures"].as_array().expect("a list");
        let line = |failure: &Value| {
            let source = &failure["source"];
            let mut line = source["file"].as_str().unwrap_or_default().to_owned();
            for part in ["line", "column"] {
                if let Some(number) = source[part].as_u64() {
                    line = format!("{line}:{number}");
                }
            }
            if let Some(object) = failure["object"].as_str() {
                line = format!("{line} {object}");
            }
            format!("{line}: {}", failure["message"].as_str().unwrap_or_default())
        };
        failures.iter().map(line).collect()
    }

    /// The findings of all workloads, as `line container: reason`.
    fn findings(&self) -> Vec<String> {
        let results = self.json["results"].as_array().expect("a list");
        let findings = results.iter().flat_map(|result| result["findings"].as_array().expect("a list"));
        let line = |finding: &Value| {
            let reason = finding["reason"].as_str().unwrap_or_default();
            format!("{} {}: {reason}", finding["line"], finding["containers"][0].as_str().unwrap_or("pod"))
        };
        findings.map(line).collect()
    }
}

/// A text as JSON, which is also YAML.
pub(crate) fn json_text(text: &str) -> String {
    serde_json::to_string(text).expect("text is JSON")
}

/// A file of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
