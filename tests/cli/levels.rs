//! `podsec recommend` and `podsec compare` on files.

use serde_json::Value;

use crate::{
    check::{Folder, GOOD, POD, hostile::NAMES, json_text},
    stderr, stdout,
};

/// Manifests in three namespaces and in none, of different cleanness.
fn folder() -> Folder {
    let pod = |namespace: &str, text: &str| {
        text.replace("metadata: {", &format!("metadata: {{namespace: {namespace}, "))
    };
    let privileged = POD.replace("image: a", "securityContext: {privileged: true}");
    let probed = POD.replace("image: a", "livenessProbe: {httpGet: {host: h, port: 1}}");
    Folder::new(&[
        ("shop.yaml", &format!("{}---\n{}", pod("shop", POD), pod("shop", GOOD))),
        ("vault.yaml", &pod("vault", GOOD)),
        ("node.yaml", &pod("node", &privileged)),
        ("probed.yaml", &pod("probed", &probed)),
        ("kube.yaml", &pod("kube-system", GOOD)),
        ("nowhere.yaml", GOOD),
    ])
}

fn run(folder: &Folder, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = folder.run(arguments);
    (output.status.code(), stdout(&output).to_owned(), stderr(&output).to_owned())
}

#[test]
fn recommendations_are_as_they_are_documented() {
    for format in ["table", "json", "profiles"] {
        let (status, shown, told) = run(&folder(), &["recommend", "-o", format, "."]);
        assert_eq!((status, told.as_str()), (Some(0), ""), "{format}");
        insta::assert_snapshot!(format!("recommend-{format}"), shown);
    }
}

#[test]
fn recommended_profiles_are_profiles() {
    let folder = folder();
    let (_, profiles, _) = run(&folder, &["recommend", "-o", "profiles", "."]);
    folder.write("profiles/all.yaml", profiles);
    // What is recommended for a namespace, nothing there violates.
    let governs = |namespace: &str, file: &str| {
        let output = folder.run(&["check", "--profile", "profiles/all.yaml", "--namespace", namespace, file]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stdout(&output).lines().last().unwrap_or_default().to_owned()
    };
    assert!(governs("shop", "shop.yaml").starts_with("enforce baseline:v1.37"));
    assert!(governs("vault", "vault.yaml").starts_with("enforce restricted:v1.37"));
    assert!(governs("node", "node.yaml").starts_with("enforce privileged"));
}

#[test]
fn several_objects_of_one_name_are_judged_each() {
    let folder =
        Folder::new(&[("base.yaml", GOOD), ("overlay.yaml", &POD.replace("name: web}", "name: good}"))]);
    let (_, shown, _) = run(&folder, &["recommend", "-o", "json", "."]);
    let json: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(
        (json["namespaces"][0]["workloads"].as_u64(), &json["namespaces"][0]["cleanAt"]),
        (Some(2), &"baseline".into())
    );
}

#[test]
fn comparisons_are_as_they_are_documented() {
    let arguments = ["compare", "--from", "v1.31", "--to", "v1.34"];
    for format in ["table", "wide", "json"] {
        let (status, shown, told) = run(&folder(), &[&arguments[..], &["-o", format, "."]].concat());
        assert_eq!((status, told.as_str()), (Some(1), ""), "{format}");
        insta::assert_snapshot!(format!("compare-{format}"), shown);
    }
}

#[test]
fn documents_say_the_same_in_yaml() {
    for arguments in [&["recommend"][..], &["compare", "--from", "v1.31", "--to", "v1.34"]] {
        let written = |format: &str| run(&folder(), &[arguments, &["-o", format, "."]].concat());
        let ((status, json, _), (same, yaml, told)) = (written("json"), written("yaml"));
        assert_eq!((status, told.as_str()), (same, ""));
        let json: Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(serde_saphyr::from_str::<Value>(&yaml).expect("YAML"), json, "{arguments:?}");
    }
}

#[test]
fn a_workload_is_counted_once_whatever_the_number_of_levels() {
    let probed = GOOD.replace(
        "  containers:\n  - ",
        "  containers:\n  - livenessProbe: {httpGet: {host: h, port: 1}}\n    ",
    );
    let folder = Folder::new(&[("probed.yaml", &probed)]);
    let arguments = ["compare", "--from", "v1.31", "--to", "v1.34", "."];
    let (status, shown, _) = run(&folder, &arguments);
    assert_eq!((status, shown.matches("probe or lifecycle host").count()), (Some(1), 2), "{shown}");
    let last = "1 namespace, 1 workload: 1 newly fails, 0 newly pass, 0 fail as before for other reasons";
    assert_eq!(shown.lines().last(), Some(last));
    let (_, shown, _) = run(&folder, &[&arguments[..], &["-o", "json"]].concat());
    let json: Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!((&json["summary"]["newlyFailing"], &json["summary"]["workloads"]), (&1.into(), &1.into()));

    let doubtful = GOOD.replace("spec:\n", "spec:\n  volumes: [{name: m, marsDisk: {}}]\n");
    let folder = Folder::new(&[
        ("doubtful.yaml", &doubtful),
        ("other.yaml", &doubtful.replace("name: good", "name: other")),
    ]);
    let (status, _, told) =
        run(&folder, &["compare", "--from", "v1.31", "--level", "restricted,restricted", "."]);
    assert_eq!((status, told.as_str()), (Some(2), "podsec: 2 workloads cannot be told\n"));
}

#[test]
fn versions_are_refused_in_one_form() {
    for arguments in [
        &["compare", "--from", "1.31", "."][..],
        &["compare", "--from", "v1.31", "--to", "newest", "."],
        &["check", "--enforce", "baseline:1.31", "."],
    ] {
        let (status, _, told) = run(&folder(), arguments);
        assert_eq!(status, Some(2));
        assert!(told.contains(": version must be latest or v1.N, as in v1.33\n"), "{arguments:?}: {told}");
    }
    let (_, _, told) = run(&folder(), &["plan", "--enforce", "secure"]);
    assert!(told.contains(": level must be one of privileged, baseline, restricted\n"), "{told}");
}

#[test]
fn what_newly_passes_is_no_finding() {
    let (status, shown, _) = run(&folder(), &["compare", "--from", "v1.34", "--to", "v1.31", "."]);
    assert_eq!(status, Some(0), "{shown}");
    assert!(shown.contains("2 newly pass") || shown.contains("1 newly pass"), "{shown}");
    let (status, shown, _) = run(
        &folder(),
        &["compare", "--from", "v1.31", "--to", "v1.34", "--level", "restricted", "vault.yaml"],
    );
    assert_eq!(status, Some(0), "{shown}");
}

#[test]
fn a_version_that_podsec_does_not_know_is_told() {
    let (status, shown, _) = run(&folder(), &["compare", "--from", "v1.37", "--to", "v1.99", "."]);
    assert_eq!(status, Some(0));
    assert!(
        shown.contains("podsec does not know the rules of v1.99 yet: those of v1.37 are used"),
        "{shown}"
    );
}

#[test]
fn what_cannot_be_read_exits_with_2_and_hides_nothing() {
    let folder = folder();
    folder.write("broken.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: b}\nspec: {containers: oops}\n");
    folder.write("syntax.yaml", "a: [\n");
    for command in [&["recommend"][..], &["compare", "--from", "v1.31"]] {
        let (status, shown, told) = run(&folder, &[command, &[".", "gone.yaml"]].concat());
        assert_eq!(status, Some(2), "{command:?}");
        assert!(shown.contains("broken.yaml:4:20: Pod b: spec.containers: "), "{shown}");
        assert!(shown.contains("gone.yaml"), "{shown}");
        assert!(shown.contains("syntax.yaml:"), "{shown}");
        assert!(
            shown.contains("vault") || shown.contains("6 namespaces") || command[0] == "compare",
            "{shown}"
        );
        assert!(told.starts_with("podsec: 3 could not be read"), "{told}");
    }
}

#[test]
fn flags_that_make_no_sense_together_are_refused() {
    for arguments in [
        &["recommend", "-n", "shop", "."][..],
        &["recommend", "--context", "c", "."],
        &["compare", "."],
        &["compare", "--from", "1.31", "."],
        &["compare", "--from", "v1.31", "--level", "secure", "."],
        &["plan", "--enforce", "baseline", "-f", "x.yaml"],
        &["plan", "--enforce", "baseline:newest"],
        &["plan", "-n", "Not_A_Name"],
        &["plan", "-n", "a", "-l", "b"],
        &["why"],
        &["why", "a/b"],
    ] {
        let (status, shown, told) = run(&folder(), arguments);
        assert_eq!((status, shown.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(told.starts_with("error: "), "{arguments:?}: {told}");
    }
}

#[test]
fn no_name_steers_a_terminal() {
    let folder = Folder::new(&[]);
    for (index, name) in NAMES.iter().enumerate() {
        let name = json_text(name);
        folder.write(
            &format!("{index}.yaml"),
            format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {name}}}\nspec:\n  containers: [{{name: {name}, \
                 securityContext: {{capabilities: {{add: [{name}]}}}}, livenessProbe: {{httpGet: {{host: {name}}}}}}}]\n"
            ),
        );
    }
    for arguments in [
        &["recommend", "."][..],
        &["recommend", "-o", "json", "."],
        &["recommend", "-o", "profiles", "."],
        &["compare", "--from", "v1.20", "-o", "wide", "."],
        &["compare", "--from", "v1.20", "-o", "json", "."],
    ] {
        let (_, shown, told) = run(&folder, arguments);
        for text in [shown, told] {
            assert_eq!(
                text.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}'),
                None,
                "{arguments:?}"
            );
        }
    }
    // None of them can be a namespace's name, so that none is in a profile.
    let (_, profiles, _) = run(&folder, &["recommend", "-o", "profiles", "."]);
    assert!(profiles.lines().all(|line| line.starts_with('#')), "{profiles}");
}
