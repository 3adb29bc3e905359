//! Nothing is left running, and no folder stays, when the process that started a cluster is killed.

#![expect(clippy::unwrap_used, reason = "the lint spares test functions, not what they call")]

use std::env;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use podsec_control_plane::Cluster;

use crate::waiting;

/// Set for the process that plays the one that is killed.
const ROLE: &str = "PODSEC_CONTROL_PLANE_KILLED";
const LIMIT: Duration = Duration::from_secs(20);

/// The process that is killed: it starts a cluster, says what it is made of, and never ends by itself.
#[tokio::test]
#[ignore = "run by the test below, in a process of its own"]
async fn holds_a_cluster() {
    if env::var_os(ROLE).is_none() {
        return;
    }
    let cluster = Cluster::builder().controller_manager().start().await.unwrap();
    if env::var(ROLE).unwrap() == "frozen" {
        cluster.freeze_api_server().unwrap();
    }
    let ids: Vec<String> = cluster.process_ids().iter().map(u32::to_string).collect();
    let line = format!("\ncluster {} {}\n", ids.join(","), cluster.folder().display());
    std::io::Write::write_all(&mut std::io::stdout(), line.as_bytes()).unwrap();
    std::future::pending::<()>().await;
}

fn holder(role: &str) -> (Child, Vec<u32>, PathBuf) {
    let mut holder = Command::new(env::current_exe().unwrap())
        .args(["--exact", "leftovers::holds_a_cluster", "--ignored", "--nocapture"])
        .env(ROLE, role)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(holder.stdout.take().unwrap()).lines().map_while(Result::ok);
    let line = lines.find(|line| line.starts_with("cluster ")).unwrap();
    let mut words = line.split(' ').skip(1);
    let ids = words.next().unwrap().split(',').map(|id| id.parse().unwrap()).collect();
    (holder, ids, PathBuf::from(words.next().unwrap()))
}

fn runs(id: u32) -> bool {
    let asked = Command::new("kill").args(["-0", &id.to_string()]).stderr(Stdio::null()).status();
    asked.unwrap().success()
}

async fn nothing_is_left(ids: &[u32], folder: &Path) {
    let ended = async || !ids.iter().any(|&id| runs(id));
    waiting::until("every component has ended", LIMIT, ended).await;
    let scratch = folder.parent().unwrap();
    let removed = async || !scratch.exists();
    waiting::until("the scratch folder is removed", LIMIT, removed).await;
}

#[tokio::test]
async fn a_killed_process_leaves_nothing() {
    let (mut holder, ids, folder) = holder("running");
    assert_eq!(ids.len(), 3);
    assert!(ids.iter().all(|&id| runs(id)) && folder.is_dir());
    holder.kill().unwrap();
    holder.wait().unwrap();
    nothing_is_left(&ids, &folder).await;
}

#[tokio::test]
async fn a_frozen_api_server_ends_as_well() {
    let (mut holder, ids, folder) = holder("frozen");
    holder.kill().unwrap();
    holder.wait().unwrap();
    nothing_is_left(&ids, &folder).await;
}

#[tokio::test]
async fn a_panic_ends_the_cluster_first() {
    let cluster = Cluster::builder().start().await.unwrap();
    let folder = cluster.folder().to_owned();
    let ids = cluster.process_ids();
    // etcd serves the process's other tests too.
    let (_etcd, of_the_cluster) = ids.split_last().unwrap();
    tokio::spawn(async move {
        let _cluster = cluster;
        panic!("as a failing test does");
    })
    .await
    .unwrap_err();
    assert!(!of_the_cluster.iter().any(|&id| runs(id)));
    assert!(!folder.exists());
}
