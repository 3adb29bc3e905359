//! What a watch showed.

use std::{
    fmt::Debug,
    sync::{Arc, Mutex},
};

use futures::StreamExt as _;
use kube::{
    Api, Resource,
    runtime::{WatchStreamExt as _, watcher},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{DEADLINE, POLL};

/// Every version of the objects since the watch began.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Vec<Value>>>);

impl Seen {
    /// Watches an object, which need not be there yet, for as long as the test's runtime lasts.
    pub(crate) fn of<K>(api: Api<K>, name: &str) -> Self
    where
        K: Resource + Clone + Debug + Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        Self::watching(api, watcher::Config::default().fields(&format!("metadata.name={name}")))
    }

    /// Watches all objects of a kind.
    pub(crate) fn all_of<K>(api: Api<K>) -> Self
    where
        K: Resource + Clone + Debug + Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        Self::watching(api, watcher::Config::default())
    }

    fn watching<K>(api: Api<K>, config: watcher::Config) -> Self
    where
        K: Resource + Clone + Debug + Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        let seen = Self::default();
        let into = seen.clone();
        tokio::spawn(async move {
            let mut versions = std::pin::pin!(watcher(api, config).default_backoff().applied_objects());
            while let Some(version) = versions.next().await {
                if let Ok(version) = version {
                    into.0.lock().unwrap().push(serde_json::to_value(version).unwrap());
                }
            }
        });
        seen
    }

    /// All versions so far.
    pub(crate) fn all(&self) -> Vec<Value> {
        self.0.lock().unwrap().clone()
    }

    /// When the first version was stored that is as wanted, which the watch may have yet to show. Everything that an API
    /// server stores is numbered in one row, so this says what came first among objects of all kinds.
    pub(crate) async fn first(&self, what: &str, is_as_wanted: impl Fn(&Value) -> bool) -> u64 {
        let end = Instant::now() + DEADLINE;
        loop {
            let all = self.all();
            if let Some(first) = all.iter().find(|version| is_as_wanted(version)) {
                return stored(first);
            }
            assert!(Instant::now() < end, "none of {} versions is {what}: {all:#?}", all.len());
            sleep(POLL).await;
        }
    }
}

/// When this version of an object was stored.
pub(crate) fn stored(object: &Value) -> u64 {
    object["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap()
}
