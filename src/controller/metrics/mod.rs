//! What the controller counts, by Prometheus' conventions.

mod calls;
mod figures;
#[cfg(target_os = "linux")]
mod process;

use std::sync::atomic::AtomicU64;

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::Registry,
};

use self::{calls::CallLabels, figures::LastFigures};
pub(super) use self::{
    calls::{Calls, counted},
    figures::Figures,
};
use super::outcome::WRITES;
use crate::{rollout::Writer, standards::Mode};

/// The result of looking at a namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ReconcileLabels {
    /// `applied`, or the category of what went wrong.
    pub(super) result: &'static str,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct WriteLabels {
    /// The mode.
    pub(super) mode: &'static str,
    /// What the write did.
    pub(super) change: &'static str,
}

/// Whose leader it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct LeaderLabels {
    /// The name of the lease.
    pub(super) name: String,
}

/// Who took labels.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct WriterLabels {
    /// What kind of writer that was.
    writer: &'static str,
}

/// All metrics. Their labels are bounded: no names of field managers, which anybody may choose, and names of namespaces
/// only where that is asked for. Names of profiles are those that an administrator gave.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    pub(super) reconciles: Family<ReconcileLabels, Counter>,
    pub(super) writes: Family<WriteLabels, Counter>,
    pub(super) requests: Counter,
    pub(super) queue_depth: Gauge,
    pub(super) delay: Histogram,
    pub(super) events_dropped: Counter,
    pub(super) status_writes: Counter,
    pub(super) status_failures: Counter,
    pub(super) report_writes: Counter,
    pub(super) report_failures: Counter,
    pub(super) disagreements: Counter,
    pub(super) pods: Gauge,
    pub(super) reports_waiting: Gauge,
    pub(super) force_after_due: Gauge,
    pub(super) exemptions_expiring: Gauge,
    takes: Family<WriterLabels, Counter>,
    pub(super) calls: Calls,
    pub(super) ready: Gauge,
    pub(super) watch_silence: Gauge<f64, AtomicU64>,
    pub(super) figures: LastFigures,
    pub(super) leader: Family<LeaderLabels, Gauge>,
}

impl Default for Metrics {
    fn default() -> Self {
        // From well under the API server's own latency to what a person notices.
        let delay =
            Histogram::new([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0]);
        let mut metrics = Self {
            registry: Registry::default(),
            reconciles: Family::default(),
            writes: Family::default(),
            requests: Counter::default(),
            queue_depth: Gauge::default(),
            delay,
            events_dropped: Counter::default(),
            status_writes: Counter::default(),
            status_failures: Counter::default(),
            report_writes: Counter::default(),
            report_failures: Counter::default(),
            disagreements: Counter::default(),
            pods: Gauge::default(),
            reports_waiting: Gauge::default(),
            force_after_due: Gauge::default(),
            exemptions_expiring: Gauge::default(),
            takes: Family::default(),
            calls: Calls::default(),
            ready: Gauge::default(),
            watch_silence: Gauge::default(),
            figures: LastFigures::default(),
            leader: Family::default(),
        };
        metrics.register();
        metrics.begin_at_zero();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let Self {
            registry,
            reconciles,
            writes,
            requests,
            queue_depth,
            delay,
            events_dropped,
            status_writes,
            status_failures,
            report_writes,
            report_failures,
            disagreements,
            pods,
            reports_waiting,
            force_after_due,
            exemptions_expiring,
            takes,
            calls,
            ready,
            watch_silence,
            figures,
            leader,
        } = self;
        // The name that client-go gave it, by which dashboards and alerts know it.
        registry.register(
            "leader_election_master_status",
            "Whether this replica leads: 1 if it does, 0 if it stands by",
            leader.clone(),
        );
        #[cfg(target_os = "linux")]
        registry.register_collector(Box::new(process::ThisProcess::new()));
        let registry = registry.sub_registry_with_prefix("podsec");
        registry.register("reconciles", "Namespaces looked at, by result", reconciles.clone());
        registry.register(
            "mode_writes",
            "Modes of namespaces written, by what the write did",
            writes.clone(),
        );
        registry.register("namespace_requests", "Applies carried out for namespaces", requests.clone());
        registry.register("queue_depth", "Namespaces due or being looked at", queue_depth.clone());
        registry.register(
            "namespace_label_delay_seconds",
            "Time from a namespace's event to its labels",
            delay.clone(),
        );
        registry.register(
            "events_dropped",
            "Events not sent because too many were waiting",
            events_dropped.clone(),
        );
        registry.register("status_writes", "Statuses of profiles written", status_writes.clone());
        registry.register(
            "status_write_failures",
            "Writes of a profile's status that failed",
            status_failures.clone(),
        );
        registry.register("report_writes", "Reports of namespaces written", report_writes.clone());
        registry.register(
            "report_write_failures",
            "Writes of a namespace's report that failed",
            report_failures.clone(),
        );
        registry.register(
            "evaluator_disagreements",
            "Last looks at which the API server said something else of the pods than podsec",
            disagreements.clone(),
        );
        registry.register("reports_waiting", "Reports that wait to be written", reports_waiting.clone());
        registry.register("pods", "Pods that podsec follows", pods.clone());
        registry.register(
            "force_after_due",
            "Namespaces that forceAfter raises within 14 days",
            force_after_due.clone(),
        );
        registry.register(
            "exemptions_expiring",
            "Exemptions that expire within 14 days",
            exemptions_expiring.clone(),
        );
        registry.register(
            "takes",
            "Modes of namespaces that somebody changed which podsec had set, by what kind of writer",
            takes.clone(),
        );
        registry.register(
            "api_requests",
            "Requests to the API server, by verb and by the code of the answer",
            calls.clone(),
        );
        registry.register("ready", "Whether /readyz answers 200", ready.clone());
        registry.register(
            "watch_silence_seconds",
            "For how long a stream of what runs has been interrupted; 0 where none is",
            watch_silence.clone(),
        );
        registry.register_collector(Box::new(figures.clone()));
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The running podsec", version);
    }

    /// Has what alerts ask for begin with 0: what first appears as 1 is no increase to Prometheus.
    fn begin_at_zero(&self) {
        for mode in Mode::ALL {
            for change in WRITES {
                drop(self.writes.get_or_create(&WriteLabels { mode: mode.as_str(), change }));
            }
        }
        for writer in Writer::ALL {
            drop(self.takes.get_or_create(&WriterLabels { writer: writer.as_str() }));
        }
    }

    /// Counts that somebody took a mode from podsec.
    pub(super) fn took(&self, writer: Writer) {
        self.takes.get_or_create(&WriterLabels { writer: writer.as_str() }).inc();
    }

    /// The metrics in the text format of `OpenMetrics`.
    ///
    /// # Errors
    ///
    /// When a metric cannot be written, which would be a mistake in podsec.
    pub(super) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// The names of all metrics, as they are asked for: with `_total` of a counter and `_info` of an info.
///
/// # Errors
///
/// When a metric cannot be written, which would be a mistake in podsec.
pub fn metric_names() -> Result<Vec<String>, std::fmt::Error> {
    let metrics = Metrics::default();
    // A family without series is left out of the text.
    drop(metrics.reconciles.get_or_create(&ReconcileLabels { result: "applied" }));
    drop(metrics.calls.get_or_create(&CallLabels { verb: "get", code: "200".into() }));
    drop(metrics.leader.get_or_create(&LeaderLabels { name: "podsec".into() }));
    let text = metrics.text()?;
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let named = types.map(|(name, kind)| match kind {
        "counter" => format!("{name}_total"),
        "info" => format!("{name}_info"),
        _ => name.to_owned(),
    });
    Ok(named.collect())
}
