//! `podsec controller`: runs the controller.

use std::{
    io::{self, IsTerminal},
    net::SocketAddr,
    str::FromStr,
    sync::Arc,
};

use clap::{Args, ValueEnum};
use kube::Client;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::{EnvFilter, filter::ParseError};

use super::{Failure, Outcome, observing::namespace_name};
use crate::{
    api::GoDuration,
    cluster::{
        client::{Connection, ConnectionError},
        lease::{Terms, TermsError},
    },
    controller::{self, Election, Options, Place, RunError, SystemClock},
    rollout::{NamePattern, Settings, VERSION_WINDOW},
    standards::{LevelVersion, Mode, Policy},
};

/// Run the controller
///
/// Watches profiles and namespaces and keeps the labels right until it is told to stop (SIGTERM or Ctrl-C). It needs
/// the ClusterPodSecurityProfile CRD (podsec crds | kubectl apply -f -) and waits for it. The variable RUST_LOG sets
/// what is logged, as in debug for more than usual.
#[derive(Debug, Args)]
pub(super) struct Run {
    #[command(flatten)]
    connection: Connection,
    /// Where to serve /livez, /readyz and /metrics
    #[arg(long, env = "PODSEC_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8080", value_parser = listen)]
    listen: SocketAddr,
    /// Namespaces that only a profile which names them in full may govern, with * for any run of characters; these
    /// replace the default. The controller's own namespace is always protected
    #[arg(
        long,
        env = "PODSEC_PROTECTED_NAMESPACES",
        value_name = "NAME",
        value_delimiter = ',',
        default_values = Settings::DEFAULT_PROTECTED,
        value_parser = protected
    )]
    protected_namespaces: Vec<String>,
    /// What the API server applies to a namespace without labels, where its own configuration changes that, as in
    /// enforce=baseline:latest
    #[arg(
        long,
        env = "PODSEC_SERVER_DEFAULTS",
        value_name = "MODE=LEVEL[:VERSION]",
        value_delimiter = ',',
        value_parser = server_default
    )]
    server_defaults: Vec<(Mode, LevelVersion)>,
    /// Runtime classes whose pods the API server's own configuration exempts
    #[arg(
        long,
        env = "PODSEC_SERVER_EXEMPT_RUNTIME_CLASSES",
        value_name = "NAME",
        value_delimiter = ',',
        value_parser = clap::builder::NonEmptyStringValueParser::new()
    )]
    server_exempt_runtime_classes: Vec<String>,
    /// Refuse every write that lowers a level or a version
    #[arg(long, env = "PODSEC_NEVER_WEAKEN")]
    never_weaken: bool,
    /// Field managers that set again and again what they were told once: KeepStricter leaves them a label that podsec
    /// never had. These replace the default
    #[arg(
        long,
        env = "PODSEC_RECONCILERS",
        value_name = "MANAGER",
        value_delimiter = ',',
        default_values = Settings::DEFAULT_RECONCILERS
    )]
    reconcilers: Vec<String>,
    /// How many namespaces to work on at a time
    #[arg(
        long,
        env = "PODSEC_CONCURRENCY",
        value_name = "N",
        default_value_t = 16,
        value_parser = clap::value_parser!(u8).range(1..=64)
    )]
    concurrency: u8,
    /// How log lines are written
    #[arg(long, env = "PODSEC_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,
    /// Serve one more metric, which has a series for each namespace
    #[arg(long, env = "PODSEC_METRICS_PER_NAMESPACE")]
    metrics_per_namespace: bool,
    /// The namespace that the controller runs in
    #[arg(long, env = "POD_NAMESPACE", value_name = "NAME")]
    own_namespace: Option<String>,
    /// The name of this replica, shown in Events
    #[arg(long, env = "POD_NAME", value_name = "NAME")]
    instance: Option<String>,
    #[command(flatten)]
    leader: LeaderElection,
}

/// How one of several replicas is elected.
#[derive(Debug, Args)]
struct LeaderElection {
    /// Have one of several replicas elected by a Lease: it works, the others stand by
    #[arg(
        long = "leader-elect",
        env = "PODSEC_LEADER_ELECT",
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_value = "false",
        default_missing_value = "true",
        action = clap::ArgAction::Set
    )]
    is_on: bool,
    /// The namespace of the Lease, instead of the one that the controller runs in
    #[arg(long = "lease-namespace", env = "PODSEC_LEASE_NAMESPACE", value_name = "NAME", value_parser = namespace_name)]
    namespace: Option<String>,
    /// The name of the Lease
    #[arg(
        long = "lease-name",
        env = "PODSEC_LEASE_NAME",
        value_name = "NAME",
        default_value = "podsec",
        value_parser = lease_name
    )]
    name: String,
    /// How long the others wait for a leader that is not heard of, in whole seconds
    #[arg(long, env = "PODSEC_LEASE_DURATION", value_name = "DURATION", default_value_t = GoDuration(Terms::LEASE))]
    lease_duration: GoDuration,
    /// After how long a leader ends that could not renew the Lease: less than the lease duration
    #[arg(long, env = "PODSEC_RENEW_DEADLINE", value_name = "DURATION", default_value_t = GoDuration(Terms::RENEW_DEADLINE))]
    renew_deadline: GoDuration,
    /// How often the Lease is renewed, or looked at: at most half the renew deadline
    #[arg(long, env = "PODSEC_RETRY_PERIOD", value_name = "DURATION", default_value_t = GoDuration(Terms::RETRY))]
    retry_period: GoDuration,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Why the controller did not start, or ended.
#[derive(Debug, thiserror::Error)]
enum ControllerError {
    #[error("$RUST_LOG cannot be read: {0}")]
    LogFilter(#[from] ParseError),
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    #[error("cannot listen on {address} for probes and metrics: {source}; choose another with --listen")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("cannot start: {0}")]
    Runtime(#[source] io::Error),
    #[error("{0} (--lease-duration, --renew-deadline, --retry-period)")]
    Terms(#[from] TermsError),
    #[error(
        "where is the Lease to be? --leader-elect needs --lease-namespace where the controller's own is not known"
    )]
    Nowhere,
    #[error(transparent)]
    Run(#[from] RunError),
}

impl Run {
    /// Runs until told to stop.
    pub(super) fn run(self) -> Result<Outcome, Failure> {
        self.log()?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(ControllerError::Runtime)?;
        runtime.block_on(self.serve())?;
        Ok(Outcome::Clean)
    }

    fn log(&self) -> Result<(), ControllerError> {
        let filter = match std::env::var("RUST_LOG") {
            Ok(text) if !text.is_empty() => EnvFilter::try_new(text)?,
            // kube logs every failed connection as an error; podsec says the same once, with what it means.
            _ => EnvFilter::new("info,kube_client=error,kube_client::client::builder=off"),
        };
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let builder = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(io::stderr().is_terminal() && !no_colour)
            .with_writer(io::stderr);
        match self.log_format {
            LogFormat::Text => builder.init(),
            LogFormat::Json => builder.json().flatten_event(true).init(),
        }
        Ok(())
    }

    async fn serve(self) -> Result<(), ControllerError> {
        let election = self.election().await?;
        let (client, server) = self.connection.client().await?;
        let address = self.listen;
        let listener =
            TcpListener::bind(address).await.map_err(|source| ControllerError::Listen { address, source })?;
        let stop = CancellationToken::new();
        stop_on_signal(stop.clone()).map_err(ControllerError::Runtime)?;
        let address = listener.local_addr().unwrap_or(address);
        let options = Options {
            settings: self.settings(),
            version_window: VERSION_WINDOW,
            concurrency: self.concurrency.into(),
            listener: Some(listener),
            metrics_per_namespace: self.metrics_per_namespace,
            instance: self.instance,
            election,
        };
        let Settings { protected, server_defaults, server_exempt_runtime_classes, never_weaken, reconcilers } =
            &options.settings;
        let server_defaults = Mode::ALL.map(|mode| format!("{mode}={}", server_defaults.get(mode))).join(",");
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            %server,
            %address,
            ?protected,
            server_defaults,
            ?server_exempt_runtime_classes,
            never_weaken,
            ?reconcilers,
            "podsec starts"
        );
        controller::run(client, options, stop).await?;
        tracing::info!("podsec ends");
        Ok(())
    }

    /// The election to take part in, if there is one.
    async fn election(&self) -> Result<Option<Election>, ControllerError> {
        let LeaderElection { is_on, namespace, name, lease_duration, renew_deadline, retry_period } =
            &self.leader;
        if !is_on {
            return Ok(None);
        }
        let terms = Terms::new(lease_duration.0, renew_deadline.0, retry_period.0)?;
        let namespace = namespace.as_ref().or(self.own_namespace.as_ref()).ok_or(ControllerError::Nowhere)?;
        let config = self.connection.urgent(terms.request()).await?;
        Ok(Some(Election {
            place: Place { namespace: namespace.clone(), name: name.clone() },
            terms,
            name: self.instance.clone().unwrap_or_else(hostname),
            client: Box::new(move || Client::try_from(config)),
            clock: Arc::new(SystemClock),
        }))
    }

    fn settings(&self) -> Settings {
        let mut server_defaults = Policy::default();
        for (mode, value) in &self.server_defaults {
            server_defaults.set(*mode, *value);
        }
        let protected = self.protected_namespaces.iter().chain(&self.own_namespace);
        Settings {
            protected: protected.map(|name| NamePattern::new(name)).collect(),
            server_defaults,
            server_exempt_runtime_classes: self.server_exempt_runtime_classes.iter().cloned().collect(),
            never_weaken: self.never_weaken,
            reconcilers: self.reconcilers.iter().filter(|name| !name.is_empty()).cloned().collect(),
        }
    }
}

/// Stops on SIGTERM and Ctrl-C; the second time at once.
fn stop_on_signal(stop: CancellationToken) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        let mut either = async || {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        either().await;
        tracing::info!("told to stop: ending what is under way");
        stop.cancel();
        either().await;
        tracing::warn!("told again: stopping at once");
        #[expect(clippy::exit, reason = "the user asked twice; nothing is lost, the next start takes it up")]
        std::process::exit(2);
    });
    Ok(())
}

/// The name of this machine, by which its replica can be found.
fn hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).unwrap_or_else(|| "podsec".into())
}

fn lease_name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    if text.is_empty() || text.len() > 253 || !text.chars().all(plain) {
        return Err("must be a name of lower-case letters, digits, - and .".into());
    }
    Ok(text.to_owned())
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "must be ADDRESS:PORT, as in 127.0.0.1:8080 or [::]:8080".into())
}

fn protected(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '*');
    if text.is_empty() || !text.chars().all(plain) {
        return Err("must be a namespace name, with * for any run of characters".into());
    }
    Ok(text.to_owned())
}

pub(super) fn server_default(text: &str) -> Result<(Mode, LevelVersion), String> {
    let (mode, value) =
        text.split_once('=').ok_or("must be MODE=LEVEL[:VERSION], as in enforce=baseline:latest")?;
    let mode = Mode::from_str(mode).map_err(|error| format!("mode {error}"))?;
    let value = LevelVersion::from_str(value).map_err(|error| error.to_string())?;
    Ok((mode, value))
}
