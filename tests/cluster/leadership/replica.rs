//! A replica: podsec's own binary as a process.

use std::{
    fs::{self, File},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::stage::{Stage, get};

static STARTED: AtomicUsize = AtomicUsize::new(0);

/// A replica. Dropping it kills it.
pub(super) struct Replica {
    child: Child,
    log: PathBuf,
}

impl Replica {
    /// Starts one that is this user, and is called by the user's name.
    pub(super) fn start(stage: &Stage, user: &str, arguments: &[&str]) -> Self {
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let log = stage.cluster.folder().join(format!("replica-{number}-{user}.log"));
        let child = Command::new(env!("CARGO_BIN_EXE_podsec"))
            .args(["controller", "--listen=127.0.0.1:0", "--instance", user])
            .args(arguments)
            .arg("--kubeconfig")
            .arg(stage.cluster.kubeconfig(user).unwrap())
            .env("RUST_LOG", "info")
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Self { child, log }
    }

    /// Has it get a signal.
    pub(super) fn gets(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// Ends it as kill -9 does.
    pub(super) fn dies(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it has ended by itself.
    pub(super) async fn ends(&mut self, stage: &Stage) -> ExitStatus {
        let child = std::sync::Mutex::new(&mut self.child);
        stage.eventually("a replica to end", || async { child.lock().unwrap().try_wait().unwrap() }).await
    }

    /// Whether it has not ended.
    pub(super) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// What it said so far.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// What it answers to a GET over HTTP: code and body.
    pub(super) async fn asked(&self, stage: &Stage, path: &str) -> (u16, String) {
        stage
            .eventually("an answer of a replica", || async {
                let log = self.log();
                let address = log.split(" address=").nth(1)?.split(' ').next()?;
                let address: SocketAddr = address.parse().ok()?;
                get(address, path).await.ok()
            })
            .await
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
