//! What cannot be judged is told, with its place, and hides nothing else.

use std::{fs, os::unix::fs::PermissionsExt};

use super::{Folder, GOOD, POD, SERVICE, report};

/// A text that cannot be read, where, and what is said of it.
const BROKEN: [(&str, &str, &str); 13] = [
    ("kind: Pod\nbad: [\n", "2:6", "unclosed"),
    ("a: b: c\n", "1:5", ""),
    ("kind: Pod\nmetadata: {name: \"x\n", "", ""),
    ("kind: Pod\nkind: Service\n", "2:1", "there twice"),
    ("{\"kind\": \"Pod\",,}", "1:16", "is no JSON"),
    ("kind: *nothing\n", "1:7", ""),
    ("kind: K\nx: &x [*x]\n", "2:8", "contains it"),
    ("just text\n", "1:1", "no Kubernetes object"),
    ("kind: [Pod]\n", "1:7", "kind must be text"),
    ("{\"kind\":\n\n", "4:1", "is no JSON: EOF"),
    ("apiVersion: v1\nkind: List\nitems:\n- 1\n", "4:3", "the item has no kind"),
    ("kind: Pod\nspec: {containers: []}\n", "1:1", "apiVersion is missing"),
    ("a: \u{1b}[31m\n", "", ""),
];

#[test]
fn a_broken_document_hides_no_other() {
    for (text, place, says) in BROKEN {
        let found = report(format!("{POD}---\n{text}\n---\n{GOOD}"));
        assert_eq!(found.status, Some(2), "{text:?}");
        let workloads = found.workloads();
        assert!(
            workloads[0].ends_with("Pod/web violates") && workloads[1].ends_with("Pod/good conforms"),
            "{workloads:?}"
        );
        let failures = found.failures();
        assert_eq!(failures.len(), 1, "{text:?}: {failures:?}");
        assert!(failures[0].contains(says), "{text:?}: {failures:?}");
        if let Some((line, column)) = place.split_once(':') {
            let line: usize = line.parse().unwrap();
            assert!(
                failures[0].starts_with(&format!("stdin:{}:{column}", line + 8)),
                "{text:?}: {failures:?}"
            );
        }
    }
}

#[test]
fn a_broken_file_hides_no_other() {
    let folder =
        Folder::new(&[("a.yaml", POD), ("b.yaml", "kind: [\n"), ("c.yaml", GOOD), ("d.json", "{\"kind\":")]);
    let found = folder.report(&["."]);
    assert_eq!((found.status, found.counts()), (Some(2), [4, 4, 2, 0, 2]));
    let failures = found.failures();
    assert!(failures[0].starts_with("./b.yaml:1:7: unclosed"), "{failures:?}");
    assert!(failures[1].starts_with("./d.json:1:8: is no JSON: EOF"), "{failures:?}");
}

#[test]
fn a_template_that_does_not_decode_is_told_by_object_and_field() {
    let table = [
        ("spec:\n  containers: oops\n", "5:15 Pod p: spec.containers:"),
        ("spec:\n  containers:\n  - name: 1\n", "6:11 Pod p: spec.containers[0].name:"),
        ("spec:\n  hostNetwork: \"true\"\n", "5:16 Pod p: spec.hostNetwork:"),
        (
            "spec:\n  hostNetwork: true\n  hostNetwork: false\n",
            "6:3 Pod p: spec.hostNetwork: the key \"hostNetwork\" is there twice",
        ),
        ("spec: [1]\n", "4:7 Pod p: spec:"),
        // Misspelt, or forgotten: all the same it is no pod that conforms.
        ("spec:\n  contaners: []\n", "5:3 Pod p: spec.containers is missing"),
        ("spec:\n  containers: []\n", "5:3 Pod p: spec.containers is missing"),
        ("spec: null\n", "1:1 Pod p: spec is missing"),
        ("{}\n", ""),
    ];
    for (rest, expected) in table {
        let found = report(format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\n{rest}"));
        assert_eq!((found.status, found.counts()[4]), (Some(2), 1), "{rest}");
        assert!(
            found.failures()[0].starts_with(&format!("stdin:{expected}")),
            "{rest}: {:?}",
            found.failures()
        );
    }
}

#[test]
fn a_key_given_twice_is_refused_where_it_counts() {
    let twice = "    securityContext: {privileged: true}\n    securityContext: {privileged: false}\n";
    let found = report(format!("{POD}{twice}"));
    assert_eq!(found.status, Some(2));
    assert!(
        found.failures()[0].starts_with("stdin:9:5 Pod web: spec.containers[0].securityContext: the key"),
        "{found:?}"
    );
    let merged = "x: &x {privileged: false}\n";
    let found = report(format!("{merged}{POD}    securityContext: {{privileged: true, <<: *x}}\n"));
    assert!(found.failures()[0].contains("is there twice"), "{found:?}");
    let harmless = report(format!("{GOOD}    image: b\n"));
    assert_eq!(harmless.status, Some(0), "no check reads the image");
}

#[test]
fn a_mistake_behind_an_alias_is_told_by_its_path() {
    let head = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n";
    for (rest, told) in [
        (
            "x: &x {privileged: 1}\nspec: {containers: [{name: c, securityContext: *x}]}\n",
            "4:20 Pod p: spec.containers[0].securityContext.privileged: ",
        ),
        ("x: &x [{name: 1}]\nspec: {containers: *x}\n", "4:15 Pod p: spec.containers[0].name: "),
        ("x: &x {hostNetwork: 1}\nspec: {<<: *x, containers: []}\n", "4:21 Pod p: spec.hostNetwork: "),
        (
            "x: [&x {a: 1}, &y {hostPID: 1}]\nspec: {<<: [*x, *y], containers: []}\n",
            "4:29 Pod p: spec.hostPID: ",
        ),
    ] {
        let found = report(format!("{head}{rest}"));
        assert!(found.failures()[0].starts_with(&format!("stdin:{told}")), "{:?}", found.failures());
    }
    let list = "kind: List\napiVersion: v1\nitems:\n- &p {apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: 1}}\n- *p\n";
    let failures = report(list).failures();
    assert_eq!(failures.len(), 2);
    assert!(
        failures.iter().all(|failure| failure.starts_with("stdin:4:74 Pod p: spec.containers: ")),
        "{failures:?}"
    );
}

#[test]
fn alias_bombs_are_refused() {
    let level = |depth| format!("a{depth}: &a{depth} [{}]\n", format!("*a{}, ", depth - 1).repeat(10));
    let bomb: Vec<_> = (1..20).map(level).collect();
    let found = report(format!("{POD}a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n{}", bomb.concat()));
    assert_eq!(found.status, Some(2));
    assert!(found.failures()[0].contains("aliases stand for too much"), "{found:?}");
}

#[test]
fn depth_does_not_overflow_the_stack() {
    for deep in
        ["[".repeat(1_000_000), "{\"a\":".repeat(1_000_000), "- ".repeat(100_000), "{".repeat(100_000)]
    {
        let found = report(format!("{GOOD}---\n{deep}"));
        assert_eq!((found.status, found.counts()[2]), (Some(2), 1));
    }
}

#[test]
fn bytes_that_are_no_text_are_told() {
    let mut text = format!("{GOOD}---\nkind: Pod\nmetadata: {{name: \"").into_bytes();
    text.extend(b"\xff\xfe\"}\n---\n");
    text.extend(SERVICE.as_bytes());
    let found = report(text);
    assert_eq!((found.status, found.counts()), (Some(2), [1, 3, 1, 1, 1]));
    assert_eq!(found.failures(), ["stdin:12:19: is not UTF-8"]);
    assert_eq!(report(b"\xff\xfek\0i\0n\0d\0").status, Some(2), "UTF-16");
}

#[test]
fn a_path_that_yields_no_manifest_is_told() {
    let folder = Folder::new(&[
        ("values.yaml", "replicas: 3\n"),
        ("empty.yaml", ""),
        ("text/README.md", "x"),
        ("good.yaml", GOOD),
    ]);
    fs::create_dir(folder.path("nothing")).unwrap();
    for path in ["values.yaml", "empty.yaml", "text", "nothing", "text/README.md"] {
        let found = folder.report(&["good.yaml", path]);
        assert_eq!((found.status, found.counts()[2]), (Some(2), 1), "{path}");
        assert_eq!(found.failures().len(), 1, "{path}: {:?}", found.failures());
    }
    assert_eq!(folder.report(&["nothing"]).failures(), ["nothing: holds no Kubernetes manifest"]);
    assert_eq!(
        folder.report(&["absent.yaml"]).failures(),
        ["absent.yaml: No such file or directory (os error 2)"]
    );
    assert_eq!(folder.report(&["."]).status, Some(0), "one manifest is enough for a folder");
    assert_eq!(report("").failures(), ["stdin: holds no Kubernetes manifest"]);
    assert_eq!(report(SERVICE).status, Some(0), "a manifest of another kind is one");
}

#[test]
fn a_folder_that_cannot_be_read_is_told() {
    let folder = Folder::new(&[("a.yaml", GOOD), ("closed/b.yaml", GOOD)]);
    let closed = folder.path("closed");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    let readable = fs::read_dir(&closed).is_ok();
    let found = folder.report(&["."]);
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
    // Root reads everything.
    assert_eq!((found.status, found.counts()[4]), if readable { (Some(0), 0) } else { (Some(2), 1) });
}

#[test]
fn a_template_of_helm_is_told_what_it_is() {
    for text in
        ["{{- if .Values.a }}\nkind: Pod\n{{- end }}\n", "kind: Pod\nmetadata:\n  name: {{ .Values.name }}\n"]
    {
        let found = report(text);
        assert_eq!(found.status, Some(2));
        assert!(found.failures()[0].ends_with("(helm template … | podsec check -)"), "{found:?}");
    }
}

#[test]
fn a_patch_is_told_what_it_is() {
    let found = report("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  replicas: 3\n");
    assert_eq!(
        found.failures(),
        [
            "stdin:5:3 Deployment d: spec.template is missing; of a patch, check what it is applied to (kustomize build … | podsec check -)"
        ]
    );
}
