//! Pods of all kinds, as strategies that shrink to the pod that makes the difference.

mod containers;
mod json;
mod settings;
pub(crate) mod valid;

use podsec::standards::{Level, LevelVersion, NEWEST_MINOR, Version};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use self::json::{Json, object, text};
use crate::upstream::{Policy, Question};

/// How much is wrong with a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lean {
    /// Hardly anything.
    Tidy,
    /// Anything.
    Wild,
}

/// A pod and a policy.
pub(crate) fn question() -> impl Strategy<Value = Question> + use<> {
    (pod(), policy()).prop_map(|(pod, policy)| Question { pod, policies: vec![policy] })
}

/// A level, a version and mostly no server that is older than the tables.
pub(crate) fn policy() -> impl Strategy<Value = Policy> + use<> {
    let level =
        prop_oneof![1 => Just(Level::Privileged), 20 => Just(Level::Baseline), 40 => Just(Level::Restricted)];
    let version = prop_oneof![
        10 => Just(Version::Latest),
        40 => (0..=u64::from(NEWEST_MINOR) + 1).prop_map(Version::Minor),
        1 => Just(Version::Minor(i64::MAX.unsigned_abs())),
    ];
    let server = prop_oneof![9 => Just(None), 1 => (0..=40_u32).prop_map(Some)];
    (level, version, server)
        .prop_map(|(level, version, server)| Policy { asked: LevelVersion::new(level, version), server })
}

/// A pod as a client may send it, however little sense it makes.
pub(crate) fn pod() -> impl Strategy<Value = Value> + use<> {
    prop_oneof![2 => pod_of(Lean::Tidy), 1 => pod_of(Lean::Wild)]
}

fn pod_of(lean: Lean) -> Json {
    let metadata = object(vec![("annotations", 20, annotations(lean))]);
    object(vec![("metadata", 15, metadata), ("spec", 60, spec(lean))])
}

fn annotations(lean: Lean) -> Json {
    let key = prop_oneof![
        Just("container.apparmor.security.beta.kubernetes.io/".to_owned()),
        json::name().prop_map(|name| format!("container.apparmor.security.beta.kubernetes.io/{name}")),
        Just("container.apparmor.security.beta.kubernetes.io".to_owned()),
        Just("seccomp.security.alpha.kubernetes.io/pod".to_owned()),
        json::name().prop_map(|name| format!("container.seccomp.security.alpha.kubernetes.io/{name}")),
        json::name(),
    ];
    let good = prop_oneof![Just("runtime/default"), Just("localhost/x"), Just("localhost/")];
    let bad = prop_oneof![Just("unconfined"), Just("docker/default"), Just(""), Just("Localhost/x")];
    let bad = prop_oneof![6 => bad.prop_map(Value::from), 2 => text(), 1 => Just(Value::Null)];
    let value = lean.either(good.prop_map(Value::from).boxed(), bad.boxed());
    prop::collection::vec((key, value), 0..4)
        .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>()))
        .boxed()
}

fn spec(lean: Lean) -> Json {
    let os = prop_oneof![3 => Just("windows"), 3 => Just("linux"), 1 => Just(""), 1 => Just("Windows")];
    let container = containers::container(lean);
    object(vec![
        ("initContainers", 3, json::list(&container, 2)),
        ("containers", 40, json::list(&container, 3)),
        ("ephemeralContainers", 2, json::list(&container, 2)),
        ("hostNetwork", 3, lean.either(Just(json!(false)).boxed(), Just(json!(true)).boxed())),
        ("hostPID", 3, lean.either(Just(json!(false)).boxed(), Just(json!(true)).boxed())),
        ("hostIPC", 3, lean.either(Just(json!(false)).boxed(), Just(json!(true)).boxed())),
        ("hostUsers", 4, json::boolean()),
        ("os", 3, object(vec![("name", 20, os.prop_map(Value::from).boxed())])),
        ("securityContext", if lean == Lean::Tidy { 40 } else { 6 }, settings::of_pod(lean)),
        ("volumes", 5, json::list(&volume(lean), 3)),
        ("runtimeClassName", 1, text()),
    ])
}

const ALLOWED_SOURCES: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

const OTHER_SOURCES: [&str; 21] = [
    "hostPath",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "gitRepo",
    "nfs",
    "iscsi",
    "glusterfs",
    "rbd",
    "flexVolume",
    "cinder",
    "cephfs",
    "flocker",
    "fc",
    "azureFile",
    "vsphereVolume",
    "quobyte",
    "azureDisk",
    "photonPersistentDisk",
    "portworxVolume",
    "scaleIO",
    "storageos",
];

/// A volume with one source, sometimes with none, with several, with one that nobody knows, or with `null` for one.
fn volume(lean: Lean) -> Json {
    let good = prop::sample::select(&ALLOWED_SOURCES[..]);
    let other = prop::sample::select(&OTHER_SOURCES[..]);
    let bad = prop_oneof![12 => other, 4 => Just("hostPath"), 1 => Just("marsDisk"), 1 => Just("hostpath")];
    let source = lean.either(good.boxed(), bad.boxed());
    let value = prop_oneof![12 => Just(json!({})), 1 => Just(Value::Null)];
    let sources = prop_oneof![
        12 => prop::collection::vec((source.clone(), value.clone()), 1..2),
        1 => prop::collection::vec((source, value), 0..4),
    ];
    (json::name(), sources)
        .prop_map(|(name, sources)| {
            let mut volume: Map<_, _> =
                sources.into_iter().map(|(source, value)| (source.to_owned(), value)).collect();
            volume.insert("name".to_owned(), name.into());
            Value::Object(volume)
        })
        .boxed()
}

impl Lean {
    /// Something good, or something bad now and then.
    fn either<T: std::fmt::Debug + 'static>(
        self,
        good: BoxedStrategy<T>,
        bad: BoxedStrategy<T>,
    ) -> BoxedStrategy<T> {
        match self {
            Self::Tidy => prop_oneof![15 => good, 1 => bad].boxed(),
            Self::Wild => prop_oneof![1 => good, 1 => bad].boxed(),
        }
    }
}
