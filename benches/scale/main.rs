//! What a large cluster takes: `cargo bench --bench scale`.
//!
//! A real API server with 10,000 namespaces and, one after the other, 10,000, 50,000 and 100,000 pods. At each size it
//! measures `podsec plan`, beside what kubectl can do, and the controller: its first convergence, and a start after it.
//! All share the processors with the API server and etcd. It takes a quarter of an hour and about 8 GiB of memory, and
//! prints Markdown. `PODSEC_SCALE=500` makes it so many namespaces, and `PODSEC_SCALE_PODS=10` gives each that many pods
//! at once.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a bench prints its figures and how far it is"
)]

mod controller;
mod convergence;
mod load;
#[path = "../check/measure.rs"]
mod measure;
#[path = "../standards/pods.rs"]
mod pods;

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use http::Method;
use kube::Client;
use podsec_control_plane::Cluster;
use serde_json::Value;

use convergence::Run;
use measure::Cost;

type Failure = Box<dyn Error + Send + Sync>;

/// How many namespaces, unless the environment says otherwise.
const NAMESPACES: usize = 10_000;

/// How many pods each namespace has, size by size.
const PODS: [usize; 3] = [1, 5, 10];

/// The user whom the shipped role is bound to.
const USER: &str = "podsec";

const PROFILE: &str = r#"apiVersion: podsec.dev/v1alpha1
kind: ClusterPodSecurityProfile
metadata: {name: teams}
spec:
  namespaceNames: ["team-*"]
  enforce: {level: baseline}
  audit: {level: restricted}
  warn: {level: restricted}
  rollout: {strategy: Immediate}
"#;

/// A cluster with podsec installed, and what is measured on it.
struct Stage {
    cluster: Cluster,
    admin: Client,
    namespaces: usize,
    kubectl: String,
    kubeconfig: String,
    profile: PathBuf,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    if measure::serve()? {
        return Ok(());
    }
    let asked = |variable| env::var(variable).ok().and_then(|text| text.parse().ok());
    let namespaces = asked("PODSEC_SCALE").unwrap_or(NAMESPACES);
    let sizes = asked("PODSEC_SCALE_PODS").map_or_else(|| PODS.to_vec(), |pods| vec![pods]);
    let stage = Stage::new(namespaces).await?;
    eprintln!("creating {namespaces} namespaces");
    let sets = load::namespaces(&stage.admin, namespaces).await?;
    let mut runs = Vec::new();
    println!("| pods | size | command | wall | processor | memory |\n| --- | --- | --- | --- | --- | --- |");
    let mut had = 0;
    for (index, &has) in sizes.iter().enumerate() {
        eprintln!("creating pods: {has} in each namespace");
        load::pods(&stage.admin, &sets, had..has).await?;
        had = has;
        stage.commands(has, index + 1 == sizes.len()).await?;
        eprintln!("first convergence with {} pods", namespaces * has);
        let run = convergence::run(&stage).await?;
        eprintln!("{run:?}");
        runs.push((namespaces * has, run));
    }
    println!();
    print_runs(&runs);
    Ok(())
}

impl Stage {
    async fn new(namespaces: usize) -> Result<Self, Failure> {
        let cluster = Cluster::builder().user(USER).audit_log().start().await?;
        let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
        for name in ["clusterpodsecurityprofiles", "podsecurityreports"] {
            cluster.apply_file(&repository.join(format!("crds/podsec.dev_{name}.yaml")))?;
            cluster.kubectl(&["wait", "--for=condition=Established", &format!("crd/{name}.podsec.dev")])?;
        }
        cluster.apply_file(&repository.join("deploy/install.yaml"))?;
        let user = format!("--user={USER}");
        cluster.kubectl(&["create", "clusterrolebinding", "bench", "--clusterrole=podsec", &user])?;
        let profile = cluster.folder().join("profile.yaml");
        fs::write(&profile, PROFILE)?;
        let kubectl = cluster.kubectl_command(USER)?.get_program().to_string_lossy().into_owned();
        let kubeconfig = cluster.admin_kubeconfig()?.display().to_string();
        Ok(Self { admin: cluster.admin()?, cluster, namespaces, kubectl, kubeconfig, profile })
    }

    /// Measures the commands that read the cluster, and checks that `plan` has seen all of it.
    async fn commands(&self, each_has: usize, is_last: bool) -> Result<(), Failure> {
        let pods = self.namespaces * each_has;
        let of_one = format!("/api/v1/namespaces/{}/pods", load::name(0));
        let list = load::send(&self.admin, Method::GET, &of_one, None).await?;
        let size = list.to_string().len() / each_has * pods;
        let podsec = env!("CARGO_BIN_EXE_podsec");
        let (kubectl, config) = (&self.kubectl, &self.kubeconfig);
        let profile = self.profile.display().to_string();
        let plan = [podsec, "plan", "--kubeconfig", config, "-f", &profile];
        self.whole(&plan, pods)?;
        let raw = "/api/v1/pods?resourceVersion=0";
        let label = "pod-security.kubernetes.io/enforce=baseline";
        let commands: [(&str, &[&str]); 4] = [
            ("`podsec plan`", &[podsec, "plan", "--kubeconfig", config]),
            ("`podsec plan -f profile.yaml`", &plan),
            (
                "`kubectl get --raw` of the pods alone",
                &[kubectl, "--kubeconfig", config, "get", "--raw", raw],
            ),
            (
                "`kubectl label --dry-run=server ns --all`",
                &[
                    kubectl,
                    "--kubeconfig",
                    config,
                    "label",
                    "--dry-run=server",
                    "--overwrite",
                    "ns",
                    "--all",
                    label,
                ],
            ),
        ];
        // That takes longest, and depends on the number of namespaces more than on that of pods.
        for (name, command) in commands.into_iter().take(if is_last { 4 } else { 3 }) {
            let Cost { wall, processor, memory } = measure::run(command)?;
            let row = format!(
                "{:.2} s | {:.2} s | {}",
                wall.as_secs_f64(),
                processor.as_secs_f64(),
                mebibytes(memory)
            );
            println!("| {pods} | {} MB | {name} | {row} |", size / 1_000_000);
        }
        Ok(())
    }

    /// Fails unless the plan has all pods and namespaces in it.
    fn whole(&self, plan: &[&str], pods: usize) -> Result<(), Failure> {
        let (program, arguments) = plan.split_first().ok_or("no command")?;
        let output = std::process::Command::new(program).args(arguments).args(["-o", "json"]).output()?;
        let report: Value = serde_json::from_slice(&output.stdout)?;
        let namespaces = report["namespaces"].as_array().map_or(&[][..], Vec::as_slice);
        let ours = || namespaces.iter().filter(|namespace| namespace["name"].to_string().contains("team-"));
        let seen: u64 = ours().filter_map(|namespace| namespace["pods"].as_u64()).sum();
        if ours().count() == self.namespaces && usize::try_from(seen)? == pods {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(format!("the plan has {} namespaces and {seen} pods: {said}", ours().count()).into())
    }
}

fn print_runs(runs: &[(usize, Run)]) {
    println!(
        "| pods | labels right | reports written | resident then | started again: rests after | writes | resident | peak |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for (pods, run) in runs {
        println!(
            "| {pods} | {} | {} | {} | {} ({} of processor) | {} | {} | {} |",
            seconds(run.labels),
            seconds(run.reports),
            mebibytes(run.first.resident),
            seconds(run.rested),
            seconds(run.again.processor),
            run.writes,
            mebibytes(run.again.resident),
            mebibytes(run.again.peak),
        );
    }
    if let [(fewest, small), .., (most, large)] = runs {
        let bytes = i64::try_from(large.again.resident * 1024).unwrap_or_default()
            - i64::try_from(small.again.resident * 1024).unwrap_or_default();
        let each = bytes / i64::try_from(most - fewest).unwrap_or(i64::MAX).max(1);
        println!("\nThe controller keeps {each} bytes for each further pod.");
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[expect(clippy::cast_precision_loss, reason = "printed with one digit")]
fn mebibytes(kibibytes: u64) -> String {
    format!("{:.1} MiB", kibibytes as f64 / 1024.0)
}
