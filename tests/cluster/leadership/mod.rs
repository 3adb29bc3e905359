//! Several replicas, of which one leads: each a process of its own, as it is shipped.

mod believing;
mod clock;
mod outage;
mod replica;
mod soak;
mod take_over;

use std::{collections::BTreeMap, time::Duration};

use k8s_openapi::api::{coordination::v1::Lease, core::v1::Namespace};
use kube::Api;
use podsec_control_plane::Cluster;
use serde_json::Value;

use crate::stage::{LEASE, Stage, USER, seen::Seen};

const BASELINE: &str = "enforce=baseline+podsec enforce-version=v1.37+podsec";

/// The users that the replicas are, so that it can be told who wrote what.
const FIRST: &str = USER;
const SECOND: &str = "podsec-2";

/// Short terms, so that nobody has to wait long.
const LASTS: Duration = Duration::from_secs(6);
const RETRY: Duration = Duration::from_secs(1);
const TERMS: [&str; 5] = [
    "--leader-elect",
    "--lease-namespace=podsec-system",
    "--lease-duration=6s",
    "--renew-deadline=4s",
    "--retry-period=1s",
];

/// A request of one of the replicas that changed something, the lease excepted.
#[derive(Clone, Debug)]
struct Written {
    user: String,
    uri: String,
    code: u64,
}

impl Stage {
    /// A cluster for two replicas, which do not run yet.
    async fn of_two() -> Self {
        let stage = Self::without_controller(Cluster::builder().audit_log().user(SECOND)).await;
        let binding = ["create", "clusterrolebinding", "second", "--clusterrole=podsec"];
        stage.cluster.kubectl(&[&binding[..], &[&format!("--user={SECOND}")]].concat()).unwrap();
        stage.bind_role(SECOND);
        for what in
            ["patch podsecurityreports.podsec.dev -A", "create leases.coordination.k8s.io -n podsec-system"]
        {
            let can: Vec<_> = ["auth", "can-i"].into_iter().chain(what.split(' ')).collect();
            let can = || async { stage.cluster.kubectl_as(SECOND, &can).ok() };
            stage.eventually("the role to take effect", can).await;
        }
        stage
    }

    async fn lease(&self) -> Option<Lease> {
        let leases: Api<Lease> = Api::namespaced(self.admin.clone(), LEASE.0);
        leases.get_opt(LEASE.1).await.unwrap()
    }

    /// Waits until a replica has the lease.
    async fn is_led_by(&self, user: &str) {
        self.eventually(&format!("{user} to lead"), || async {
            let holder = self.lease().await?.spec?.holder_identity?;
            (holder.rsplit_once('_')?.0 == user).then_some(())
        })
        .await;
    }

    /// What the replicas wrote so far, besides the lease.
    fn written(&self) -> Vec<Written> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let events = self.cluster.audit_events().unwrap().into_iter().map(|event| Written {
            user: text(&event["user"]["username"]),
            uri: text(&event["requestURI"]),
            code: event["responseStatus"]["code"].as_u64().unwrap_or_default(),
        });
        let is_meant = |written: &Written| {
            [FIRST, SECOND].contains(&written.user.as_str())
                && !["/leases", "dryRun=All", "/selfsubject"].iter().any(|part| written.uri.contains(part))
        };
        events.filter(is_meant).collect()
    }

    /// How often each namespace was written with success.
    fn label_writes(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for Written { uri, code, .. } in self.written() {
            let path = uri.split('?').next().unwrap();
            if let Some(name) = path.strip_prefix("/api/v1/namespaces/")
                && code == 200
            {
                *counts.entry(name.to_owned()).or_default() += 1;
            }
        }
        counts
    }
}

/// Asserts that enforce was never lowered in any namespace whose name begins so.
fn never_lowered(seen: &Seen, prefix: &str) {
    let level = |version: &Value| {
        let label = version["metadata"]["labels"]["pod-security.kubernetes.io/enforce"].as_str();
        ["privileged", "baseline", "restricted"].iter().position(|level| Some(*level) == label)
    };
    let mut levels: BTreeMap<String, Option<usize>> = BTreeMap::new();
    for version in seen.all() {
        let namespace: Namespace = serde_json::from_value(version.clone()).unwrap();
        let name = namespace.metadata.name.unwrap();
        if !name.starts_with(prefix) {
            continue;
        }
        let now = level(&version);
        let before = levels.insert(name, now).flatten();
        assert!(now >= before, "lowered: {version:#}");
    }
    assert!(levels.values().any(Option::is_some), "nothing was seen");
}
