//! What keeps workloads from conforming, for the output to print.

use serde::{Serialize, Serializer};

use crate::{
    assessment::{Blocker, Change, Obstacle, Subject, TemplateKind},
    standards::{Check, Mode},
};

/// One thing that keeps a workload from conforming.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    /// The modes that it concerns, the gravest first; never empty.
    pub(super) modes: Vec<Mode>,
    pub(super) what: What,
    /// The live pods that have it.
    pub(super) pods: usize,
    /// The object in whose template it is to be mended, as in `Deployment web`; nothing when no template has it.
    pub(super) template: Option<String>,
    /// What it is about: `pod`, `container web`, `volume logs`.
    pub(super) subject: String,
    /// The container, if it is about one.
    pub(super) container: Option<String>,
    /// The fields to change.
    pub(super) changes: Vec<Change>,
    /// Whether an API server that knows more might accept it.
    pub(super) in_doubt: bool,
    /// Whether something put it into the live pods that their template does not have.
    pub(super) injected: bool,
    /// Whether only ephemeral containers cause it.
    pub(super) ephemeral: bool,
}

/// What the matter is.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// A check refuses it, with upstream's reason and detail.
    Refused { check: &'static Check, reason: &'static str, detail: String },
    /// It cannot be read.
    Unreadable(String),
}

impl Finding {
    /// What the matter is, for people.
    pub(super) fn reason(&self) -> String {
        match &self.what {
            What::Refused { reason, .. } => (*reason).to_owned(),
            What::Unreadable(why) => format!("cannot be read: {why}"),
        }
    }

    /// What else there is to know of it: ` (injected)`.
    pub(super) fn remark(&self) -> &'static str {
        match (self.in_doubt, self.injected, self.ephemeral) {
            (true, ..) => " (in doubt)",
            (_, true, _) => " (not in the template: something put it into the pods)",
            (_, _, true) => " (ephemeral container: gone when the pod is)",
            _ => "",
        }
    }

    /// What to do, in one sentence.
    pub(super) fn remedy(&self) -> String {
        self.changes.iter().map(instruction).collect::<Vec<_>>().join("; ")
    }

    /// Whether it concerns what is enforced.
    pub(super) fn is_enforced(&self) -> bool {
        self.modes.first() == Some(&Mode::Enforce)
    }
}

/// The field and what to do about it.
pub(super) fn instruction(change: &Change) -> String {
    let or = change.path_on_pod.as_ref().map(|path| format!(" (or {path})")).unwrap_or_default();
    format!("{}{or}: {}", change.path, change.remedy)
}

impl From<Blocker<'_>> for Finding {
    /// Of a mode that is still to be named.
    fn from(blocker: Blocker<'_>) -> Self {
        let object = |(kind, name): (TemplateKind, &str)| format!("{} {name}", kind.as_str());
        let mut finding = Self {
            modes: Vec::new(),
            what: What::Unreadable(String::new()),
            pods: blocker.pods,
            template: blocker.template.map(object),
            subject: title(Subject::Pod),
            container: None,
            changes: Vec::new(),
            in_doubt: true,
            injected: false,
            ephemeral: false,
        };
        match blocker.obstacle {
            Obstacle::Unreadable(why) => finding.what = What::Unreadable(why.to_owned()),
            Obstacle::Refused(refusal) => {
                let (check, reason, detail) = (refusal.check, refusal.reason, refusal.detail);
                finding.what = What::Refused { check, reason, detail };
                finding.subject = title(refusal.subject);
                finding.container = refusal.subject.container().map(ToOwned::to_owned);
                finding.changes = refusal.changes;
                finding.in_doubt = refusal.in_doubt;
                finding.injected = refusal.injected;
                finding.ephemeral = refusal.ephemeral;
            }
        }
        finding
    }
}

/// `pod`, `container web`, `volume logs`.
fn title(subject: Subject<'_>) -> String {
    match subject {
        Subject::Pod => "pod".to_owned(),
        Subject::Container { name, .. } => format!("container {name}"),
        Subject::Volume { name } => format!("volume {name}"),
    }
}

/// Adds what a mode finds; what another mode found too is said once.
pub(super) fn merge(all: &mut Vec<Finding>, mode: Mode, found: Finding) {
    let same = |known: &&mut Finding| {
        let same_matter = match (&known.what, &found.what) {
            (What::Refused { check: one, detail, .. }, What::Refused { check: other, detail: found, .. }) => {
                one.id == other.id && detail == found
            }
            (What::Unreadable(one), What::Unreadable(other)) => one == other,
            _ => false,
        };
        same_matter && known.subject == found.subject && known.template == found.template
    };
    match all.iter_mut().find(same) {
        Some(known) => known.modes.push(mode),
        None => all.push(Finding { modes: vec![mode], ..found }),
    }
}

// --- as JSON ---

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Told::from(self).serialize(serializer)
    }
}

/// A finding in the words of a CheckReport.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<&'a str>,
    modes: &'a [Mode],
    reason: &'a str,
    detail: &'a str,
    containers: Vec<&'a str>,
    subject: &'a str,
    pods: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<&'a str>,
    fields: Vec<Field<'a>>,
    remedy: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    in_doubt: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    injected: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    ephemeral: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Field<'a> {
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_on_pod: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a str>,
    remedy: String,
}

impl<'a> From<&'a Change> for Field<'a> {
    fn from(change: &'a Change) -> Self {
        let Change { path, path_on_pod, value, remedy } = change;
        let remedy = remedy.to_string();
        Self { path, path_on_pod: path_on_pod.as_deref(), value: value.as_deref(), remedy }
    }
}

impl<'a> From<&'a Finding> for Told<'a> {
    fn from(finding: &'a Finding) -> Self {
        let (check, reason, detail) = match &finding.what {
            What::Refused { check, reason, detail } => (Some(check.id), *reason, detail.as_str()),
            What::Unreadable(why) => (None, "cannot be read", why.as_str()),
        };
        Self {
            check,
            modes: &finding.modes,
            reason,
            detail,
            containers: finding.container.as_deref().into_iter().collect(),
            subject: &finding.subject,
            pods: finding.pods,
            template: finding.template.as_deref(),
            fields: finding.changes.iter().map(Field::from).collect(),
            remedy: finding.remedy(),
            in_doubt: finding.in_doubt,
            injected: finding.injected,
            ephemeral: finding.ephemeral,
        }
    }
}
