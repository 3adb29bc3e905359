//! `podsec plan` and `podsec why` without a cluster: what they refuse, and how they fail.

use std::{io::Write as _, net::TcpListener};

use serde_json::Value;
use tempfile::TempDir;

use crate::{podsec, stderr, stdout};

/// A kubeconfig whose cluster nobody serves.
fn kubeconfig(folder: &TempDir) -> String {
    // A port that was free a moment ago.
    let port =
        TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let path = folder.path().join("kubeconfig");
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: gone\n\
         clusters: [{{name: gone, cluster: {{server: \"http://127.0.0.1:{port}\"}}}}]\n\
         contexts: [{{name: gone, context: {{cluster: gone, user: u}}}}, {{name: away, context: {{cluster: gone, user: u}}}}]\n\
         users: [{{name: u, user: {{}}}}]\n"
    );
    std::fs::write(&path, text).expect("it can be written");
    path.display().to_string()
}

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let folder = TempDir::new().expect("a temporary folder");
    let kubeconfig = kubeconfig(&folder);
    let mut command = podsec();
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env("KUBECONFIG", kubeconfig).args(arguments);
    let output = command.output().expect("the binary runs");
    (output.status.code(), stdout(&output).to_owned(), stderr(&output).to_owned())
}

#[test]
fn a_cluster_that_cannot_be_reached_is_named_in_every_format() {
    for format in ["table", "wide", "json", "yaml", "markdown", "html"] {
        let (status, shown, told) = run(&["plan", "-o", format]);
        assert_eq!(status, Some(2), "{format}");
        assert!(shown.contains("context gone"), "{format}: {shown}");
        assert_eq!(told, "podsec: 1 could not be read\n", "{format}");
    }
}

#[test]
fn each_of_several_clusters_is_tried() {
    let (status, shown, told) =
        run(&["plan", "--context", "gone", "--context", "away", "--context", "gone", "-o", "json"]);
    assert_eq!((status, told.as_str()), (Some(2), "podsec: 2 could not be read\n"));
    let json: Value = serde_json::from_str(&shown).expect("a report");
    let failures: Vec<_> = json["failures"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|failure| failure["object"].clone())
        .collect();
    assert_eq!(failures, ["context gone", "context away"]);
    assert_eq!((&json["results"], &json["namespaces"]), (&Value::Array(vec![]), &Value::Array(vec![])));
}

#[test]
fn the_others_say_what_could_not_be_reached() {
    for arguments in [&["why", "shop"][..], &["recommend"], &["compare", "--from", "v1.31"]] {
        let (status, shown, told) = run(arguments);
        assert_eq!(status, Some(2), "{arguments:?}");
        assert!(format!("{shown}{told}").contains("context gone"), "{arguments:?}: {shown}{told}");
    }
    let (_, shown, _) = run(&["compare", "--from", "v1.31"]);
    assert_eq!(shown.lines().next(), Some("v1.31 to latest: nothing could be read"));
}

#[test]
fn profiles_that_cannot_be_used_are_told_before_anything_is_read() {
    let folder = TempDir::new().expect("a temporary folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        let mut file = std::fs::File::create(&path).expect("a file");
        file.write_all(text.as_bytes()).expect("it can be written");
        path.display().to_string()
    };
    let profile = |name: &str| {
        format!(
            "apiVersion: podsec.dev/v1alpha1\nkind: ClusterPodSecurityProfile\nmetadata: {{name: {name}}}\n\
             spec: {{namespaceSelector: {{}}, enforce: {{level: baseline}}}}\n"
        )
    };
    let invalid = write("invalid.yaml", &profile("a").replace("level: baseline", "level: basic"));
    let syntax = write("syntax.yaml", "a: [\n");
    let none = write("none.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n");
    let (one, other) = (write("one.yaml", &profile("a")), write("other.yaml", &profile("a")));
    let table = [
        (vec![&invalid], "invalid.yaml: the profile \"a\" is invalid: spec.enforce.level"),
        (vec![&syntax], "syntax.yaml:1:4: "),
        (vec![&none], "none.yaml: holds no ClusterPodSecurityProfile"),
        (vec![&one, &other], "other.yaml: holds a profile of the name \"a\", and so does "),
    ];
    for (files, expected) in table {
        let arguments: Vec<_> = files.iter().flat_map(|file| ["-f", file.as_str()]).collect();
        let (status, shown, told) = run(&[&["plan"], &arguments[..]].concat());
        assert_eq!((status, shown.as_str()), (Some(2), ""), "{told}");
        assert!(told.starts_with("podsec: ") && told.contains(expected), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
    let (status, _, told) = run(&["plan", "-f", "gone.yaml"]);
    assert_eq!(status, Some(2));
    assert!(told.starts_with("podsec: gone.yaml: No such file"), "{told}");
}

#[test]
fn a_reader_who_leaves_changes_no_status() {
    for arguments in [
        &["plan"][..],
        &["plan", "-o", "json"],
        &["recommend", "examples"],
        &["compare", "--from", "v1.31", "examples"],
    ] {
        let folder = TempDir::new().expect("a temporary folder");
        let kubeconfig = kubeconfig(&folder);
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = podsec();
        command
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("KUBECONFIG", kubeconfig)
            .args(arguments)
            .stdout(writer);
        let output = command.output().expect("the binary runs");
        let expected = if arguments[0] == "plan" { 2 } else { 0 };
        assert_eq!(output.status.code(), Some(expected), "{arguments:?}: {}", stderr(&output));
        assert!(!stderr(&output).contains("roken pipe"), "{}", stderr(&output));
    }
}

#[test]
fn nothing_is_shown_of_progress_where_stderr_is_no_terminal() {
    let (_, _, told) = run(&["plan"]);
    assert!(!told.contains(['\r', '\u{1b}']), "{told:?}");
}
