//! A controller in a runtime of its own, so that it can be killed like a process.

use std::{
    fs::File,
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::Mutex,
};

use kube::Client;
use podsec::controller::{self, Options};
use tokio_util::sync::CancellationToken;

use super::DEADLINE;

/// A running controller.
pub(super) struct Running {
    runtime: Option<tokio::runtime::Runtime>,
    address: SocketAddr,
    stop: CancellationToken,
    done: tokio::task::JoinHandle<()>,
}

impl Running {
    /// Starts one whose log goes to a file; a failing test prints the end of it beside those of the cluster.
    pub(super) fn start(client: impl FnOnce() -> Client, options: Options, log: &Path) -> Self {
        let log = File::options().create(true).append(true).open(log).unwrap();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(Mutex::new(log)).finish();
        let dispatch = tracing::Dispatch::new(subscriber);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .on_thread_start(move || std::mem::forget(tracing::dispatcher::set_default(&dispatch)))
            .enable_all()
            .build()
            .unwrap();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (client, listener) = {
            // kube starts the worker of its client on the runtime it is made in.
            let _inside = runtime.enter();
            (client(), tokio::net::TcpListener::from_std(listener).unwrap())
        };
        let done = runtime.spawn(async move {
            let options = Options { listener: Some(listener), ..options };
            controller::run(client, options, stopped).await.expect("the controller runs until it is stopped");
        });
        Self { runtime: Some(runtime), address, stop, done }
    }

    /// Where it serves probes and metrics.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells it to stop, and waits until it has.
    pub(super) async fn stop(mut self) {
        self.stop.cancel();
        tokio::time::timeout(DEADLINE, &mut self.done)
            .await
            .expect("it stops in time")
            .expect("it does not panic");
    }

    /// Ends it as kill -9 does: whatever it was doing is not done.
    pub(super) fn kill(self) {
        drop(self);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // It is over when this returns: the next test has the cluster to itself. A runtime may not be waited for on a
            // thread of another one.
            let ended = std::thread::spawn(move || runtime.shutdown_timeout(DEADLINE)).join();
            assert!(ended.is_ok() || std::thread::panicking(), "the controller's runtime ends");
        }
    }
}
