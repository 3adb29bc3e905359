//! How long a new namespace lives without labels: what `docs/fences.md` has a table of.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures::{StreamExt as _, future::join_all};
use k8s_openapi::api::core::v1::Namespace as KubeNamespace;
use kube::{
    Api,
    api::PostParams,
    runtime::{WatchStreamExt as _, watcher},
};
use podsec_control_plane::Cluster;

use super::{levels, new, put_in_place, stage, two_profiles};
use crate::stage::Stage;

/// Namespaces one after the other, and as many at once.
const NAMESPACES: usize = 200;

/// Whether a namespace was ever seen without its labels, and when it first had them, as a watch shows it.
type Shown = (bool, Option<Instant>);

/// What a watch shows of each namespace.
#[derive(Clone, Default)]
struct Watched(Arc<Mutex<BTreeMap<String, Shown>>>);

impl Watched {
    fn begin(api: Api<KubeNamespace>) -> Self {
        let watched = Self::default();
        let into = watched.clone();
        tokio::spawn(async move {
            let mut versions =
                std::pin::pin!(watcher(api, watcher::Config::default()).default_backoff().applied_objects());
            while let Some(version) = versions.next().await {
                let Ok(version) = version else { continue };
                let is_labelled = levels(&version).contains("enforce=");
                let mut all = into.0.lock().unwrap();
                let (was_bare, labelled) = all.entry(version.metadata.name.unwrap()).or_default();
                if is_labelled {
                    labelled.get_or_insert_with(Instant::now);
                } else {
                    *was_bare = true;
                }
            }
        });
        watched
    }

    fn of(&self, name: &str) -> Shown {
        self.0.lock().unwrap().get(name).copied().unwrap_or_default()
    }
}

/// Creates one, and waits until it has its labels; for how long it had none since the answer to its creation.
async fn bare_for(stage: &Stage, watched: &Watched, name: &str) -> Duration {
    let created =
        stage.namespaces().create(&PostParams::default(), &new(name, &[("tier", "apps")])).await.unwrap();
    let answered = Instant::now();
    let labelled = stage.eventually("its labels", || async { watched.of(name).1 }).await;
    if levels(&created).is_empty() { labelled.saturating_duration_since(answered) } else { Duration::ZERO }
}

/// The row of a table.
#[expect(clippy::print_stdout, reason = "what is measured is shown")]
fn row(what: &str, mut times: Vec<Duration>, bare: usize) {
    times.sort();
    let at = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)].as_secs_f64() * 1000.0;
    println!(
        "| {what} | {bare} of {} | {:.1} ms | {:.1} ms | {:.1} ms |",
        times.len(),
        at(50),
        at(99),
        at(100)
    );
}

async fn measure(stage: &Stage, word: &str, what: &str) -> usize {
    let watched = Watched::begin(stage.namespaces());
    let mut total = 0;
    for manner in ["one after the other", "at once"] {
        let prefix = format!("{word}-{}", manner.len());
        let names: Vec<_> = (0..NAMESPACES).map(|number| format!("{prefix}-{number}")).collect();
        let times = if manner == "at once" {
            join_all(names.iter().map(|name| bare_for(stage, &watched, name))).await
        } else {
            let mut times = Vec::new();
            for name in &names {
                times.push(bare_for(stage, &watched, name).await);
            }
            times
        };
        let bare = names.iter().filter(|name| watched.of(name).0).count();
        row(&format!("{what}, {NAMESPACES} {manner}"), times, bare);
        total += bare;
    }
    total
}

#[expect(clippy::print_stdout, reason = "what is measured is shown")]
#[tokio::test]
#[ignore = "measures"]
async fn how_long_a_new_namespace_is_unlabelled() {
    let mut stage = stage(Cluster::builder()).await;
    two_profiles(&stage).await;
    stage.start();
    stage.is_ready("apps", 1).await;
    println!("| | seen unlabelled | median | 99 of 100 | longest |\n| --- | --- | --- | --- | --- |");
    assert_eq!(measure(&stage, "bare", "without the policy").await, 2 * NAMESPACES);
    put_in_place(&stage, &["--only", "label-new-namespaces"]).await;
    assert_eq!(measure(&stage, "fenced", "with it").await, 0);
}
