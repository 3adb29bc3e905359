use clap::Parser;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding, ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
};

use jiff::Timestamp;

use super::*;

/// The subcommand alone.
#[derive(Debug, Parser)]
struct Command {
    #[command(flatten)]
    policies: AdmissionPolicies,
}

fn generated(arguments: &str) -> Result<String, String> {
    let arguments = ["podsec"].into_iter().chain(arguments.split(' '));
    let command = Command::try_parse_from(arguments).map_err(|error| error.to_string())?.policies;
    let subject = command.source.read().map_err(|error| error.to_string())?;
    command.text(&subject, now()).map_err(|error| error.to_string())
}

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

/// The profiles of examples/ that stand side by side.
const EXAMPLES: &str =
    "-f examples/profiles/apps-with-exemption.yaml -f examples/profiles/everything.yaml --server-version";

#[test]
fn the_examples_as_policies() {
    for only in ["label-new-namespaces", "guard-labels", "fence-podsec"] {
        insta::assert_snapshot!(only, generated(&format!("{EXAMPLES} v1.37 --only {only}")).unwrap());
    }
}

#[test]
fn what_is_printed_are_policies_with_their_bindings() {
    let all = generated(&format!("{EXAMPLES} v1.37 --warn-only")).unwrap();
    let documents: Vec<_> = all.split("---\n").collect();
    let [label, label_to, guard, guard_to, fence, fence_to] = documents.as_slice() else { panic!("{all}") };
    let label: MutatingAdmissionPolicy = serde_saphyr::from_str(label).unwrap();
    let bound: MutatingAdmissionPolicyBinding = serde_saphyr::from_str(label_to).unwrap();
    let spec = label.spec.unwrap();
    assert_eq!(spec.failure_policy.as_deref(), Some("Ignore"));
    assert!(spec.param_kind.is_none(), "the CRD may be gone");
    assert_eq!(spec.mutations.unwrap().len(), 3);
    assert_eq!(bound.spec.unwrap().policy_name, label.metadata.name);
    for (policy, binding, actions) in
        [(guard, guard_to, &["Warn", "Audit"][..]), (fence, fence_to, &["Deny"])]
    {
        let policy: ValidatingAdmissionPolicy = serde_saphyr::from_str(policy).unwrap();
        let bound: ValidatingAdmissionPolicyBinding = serde_saphyr::from_str(binding).unwrap();
        assert_eq!(Some(bound.spec.policy_name), policy.metadata.name);
        assert_eq!(bound.spec.validation_actions, actions);
    }
    let every_name_is_podsecs = documents.iter().all(|text| text.contains("\n  name: podsec-"));
    assert!(every_name_is_podsecs, "{all}");
}

#[test]
fn an_api_server_that_lacks_them_is_told_of() {
    let refusal = generated(&format!("{EXAMPLES} v1.35")).unwrap_err();
    assert_eq!(
        refusal,
        "podsec-label-new-namespaces is a MutatingAdmissionPolicy, which Kubernetes has since v1.36, and the API server \
         is of v1.35; for the others: --only guard-labels,fence-podsec"
    );
    assert!(generated(&format!("{EXAMPLES} v1.35 --only guard-labels,fence-podsec")).is_ok());
    let refusal = generated(&format!("{EXAMPLES} v1.29 --only fence-podsec")).unwrap_err();
    assert!(
        refusal.ends_with("which Kubernetes has since v1.30, and the API server is of v1.29"),
        "{refusal}"
    );
    let refusal = generated("-f examples/profiles/apps.yaml").unwrap_err();
    assert!(refusal.contains("--server-version"), "{refusal}");
}

#[test]
fn server_is_the_version_that_it_is_for() {
    let version = |minor: &str| {
        let text = generated(&format!("{EXAMPLES} {minor} --only label-new-namespaces")).unwrap();
        (text.contains("'version': 'v1.36'"), text.contains("'version': 'v1.37'"))
    };
    assert_eq!(version("v1.36"), (true, false));
    assert_eq!(version("v1.37"), (false, true));
    assert_eq!(version("v1.99"), (false, true), "no newer than podsec's tables");
}

#[test]
fn a_user_is_what_it_is_called_and_no_expression() {
    let text = generated(&format!("{EXAMPLES} v1.37 --user x'||true --only fence-podsec")).unwrap();
    assert!(text.contains(r"request.userInfo.username == 'x\'||true'"), "{text}");
}

#[test]
fn what_the_api_server_would_not_read_is_not_written() {
    let value = |value: usize| format!("\"{value:063}\"");
    let values = (0..64).map(value).collect::<Vec<_>>().join(", ");
    let requirement = format!("    - {{key: team, operator: NotIn, values: [{values}]}}\n");
    let profile = |requirements: usize| {
        format!(
            "apiVersion: podsec.dev/v1alpha1\nkind: ClusterPodSecurityProfile\nmetadata: {{name: many}}\nspec:\n  \
             enforce: {{level: baseline}}\n  namespaceSelector:\n    matchExpressions:\n{}",
            requirement.repeat(requirements)
        )
    };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("many.yaml");
    let generated = |requirements, rest: &str| {
        std::fs::write(&file, profile(requirements)).unwrap();
        generated(&format!("-f {} --server-version v1.37{rest}", file.display()))
    };
    generated(22, "").unwrap();
    let refusal = generated(24, "").unwrap_err();
    assert!(refusal.starts_with("podsec-label-new-namespaces: ") && refusal.contains("--only"), "{refusal}");
    assert!(refusal.contains("the API server reads no more than 100000"), "{refusal}");
    generated(24, " --only guard-labels,fence-podsec").unwrap();
}

#[test]
fn a_controller_that_runs_elsewhere_is_not_kept_out() {
    let text = |arguments: &str| {
        let arguments = format!("podsec {EXAMPLES} v1.37{arguments}");
        let command = Command::try_parse_from(arguments.split(' ')).unwrap().policies;
        let subject = Subject { installed_in: Some("security".into()), ..command.source.read().unwrap() };
        command.text(&subject, now()).map_err(|error| error.to_string())
    };
    let refusal = text("").unwrap_err();
    assert!(
        refusal.starts_with("the controller runs in the namespace security, and podsec-guard-labels"),
        "{refusal}"
    );
    assert!(text(" --only fence-podsec").is_err());
    assert!(text(" --only label-new-namespaces").is_ok(), "it does not ask who somebody is");
    assert!(text(" --user system:serviceaccount:security:ops-podsec").is_ok());
}
