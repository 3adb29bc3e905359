use std::path::Path;

use super::{
    configured::configured,
    output::{Format, write},
};
use crate::{
    cli::{output::Screen, profile_files::read_paths},
    migration::admission_configuration::{NAME, imported},
};

fn shown(file: &str, format: Format) -> String {
    let configured = configured(Path::new(file)).unwrap();
    let imported = imported(&configured.checked.unwrap(), NAME, &configured.source);
    let mut out = Vec::new();
    write(&mut out, format, &configured.source, &imported, Screen::default()).unwrap();
    String::from_utf8(out).unwrap()
}

fn problem(text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file.yaml");
    std::fs::write(&file, text).unwrap();
    let told = match configured(&file) {
        Err(error) => vec![error.to_string()],
        Ok(configured) => configured.checked.unwrap_err(),
    };
    let folder = format!("{}/", folder.path().display());
    told.into_iter().map(|text| text.replace(&folder, "")).collect()
}

const INLINE: &str = "examples/import/admission-configuration/inline.yaml";

#[test]
fn the_example_as_profiles_and_as_an_account() {
    insta::assert_snapshot!("profiles", shown(INLINE, Format::Profiles));
    insta::assert_snapshot!("table", shown(INLINE, Format::Table));
    insta::assert_snapshot!("json", shown(INLINE, Format::Json));
}

#[test]
fn a_file_that_is_referred_to_is_found_beside_the_other() {
    let text = shown("examples/import/admission-configuration/referenced.yaml", Format::Profiles);
    assert!(text.contains("in examples/import/admission-configuration/pod-security.yaml, as"), "{text}");
    assert!(text.contains("level: restricted # defaults.enforce"), "{text}");
}

#[test]
fn what_is_written_is_read_as_profiles() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["inline", "referenced", "pod-security"] {
        let text = shown(&format!("examples/import/admission-configuration/{file}.yaml"), Format::Profiles);
        std::fs::write(folder.path().join("profiles.yaml"), text).unwrap();
        assert_eq!(read_paths(&[folder.path().join("profiles.yaml")]).unwrap().len(), 1);
    }
}

const HEAD: &str = "apiVersion: pod-security.admission.config.k8s.io/v1\nkind: PodSecurityConfiguration\n";
const PLUGINS: &str = "apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins:\n";

#[test]
fn what_cannot_be_read_is_told_with_file_line_and_field() {
    let cases = [
        ("", "file.yaml: holds no AdmissionConfiguration and no PodSecurityConfiguration"),
        ("a: 1\n", "file.yaml:1:1: this is no object with apiVersion and kind"),
        ("kind: [", "file.yaml:1:"),
        (
            "apiVersion: v1\nkind: Pod\n",
            "file.yaml:2:1: kind: \"Pod\" is not a configuration of Pod Security (PodSecurityConfiguration)",
        ),
        (
            "apiVersion: pod-security.admission.config.k8s.io/v2\nkind: PodSecurityConfiguration\n",
            "file.yaml:1:1: apiVersion: \"pod-security.admission.config.k8s.io/v2\" is none that podsec reads",
        ),
        (&format!("{HEAD}deflaults: {{}}\n"), "file.yaml:3:"),
        (&format!("{HEAD}defaults: {{enforce: [baseline]}}\n"), "file.yaml:3:"),
        (
            &format!("{HEAD}defaults: {{enforce: low}}\n"),
            "file.yaml:3:12: defaults.enforce: invalid value \"low\"",
        ),
        (
            &format!("{HEAD}exemptions:\n  namespaces:\n  - a\n  - A\n"),
            "file.yaml:6:5: exemptions.namespaces[1]: invalid value \"A\"",
        ),
        (&format!("{HEAD}---\n{HEAD}"), "file.yaml:1:1: the API server reads one object from a file"),
        (&format!("{PLUGINS}- name: EventRateLimit\n"), "plugins: PodSecurity is not among them"),
        (
            &format!("{PLUGINS}- name: PodSecurity\n- name: PodSecurity\n"),
            "plugins[1]: PodSecurity is there twice",
        ),
        (
            &format!("{PLUGINS}- name: PodSecurity\n"),
            "plugins[0]: PodSecurity has neither configuration nor path",
        ),
        (&format!("{PLUGINS}- name: PodSecurity\n  path: none.yaml\n"), "none.yaml: No such file"),
        (
            &format!("{PLUGINS}- name: PodSecurity\n  configuration: {{kind: PodSecurityConfiguration}}\n"),
            "file.yaml:5:18: configuration: apiVersion \"\", kind \"PodSecurityConfiguration\" is not",
        ),
        (&format!("{PLUGINS}- name: PodSecurity\n  configuraton: {{}}\n"), "unknown field `configuraton`"),
    ];
    for (text, expected) in cases {
        let told = problem(text);
        assert!(told.len() == 1 && told[0].contains(expected), "{text}\n{told:?}\n{expected}");
    }
}
