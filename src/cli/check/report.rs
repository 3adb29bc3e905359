//! What checking manifests finds, independent of the manifests, for the output to print.

use std::sync::Arc;

use serde::Serialize;

use crate::{
    manifests::Place,
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
    /// Upstream's detail, about all containers.
    pub detail: Arc<str>,
    pub subject: Subject,
    /// The fields to change; never empty.
    pub fields: Vec<Field>,
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
        self.fields.iter().map(Field::instruction).collect::<Vec<_>>().join("; ")
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

/// How many there were of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
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
    /// Files, documents and objects that could not be judged.
    pub failed: u64,
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

    /// All that there was, in one line.
    pub(in crate::cli) fn line(&self) -> String {
        let Self {
            files,
            documents,
            workloads,
            conforming,
            violating,
            inconclusive,
            exempt,
            skipped,
            failed,
        } = self;
        let count =
            |count: u64, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
        let others = [(*inconclusive, "inconclusive"), (*exempt, "exempt")];
        let others = others.into_iter().filter(|(count, _)| *count > 0);
        let others = others.map(|(count, word)| format!(", {count} {word}")).collect::<Vec<_>>().concat();
        format!(
            "{}, {}: {} judged ({conforming} conforming, {violating} violating{others}), {skipped} skipped, {failed} failed",
            count(*files, "file", "files"),
            count(*documents, "document", "documents"),
            count(*workloads, "workload", "workloads"),
        )
    }
}
