//! From the text of a file to what is wrong with the workloads in it.

use std::{borrow::Cow, io::Read, sync::Arc};

use super::report::{Failure, Field, Finding, Modes, Skipped, Subject, Workload};
use crate::{
    manifests::{
        Documents, Found, Identity, Object, Objects, Place, Problem, Template, TemplatePath, TemplatePaths,
        Value,
    },
    standards::{self, Evaluation, Evaluator, Mode, Verdict, pod::Pod},
};

/// How many findings of a workload are told for each mode; the rest is counted.
const FINDINGS: usize = 500;

/// How many fields of a finding are told; the rest is counted.
const FIELDS: usize = 100;

/// How much of upstream's detail is repeated in each finding, in bytes: it is about all containers, so that to repeat all
/// of it would be to tell the square of their number. The message has it in full.
const DETAIL: usize = 2000;

/// What manifests are judged by.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) modes: Modes,
    pub(super) evaluator: Evaluator,
    pub(super) exempt_runtime_classes: Vec<String>,
    pub(super) templates: TemplatePaths,
    /// The namespace that the manifests go to; one that names another is not judged.
    pub(super) namespace: Option<String>,
}

/// What a file holds, one by one.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// A document that is not empty.
    Document,
    /// A workload, judged.
    Workload(Box<Workload>),
    /// An object without a pod template, or a document that is no Kubernetes object.
    Skipped(Box<Skipped>),
    /// Something that could not be judged.
    Failure(Failure),
}

/// Judges one file after the other, and keeps its memory from one to the next.
#[derive(Debug)]
pub(super) struct Judge<'r> {
    rules: &'r Rules,
    objects: Objects,
    buffer: Vec<u8>,
}

impl<'r> Judge<'r> {
    pub(super) fn new(rules: &'r Rules) -> Self {
        Self { rules, objects: Objects::default(), buffer: Vec::new() }
    }

    /// Judges all that can be read of a stream.
    pub(super) fn file(&mut self, reader: impl Read, item: &mut dyn FnMut(Item)) {
        let mut documents = Documents::new(reader, std::mem::take(&mut self.buffer));
        loop {
            match documents.next() {
                Ok(Some(document)) => match document.text() {
                    Ok(text) => self.document(text, document.line, item),
                    Err(place) => {
                        item(Item::Document);
                        item(Item::Failure(Failure {
                            place: Some(place),
                            object: None,
                            message: "is not UTF-8".into(),
                        }));
                    }
                },
                Ok(None) => break,
                Err(error) => {
                    item(Item::Failure(Failure { place: None, object: None, message: error.to_string() }));
                    break;
                }
            }
        }
        self.buffer = documents.into_buffer();
    }

    fn document(&mut self, text: &str, line: u32, item: &mut dyn FnMut(Item)) {
        let rules = self.rules;
        let begin = Place::new(line, 1);
        let mut is_empty = true;
        self.objects.read(text, &mut |found| {
            if std::mem::take(&mut is_empty) {
                item(Item::Document);
            }
            match found {
                Found::Other(within) => item(Item::Skipped(Box::new(Skipped {
                    line: within.after(begin).line,
                    kind: String::new(),
                    title: String::new(),
                    suggestion: None,
                }))),
                Found::Problem(Problem { place, mut message }) => {
                    if text.contains("{{") {
                        message.push_str(
                            "; of a template, check what it renders (helm template … | podsec check -)",
                        );
                    }
                    item(Item::Failure(Failure { place: Some(place.after(begin)), object: None, message }));
                }
                Found::Object(object, within) => {
                    rules.object(&object, within.after(begin), item);
                }
            }
        });
    }
}

impl Rules {
    fn object(&self, object: &Object<'_>, begin: Place, item: &mut dyn FnMut(Item)) {
        let failure = |Problem { place, message }| {
            let object = Some(title(&object.identity));
            Item::Failure(Failure { place: Some(place.after(begin)), object, message })
        };
        let templates = match self.templates.of(object) {
            Ok(templates) if templates.is_empty() => {
                return item(Item::Skipped(Box::new(Skipped {
                    line: object.value.place().after(begin).line,
                    kind: object.identity.kind.to_owned(),
                    title: title(&object.identity),
                    suggestion: TemplatePath::suggested(object),
                })));
            }
            Ok(templates) => templates,
            Err(problem) => return item(failure(problem)),
        };
        if let Some(message) = self.other_namespace(&object.identity) {
            return item(failure(Problem { place: object.value.place(), message }));
        }
        let is_one = templates.len() == 1;
        for template in templates {
            match self.template(object, &template, begin) {
                Ok(mut workload) => {
                    if is_one {
                        workload.template.clear();
                    }
                    item(Item::Workload(Box::new(workload)));
                }
                Err(problem) => item(failure(problem)),
            }
        }
    }

    fn other_namespace(&self, identity: &Identity<'_>) -> Option<String> {
        let (named, given) = (identity.namespace?, self.namespace.as_deref()?);
        (named != given).then(|| format!("is for the namespace {named}, and not for {given}"))
    }

    fn template(
        &self,
        object: &Object<'_>,
        template: &Template<'_>,
        begin: Place,
    ) -> Result<Workload, Problem> {
        let dot = if template.path.is_empty() { "" } else { "." };
        let missing = |value: Value<'_>, field: &str| Problem {
            place: value.place(),
            message: format!("{}{dot}{field} is missing", template.path),
        };
        let spec = template.value.get("spec")?.filter(|spec| !spec.is_null());
        let Some(spec) = spec else { return Err(missing(template.value, "spec")) };
        let mut pod: Pod<'_> = template.value.decode().map_err(|error| template.problem(error))?;
        // No pod is without: nobody means that, and whoever misspells it must not be told that all is well.
        let is_nothing = |containers: Value<'_>| {
            containers.is_null() || containers.items().is_some_and(|mut items| items.next().is_none())
        };
        if spec.get("containers")?.is_none_or(is_nothing) {
            return Err(missing(spec, "spec.containers"));
        }
        // What the templates make are pods, and it is those that are refused.
        pod.default_as_pod();
        let Identity { kind, namespace, name, .. } = object.identity;
        let mut workload = Workload {
            line: object.value.place().after(begin).line,
            kind: kind.to_owned(),
            namespace: namespace.map(ToOwned::to_owned),
            name: name.unwrap_or_default().to_owned(),
            template: template.path.clone(),
            verdict: Verdict::Conforms,
            exempt: None,
            messages: Vec::new(),
            findings: Vec::new(),
            omitted: 0,
        };
        let class = &*pod.spec.runtime_class_name;
        if self.exempt_runtime_classes.iter().any(|exempt| exempt == class) {
            workload.exempt = Some(class.to_owned());
            return Ok(workload);
        }
        for (mode, policy) in self.modes.iter() {
            let evaluation = self.evaluator.evaluate(policy, &pod);
            let message = if mode == Mode::Enforce {
                workload.verdict = evaluation.verdict();
                evaluation.message()
            } else {
                evaluation.warning()
            };
            let Some(message) = message else { continue };
            workload.messages.push((mode, message));
            merge(&mut workload.findings, mode, findings(&evaluation, template, begin).take(FINDINGS));
            workload.omitted = workload.omitted.max(evaluation.findings().count().saturating_sub(FINDINGS));
        }
        Ok(workload)
    }
}

/// Adds what a mode finds; what another mode found too is said once.
fn merge(all: &mut Vec<Finding>, mode: Mode, found: impl Iterator<Item = Finding>) {
    for finding in found {
        let same = |known: &&mut Finding| {
            known.check.id == finding.check.id
                && known.subject == finding.subject
                && known.detail == finding.detail
                && known.place() == finding.place()
        };
        match all.iter_mut().find(same) {
            Some(known) => known.modes.push(mode),
            None => all.push(Finding { modes: vec![mode], ..finding }),
        }
    }
}

fn findings<'e>(
    evaluation: &'e Evaluation<'e>,
    template: &'e Template<'_>,
    begin: Place,
) -> impl Iterator<Item = Finding> + use<'e> {
    let prefix = if template.path.is_empty() { String::new() } else { format!("{}.", template.path) };
    let value = template.value;
    let mut last: Option<(&str, Arc<str>)> = None;
    evaluation.findings().map(move |finding| {
        let violation = finding.violation();
        let detail = match &last {
            Some((id, detail)) if *id == violation.check().id => Arc::clone(detail),
            _ => beginning(violation.detail()).into(),
        };
        last = Some((violation.check().id, Arc::clone(&detail)));
        let fields = finding.offences().iter().take(FIELDS).map(|offence| Field {
            path: format!("{prefix}{}", offence.path()),
            path_on_pod: offence.path_on_pod().map(|path| format!("{prefix}{path}")),
            place: value.locate_field(offence.path().segments()).after(begin),
            value: offence.value().map(ToOwned::to_owned),
            remedy: offence.remedy(),
        });
        Finding {
            modes: Vec::new(),
            check: violation.check(),
            reason: violation.reason(),
            detail,
            subject: subject(finding.subject()),
            fields: fields.collect(),
            more_fields: finding.offences().len().saturating_sub(FIELDS),
            in_doubt: finding.offences().iter().all(standards::Offence::is_in_doubt),
        }
    })
}

/// A detail, or as much of it as a finding carries.
fn beginning(detail: &str) -> Cow<'_, str> {
    if detail.len() <= DETAIL {
        return Cow::Borrowed(detail);
    }
    Cow::Owned(format!("{}…", &detail[..detail.floor_char_boundary(DETAIL)]))
}

fn subject(place: standards::Place<'_>) -> Subject {
    match place {
        standards::Place::Pod | standards::Place::Annotation(_) => Subject::Pod,
        standards::Place::Container { name, .. } => Subject::Container(name.to_owned()),
        standards::Place::Volume { name, .. } => Subject::Volume(name.to_owned()),
    }
}

/// `Deployment shop/web`.
fn title(identity: &Identity<'_>) -> String {
    let Identity { kind, namespace, name, .. } = identity;
    let name = name.unwrap_or("(without a name)");
    match namespace {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    }
}
