//! Manifests as inventories, by the namespace that they name.

use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;

use super::Problem;
use crate::{
    assessment::{
        Activity, Fingerprint, Inventory, ObservedPod, ObservedTemplate, PodPhase, Reading, Shapes,
        TemplateKind,
    },
    manifests::{
        Documents, Found, Identity, Listed, Object, Objects, Place, Template, TemplatePaths, Unreadable,
        Value, files,
    },
    standards::pod::Pod,
};

/// What stands for the namespace of a manifest that names none. No namespace has this name.
pub(in crate::cli) const NO_NAMESPACE: &str = "(no namespace)";

/// The file and the line of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Source {
    pub(in crate::cli) file: Arc<str>,
    pub(in crate::cli) line: u32,
}

/// The workloads of some files.
#[derive(Debug, Default)]
pub(in crate::cli) struct Manifests {
    /// By namespace.
    pub(in crate::cli) inventories: BTreeMap<String, Inventory>,
    /// Where each of them stands, by namespace, kind and name.
    pub(in crate::cli) sources: HashMap<(String, &'static str, String), Source>,
    /// What could not be read.
    pub(in crate::cli) problems: Vec<Problem>,
}

impl Manifests {
    /// Reads files, folders and, where a path is `-`, standard input.
    pub(in crate::cli) fn read(paths: &[PathBuf]) -> Self {
        let mut reader = Reader::default();
        for path in paths {
            reader.argument(path);
        }
        reader.manifests
    }
}

#[derive(Default)]
struct Reader {
    manifests: Manifests,
    shapes: Shapes,
    objects: Objects,
    templates: TemplatePaths,
}

impl Reader {
    fn argument(&mut self, path: &Path) {
        let name = path.display().to_string();
        let mut has_manifest = false;
        if path.as_os_str() == "-" {
            has_manifest = self.stream("stdin", io::stdin().lock());
        } else {
            for found in files(path) {
                has_manifest |= match found {
                    Ok(Listed::File(file)) => self.file(&file),
                    // What git ignores is nobody's to apply.
                    Ok(Listed::Ignored(_)) => false,
                    Err(Unreadable { path, reason }) => {
                        self.problem(path.display().to_string(), reason);
                        true
                    }
                };
            }
        }
        // A path that yields no manifest was probably meant to yield one.
        if !has_manifest {
            self.problem(name, "holds no Kubernetes manifest");
        }
    }

    fn problem(&mut self, place: String, message: impl Into<String>) {
        self.manifests.problems.push(Problem { place, message: message.into() });
    }

    fn file(&mut self, path: &Path) -> bool {
        let name = path.display().to_string();
        match File::open(path) {
            Ok(file) => self.stream(&name, file),
            Err(error) => {
                self.problem(name, error.to_string());
                true
            }
        }
    }

    /// Reads all documents of a stream; gives whether there was any object, or something that may be one.
    fn stream(&mut self, name: &str, reader: impl Read) -> bool {
        let file: Arc<str> = name.into();
        let mut documents = Documents::new(reader, Vec::new());
        let mut has_manifest = false;
        loop {
            match documents.next() {
                Ok(None) => return has_manifest,
                Ok(Some(document)) => match document.text() {
                    Ok(text) => has_manifest |= self.document(&file, text, Place::new(document.line, 1)),
                    Err(place) => {
                        self.problem(format!("{file}:{place}"), "is not UTF-8");
                        has_manifest = true;
                    }
                },
                Err(error) => {
                    self.problem(name.to_owned(), error.to_string());
                    return true;
                }
            }
        }
    }

    fn document(&mut self, file: &Arc<str>, text: &str, begin: Place) -> bool {
        let Self { manifests, shapes, objects, templates } = self;
        let mut has_manifest = false;
        objects.read(text, &mut |found| match found {
            Found::Other(_) => {}
            Found::Problem(problem) => {
                has_manifest = true;
                let place = format!("{file}:{}", problem.place.after(begin));
                manifests.problems.push(Problem { place, message: problem.message });
            }
            Found::Object(object, within) => {
                has_manifest = true;
                let begin = within.after(begin);
                let taken = take(manifests, shapes, templates, &object, &(file, begin));
                if let Err(problem) = taken {
                    let place = format!("{file}:{}", problem.place.after(begin));
                    let message = format!("{}: {}", title(&object.identity), problem.message);
                    manifests.problems.push(Problem { place, message });
                }
            }
        });
        has_manifest
    }
}

/// Takes an object's template in, if it has one.
fn take(
    manifests: &mut Manifests,
    shapes: &mut Shapes,
    templates: &TemplatePaths,
    object: &Object<'_>,
    (file, begin): &(&Arc<str>, Place),
) -> Result<(), crate::manifests::Problem> {
    let Some(template) = templates.of(object)?.into_iter().next() else { return Ok(()) };
    let pod = pod(&template)?;
    let Identity { kind, namespace, name, .. } = object.identity;
    let namespace = namespace.unwrap_or(NO_NAMESPACE);
    let source = Source { file: Arc::clone(file), line: object.value.place().after(*begin).line };
    // Of a known kind, or it would have no template.
    let template_kind = TemplateKind::ALL.into_iter().find(|known| known.as_str() == kind);
    let kind = template_kind.map_or("Pod", TemplateKind::as_str);
    let name = distinct(manifests, namespace, kind, name.unwrap_or("(without a name)"), &source);
    manifests.sources.insert((namespace.to_owned(), kind, name.clone()), source);
    let inventory = manifests.inventories.entry(namespace.to_owned()).or_default();
    // What the templates make are pods, and it is those that are refused.
    let reading = Reading::Judgeable(shapes.of_template(pod));
    match template_kind {
        Some(kind) => inventory.insert_template(ObservedTemplate {
            kind,
            uid: Fingerprint::of(&(kind, &name)),
            name,
            controller: None,
            reading,
            revision: None,
            activity: Activity::Active,
            wants: None,
            created: Timestamp::UNIX_EPOCH,
        }),
        None => inventory.insert_pod(ObservedPod {
            name,
            controller: None,
            revision: None,
            reading,
            phase: PodPhase::Live,
            mirror: false,
            created: Timestamp::UNIX_EPOCH,
        }),
    }
    Ok(())
}

fn pod<'t>(template: &Template<'t>) -> Result<Pod<'t>, crate::manifests::Problem> {
    if template.value.get("spec")?.is_none_or(Value::is_null) {
        let dot = if template.path.is_empty() { "" } else { "." };
        return Err(crate::manifests::Problem {
            place: template.value.place(),
            message: format!("{}{dot}spec is missing", template.path),
        });
    }
    template.value.decode().map_err(|error| template.problem(error))
}

/// A name that no other manifest of the kind has: several overlays may hold one object each in their own way, and all
/// of them are judged.
fn distinct(
    manifests: &Manifests,
    namespace: &str,
    kind: &'static str,
    name: &str,
    source: &Source,
) -> String {
    let is_free =
        |name: &str| !manifests.sources.contains_key(&(namespace.to_owned(), kind, name.to_owned()));
    if is_free(name) {
        return name.to_owned();
    }
    let Source { file, line } = source;
    let mut distinct = format!("{name} ({file}:{line})");
    while !is_free(&distinct) {
        distinct.push('\'');
    }
    distinct
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
