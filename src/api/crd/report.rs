//! The definition of `PodSecurityReport`.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionNames, CustomResourceDefinitionSpec,
    CustomResourceDefinitionVersion, CustomResourceValidation, JSONSchemaProps, ValidationRule,
};
use kube::{
    api::ObjectMeta,
    core::schema::{OptionalEnum, StructuralSchemaRewriter},
};
use schemars::{generate::SchemaSettings, transform::AddNullable};

use super::{Column, columns, finish};
use crate::api::{PodSecurityReport, ReportContent};

/// The CustomResourceDefinition of `PodSecurityReport`, as `podsec crds` prints it.
///
/// It is not derived: a derived custom resource has its content in `spec`, which here nobody asks for.
pub fn report_crd() -> CustomResourceDefinition {
    let report = |text: &str| text.to_owned();
    let mut schema = report_schema();
    let rule = format!("self.metadata.name == '{}'", PodSecurityReport::NAME);
    schema.x_kubernetes_validations = Some(vec![ValidationRule {
        rule,
        message: Some(format!("a namespace has one report, named {}", PodSecurityReport::NAME)),
        ..ValidationRule::default()
    }]);
    CustomResourceDefinition {
        metadata: ObjectMeta {
            name: Some(format!("{}.{}", PodSecurityReport::PLURAL, PodSecurityReport::GROUP)),
            ..ObjectMeta::default()
        },
        spec: CustomResourceDefinitionSpec {
            group: report(PodSecurityReport::GROUP),
            names: CustomResourceDefinitionNames {
                categories: Some(vec![report("podsec")]),
                kind: report(PodSecurityReport::KIND),
                plural: report(PodSecurityReport::PLURAL),
                short_names: Some(vec![report("psr")]),
                singular: Some(report("podsecurityreport")),
                ..CustomResourceDefinitionNames::default()
            },
            scope: report("Namespaced"),
            versions: vec![CustomResourceDefinitionVersion {
                additional_printer_columns: Some(columns(&COLUMNS)),
                name: report(PodSecurityReport::VERSION),
                schema: Some(CustomResourceValidation { open_api_v3_schema: Some(schema) }),
                served: true,
                storage: true,
                ..CustomResourceDefinitionVersion::default()
            }],
            ..CustomResourceDefinitionSpec::default()
        },
        status: None,
    }
}

/// The schema of a report, without rules.
pub(in crate::api) fn report_schema() -> JSONSchemaProps {
    // As kube derives the schema of a custom resource.
    let settings = SchemaSettings::openapi3().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let settings = settings
        .with_transform(AddNullable::default())
        .with_transform(StructuralSchemaRewriter)
        .with_transform(OptionalEnum);
    let derived = settings.into_generator().into_root_schema_for::<ReportContent>();
    let mut schema: JSONSchemaProps = serde_json::from_value(derived.to_value()).unwrap_or_default();
    finish(&mut schema);
    schema.description = Some(DESCRIPTION.to_owned());
    schema
}

const DESCRIPTION: &str = "What podsec makes of the workloads and Pod Security labels of a namespace. It is written anew \
                           as they change; what is edited in it by hand does not stay.";

/// What `kubectl get` shows: within 100 characters where names are ordinary.
const COLUMNS: [Column; 17] = [
    ("State", "string", ".state", false, "What has become of the namespace"),
    ("Enforce", "string", ".summary.enforce", false, "The level of enforce"),
    ("Planned", "string", ".summary.planned", false, "The level that enforce is to have, or its version"),
    (
        "Clean-At",
        "string",
        ".summary.cleanAt",
        false,
        "The highest level that all workloads conform to today",
    ),
    ("Violating", "string", ".summary.violating", false, "Workloads that violate the policy, of how many"),
    ("Blocker", "string", ".summary.blocker", false, "The workload that blocks most"),
    ("Check", "string", ".blockers[0].check", true, "The check that refuses it"),
    ("Reason", "string", ".reason", true, "Why the state is what it is"),
    ("Since", "date", ".since", true, "Since when the state is what it is"),
    ("Next-Step", "string", ".nextStep", true, "When the state changes next, if nothing else does"),
    ("Present", "string", ".enforce.present", true, "What enforce is, with its version"),
    ("Target", "string", ".enforce.planned", true, "What enforce is to be, with its version"),
    ("Audit", "string", ".audit.present", true, "What audit is"),
    ("Warn", "string", ".warn.present", true, "What warn is"),
    ("Profile", "string", ".enforce.profile", true, "The profile that governs enforce"),
    (
        "Broken",
        "integer",
        ".breakage.workloads",
        true,
        "Workloads that the API server refuses pods since the last raise",
    ),
    ("Age", "date", ".metadata.creationTimestamp", true, ""),
];
