//! Waiting for a condition, with a deadline.

use std::time::{Duration, Instant};

/// Looks again and again until `condition` holds; panics when it does not within `limit`.
pub(crate) async fn until(what: &str, limit: Duration, condition: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + limit;
    while !condition().await {
        assert!(Instant::now() < deadline, "not within {} s: {what}", limit.as_secs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
