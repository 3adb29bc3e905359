//! What it takes to hold and judge a large cluster: 10,000 namespaces with 15 pods each, of 500 shapes.
//!
//! `cargo bench --bench assessment`. It prints times and memory, and fails on nothing.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a bench prints, and fails by panicking")]

use std::time::Instant;

use allocation_counter::measure;
use jiff::Timestamp;
use podsec::{
    assessment::{
        Activity, Fingerprint, Inventory, Judge, Kind, ObservedPod, ObservedTemplate, PodPhase, Reading,
        Reference, Shapes, TemplateKind, compare,
    },
    standards::{LevelVersion, Version, pod::Pod},
};

const NAMESPACES: usize = 10_000;
const PODS: usize = 15;
/// Three replicas each.
const WORKLOADS: usize = PODS / 3;
const SHAPES: usize = 500;

/// Specs of which a third conform to restricted, a third to baseline and a third to neither.
fn specs() -> Vec<String> {
    let spec = |index: usize| {
        let container = match index % 3 {
            0 => {
                r#""allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"runAsNonRoot":true,"seccompProfile":{"type":"RuntimeDefault"}"#
            }
            1 => "",
            _ => r#""privileged":true"#,
        };
        format!(
            r#"{{"spec":{{"containers":[{{"name":"web-{index}","securityContext":{{{container}}}}},
            {{"name":"sidecar","securityContext":{{"allowPrivilegeEscalation":false,"capabilities":{{"drop":["ALL"]}},
            "runAsNonRoot":true,"seccompProfile":{{"type":"RuntimeDefault"}}}}}}],
            "volumes":[{{"name":"kube-api-access-{index}","projected":{{}}}}]}}}}"#
        )
    };
    (0..SHAPES).map(spec).collect()
}

fn replica_set(name: &str, namespace: usize) -> Reference {
    let kind = Kind::Template(TemplateKind::ReplicaSet);
    Reference { uid: Fingerprint::of(&(name, namespace)), kind, name: name.into() }
}

fn fill(shapes: &mut Shapes, pods: &[Pod<'_>], namespace: usize) -> Inventory {
    let mut inventory = Inventory::default();
    for workload in 0..WORKLOADS {
        let name = format!("shop-backend-{workload}");
        let set = format!("{name}-7d4b9c6f5d");
        let pod = &pods[(namespace * WORKLOADS + workload) % pods.len()];
        let uid = Fingerprint::of(&(&name, namespace));
        let revision = Some(uid);
        let template = |kind, name: &str, uid, controller| ObservedTemplate {
            kind,
            name: name.to_owned(),
            uid,
            controller,
            reading: Reading::Unreadable(std::sync::Arc::default()),
            revision,
            activity: Activity::Active,
            wants: None,
            created: Timestamp::UNIX_EPOCH,
        };
        let deployment = Kind::Template(TemplateKind::Deployment);
        let controller = Reference { uid, kind: deployment, name: name.as_str().into() };
        for (kind, name, uid, controller) in [
            (TemplateKind::Deployment, name.as_str(), uid, None),
            (TemplateKind::ReplicaSet, set.as_str(), replica_set(&set, namespace).uid, Some(controller)),
        ] {
            let reading = Reading::Judgeable(shapes.of_template(pod.clone()));
            inventory.insert_template(ObservedTemplate { reading, ..template(kind, name, uid, controller) });
        }
        for replica in 0..PODS / WORKLOADS {
            inventory.insert_pod(ObservedPod {
                name: format!("{set}-{replica}x2z4"),
                controller: Some(replica_set(&set, namespace)),
                revision: None,
                reading: Reading::Judgeable(shapes.of_pod(pod.clone())),
                phase: PodPhase::Live,
                mirror: false,
                created: Timestamp::UNIX_EPOCH,
            });
        }
    }
    inventory
}

fn timed<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    println!("{what:<60} {:>9.1} ms", start.elapsed().as_secs_f64() * 1000.0);
    result
}

fn main() {
    let texts = specs();
    let pods: Vec<_> = texts.iter().map(|text| Pod::from_json(text).expect("a pod")).collect();
    let mut shapes = Shapes::default();
    let inventories: Vec<_> = timed("fill 10,000 inventories with 150,000 pods", || {
        (0..NAMESPACES).map(|namespace| fill(&mut shapes, &pods, namespace)).collect()
    });
    println!("{:<60} {:>9}", "shapes", shapes.len());
    let workloads: Vec<_> =
        timed("group them into workloads", || inventories.iter().map(Inventory::workloads).collect());
    let policy: LevelVersion = "restricted:v1.37".parse().expect("a policy");
    let judge = Judge::new(policy);
    for what in ["judge them, nothing remembered", "judge them once more"] {
        let violating: usize =
            timed(what, || workloads.iter().map(|workloads| judge.assess(workloads).pods().violating).sum());
        println!("{:<60} {violating:>9}", "pods that violate");
    }
    let levels: Vec<_> = timed("the level that each namespace is clean at", || {
        workloads.iter().map(|workloads| judge.cleanness(Version::Latest, workloads)).collect()
    });
    drop(levels);
    let blockers: usize = timed("20 blockers of each namespace", || {
        workloads.iter().map(|workloads| judge.assess(workloads).blockers(20).listed.len()).sum()
    });
    println!("{:<60} {blockers:>9}", "blockers");
    let changes: usize = timed("compare v1.33 with v1.37", || {
        let older = judge.by(LevelVersion::new(policy.level, Version::Minor(33)));
        workloads.iter().map(|workloads| compare(&older, &judge, workloads).len()).sum()
    });
    println!("{:<60} {changes:>9}", "workloads that differ");

    for namespaces in [NAMESPACES / 10, NAMESPACES / 2, NAMESPACES] {
        let mut held = Vec::new();
        let cost = measure(|| {
            held = (0..namespaces).map(|namespace| fill(&mut shapes, &pods, namespace)).collect::<Vec<_>>();
        });
        let per_pod = cost.bytes_current / i64::try_from(namespaces * PODS).expect("a count");
        println!(
            "{:<60} {per_pod:>9} B",
            format!("held for each of {} pods, templates included", held.len() * PODS)
        );
    }
    // What a pod more takes, in one namespace.
    let mut inventory = fill(&mut shapes, &pods, 0);
    let shape = Reading::Judgeable(shapes.of_pod(pods[0].clone()));
    let cost = measure(|| {
        for index in 0..100_000 {
            inventory.insert_pod(ObservedPod {
                name: format!("shop-backend-0-7d4b9c6f5d-{index:05}"),
                controller: Some(replica_set("shop-backend-0-7d4b9c6f5d", 0)),
                revision: None,
                reading: shape.clone(),
                phase: PodPhase::Live,
                mirror: false,
                created: Timestamp::UNIX_EPOCH,
            });
        }
    });
    println!(
        "{:<60} {:>9} B",
        "held for each of 100,000 pods more in one namespace",
        cost.bytes_current / 100_000
    );
}
