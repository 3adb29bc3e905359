//! Which kinds have a pod template, and where it stands in them.

use std::{fmt, str::FromStr};

use super::{Object, Problem, Value};

/// A kind of Kubernetes, and where its pod template is. Versions do not matter: it never moved.
struct BuiltIn {
    kind: &'static str,
    groups: &'static [&'static str],
    path: &'static str,
}

/// A pod is its own template. `extensions` is where the kinds of `apps` came from; clusters no longer serve it.
const BUILT_IN: [BuiltIn; 9] = [
    BuiltIn { kind: "Pod", groups: &[""], path: "" },
    BuiltIn { kind: "PodTemplate", groups: &[""], path: "template" },
    BuiltIn { kind: "ReplicationController", groups: &[""], path: "spec.template" },
    BuiltIn { kind: "ReplicaSet", groups: &["apps", "extensions"], path: "spec.template" },
    BuiltIn { kind: "Deployment", groups: &["apps", "extensions"], path: "spec.template" },
    BuiltIn { kind: "StatefulSet", groups: &["apps"], path: "spec.template" },
    BuiltIn { kind: "DaemonSet", groups: &["apps", "extensions"], path: "spec.template" },
    BuiltIn { kind: "Job", groups: &["batch"], path: "spec.template" },
    BuiltIn { kind: "CronJob", groups: &["batch"], path: "spec.jobTemplate.spec.template" },
];

/// Where a kind of custom resource has a pod template, written `Kind=path` or `Kind.group=path`, as in
/// `Rollout.argoproj.io=spec.template`. Fields are parted by dots; `[*]` after one stands for every item of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplatePath {
    kind: String,
    group: Option<String>,
    path: String,
}

/// A text that is no [`TemplatePath`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be KIND=PATH or KIND.GROUP=PATH, as in Rollout=spec.template or Job.batch.volcano.sh=spec.tasks[*].template"
)]
pub struct ParseTemplatePathError;

impl FromStr for TemplatePath {
    type Err = ParseTemplatePathError;

    fn from_str(text: &str) -> Result<Self, ParseTemplatePathError> {
        let (kind, path) = text.split_once('=').ok_or(ParseTemplatePathError)?;
        let (kind, group) = match kind.split_once('.') {
            Some((kind, group)) => (kind, Some(group)),
            None => (kind, None),
        };
        let word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric());
        let field = |part: &str| word(part.strip_suffix("[*]").unwrap_or(part));
        let is_group = |group: &str| {
            !group.is_empty() && group.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))
        };
        if !word(kind) || !group.is_none_or(is_group) || !path.split('.').all(field) {
            return Err(ParseTemplatePathError);
        }
        Ok(Self { kind: kind.to_owned(), group: group.map(ToOwned::to_owned), path: path.to_owned() })
    }
}

impl fmt::Display for TemplatePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dot = if self.group.is_some() { "." } else { "" };
        write!(f, "{}{dot}{}={}", self.kind, self.group.as_deref().unwrap_or_default(), self.path)
    }
}

/// A pod template, or a pod.
#[derive(Clone, Debug)]
pub struct Template<'t> {
    /// The template: a mapping with `metadata` and `spec`.
    pub value: Value<'t>,
    /// Where it stands in its object, as in `spec.template`; empty for a pod.
    pub path: String,
}

/// Where pod templates are.
#[derive(Clone, Debug, Default)]
pub struct TemplatePaths {
    custom: Vec<TemplatePath>,
}

impl TemplatePaths {
    /// The places that Kubernetes knows, and those of custom resources.
    pub const fn new(custom: Vec<TemplatePath>) -> Self {
        Self { custom }
    }

    /// The pod templates of an object; none if it is of a kind that has none.
    ///
    /// # Errors
    ///
    /// When the object is of a kind that has one, and it is not there.
    pub fn of<'t>(&self, object: &Object<'t>) -> Result<Vec<Template<'t>>, Problem> {
        let paths = self.paths(object)?;
        let mut found = Vec::new();
        for path in &paths {
            walk(object.value, path, String::new(), &mut found)?;
        }
        Ok(found)
    }

    fn paths(&self, object: &Object<'_>) -> Result<Vec<&str>, Problem> {
        let kind = object.identity.kind;
        let built_in = BUILT_IN.iter().find(|built_in| built_in.kind == kind);
        let mut custom = self.custom.iter().filter(|path| path.kind == kind).peekable();
        let Some(api_version) = object.identity.api_version else {
            return match (built_in, custom.peek()) {
                (None, None) => Ok(Vec::new()),
                _ => Err(Problem { place: object.value.place(), message: "apiVersion is missing".into() }),
            };
        };
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let named = custom.filter(|path| path.group.as_deref().is_none_or(|named| named == group));
        let known =
            built_in.filter(|built_in| built_in.groups.contains(&group)).map(|built_in| built_in.path);
        Ok(known.into_iter().chain(named.map(|path| path.path.as_str())).collect())
    }
}

/// Goes down a path, and gives what is at its end, or at its ends.
fn walk<'t>(value: Value<'t>, path: &str, at: String, found: &mut Vec<Template<'t>>) -> Result<(), Problem> {
    if path.is_empty() {
        if !value.is_mapping() {
            let name = if at.is_empty() { "it" } else { &at };
            return Err(Problem { place: value.place(), message: format!("{name} must be a mapping") });
        }
        found.push(Template { value, path: at });
        return Ok(());
    }
    let (part, rest) = path.split_once('.').unwrap_or((path, ""));
    let (field, is_list) = part.strip_suffix("[*]").map_or((part, false), |field| (field, true));
    let at = if at.is_empty() { field.to_owned() } else { format!("{at}.{field}") };
    let next = value.get(field)?.filter(|next| !next.is_null());
    let Some(next) = next else {
        return Err(Problem {
            place: value.place(),
            message: format!(
                "{at} is missing; of a patch, check what it is applied to (kustomize build … | podsec check -)"
            ),
        });
    };
    if !is_list {
        return walk(next, rest, at, found);
    }
    let items = next
        .items()
        .ok_or_else(|| Problem { place: next.place(), message: format!("{at} must be a list") })?;
    for (index, item) in items.enumerate() {
        walk(item, rest, format!("{at}[{index}]"), found)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifests::{Found, Objects};

    fn templates(custom: &[&str], yaml: &str) -> Vec<Result<Vec<String>, String>> {
        let paths = TemplatePaths::new(custom.iter().map(|path| path.parse().unwrap()).collect());
        let mut all = Vec::new();
        Objects::default().read(yaml, &mut |found| {
            let Found::Object(object, _) = found else { panic!("{found:?}") };
            let paths = paths.of(&object);
            let paths = paths.map(|templates| templates.into_iter().map(|template| template.path).collect());
            all.push(paths.map_err(|problem| format!("{} {problem}", problem.place)));
        });
        all
    }

    #[test]
    fn every_kind_with_a_pod_template_is_known() {
        for BuiltIn { kind, groups, path } in BUILT_IN {
            for group in groups {
                let version = if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") };
                let yaml = format!(
                    "apiVersion: {version}\nkind: {kind}\ntemplate: {{}}\n\
                     spec: {{template: {{}}, jobTemplate: {{spec: {{template: {{}}}}}}}}"
                );
                assert_eq!(templates(&[], &yaml), [Ok(vec![path.to_owned()])], "{yaml}");
            }
        }
        for other in [
            "v1, kind: Service",
            "batch.volcano.sh/v1, kind: Job",
            "v1, kind: Deployment",
            "apps/v1, kind: Pod",
        ] {
            assert_eq!(templates(&[], &format!("{{apiVersion: {other}}}")), [Ok(vec![])], "{other}");
        }
    }

    #[test]
    fn a_template_that_is_not_there_is_told() {
        let of = |yaml: &str| templates(&[], yaml).remove(0).unwrap_err();
        assert!(
            of("apiVersion: apps/v1\nkind: Deployment\nspec:\n  replicas: 3")
                .starts_with("4:3 spec.template is missing")
        );
        assert!(of("{apiVersion: apps/v1, kind: Deployment}").contains("spec is missing"));
        assert!(
            of("{apiVersion: v1, kind: PodTemplate, template: [1]}").ends_with("template must be a mapping")
        );
        assert!(of("{kind: Pod, spec: {}}").ends_with("apiVersion is missing"));
        assert!(of("{apiVersion: apps/v1, kind: Deployment, spec: {}, spec: {}}").contains("there twice"));
    }

    #[test]
    fn custom_resources_can_be_named() {
        let rollout = "{apiVersion: argoproj.io/v1, kind: Rollout, spec: {template: {}}}";
        assert_eq!(templates(&["Rollout=spec.template"], rollout), [Ok(vec!["spec.template".to_owned()])]);
        assert_eq!(
            templates(&["Rollout.argoproj.io=spec.template"], rollout),
            [Ok(vec!["spec.template".to_owned()])]
        );
        assert_eq!(templates(&["Rollout.example.com=spec.template"], rollout), [Ok(vec![])]);
        assert!(templates(&["Rollout=spec.pod"], rollout)[0].is_err());
        let job =
            "{apiVersion: batch.volcano.sh/v1, kind: Job, spec: {tasks: [{template: {}}, {template: {}}]}}";
        let expected = ["spec.tasks[0].template", "spec.tasks[1].template"].map(ToOwned::to_owned).to_vec();
        assert_eq!(templates(&["Job.batch.volcano.sh=spec.tasks[*].template"], job), [Ok(expected)]);
    }

    #[test]
    fn a_path_that_makes_no_sense_is_refused() {
        for bad in [
            "",
            "Rollout",
            "Rollout=",
            "=spec",
            "Rollout=spec..x",
            "Rollout=spec[0]",
            "Rollout.=spec",
            "R o=spec",
        ] {
            assert!(bad.parse::<TemplatePath>().is_err(), "{bad}");
        }
        let text = "Job.batch.volcano.sh=spec.tasks[*].template";
        assert_eq!(text.parse::<TemplatePath>().unwrap().to_string(), text);
    }
}
