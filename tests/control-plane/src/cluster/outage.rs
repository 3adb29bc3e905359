//! An API server that goes away, hangs, or comes back as another version.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Cluster;
use crate::api_server;
use crate::binaries::Program;
use crate::error::Error;
use crate::process::Signal;

/// How long an API server may take to end its requests. It would give watches a minute.
const GRACE: Duration = Duration::from_secs(2);

impl Cluster {
    /// Stops the API server; returns when nothing listens any more. What is stored stays.
    pub async fn stop_api_server(&self) -> Result<(), Error> {
        self.disturbed.store(true, Ordering::Relaxed);
        let process = self.api_server.take().ok_or(Error::Stopped)?;
        tokio::task::spawn_blocking(move || process.end(GRACE)).await?
    }

    /// Starts the API server again, on the same port and with the same store, and waits until it serves.
    /// `extra` arguments go behind those that it had before, for this start only.
    pub async fn start_api_server(&self, extra: &[&str]) -> Result<(), Error> {
        let mut arguments = self.api_server_arguments.clone();
        arguments.extend(extra.iter().map(|argument| String::from(*argument)));
        let program = self.binaries.path(Program::ApiServer);
        self.api_server.fill(|| self.start_process(api_server::NAME, &program, arguments))?;
        let client = self.probing_client()?;
        let ready = self
            .api_server
            .until("answer on /readyz", api_server::LIMIT, || api_server::probe(&client))
            .await;
        if ready.is_err() {
            // So that it can be tried again.
            drop(self.api_server.take());
        }
        ready
    }

    /// Freezes the API server: connections open, and nothing answers. It takes effect a moment later.
    pub fn freeze_api_server(&self) -> Result<(), Error> {
        self.disturbed.store(true, Ordering::Relaxed);
        self.api_server.signal(Signal::Freeze)
    }

    /// Ends a freeze; it takes effect a moment later.
    pub fn thaw_api_server(&self) -> Result<(), Error> {
        self.api_server.signal(Signal::Thaw)
    }
}
