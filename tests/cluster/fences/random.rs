//! Whatever the profiles: a namespace is created with the labels that podsec would give it.
//!
//! Random namespaces are created up to the storing under random profiles, once without policies, so that podsec can plan
//! them as they came, and once with. `PODSEC_FENCES=100` tries so many sets of profiles, each in some seconds.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kube::{
    api::{Patch, PatchParams},
    core::Request,
};
use podsec::{
    assessment::{Inventory, Judge},
    cluster::namespaces::{NamespaceItem, observe},
    rollout::{
        Answer, Completeness, Evidence, Namespace, Pace, Pin, Profile, Profiles, ServerView, Settings, plan,
    },
    standards::{Level, LevelVersion, Mode, Policy, Version},
};
use podsec_control_plane::Cluster;
use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};
use serde_json::{Value, json};

use super::{put_in_place, stage, take_away};
use crate::stage::Stage;

/// Sets of profiles unless the environment says otherwise, and namespaces under each.
const SETS: usize = 8;
const NAMESPACES: usize = 60;

const SERVER: ServerView = ServerView { minor: 37, watched_in_full: true };

fn level() -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(vec!["privileged", "baseline", "restricted"])
}

fn version() -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(vec!["latest", "v1.9", "v1.30", "v1.36", "v1.37", "v1.99"])
}

fn name() -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(vec!["team-a", "team-b", "shop", "a-b-c", "openshift-x", "kube-public-x"])
}

fn pattern() -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(vec![
        "team-*",
        "team-a",
        "*",
        "*-c",
        "a*b*",
        "shop",
        "openshift-x",
        "openshift-*",
        "*t*",
    ])
}

/// A selector on two labels, by every operator.
fn selector() -> impl Strategy<Value = Value> {
    let value = || prop::sample::select(vec!["1", "2", ""]);
    let key = || prop::sample::select(vec!["tier", "example.com/team"]);
    let requirement = prop_oneof![
        (key(), prop::sample::select(vec!["In", "NotIn"]), prop::collection::btree_set(value(), 1..3))
            .prop_map(|(key, operator, values)| json!({"key": key, "operator": operator, "values": values})),
        (key(), prop::sample::select(vec!["Exists", "DoesNotExist"]))
            .prop_map(|(key, operator)| json!({"key": key, "operator": operator})),
    ];
    let labels = prop::collection::btree_map(key(), value(), 0..2);
    (labels, prop::collection::vec(requirement, 0..2))
        .prop_map(|(labels, requirements)| json!({"matchLabels": labels, "matchExpressions": requirements}))
}

fn profile() -> impl Strategy<Value = Value> {
    let mode = || (level(), prop::option::of(prop_oneof![version(), Just("server"), Just("server-1")]));
    let mode = move || {
        prop::option::weighted(0.7, mode()).prop_map(|mode| {
            mode.map(|(level, version)| match version {
                Some(version) => json!({"level": level, "version": version}),
                None => json!({"level": level}),
            })
        })
    };
    let exemption =
        (pattern(), prop::option::of(prop::sample::select(vec!["privileged", "baseline"])), any::<bool>());
    let exemptions = prop::collection::btree_map(pattern(), exemption, 0..3).prop_map(|exemptions| {
        let exemption = |(name, (_, enforce, expired)): (&str, (_, Option<&str>, bool))| {
            let mut exemption = json!({"name": name, "reason": "r"});
            if let Some(enforce) = enforce {
                exemption["enforce"] = enforce.into();
            }
            if expired {
                exemption["expires"] = "2020-01-01T00:00:00Z".into();
            }
            exemption
        };
        exemptions.into_iter().map(exemption).collect::<Vec<_>>()
    });
    let names = prop::option::of(prop::collection::btree_set(pattern(), 1..4));
    let policies = prop::sample::select(vec!["KeepStricter", "Force", "Yield"]);
    let strategies = prop::sample::select(vec!["WhenClean", "Immediate", "Immediate", "DryRun"]);
    (
        (mode(), mode(), mode()),
        (prop::option::of(selector()), names),
        (exemptions, policies, strategies),
        (-1..2_i32, any::<bool>(), prop::bool::weighted(0.1)),
    )
        .prop_map(|(modes, (selector, names), (exemptions, conflicts, strategy), (priority, weakens, suspended))| {
            let mut spec = json!({
                "priority": priority, "conflictPolicy": conflicts, "allowWeakening": weakens, "suspend": suspended,
                "exemptions": exemptions, "rollout": {"strategy": strategy},
            });
            for (mode, set) in [("enforce", modes.0), ("audit", modes.1), ("warn", modes.2)] {
                if let Some(set) = set {
                    spec[mode] = set;
                }
            }
            if ["enforce", "audit", "warn"].iter().all(|mode| spec[mode].is_null()) {
                spec["warn"] = json!({"level": "baseline"});
            }
            spec["namespaceSelector"] = match (selector, &names) {
                (Some(selector), _) => selector,
                (None, None) => json!({}),
                (None, Some(_)) => Value::Null,
            };
            if let Some(names) = names {
                spec["namespaceNames"] = json!(names);
            }
            spec.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            spec
        })
}

/// A namespace as somebody creates it, and the field manager that they are.
fn namespace() -> impl Strategy<Value = (Value, &'static str)> {
    let value = prop::option::of(prop::sample::select(vec!["1", "2", ""]));
    let level = || prop::option::weighted(0.5, level());
    let version = || prop::option::weighted(0.4, version());
    let managers = vec!["kubectl-create", "helm", "kustomize-controller", "podsec", "podsec-retained"];
    (
        name(),
        (value.clone(), value),
        (level(), version(), level(), version(), level(), version()),
        prop::sample::select(managers),
    )
        .prop_map(|(name, (tier, team), (enforce, enforce_v, audit, audit_v, warn, warn_v), manager)| {
            let prefix = "pod-security.kubernetes.io/";
            let labels: BTreeMap<_, _> = [
                ("tier".to_owned(), tier),
                ("example.com/team".to_owned(), team),
                (format!("{prefix}enforce"), enforce),
                (format!("{prefix}enforce-version"), enforce_v),
                (format!("{prefix}audit"), audit),
                (format!("{prefix}audit-version"), audit_v),
                (format!("{prefix}warn"), warn),
                (format!("{prefix}warn-version"), warn_v),
            ]
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .collect();
            let metadata = json!({"name": name, "labels": labels});
            (json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}), manager)
        })
}

/// What the controller is told, and the flags that say the same.
fn settings() -> impl Strategy<Value = (Settings, Vec<String>)> {
    let defaults = prop::option::of((level(), version()));
    (defaults, prop::bool::weighted(0.2)).prop_map(|(defaults, never_weaken)| {
        let mut settings = Settings { never_weaken, ..Settings::as_installed() };
        let mut flags = Vec::new();
        if let Some((level, version)) = defaults {
            let value: LevelVersion = format!("{level}:{version}").parse().unwrap();
            settings.server_defaults = Policy::new([value; 3]);
            for mode in Mode::ALL {
                flags.extend(["--server-defaults".to_owned(), format!("{mode}={value}")]);
            }
        }
        flags.extend(never_weaken.then(|| "--never-weaken".to_owned()));
        (settings, flags)
    })
}

/// Has the API server create a namespace up to the storing, by an apply or an update; gives it with its managers.
async fn created(stage: &Stage, object: &Value, manager: &str) -> NamespaceItem {
    let name = object["metadata"]["name"].as_str().unwrap();
    let request = if manager == "kubectl-create" || manager == "helm" {
        let params = kube::api::PostParams { dry_run: true, field_manager: Some(manager.into()) };
        Request::new("/api/v1/namespaces").create(&params, object.to_string().into_bytes()).unwrap()
    } else {
        let params = PatchParams { dry_run: true, ..PatchParams::apply(manager) };
        Request::new("/api/v1/namespaces").patch(name, &params, &Patch::Apply(object)).unwrap()
    };
    stage.admin.request(request).await.unwrap()
}

/// The labels of Pod Security once the plan for a namespace that has just been created is carried out.
fn planned(
    namespace: &Namespace,
    profiles: &Profiles,
    settings: &Settings,
) -> BTreeMap<&'static str, String> {
    let now = namespace.created.max(Timestamp::now());
    let nothing = Inventory::default();
    let workloads = nothing.workloads();
    let judge = Judge::new(LevelVersion::new(Level::Privileged, Version::Latest)).on_server(SERVER.minor);
    let pace = Pace::default();
    let mut looks = Vec::new();
    loop {
        let evidence = Evidence {
            workloads: &workloads,
            judge: &judge,
            newer_server: false,
            watched_since: Timestamp::UNIX_EPOCH,
            created: namespace.created,
            had_pods: false,
            record: None,
            looks: &looks,
            pace: &pace,
        };
        let plan = plan(namespace, profiles, settings, Some(&evidence), now);
        match &plan.look {
            Some(due) if looks.is_empty() => {
                looks.push(due.answered(namespace, Answer::Agrees, Timestamp::MAX));
            }
            _ => return plan.labels_after(namespace),
        }
    }
}

fn levels(namespace: &Namespace) -> BTreeMap<String, String> {
    let of_pod_security = |key: &str| key.starts_with(podsec::standards::LABEL_PREFIX);
    let labels = namespace.labels.iter().filter(|(key, _)| of_pod_security(key));
    labels.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

#[tokio::test]
async fn a_namespace_is_created_with_what_podsec_would_write() {
    let stage = stage(Cluster::builder()).await;
    let sets = std::env::var("PODSEC_FENCES").map_or(SETS, |sets| sets.parse().unwrap());
    let mut runner = TestRunner::deterministic();
    let mut stamped = 0;
    for _ in 0..sets {
        let mut draw = |strategy: BoxedStrategy<Value>| strategy.new_tree(&mut runner).unwrap().current();
        let specs: Vec<_> = (0..4).map(|_| draw(profile().boxed())).collect();
        let (settings, flags) = settings().new_tree(&mut runner).unwrap().current();
        let namespaces: Vec<_> =
            (0..NAMESPACES).map(|_| namespace().new_tree(&mut runner).unwrap().current()).collect();
        stage.cluster.kubectl(&["delete", "cpsp", "--all"]).unwrap();
        for (index, spec) in specs.iter().enumerate() {
            stage.profile(&format!("p{index}"), spec.clone()).await;
        }
        let mut came = Vec::new();
        for (object, manager) in &namespaces {
            came.push(observe(&created(&stage, object, manager).await).unwrap());
        }
        let mut arguments = vec!["--only", "label-new-namespaces"];
        arguments.extend(flags.iter().map(String::as_str));
        let objects = stage.profiles().list(&kube::api::ListParams::default()).await.unwrap().items;
        let profiles = objects.iter().map(|object| Profile::new(object, SERVER, |_| Pin::default()));
        let complete = Completeness::Complete { crd_created: Timestamp::UNIX_EPOCH };
        let profiles = Profiles::new(profiles, [], complete);
        if profiles.iter().all(|profile| !profile.is_active()) {
            continue;
        }
        let mark = put_in_place(&stage, &arguments).await;
        for ((object, manager), namespace) in namespaces.iter().zip(&came) {
            let expected: BTreeMap<_, _> = planned(namespace, &profiles, &settings)
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect();
            let is = levels(&observe(&created(&stage, object, manager).await).unwrap());
            stamped += usize::from(is != levels(namespace));
            assert_eq!(is, expected, "{manager} {object}\nunder {settings:?}\n{specs:#?}");
        }
        take_away(&stage, &mark).await;
    }
    assert!(stamped > sets * NAMESPACES / 5, "{stamped} were labelled at all");
}
