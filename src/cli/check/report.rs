//! What checking manifests finds, independent of the manifests, for the output to print.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;

use crate::{
    api::counted,
    manifests::{Place, TemplatePath},
    standards::{Check, LevelVersion, Mode, Remedy, Verdict},
};

/// The level and version of each mode that manifests are judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Modes {
    /// What is refused. `privileged` where nothing is.
    pub enforce: LevelVersion,
    /// What goes to the audit log, if anything.
    pub audit: Option<LevelVersion>,
    /// What the client is warned of, if anything.
    pub warn: Option<LevelVersion>,
}

impl Modes {
    /// The modes that have a policy, enforce first.
    pub(in crate::cli) fn iter(self) -> impl Iterator<Item = (Mode, LevelVersion)> {
        let others = [(Mode::Audit, self.audit), (Mode::Warn, self.warn)];
        let others = others.into_iter().filter_map(|(mode, policy)| Some((mode, policy?)));
        std::iter::once((Mode::Enforce, self.enforce)).chain(others)
    }

    /// The policy of a mode.
    pub(in crate::cli) const fn get(self, mode: Mode) -> Option<LevelVersion> {
        match mode {
            Mode::Enforce => Some(self.enforce),
            Mode::Audit => self.audit,
            Mode::Warn => self.warn,
        }
    }
}

/// A workload that was judged.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Workload {
    pub line: u32,
    pub kind: String,
    pub namespace: Option<String>,
    /// Empty where the manifest gives none.
    pub name: String,
    /// Which of several templates, as in `spec.tasks[1].template`; empty where there is one.
    pub template: String,
    /// What enforce makes of it.
    pub verdict: Verdict,
    /// The runtime class that exempts it.
    pub exempt: Option<String>,
    /// What the API server says in each mode, in its words.
    pub messages: Vec<(Mode, String)>,
    pub findings: Vec<Finding>,
    /// How many more findings there are: no report is long because of one workload.
    pub omitted: usize,
}

impl Workload {
    /// `Deployment shop/web`, and which template of it.
    pub(in crate::cli) fn title(&self) -> String {
        let mut title = format!("{} ", self.kind);
        if let Some(namespace) = &self.namespace {
            title.push_str(namespace);
            title.push('/');
        }
        title.push_str(if self.name.is_empty() { "(without a name)" } else { &self.name });
        if !self.template.is_empty() {
            title.push_str(" (");
            title.push_str(&self.template);
            title.push(')');
        }
        title
    }

    /// That there are more findings than are told, where there are.
    pub(in crate::cli) fn more(&self) -> Option<String> {
        let findings = if self.omitted == 1 { "finding" } else { "findings" };
        (self.omitted > 0).then(|| format!("and {} more {findings}", self.omitted))
    }

    /// What the API server says when it refuses it.
    pub(in crate::cli) fn message(&self, mode: Mode) -> Option<&str> {
        self.messages.iter().find(|(of, _)| *of == mode).map(|(_, message)| message.as_str())
    }
}

/// What one check has against one container, one volume or the pod.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Finding {
    /// The modes that it concerns, the gravest first; never empty.
    pub modes: Vec<Mode>,
    pub check: &'static Check,
    /// Upstream's reason.
    pub reason: &'static str,
    /// Upstream's detail, about all containers; the beginning of it where it is very long.
    pub detail: Arc<str>,
    pub subject: Subject,
    /// The fields to change; never empty.
    pub fields: Vec<Field>,
    /// How many more fields there are.
    pub more_fields: usize,
    /// Whether an API server that knows more might accept it.
    pub in_doubt: bool,
}

impl Finding {
    /// The gravest mode that it concerns.
    pub(in crate::cli) fn mode(&self) -> Mode {
        self.modes.first().copied().unwrap_or(Mode::Enforce)
    }

    /// ` (audit and warn only)` where it is not enforced.
    pub(in crate::cli) fn only(&self) -> String {
        let modes: Vec<_> = self.modes.iter().map(|mode| mode.as_str()).collect();
        if self.mode() == Mode::Enforce { String::new() } else { format!(" ({} only)", modes.join(" and ")) }
    }

    /// Where it stands: the first of its fields.
    pub(in crate::cli) fn place(&self) -> Place {
        self.fields.first().map(|field| field.place).unwrap_or_default()
    }

    /// What to do, in one sentence.
    pub(in crate::cli) fn remedy(&self) -> String {
        let mut remedy = self.fields.iter().map(Field::instruction).collect::<Vec<_>>().join("; ");
        if let Some(more) = self.more() {
            remedy.push_str("; ");
            remedy.push_str(&more);
        }
        remedy
    }

    /// That there are more fields, where there are.
    pub(in crate::cli) fn more(&self) -> Option<String> {
        let fields = if self.more_fields == 1 { "field" } else { "fields" };
        (self.more_fields > 0).then(|| format!("and {} more {fields}", self.more_fields))
    }
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Subject {
    Pod,
    Container(String),
    Volume(String),
}

impl Subject {
    /// The container, if it is one.
    pub(in crate::cli) fn container(&self) -> Option<&str> {
        match self {
            Self::Container(name) => Some(name),
            Self::Pod | Self::Volume(_) => None,
        }
    }

    /// `pod`, `container web`, `volume logs`.
    pub(in crate::cli) fn title(&self) -> String {
        match self {
            Self::Pod => "pod".into(),
            Self::Container(name) => format!("container {name}"),
            Self::Volume(name) => format!("volume {name}"),
        }
    }
}

/// A field to change.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Field {
    /// From the top of the object, as in `spec.template.spec.hostNetwork`.
    pub path: String,
    /// The field of the pod that would do for all containers.
    pub path_on_pod: Option<String>,
    /// Where it is, or what is nearest to it of what is there.
    pub place: Place,
    /// What stands there now.
    pub value: Option<String>,
    /// What would satisfy the check.
    pub remedy: Remedy,
}

impl Field {
    /// The field and what to do about it.
    pub(in crate::cli) fn instruction(&self) -> String {
        let or = self.path_on_pod.as_ref().map(|path| format!(" (or {path})")).unwrap_or_default();
        format!("{}{or}: {}", self.path, self.remedy)
    }
}

/// Something that could not be judged.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Failure {
    /// Where; nowhere in particular if the whole file is concerned.
    pub place: Option<Place>,
    /// Which object, if that is known: `Deployment shop/web`.
    pub object: Option<String>,
    /// Why.
    pub message: String,
}

/// Something that was not judged, and need not be.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Skipped {
    pub line: u32,
    /// Empty for what is no object.
    pub kind: String,
    /// `Service shop/web`; empty for what is no object.
    pub title: String,
    /// What would have it judged, where it looks as if it had a pod template.
    pub suggestion: Option<TemplatePath>,
}

impl Skipped {
    /// What it is and why it was not judged.
    pub(in crate::cli) fn reason(&self) -> String {
        let Self { line, kind, title, suggestion } = self;
        match suggestion {
            _ if title.is_empty() => format!("line {line}: no Kubernetes object"),
            None if kind.ends_with("List") => format!("line {line}: {kind}, which has no items"),
            None => format!("line {line}: {title}, which has no pod template"),
            Some(path) => format!("line {line}: {title}; --template-path {path} would have it judged"),
        }
    }
}

/// How many there were of what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(in crate::cli) struct Summary {
    /// Files read, standard input among them.
    pub files: u64,
    /// YAML and JSON documents that are not empty.
    pub documents: u64,
    /// Workloads judged: the sum of the next four.
    pub workloads: u64,
    pub conforming: u64,
    pub violating: u64,
    pub inconclusive: u64,
    /// Of an exempt runtime class.
    pub exempt: u64,
    /// Objects without a pod template, and documents that are no Kubernetes object.
    pub skipped: u64,
    /// Manifests, and whole folders, that git ignores.
    pub ignored: u64,
    /// Files, documents and objects that could not be judged.
    pub failed: u64,
    /// What was skipped, by kind.
    #[serde(skip)]
    pub kinds: Kinds,
}

/// How many there were of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::cli) struct Kinds(BTreeMap<String, u64>);

impl Kinds {
    /// How many kinds are told apart: they are what a manifest says, and it may say anything.
    const MOST: usize = 64;
    /// How many are named in a line.
    const NAMED: usize = 3;

    fn count(&mut self, kind: &str) {
        let kind = if kind.is_empty() { "no object" } else { kind };
        if let Some(count) = self.0.get_mut(kind) {
            *count += 1;
        } else if self.0.len() < Self::MOST {
            self.0.insert(kind.to_owned(), 1);
        }
    }

    /// ` (Service)`, ` (3 Service, 1 ConfigMap)`, the most frequent first; nothing where there is nothing to say.
    fn line(&self, all: u64, show: impl Fn(&str) -> String) -> String {
        let mut kinds: Vec<_> = self.0.iter().collect();
        kinds.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let named = kinds.iter().take(Self::NAMED);
        let others = all - named.clone().map(|(_, count)| **count).sum::<u64>();
        let mut parts: Vec<_> = match kinds.as_slice() {
            [] => return String::new(),
            [(kind, count)] if **count == all => vec![show(kind)],
            _ => named.map(|(kind, count)| format!("{count} {}", show(kind))).collect(),
        };
        parts.extend((others > 0).then(|| counted(others, "other")));
        format!(" ({})", parts.join(", "))
    }
}

impl Summary {
    /// Counts a workload.
    pub(in crate::cli) fn count(&mut self, workload: &Workload) {
        self.workloads += 1;
        let counter = match (&workload.exempt, workload.verdict) {
            (Some(_), _) => &mut self.exempt,
            (None, Verdict::Conforms) => &mut self.conforming,
            (None, Verdict::Violates) => &mut self.violating,
            (None, Verdict::Inconclusive) => &mut self.inconclusive,
        };
        *counter += 1;
    }

    /// Counts something that was skipped.
    pub(in crate::cli) fn skip(&mut self, skipped: &Skipped) {
        self.skipped += 1;
        self.kinds.count(&skipped.kind);
    }

    /// All that there was, in one line. The kinds in it, which are what manifests say, are written as `show` has it.
    pub(in crate::cli) fn line(&self, show: impl Fn(&str) -> String) -> String {
        let Self { conforming, violating, skipped, failed, .. } = self;
        let told = |count: u64, words: &str| {
            if count > 0 { format!(", {count} {words}") } else { String::new() }
        };
        let others = told(self.inconclusive, "inconclusive") + &told(self.exempt, "exempt");
        let ignored = told(self.ignored, "ignored by git");
        let kinds = self.kinds.line(*skipped, show);
        format!(
            "{}, {}: {} judged ({conforming} conforming, {violating} violating{others}), {skipped} skipped{kinds}{ignored}, {failed} failed",
            counted(self.files, "file"),
            counted(self.documents, "document"),
            counted(self.workloads, "workload"),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_skipped_is_told_by_kind() {
        let line = |kinds: &[&str]| {
            let mut summary = Summary::default();
            for kind in kinds {
                let (kind, title) = ((*kind).to_owned(), String::new());
                summary.skip(&Skipped { line: 1, kind, title, suggestion: None });
            }
            let line = summary.line(ToOwned::to_owned);
            line.split("violating), ")
                .nth(1)
                .and_then(|line| line.strip_suffix(", 0 failed"))
                .unwrap()
                .to_owned()
        };
        assert_eq!(line(&[]), "0 skipped");
        assert_eq!(line(&["Service"; 3]), "3 skipped (Service)");
        assert_eq!(line(&["Service", "", "Service"]), "3 skipped (2 Service, 1 no object)");
        assert_eq!(line(&["D", "C", "B", "A", "A"]), "5 skipped (2 A, 1 B, 1 C, 1 other)");
        let many: Vec<_> = (0..100).map(|index| format!("K{index:03}")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        assert_eq!(line(&many), "100 skipped (1 K000, 1 K001, 1 K002, 97 others)");
    }
}
