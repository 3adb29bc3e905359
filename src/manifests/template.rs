//! Which kinds have a pod template, and where it stands in them.

use std::{
    fmt,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{
    DecodeError, Object, Problem, Value,
    kinds::{BUILT_IN, mistake},
};

/// Where custom resources have their pod templates, as far as those are known that name it themselves.
const USUAL: [&str; 4] = ["spec.template", "spec.jobTemplate.spec.template", "spec.podTemplate", "template"];

/// A kind of custom resource that always has its pod template at a path of [`USUAL`], also where that is misspelled
/// within.
const KNOWN: (&str, &str, &str) = ("Rollout", "argoproj.io", "spec.template");

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

impl Template<'_> {
    /// What is wrong with a template that does not decode, with the path of it in its object.
    pub fn problem(&self, error: DecodeError) -> Problem {
        let path = format!("{}{}", self.path, error.path);
        let Problem { place, message } = error.into();
        match path.trim_start_matches('.') {
            "" => Problem { place, message },
            path => Problem { place, message: format!("{path}: {message}") },
        }
    }
}

/// Where pod templates are.
#[derive(Clone, Debug, Default)]
pub struct TemplatePaths {
    custom: Arc<[Custom]>,
}

/// A path that was given, and whether there was anything that it is for.
#[derive(Debug)]
struct Custom {
    path: TemplatePath,
    is_used: AtomicBool,
}

impl TemplatePaths {
    /// The places that Kubernetes knows, and those of custom resources.
    pub fn new(custom: Vec<TemplatePath>) -> Self {
        let custom = custom.into_iter().map(|path| Custom { path, is_used: AtomicBool::new(false) });
        Self { custom: custom.collect() }
    }

    /// The paths of kinds of which nothing was found so far.
    pub fn unused(&self) -> impl Iterator<Item = &TemplatePath> {
        let unused = self.custom.iter().filter(|custom| !custom.is_used.load(Ordering::Relaxed));
        unused.map(|custom| &custom.path)
    }

    /// The pod templates of an object; none if it is of a kind that has none.
    ///
    /// # Errors
    ///
    /// When the object is of a kind that has one, and it is not there; when its kind is none of Kubernetes' and probably
    /// meant to be one that has one.
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
        let mut custom = self.custom.iter().filter(|custom| custom.path.kind == kind).peekable();
        let Some(api_version) = object.identity.api_version else {
            let is_workload = built_in.is_some() || custom.peek().is_some() || mistake("", kind).is_some();
            let missing = || Problem { place: object.value.place(), message: "apiVersion is missing".into() };
            return if is_workload { Err(missing()) } else { Ok(Vec::new()) };
        };
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        let known =
            built_in.filter(|built_in| built_in.groups.contains(&group)).map(|built_in| built_in.path);
        let mut paths: Vec<_> = known.into_iter().collect();
        for Custom { path, is_used } in custom {
            if path.group.as_deref().is_none_or(|named| named == group) {
                is_used.store(true, Ordering::Relaxed);
                paths.push(path.path.as_str());
            }
        }
        if paths.is_empty()
            && let Some(message) = mistake(api_version, kind)
        {
            let place = object.value.get("kind")?.unwrap_or(object.value).place();
            return Err(Problem { place, message });
        }
        Ok(paths)
    }
}

impl TemplatePath {
    /// The path that would have a custom resource judged, if it looks as if it had a pod template.
    pub fn suggested(object: &Object<'_>) -> Option<Self> {
        let (group, _) = object.identity.api_version?.split_once('/')?;
        let at = |path: &str, within: &[&str]| {
            let mut keys = path.split('.').chain(within.iter().copied());
            keys.try_fold(object.value, |value, key| value.get(key).ok().flatten())
        };
        let has_template = |path: &str| {
            let is_known = (object.identity.kind, group, path) == KNOWN && at(path, &[]).is_some();
            is_known
                || at(path, &["spec", "containers"]).is_some_and(|containers| containers.items().is_some())
        };
        let path = USUAL.iter().find(|path| has_template(path))?;
        // Only what can be written as one.
        format!("{}.{group}={path}", object.identity.kind).parse().ok()
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
    use crate::manifests::{Found, Objects, kinds::BuiltIn};

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
        for other in ["v1, kind: Service", "batch.volcano.sh/v1, kind: Job", "example.com/v1, kind: pod"] {
            assert_eq!(templates(&[], &format!("{{apiVersion: {other}}}")), [Ok(vec![])], "{other}");
        }
    }

    #[test]
    fn what_is_meant_to_have_a_template_is_not_passed_over() {
        let of = |yaml: &str| templates(&[], yaml).remove(0).unwrap_err();
        assert!(of("apiVersion: v1\nkind: Deployment\n").starts_with("2:7 \"v1\" has no kind Deployment"));
        assert!(of("{apiVersion: v1, kind: pod}").contains("is Pod of v1 meant?"));
        assert!(of("{kind: deployment}").contains("apiVersion is missing"));
        let told = templates(&["pod=spec.template"], "{apiVersion: v1, kind: pod, spec: {template: {}}}");
        assert_eq!(told, [Ok(vec!["spec.template".to_owned()])], "who names it knows it");
    }

    #[test]
    fn what_looks_like_a_template_is_suggested() {
        let suggested = |yaml: &str| {
            let mut suggested = None;
            Objects::default().read(yaml, &mut |found| {
                let Found::Object(object, _) = found else { panic!("{found:?}") };
                suggested = TemplatePath::suggested(&object).map(|path| path.to_string());
            });
            suggested
        };
        let rollout =
            "{apiVersion: argoproj.io/v1, kind: Rollout, spec: {template: {spec: {containers: []}}}}";
        assert_eq!(suggested(rollout).as_deref(), Some("Rollout.argoproj.io=spec.template"));
        for other in ["{}", "{template: {spec: {}}}", "{template: {spec: {containers: 1}}}"] {
            let yaml = format!("{{apiVersion: example.com/v1, kind: Rollout, spec: {other}}}");
            assert_eq!(suggested(&yaml), None, "{other}");
        }
        let misspelled = rollout.replace("containers", "container");
        assert_eq!(suggested(&misspelled).as_deref(), Some("Rollout.argoproj.io=spec.template"));
        let elsewhere = "{apiVersion: argoproj.io/v1, kind: Rollout, spec: {workloadRef: {name: web}}}";
        assert_eq!(suggested(elsewhere), None, "the workload is judged where it stands");
        assert_eq!(suggested(&rollout.replace("Rollout", "\"Roll out\"")), None);
    }

    #[test]
    fn a_path_that_nothing_needed_is_known() {
        let paths = TemplatePaths::new(vec!["A=spec".parse().unwrap(), "B.b.io=spec".parse().unwrap()]);
        let unused = || paths.unused().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(unused(), ["A=spec", "B.b.io=spec"]);
        Objects::default().read(
            "{apiVersion: a.io/v1, kind: A, spec: {}}\n---\n{apiVersion: a.io/v1, kind: B}",
            &mut |found| {
                let Found::Object(object, _) = found else { panic!("{found:?}") };
                paths.of(&object).unwrap();
            },
        );
        assert_eq!(unused(), ["B.b.io=spec"]);
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
