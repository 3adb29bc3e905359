//! A time of day that jumps under a leader.

use std::sync::Arc;

use jiff::SignedDuration;
use podsec::controller::{Clock, Reading, SystemClock};
use podsec_control_plane::Cluster;
use serde_json::json;

use super::BASELINE;
use crate::stage::Stage;

/// A clock that somebody has set.
#[derive(Debug, Default)]
struct Jumping(std::sync::Mutex<SignedDuration>);

impl Clock for Jumping {
    fn now(&self) -> Reading {
        let Reading { monotonic, time_of_day } = SystemClock.now();
        Reading { monotonic, time_of_day: time_of_day.checked_add(*self.0.lock().unwrap()).unwrap() }
    }
}

#[tokio::test]
async fn a_leader_whose_clock_jumps_goes_on_after_the_next_renewal() {
    let mut stage = Stage::without_controller(Cluster::builder()).await;
    let clock = Arc::new(Jumping::default());
    stage.clock = Some(Arc::clone(&clock) as _);
    stage.start();
    let spec = json!({
        "namespaceNames": ["team-*"], "enforce": {"level": "baseline"}, "rollout": {"strategy": "Immediate"},
    });
    stage.settled_profile("teams", spec).await;
    let holder = async || stage.lease().await.unwrap().spec.unwrap().holder_identity;
    let before = holder().await;
    for (index, seconds) in [86_400, -172_800, 30].into_iter().enumerate() {
        *clock.0.lock().unwrap() += SignedDuration::from_secs(seconds);
        let namespace = format!("team-{index}");
        stage.namespace(&namespace, &[]).await;
        stage.shows(&namespace, BASELINE).await;
        assert_eq!(holder().await, before);
    }
}
