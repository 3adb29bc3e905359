//! A cluster with podsec installed as shipped, its controller running in this process under the shipped role, and
//! what tests do with them.

mod installed;
mod lent;
pub(crate) mod namespaces;
mod obstacles;
pub(crate) mod profiles;
pub(crate) mod reports;
mod running;
pub(crate) mod seen;
mod times;
pub(crate) mod workloads;

use std::{
    future::Future,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use k8s_openapi::api::events::v1::Event;
use kube::{Api, Client, api::ListParams};
use podsec::{
    cluster::lease::Terms,
    controller::{Clock, Election, Options, Place},
    rollout::{NamePattern, Settings, VERSION_WINDOW},
};
use podsec_control_plane::{Builder, Cluster};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, sleep},
};

use self::{lent::Lent, running::Running};
use crate::interposer::Interposer;

/// How long anything may take to come true. Generous: a slow machine must not fail a test.
const DEADLINE: Duration = Duration::from_secs(90);

/// How often a wait looks again. Each look is a request, and takes time from what is waited for.
pub(crate) const POLL: Duration = Duration::from_millis(50);

/// The user whom the shipped roles are bound to.
pub(crate) const USER: &str = "podsec";

/// The users of tests: those of all, so that a cluster serves any of them.
const USERS: [&str; 6] = [USER, "podsec-2", "blind", "planner", "reader", "tenant"];

/// Where the lease is of the shipped Deployment.
pub(crate) const LEASE: (&str, &str) = ("podsec-system", "podsec");

/// A cluster with podsec installed.
pub(crate) struct Stage {
    /// Before the cluster: it ends before that goes to another test.
    controller: Option<Running>,
    pub(crate) cluster: Lent,
    pub(crate) admin: Client,
    user: Client,
    pub(crate) settings: Settings,
    pub(crate) version_window: Duration,
    pub(crate) interposer: Interposer,
    /// What the controller checks its leadership against; without it, it takes itself for the only one.
    pub(crate) clock: Option<Arc<dyn Clock>>,
}

impl Stage {
    /// A cluster of its own with a controller.
    pub(crate) async fn new() -> Self {
        let mut stage = Self::without_controller(Cluster::builder()).await;
        stage.start();
        stage
    }

    /// A cluster with podsec installed, but not running.
    pub(crate) async fn without_controller(builder: Builder) -> Self {
        let builder = USERS.into_iter().fold(builder, Builder::user);
        let cluster = Lent::new(builder, installed::install).await;
        let settings = Settings {
            protected: Settings::DEFAULT_PROTECTED.map(NamePattern::new).to_vec(),
            reconcilers: Settings::DEFAULT_RECONCILERS.map(Into::into).into(),
            ..Settings::default()
        };
        let (admin, user) = (cluster.admin().unwrap(), cluster.client(USER).unwrap());
        Self {
            controller: None,
            cluster,
            admin,
            user,
            settings,
            version_window: VERSION_WINDOW,
            interposer: Interposer::default(),
            clock: None,
        }
    }

    /// Starts the controller, as the user with the shipped roles.
    pub(crate) fn start(&mut self) {
        assert!(self.controller.is_none(), "never two at a time");
        let client = self.client();
        let client = move || client().unwrap();
        self.controller = Some(Running::start(client, self.options(), &self.log_path()));
    }

    /// Makes a client of the controller's, with connections of its own.
    fn client(&self) -> impl FnOnce() -> kube::Result<Client> + Send + use<> {
        let config = self.cluster.config(USER).unwrap();
        let interposer = self.interposer.clone();
        move || Ok(interposer.before(Client::try_from(config)?))
    }

    fn options(&self) -> Options {
        let election = self.clock.clone().map(|clock| Election {
            place: Place { namespace: LEASE.0.into(), name: LEASE.1.into() },
            terms: Terms::default(),
            name: USER.into(),
            client: Box::new(self.client()),
            clock,
        });
        Options {
            settings: self.settings.clone(),
            version_window: self.version_window,
            concurrency: 8,
            listener: None,
            metrics_per_namespace: true,
            instance: None,
            election,
        }
    }

    fn log_path(&self) -> PathBuf {
        self.cluster.folder().join("podsec.log")
    }

    /// Stops the controller in good order.
    pub(crate) async fn stop(&mut self) {
        self.controller.take().expect("a running controller").stop().await;
    }

    /// Ends the controller as kill -9 does.
    pub(crate) fn kill(&mut self) {
        self.controller.take().expect("a running controller").kill();
    }

    /// What the controller answers to a GET over HTTP: code and body. Nothing while it does not answer.
    pub(crate) async fn asked(&self, path: &str) -> Option<(u16, String)> {
        let address = self.controller.as_ref().expect("a running controller").address();
        get(address, path).await.ok()
    }

    /// Waits until something is there; panics with `what` when it takes too long.
    pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(
        &self,
        what: &str,
        look: impl FnMut() -> F,
    ) -> T {
        eventually(what, look).await
    }

    /// Waits until the clock shows a later second: Kubernetes writes times in whole ones.
    pub(crate) async fn a_second_passes(&self) {
        is_later_than(Timestamp::now().as_second()).await;
    }

    // --- what was told ---

    /// Waits for an Event with a reason whose note holds a text.
    pub(crate) async fn event(&self, reason: &str, text: &str) -> Event {
        self.eventually(&format!("an Event {reason} with {text:?}"), || async {
            self.events(reason, text).await.pop()
        })
        .await
    }

    /// The Events so far with a reason and a text in their note.
    pub(crate) async fn events(&self, reason: &str, text: &str) -> Vec<Event> {
        let events: Api<Event> = Api::namespaced(self.admin.clone(), "default");
        let all = events.list(&ListParams::default()).await.unwrap();
        let is_meant = |event: &Event| {
            event.reason.as_deref() == Some(reason)
                && event.note.as_deref().is_some_and(|note| note.contains(text))
        };
        all.items.into_iter().filter(is_meant).collect()
    }
}

/// Waits until something is there; panics with `what` when it takes too long.
async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "waited too long for {what}");
        sleep(POLL).await;
    }
}

async fn is_later_than(second: i64) {
    eventually("a later second", || async { (Timestamp::now().as_second() > second).then_some(()) }).await;
}

/// The answer to a GET: code and body.
pub(crate) async fn get(address: SocketAddr, path: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or(std::io::ErrorKind::InvalidData)?;
    let code =
        head.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or(std::io::ErrorKind::InvalidData)?;
    Ok((code, body.to_owned()))
}

/// A file of the repository.
pub(crate) fn path(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name).display().to_string()
}
