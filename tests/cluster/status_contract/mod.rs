//! The status of a profile as other tools read it, in every state, with objects from a live cluster.

mod argocd;
mod kstatus;

use podsec_control_plane::Cluster;
use serde_json::{Value, json};

use self::kstatus::Health;
use crate::stage::{
    Stage,
    profiles::condition,
    seen::Seen,
    workloads::{conforming, privileged},
};

/// A profile in some state, and what a waiter is to make of it.
struct Captured {
    state: &'static str,
    object: Value,
    health: Health,
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_status_says_is_understood_in_every_state() {
    let mut stage = Stage::without_controller(Cluster::builder()).await;
    let seen = Seen::all_of(stage.raw_profiles());
    let mut states = States { captured: Vec::new() };
    states.before_podsec_runs(&stage).await;
    stage.start();
    states.while_it_runs(&stage).await;
    states.of_an_older_generation(&mut stage).await;
    states.stalled(&mut stage).await;

    for Captured { state, object, health } in &states.captured {
        assert_eq!(kstatus::compute(object), *health, "{state}: {object:#}");
    }
    kstatus::holds_at_any_time(&seen.all());
    argocd::agrees(&stage, &states.captured);
    argocd::reads_reports(&stage, &stage.report("held-a").await);
}

struct States {
    captured: Vec<Captured>,
}

impl States {
    async fn capture(&mut self, stage: &Stage, what: &'static str, name: &str, health: Health) {
        let object = serde_json::to_value(stage.raw_profiles().get(name).await.unwrap()).unwrap();
        self.captured.push(Captured { state: what, object, health });
    }

    /// The same once a condition has a reason.
    async fn capture_when(
        &mut self,
        stage: &Stage,
        (what, name): (&'static str, &str),
        (kind, reason): (&str, &str),
        health: Health,
    ) {
        let object = stage
            .eventually(&format!("{name} to be {kind} for {reason}"), || async {
                let object = serde_json::to_value(stage.raw_profiles().get(name).await.unwrap()).unwrap();
                (condition(&object["status"], kind)?["reason"] == reason).then_some(object)
            })
            .await;
        self.captured.push(Captured { state: what, object, health });
    }

    async fn before_podsec_runs(&mut self, stage: &Stage) {
        for name in ["ready-a", "held-a", "locked-a", "broken-a"] {
            stage.namespace(name, &[]).await;
        }
        stage.runs("ready-a", "web", conforming()).await;
        stage.runs("held-a", "agent", privileged()).await;
        stage.forbids("locked", "locked-a").await;
        stage.breaks_webhook("broken", "broken-a").await;
        let immediate = |names: &str| json!({"namespaceNames": [names], "enforce": {"level": "baseline"}, "rollout": {"strategy": "Immediate"}});
        for name in ["ready", "locked", "broken", "suspended", "trial"] {
            let mut spec = immediate(&format!("{name}-*"));
            match name {
                "suspended" => spec["suspend"] = true.into(),
                "trial" => spec["rollout"]["strategy"] = "DryRun".into(),
                _ => {}
            }
            stage.profile(name, spec).await;
        }
        stage.profile("held", json!({"namespaceNames": ["held-*"], "enforce": {"level": "baseline"}})).await;
        self.capture(stage, "new", "ready", Health::InProgress).await;
        assert_eq!(self.captured[0].object["status"], json!({"observedGeneration": -1}));
        let not_yet = wait(stage, "ready", "1s").unwrap_err();
        assert!(not_yet.contains("timed out"), "{not_yet}");
    }

    async fn while_it_runs(&mut self, stage: &Stage) {
        use Health::{Current, InProgress};
        let progressing = ("being carried out", "broken");
        self.capture_when(stage, progressing, ("Reconciling", "Progressing"), InProgress).await;
        wait(stage, "ready", "90s").unwrap();
        self.capture_when(stage, ("carried out", "ready"), ("Ready", "Reconciled"), Current).await;
        self.capture_when(stage, ("suspended", "suspended"), ("Ready", "Suspended"), Current).await;
        self.capture_when(stage, ("a dry run", "trial"), ("Ready", "DryRun"), Current).await;
        // What violates a profile is no trouble with the profile.
        stage.is_ready("held", 1).await;
        self.capture_when(stage, ("violated", "held"), ("Compliant", "Violations"), Current).await;
        let again = ("tried again", "broken");
        self.capture_when(stage, again, ("Reconciling", "ProgressingWithRetry"), InProgress).await;
    }

    async fn of_an_older_generation(&mut self, stage: &mut Stage) {
        stage.stop().await;
        let spec = json!({"namespaceNames": ["ready-*"], "enforce": {"level": "restricted"}, "rollout": {"strategy": "Immediate"}});
        let generation = stage.profile("ready", spec).await;
        self.capture(stage, "of an older generation", "ready", Health::InProgress).await;
        let not_yet = wait(stage, "ready", "1s").unwrap_err();
        assert!(not_yet.contains("timed out"), "{not_yet}");
        stage.start();
        wait(stage, "ready", "90s").unwrap();
        stage.is_ready("ready", generation).await;
        self.capture(stage, "carried out again", "ready", Health::Current).await;
    }

    async fn stalled(&mut self, stage: &mut Stage) {
        let failed = Health::Failed;
        self.capture_when(stage, ("forbidden", "locked"), ("Stalled", "Forbidden"), failed).await;
        stage.accept_any_profile();
        stage
            .eventually("a profile that cannot be used to be stored", || async {
                stage.try_profile("ready", json!({"enforce": {"level": "none"}})).await.ok()
            })
            .await;
        self.capture_when(stage, ("unusable", "ready"), ("Stalled", "InvalidSpec"), failed).await;
    }
}

/// `kubectl wait` for a profile.
fn wait(stage: &Stage, name: &str, limit: &str) -> Result<(), String> {
    let profile = format!("cpsp/{name}");
    let arguments = ["wait", "--for=condition=Ready", &profile, &format!("--timeout={limit}")];
    stage.cluster.kubectl(&arguments).map(drop).map_err(|error| error.to_string())
}
