//! Machine formats are what their standards say. Where the schemas come from: `tests/cli/schemas/README.md`.

use serde_json::Value;
use xsd_schema::{
    SchemaSetBuilder,
    validation::{CollectingValidationSink, SchemaValidator, ValidationFlags, drive_quick_xml},
};

use super::{Folder, GOOD, POD, SERVICE, hostile::NAMES, json_text, repository};
use crate::stdout;

/// Folders whose results need every part of a format.
fn folders() -> Vec<Folder> {
    let hostile: Vec<_> = NAMES
        .iter()
        .map(|name| {
            let name = json_text(name);
            format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {name}}}\nspec: {{containers: [{{name: {name}}}]}}\n")
        })
        .collect();
    let exempt = POD.replace("spec:", "spec:\n  runtimeClassName: kata");
    let unknown = GOOD.replace("  containers:", "  volumes: [{name: v, marsDisk: {}}]\n  containers:");
    vec![
        Folder::new(&[("good.yaml", GOOD)]),
        Folder::new(&[("service.yaml", SERVICE)]),
        Folder::new(&[]),
        Folder::new(&[
            ("a/bad one.yaml", POD),
            ("a/broken.yaml", "kind: [\n"),
            ("b/exempt.yaml", &exempt),
            ("b/unknown.yaml", &unknown),
            ("b/values.yaml", "a: 1\n"),
            ("c.yaml", &hostile.join("---\n")),
            ("d.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: oops}\n"),
        ]),
    ]
}

/// What each of these folders gives in a format.
fn outputs(format: &str) -> Vec<String> {
    let arguments = [
        "-o",
        format,
        "--warn",
        "restricted",
        "--enforce",
        "baseline",
        "--audit",
        "restricted",
        "--exempt-runtime-class",
        "kata",
        ".",
    ];
    let mut outputs: Vec<_> =
        folders().iter().map(|folder| stdout(&folder.check(&arguments)).to_owned()).collect();
    outputs.extend(folders().iter().map(|folder| stdout(&folder.check(&["-o", format, "."])).to_owned()));
    outputs
}

#[test]
fn sarif_is_valid() {
    let schema = std::fs::read_to_string(repository("tests/cli/schemas/sarif-2.1.0.json")).unwrap();
    let mut schema: Value = serde_json::from_str(&schema).unwrap();
    // Their pattern has a bracket too many, which not every engine forgives; podsec writes no language.
    for of in ["run", "toolComponent"] {
        let language = schema["definitions"][of]["properties"]["language"].as_object_mut().unwrap();
        language.remove("pattern").unwrap();
    }
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(!validator.is_valid(&serde_json::json!({"version": "2.1.0"})), "the schema means something");
    for output in outputs("sarif") {
        let sarif: Value = serde_json::from_str(&output).unwrap();
        let errors: Vec<_> = validator.iter_errors(&sarif).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}\n{output}");
    }
}

#[test]
fn junit_is_valid() {
    let schema = std::fs::read_to_string(repository("tests/cli/schemas/junit-10.xsd")).unwrap();
    let schema = SchemaSetBuilder::new().add_source(&schema, "junit-10.xsd").unwrap();
    let schema = schema.compile().unwrap().into_schema_set();
    let validator = SchemaValidator::new(&schema, ValidationFlags::default());
    let errors = |xml: &str| {
        let (mut errors, mut warnings) = (Vec::new(), Vec::new());
        let sink = CollectingValidationSink { errors: &mut errors, warnings: &mut warnings };
        let mut runtime = validator.start_run(sink);
        let driven = drive_quick_xml(xml.as_bytes(), &mut runtime, &schema).map(|_| ());
        drop(runtime);
        let mut all: Vec<_> = errors.iter().map(|error| format!("{error:?}")).collect();
        all.extend(driven.err().map(|error| format!("{error:?}")));
        all
    };
    for wrong in [
        "<testsuites><testsuite name=\"a\"/></testsuites>",
        "<testsuites><testcase name=\"a\"/></testsuites>",
        "<testsuites>",
    ] {
        assert!(!errors(wrong).is_empty(), "the schema means something: {wrong}");
    }
    for output in outputs("junit") {
        assert_eq!(errors(&output), [""; 0], "{output}");
    }
}

#[test]
fn json_and_yaml_say_the_same() {
    for (json, yaml) in outputs("json").iter().zip(outputs("yaml")) {
        let json: Value = serde_json::from_str(json).unwrap();
        let yaml: Value = serde_saphyr::from_str(&yaml).unwrap_or_else(|error| panic!("{error}\n{yaml}"));
        assert_eq!(json, yaml);
        assert_eq!(
            (&json["apiVersion"], &json["kind"]),
            (&"podsec.dev/v1alpha1".into(), &"CheckReport".into())
        );
    }
}
