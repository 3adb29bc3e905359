//! A profile that leaves Git.

use super::{Flux, enforcing, profile};

const KEPT: &str = "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: kept, namespace: default}}\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_leaves_git_lets_go_as_it_says() {
    let flux = Flux::new().await;
    let cases = [
        ("retaining", "Retain", "enforce=baseline+retained enforce-version=v1.37+retained"),
        ("removing", "Remove", ""),
    ];
    for (name, policy, _) in cases {
        flux.stage.namespace(&format!("{name}-a"), &[]).await;
        let mut spec = enforcing(&[&format!("{name}-*")], "baseline");
        spec["releasePolicy"] = policy.into();
        flux.applies(name, &format!("{KEPT}{}", profile(name, &spec))).await;
        flux.stage.shows(&format!("{name}-a"), "enforce=baseline+podsec enforce-version=v1.37+podsec").await;
    }
    for (name, _, left) in cases {
        flux.follows(name, KEPT).await;
        assert!(flux.stage.profiles().get_opt(name).await.unwrap().is_none(), "{name} is pruned");
        flux.stage.shows(&format!("{name}-a"), left).await;
        // Nothing that Flux would put back.
        flux.reconciles(name).await;
        assert_eq!(flux.stage.shown(&format!("{name}-a")).await, left);
    }
}
