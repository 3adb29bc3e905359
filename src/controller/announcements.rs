//! Events (events.k8s.io), one for each change.

use std::collections::HashMap;

use jiff::Timestamp;
use k8s_openapi::{
    api::{
        core::v1::{Namespace as KubeNamespace, ObjectReference},
        events::v1::Event,
    },
    apimachinery::pkg::apis::meta::v1::MicroTime,
};
use kube::{
    Api, Client, Resource,
    api::{ObjectMeta, PostParams},
};
use tokio::{
    sync::mpsc,
    time::{Duration, Instant},
};

use crate::{
    api::{ClusterPodSecurityProfile, PodSecurityReport},
    cluster::{CallError, within_deadline},
    standards::Mode,
};

/// How many events may wait. The first convergence of a large cluster has more changes than anybody reads; what
/// does not fit is counted and logged, not waited for.
const WAITING: usize = 1024;

/// How much room is kept for what must not be lost among the rest: that something was lowered, by anybody.
const KEPT: usize = WAITING / 4;

/// The longest note that the API server takes.
const LONGEST_NOTE: usize = 1024;

/// The same words about the same namespace are sent once in this time: two writers who disagree would otherwise
/// fill the list of events with one line.
const REPEATED: Duration = Duration::from_mins(5);

/// Where Events about objects without a namespace stand.
const EVENTS_NAMESPACE: &str = "default";

/// What somebody should be told about a namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Announcement {
    /// The profile concerned, by name and uid. Without one the event is about the namespace alone.
    pub(super) profile: Option<(String, String)>,
    /// The namespace, by name and uid.
    pub(super) namespace: (String, String),
    /// The mode concerned, if it is one.
    pub(super) mode: Option<Mode>,
    /// Whether somebody should look.
    pub(super) warning: bool,
    /// One word for machines.
    pub(super) reason: &'static str,
    /// Prose for people.
    pub(super) note: String,
    /// Whether those who run workloads in the namespace are told as well, by an Event there.
    pub(super) to_tenant: Option<String>,
}

/// Where events are handed in.
#[derive(Debug)]
pub(super) struct Announcements {
    sender: mpsc::Sender<Announcement>,
}

/// Where they come out.
#[derive(Debug)]
pub(super) struct Waiting {
    receiver: mpsc::Receiver<Announcement>,
}

impl Announcements {
    pub(super) fn new() -> (Self, Waiting) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self { sender }, Waiting { receiver })
    }

    /// Hands in an event; gives it back when too many are waiting.
    pub(super) fn hand_in(
        &self,
        announcement: Announcement,
        is_grave: bool,
    ) -> Result<(), Box<Announcement>> {
        if !is_grave && self.sender.capacity() <= KEPT {
            return Err(Box::new(announcement));
        }
        self.sender.try_send(announcement).map_err(|error| Box::new(error.into_inner()))
    }
}

impl Waiting {
    /// Sends events as they come, until the controller ends. One that cannot be sent is logged: the same is said
    /// in status and metrics.
    ///
    /// kube's recorder is not used: it counts up the first of several events with one reason, and so loses the
    /// before and after of all the others.
    pub(super) async fn send_all(mut self, client: Client, instance: Option<String>) {
        let mut sent = HashMap::new();
        while let Some(announcement) = self.receiver.recv().await {
            let now = Instant::now();
            sent.retain(|_, at| now.duration_since(*at) < REPEATED);
            if sent.insert(announcement.clone(), now).is_some() {
                continue;
            }
            let reason = announcement.reason;
            let event = event(announcement.clone(), instance.as_deref(), Timestamp::now());
            let tenants = announcement.to_tenant.as_deref();
            let copy = tenants.map(|report| for_tenant(&event, &announcement.namespace.0, report));
            for event in std::iter::once(event).chain(copy) {
                let namespace = event.metadata.namespace.as_deref().unwrap_or(EVENTS_NAMESPACE);
                let api: Api<Event> = Api::namespaced(client.clone(), namespace);
                if let Err(error) = within_deadline(api.create(&PostParams::default(), &event)).await {
                    log_failure(reason, &error);
                }
            }
        }
    }
}

fn log_failure(reason: &str, error: &CallError) {
    tracing::warn!(reason, %error, category = error.category(), "cannot send an event");
}

/// The same as an Event in the namespace that it is about, regarding its report. `kubectl describe` shows it by the
/// report's uid.
fn for_tenant(event: &Event, namespace: &str, report: &str) -> Event {
    let mut copy = event.clone();
    copy.metadata.namespace = Some(namespace.to_owned());
    copy.metadata.generate_name = Some(format!("{}-", PodSecurityReport::NAME));
    copy.related = copy.regarding.take();
    copy.regarding = Some(ObjectReference {
        namespace: Some(namespace.to_owned()),
        ..reference::<PodSecurityReport>(PodSecurityReport::NAME.into(), report.to_owned())
    });
    copy
}

fn event(announcement: Announcement, instance: Option<&str>, now: Timestamp) -> Event {
    const CONTROLLER: &str = "podsec.dev/controller";
    let Announcement { profile, namespace: (name, uid), mode, warning, reason, mut note, to_tenant: _ } =
        announcement;
    if note.len() > LONGEST_NOTE {
        let end = (0..=LONGEST_NOTE - '…'.len_utf8())
            .rev()
            .find(|end| note.is_char_boundary(*end))
            .unwrap_or_default();
        note.truncate(end);
        note.push('…');
    }
    let namespace = reference::<KubeNamespace>(name, uid);
    let (regarding, related) = match profile {
        Some((name, uid)) => (reference::<ClusterPodSecurityProfile>(name, uid), Some(namespace)),
        None => (namespace, None),
    };
    let action = match mode {
        Some(Mode::Enforce) => "Enforce",
        Some(Mode::Audit) => "Audit",
        Some(Mode::Warn) => "Warn",
        None => "Write",
    };
    // The API server appends what makes the name unique.
    let prefix = format!("{}-", regarding.name.as_deref().unwrap_or("podsec"));
    Event {
        metadata: ObjectMeta {
            generate_name: Some(prefix),
            namespace: Some(EVENTS_NAMESPACE.into()),
            ..ObjectMeta::default()
        },
        action: Some(action.into()),
        event_time: Some(MicroTime(now)),
        note: Some(note),
        reason: Some(reason.into()),
        regarding: Some(regarding),
        related,
        reporting_controller: Some(CONTROLLER.into()),
        reporting_instance: Some(instance.unwrap_or(CONTROLLER).into()),
        type_: Some(if warning { "Warning" } else { "Normal" }.into()),
        ..Event::default()
    }
}

fn reference<K: Resource<DynamicType = ()>>(name: String, uid: String) -> ObjectReference {
    ObjectReference {
        api_version: Some(K::api_version(&()).into()),
        kind: Some(K::kind(&()).into()),
        name: Some(name),
        uid: (!uid.is_empty()).then_some(uid),
        ..ObjectReference::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announcement(note: String) -> Announcement {
        Announcement {
            profile: Some(("p".into(), "u".into())),
            namespace: ("a".into(), "u".into()),
            mode: Some(Mode::Enforce),
            warning: false,
            reason: "Raised",
            note,
            to_tenant: None,
        }
    }

    #[test]
    fn what_was_lowered_still_finds_room_when_there_is_none_for_the_rest() {
        let (announcements, _waiting) = Announcements::new();
        let handed_in = |is_grave| announcements.hand_in(announcement(String::new()), is_grave).is_ok();
        let most = (0..WAITING).filter(|_| handed_in(false)).count();
        let rest = (0..WAITING).filter(|_| handed_in(true)).count();
        assert_eq!((most, rest), (WAITING - KEPT, KEPT));
    }

    #[test]
    fn a_tenant_is_told_of_the_report_by_its_uid() {
        let copy = for_tenant(&Event::default(), "shop", "report-uid");
        let regarding = copy.regarding.unwrap();
        let named = (regarding.kind.as_deref(), regarding.namespace.as_deref(), regarding.uid.as_deref());
        assert_eq!(named, (Some("PodSecurityReport"), Some("shop"), Some("report-uid")));
    }

    #[test]
    fn a_note_is_cut_to_what_the_api_server_takes() {
        let event = event(announcement("ü".repeat(2000)), None, Timestamp::UNIX_EPOCH);
        let note = event.note.unwrap();
        assert!(note.len() <= LONGEST_NOTE && note.ends_with('…'));
        assert_eq!(event.regarding.unwrap().kind.as_deref(), Some("ClusterPodSecurityProfile"));
        assert_eq!(event.related.unwrap().kind.as_deref(), Some("Namespace"));
    }
}
