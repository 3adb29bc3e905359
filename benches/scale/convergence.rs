//! The controller's first convergence, and its start after that.

use std::time::Duration;

use http::Method;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep};

use super::{
    Failure, PROFILE, Stage, USER,
    controller::{Controller, Taken},
    load,
};

/// How long a convergence may take before the bench gives up.
const LIMIT: Duration = Duration::from_mins(5);

const PREFIX: &str = "pod-security.kubernetes.io/";

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// From the controller's start to the last of the labels' writes.
    pub(crate) labels: Duration,
    /// From the controller's start to the last namespace's first report.
    pub(crate) reports: Duration,
    /// What the controller has when it rests after that.
    pub(crate) first: Taken,
    /// From its second start to when it rests.
    pub(crate) rested: Duration,
    /// What it has then.
    pub(crate) again: Taken,
    /// What it wrote since it was started again: namespaces, reports, statuses, Events.
    pub(crate) writes: usize,
}

/// Lets a controller loose on namespaces without labels, starts it again, and puts everything back as it was.
pub(crate) async fn run(stage: &Stage) -> Result<Run, Failure> {
    stage.cluster.apply(PROFILE)?;
    let kubeconfig = stage.cluster.kubeconfig(USER)?;
    let log = stage.cluster.folder().join("podsec.log");
    let podsec = env!("CARGO_BIN_EXE_podsec");

    let begin = (stage.cluster.audit_length(), Timestamp::now());
    let controller = Controller::start(podsec, &kubeconfig, &log)?;
    all_reported(stage, controller.started()).await?;
    let first = controller.rests().await?;
    drop(controller);
    let written = Written::since(stage, begin)?;
    if written.namespaces.len() < stage.namespaces {
        return Err(format!("{} namespaces were written", written.namespaces.len()).into());
    }

    let length = stage.cluster.audit_length();
    let controller = Controller::start(podsec, &kubeconfig, &log)?;
    let again = controller.rests().await?;
    let rested = controller.started().elapsed();
    drop(controller);
    let writes = Written::since(stage, (length, Timestamp::now()))?.all;

    clean(stage).await?;
    Ok(Run { labels: written.last_label, reports: written.last_report, first, rested, again, writes })
}

/// What the controller wrote, as the audit log has it.
#[derive(Debug, Default)]
struct Written {
    namespaces: std::collections::BTreeSet<String>,
    last_label: Duration,
    reported: std::collections::BTreeSet<String>,
    last_report: Duration,
    all: usize,
}

impl Written {
    /// From a byte of the log and a time on.
    fn since(stage: &Stage, (byte, begin): (u64, Timestamp)) -> Result<Self, Failure> {
        let mut written = Self::default();
        stage.cluster.audit_events_since(byte, |event| written.add(&event, begin))?;
        Ok(written)
    }

    fn add(&mut self, event: &Value, begin: Timestamp) {
        let of_podsec = event["user"]["username"] == USER;
        let is_dry_run = event["requestURI"].as_str().is_some_and(|uri| uri.contains("dryRun"));
        if !of_podsec || is_dry_run {
            return;
        }
        self.all += 1;
        let time: Option<Timestamp> = event["stageTimestamp"].as_str().and_then(|time| time.parse().ok());
        let after =
            time.and_then(|time| Duration::try_from(time.duration_since(begin)).ok()).unwrap_or_default();
        let about = &event["objectRef"];
        let text = |field: &str| about[field].as_str().unwrap_or_default().to_owned();
        match about["resource"].as_str() {
            Some("namespaces") if self.namespaces.insert(text("name")) => self.last_label = after,
            Some("podsecurityreports") if self.reported.insert(text("namespace")) => self.last_report = after,
            _ => {}
        }
    }
}

/// Waits until every namespace has a report, and the profile's status has them all in sync.
async fn all_reported(stage: &Stage, since: Instant) -> Result<(), Failure> {
    let profile = "/apis/podsec.dev/v1alpha1/clusterpodsecurityprofiles/teams";
    let reports = "/apis/podsec.dev/v1alpha1/podsecurityreports?limit=1";
    loop {
        sleep(Duration::from_millis(500)).await;
        let counts = &load::send(&stage.admin, Method::GET, profile, None).await?["status"]["namespaces"];
        let in_sync = counts["inSync"].as_u64().unwrap_or_default();
        let list = &load::send(&stage.admin, Method::GET, reports, None).await?["metadata"];
        let written = list["remainingItemCount"].as_u64().map_or(0, |rest| rest + 1);
        let all = u64::try_from(stage.namespaces)?;
        if in_sync >= all && written >= all {
            return Ok(());
        }
        if since.elapsed() > LIMIT {
            return Err(format!("{in_sync} of {all} are in sync and {written} have a report").into());
        }
    }
}

/// Takes away the profile, the reports and the labels.
async fn clean(stage: &Stage) -> Result<(), Failure> {
    eprintln!("taking the labels and reports away again");
    stage.cluster.kubectl(&["delete", "cpsp", "teams"])?;
    let none = |keys: &[String]| keys.iter().map(|key| (key.clone(), Value::Null)).collect::<Map<_, _>>();
    let modes = ["enforce", "audit", "warn"];
    let labels = modes.iter().flat_map(|mode| [format!("{PREFIX}{mode}"), format!("{PREFIX}{mode}-version")]);
    let no_labels = &none(&labels.collect::<Vec<_>>());
    let no_annotations =
        &none(&["governed-by", "enforced", "on-release"].map(|name| format!("podsec.dev/{name}")));
    load::each(0..stage.namespaces, async |number| {
        let name = load::name(number);
        let report = format!("/apis/podsec.dev/v1alpha1/namespaces/{name}/podsecurityreports/podsec");
        load::send(&stage.admin, Method::DELETE, &report, None).await?;
        let namespace =
            json!({"metadata": {"labels": no_labels, "annotations": no_annotations, "managedFields": [{}]}});
        load::send(&stage.admin, Method::PATCH, &format!("/api/v1/namespaces/{name}"), Some(&namespace))
            .await?;
        Ok(())
    })
    .await
}
