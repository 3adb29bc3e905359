//! What a Kustomization with `wait: true` makes of a profile.

use serde_json::{Value, json};

use super::{Flux, enforcing, profile, ready};
use crate::stage::{profiles::condition, seen::Seen};

/// A spec that waits, and for longer than any trouble here lasts.
fn waiting() -> Value {
    json!({"wait": true, "timeout": "5m"})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kustomization_is_as_green_as_its_profile() {
    let mut flux = Flux::without_podsec().await;
    for name in ["early-a", "locked-a", "passing-a", "many-a", "many-b"] {
        flux.stage.namespace(name, &[]).await;
    }
    never_green_early(&mut flux).await;
    let passing = Seen::of(flux.kustomizations(), "passing");
    tokio::join!(
        stalled_fails_early(&flux),
        passing_trouble_is_not_red(&flux),
        one_of_many_is_not_red(&flux)
    );

    // A restart is nothing that Flux would notice.
    flux.stage.kill();
    flux.stage.start();
    flux.reconciles("passing").await;
    for version in passing.all() {
        let ready = ready(&version);
        assert!(ready.is_none_or(|(status, _, _)| status != "False"), "{ready:?}");
    }
}

/// Neither when the profile is new nor when it was changed.
async fn never_green_early(flux: &mut Flux) {
    let (kustomizations, profiles) =
        (Seen::of(flux.kustomizations(), "early"), Seen::of(flux.stage.raw_profiles(), "early"));
    for (generation, level) in [(1, "baseline"), (2, "restricted")] {
        // Nobody looks at profiles now.
        let revision = flux.commits("early", &profile("early", &enforcing(&["early-*"], level))).await;
        flux.kustomization("early", waiting()).await;
        let checks = format!("Running health checks for revision {revision}");
        flux.becomes("early", "waiting for its profile", |object| {
            let is_ready = ready(object).map(|(status, _, _)| status);
            let progress = condition(&object["status"], "Reconciling").map(|progress| &progress["message"]);
            is_ready == Some("Unknown") && progress.is_some_and(|text| text.to_string().contains(&checks))
        })
        .await;
        let observed = flux.stage.status("early").await["observedGeneration"].clone();
        assert_eq!(observed, if generation == 1 { -1 } else { generation - 1 });

        flux.stage.start();
        flux.is_green("early", &revision).await;
        let is_carried_out = |profile: &Value| {
            let is_ready = ready(profile).is_some_and(|(status, _, _)| status == "True");
            is_ready && profile["status"]["observedGeneration"] == generation
        };
        let carried_out = profiles.first("Ready", is_carried_out).await;
        let is_green = |object: &Value| {
            let is_green = ready(object).is_some_and(|(status, _, _)| status == "True");
            is_green && object["status"]["lastAppliedRevision"] == *revision
        };
        let green = kustomizations.first("green", is_green).await;
        assert!(carried_out < green, "{generation}: Ready as of {carried_out}, green as of {green}");
        if generation == 1 {
            flux.stage.stop().await;
        }
    }
}

/// Long before its time is over; and it recovers without a commit.
async fn stalled_fails_early(flux: &Flux) {
    flux.stage.forbids("locked", "locked-a").await;
    let revision = flux.commits("locked", &profile("locked", &enforcing(&["locked-*"], "baseline"))).await;
    flux.kustomization("locked", waiting()).await;
    let failed = flux
        .becomes("locked", "failed", |object| ready(object).is_some_and(|(status, _, _)| status == "False"))
        .await;
    let (_, reason, message) = ready(&failed).unwrap();
    assert_eq!(reason, "HealthCheckFailed", "{message}");
    assert!(message.contains("failed early due to stalled resources"), "{message}");
    assert!(message.contains("ClusterPodSecurityProfile/locked status: 'Failed'"), "{message}");
    assert_eq!(flux.stage.condition("locked", "Stalled").await.unwrap().1, "Forbidden");

    flux.stage.permits("locked").await;
    flux.stage.label("locked-a", &[("touched", Some("true"))]).await;
    flux.is_green("locked", &revision).await;
}

/// While podsec tries again, a Kustomization that was green waits.
async fn passing_trouble_is_not_red(flux: &Flux) {
    let revision = flux.commits("passing", &profile("passing", &enforcing(&["passing-*"], "baseline"))).await;
    flux.kustomization("passing", waiting()).await;
    flux.is_green("passing", &revision).await;

    flux.stage.breaks_webhook("passing", "passing-a").await;
    flux.stage.label("passing-a", &[("enforce", Some("privileged"))]).await;
    flux.stage
        .eventually("podsec to try again and again", || async {
            let (status, reason, _) = flux.stage.condition("passing", "Reconciling").await?;
            (status == "True" && reason == "ProgressingWithRetry").then_some(())
        })
        .await;
    flux.asks("passing").await;
    flux.becomes("passing", "waiting again", |object| {
        ready(object).is_some_and(|(status, reason, _)| (status, reason) == ("Unknown", "Progressing"))
    })
    .await;
    flux.stage.mends_webhook("passing").await;
    flux.stage.label("passing-a", &[("touched", Some("true"))]).await;
    flux.is_green("passing", &revision).await;
}

/// A namespace that cannot be written does not hold up the others.
async fn one_of_many_is_not_red(flux: &Flux) {
    flux.stage.forbids("many-a", "many-a").await;
    let revision = flux.commits("many", &profile("many", &enforcing(&["many-*"], "baseline"))).await;
    flux.kustomization("many", waiting()).await;
    flux.is_green("many", &revision).await;
    flux.stage
        .eventually("many-a to be told", || async {
            let status = flux.stage.status("many").await;
            (status["unwritable"][0]["name"] == "many-a").then_some(())
        })
        .await;
    for _ in 0..2 {
        flux.reconciles("many").await;
        flux.is_green("many", &revision).await;
    }
    assert!(condition(&flux.stage.status("many").await, "Reconciling").is_none());
}
