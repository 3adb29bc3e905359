//! What a report says of workloads.

use crate::{
    api::{NotJudged, ReportContent, ReportedBlocker, VerdictCounts},
    assessment::{
        Apart, Assessment, Blocker, Blockers, Change, Cleanness, Counts, Kind, Obstacle, Refusal, Subject,
        TemplateKind,
    },
    standards::LevelVersion,
};

/// How many blockers a report lists at most.
const LISTED: usize = 20;

/// The characters of a kind and a name with a slash between them that a report has room for.
const WORKLOAD: usize = 317;

/// What is known of the workloads of a namespace, no longer bound to what was observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    policy: LevelVersion,
    /// `None` when something may be missing, and nobody can tell.
    clean_at: Option<LevelVersion>,
    workloads: VerdictCounts,
    pods: VerdictCounts,
    mended: u32,
    not_judged: NotJudged,
    missing: Vec<String>,
    blockers: Vec<ReportedBlocker>,
    more_blockers: u32,
    /// The first blocker's workload, in few characters.
    first: String,
}

impl Judgement {
    /// By the policy that enforce is planned to be, with the level that the same workloads are clean at by the version
    /// of that policy.
    pub fn new(assessment: &Assessment<'_, '_>, cleanness: Cleanness) -> Self {
        let policy = assessment.judge().policy();
        let may_be_higher = cleanness.next.is_some_and(|next| next.incomplete);
        let Blockers { listed, more } = assessment.blockers(LISTED);
        let (workloads, pods) = verdict_counts(assessment);
        Self {
            policy,
            clean_at: (!may_be_higher).then(|| LevelVersion::new(cleanness.level, policy.version)),
            workloads,
            pods,
            mended: number(assessment.mended_workloads()),
            not_judged: not_judged(assessment.apart()),
            missing: assessment.missing().iter().map(|list| (*list).to_owned()).collect(),
            first: listed.first().map(in_short).unwrap_or_default(),
            blockers: listed.iter().map(reported).collect(),
            more_blockers: number(more),
        }
    }

    pub(super) fn tell(self, content: &mut ReportContent) {
        let VerdictCounts { violating, judged, .. } = self.workloads;
        content.summary.clean_at =
            self.clean_at.map_or_else(|| "unknown".to_owned(), |clean| clean.level.to_string());
        content.summary.violating = format!("{violating}/{judged}");
        content.summary.blocker = self.first;
        content.policy = Some(self.policy);
        content.clean_at = self.clean_at;
        content.workloads = Some(self.workloads);
        content.pods = Some(self.pods);
        content.mended = self.mended;
        content.not_judged = Some(self.not_judged).filter(|apart| *apart != NotJudged::default());
        content.missing = self.missing;
        content.blockers = self.blockers;
        content.more_blockers = self.more_blockers;
    }
}

/// The workloads and the live pods of an assessment, counted as a report has them.
pub fn verdict_counts(assessment: &Assessment<'_, '_>) -> (VerdictCounts, VerdictCounts) {
    let workloads = counts(assessment.workloads(), assessment.exempt_workloads());
    (workloads, counts(assessment.pods(), assessment.exempt_pods()))
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn counts(counts: Counts, exempt: usize) -> VerdictCounts {
    VerdictCounts {
        conforming: number(counts.conforming),
        exempt: number(exempt),
        inconclusive: number(counts.inconclusive),
        judged: number(counts.judged()),
        violating: number(counts.violating),
    }
}

fn not_judged(apart: Apart) -> NotJudged {
    let Apart { finished_pods, deleting_pods, finished_jobs, idle_replica_sets } = apart;
    NotJudged {
        deleting_pods: number(deleting_pods),
        finished_jobs: number(finished_jobs),
        finished_pods: number(finished_pods),
        idle_replica_sets: number(idle_replica_sets),
    }
}

/// A blocker as the report has it. What is too long is cut there.
fn reported(blocker: &Blocker<'_>) -> ReportedBlocker {
    let mut reported = ReportedBlocker {
        object: object(blocker).unwrap_or_default(),
        pods: number(blocker.pods),
        workload: workload(&blocker.kind, blocker.workload),
        ..ReportedBlocker::default()
    };
    match &blocker.obstacle {
        Obstacle::Unreadable(reason) => reported.message = format!("cannot be read: {reason}"),
        Obstacle::Refused(refusal) => tell_refusal(refusal, &mut reported),
    }
    reported
}

fn tell_refusal(refusal: &Refusal<'_>, reported: &mut ReportedBlocker) {
    let Refusal { check, subject, message, changes, in_doubt, injected, ephemeral, .. } = refusal;
    check.id.clone_into(&mut reported.check);
    reported.message.clone_from(message);
    match subject {
        Subject::Container { name, .. } => (*name).clone_into(&mut reported.container),
        Subject::Volume { name } => (*name).clone_into(&mut reported.volume),
        Subject::Pod => {}
    }
    if let Some(Change { path, path_on_pod, value: _, remedy }) = changes.first() {
        reported.field.clone_from(path);
        let elsewhere = path_on_pod.as_ref().map(|path| format!(", here or in {path}")).unwrap_or_default();
        reported.remedy = format!("{remedy}{elsewhere}");
    }
    reported.more_fields = number(changes.len().saturating_sub(1));
    let notes = [
        (*injected, "something adds it to the pods when they are created"),
        (*ephemeral, "it goes with the ephemeral containers, when the pod is created anew"),
        (*in_doubt, "an API server that knows more than podsec might accept it"),
    ];
    let notes: Vec<_> = notes.into_iter().filter(|(holds, _)| *holds).map(|(_, note)| note).collect();
    reported.note = notes.join("; ");
}

/// The object to look into, where it is not the workload itself.
fn object(blocker: &Blocker<'_>) -> Option<String> {
    match (blocker.template, blocker.first_pod) {
        (Some((kind, name)), _) => {
            let is_itself = blocker.kind == Kind::Template(kind) && blocker.workload == name;
            (!is_itself).then(|| workload(&Kind::Template(kind), name))
        }
        (None, Some(pod)) if blocker.kind != Kind::Pod => Some(workload(&Kind::Pod, pod)),
        (None, _) => None,
    }
}

/// `Deployment/web`, and with its group where podsec knows the kind by references only: `CloneSet.apps.kruise.io/web`.
pub(super) fn workload(kind: &Kind, name: &str) -> String {
    let full = match kind {
        Kind::Other(kind) => format!("{kind}/{name}"),
        Kind::Template(_) | Kind::Pod => String::new(),
    };
    if full.is_empty() || full.chars().count() > WORKLOAD { format!("{}/{name}", kind.name()) } else { full }
}

/// The workload that a blocker is about, as kubectl takes it.
fn in_short(blocker: &Blocker<'_>) -> String {
    let kind = match &blocker.kind {
        Kind::Pod => "pod",
        Kind::Template(TemplateKind::CronJob) => "cj",
        Kind::Template(TemplateKind::DaemonSet) => "ds",
        Kind::Template(TemplateKind::Deployment) => "deploy",
        Kind::Template(TemplateKind::Job) => "job",
        Kind::Template(TemplateKind::PodTemplate) => "podtemplate",
        Kind::Template(TemplateKind::ReplicaSet) => "rs",
        Kind::Template(TemplateKind::ReplicationController) => "rc",
        Kind::Template(TemplateKind::StatefulSet) => "sts",
        Kind::Other(_) => &blocker.kind.name().to_lowercase(),
    };
    format!("{kind}/{}", blocker.workload)
}

#[cfg(test)]
#[path = "judgement_tests.rs"]
mod tests;
