//! A cluster: an API server, and what runs beside it, for as long as the value lives.

mod access;
mod builder;
mod companions;
mod contents;
mod flux;
mod outage;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};

use serde_json::Value;

pub use builder::Builder;
pub(crate) use builder::create_private;
pub use contents::Contents;

use crate::binaries::Binaries;
use crate::credentials::Credentials;
use crate::error::{Doing as _, Error};
use crate::etcd::Etcd;
use crate::ports::Port;
use crate::process::{self, Launch, Lifetime, Process, Slot};

/// Whether to keep the scratch folder: any value of this variable but the empty one and `0`.
const KEEP: &str = "PODSEC_KEEP";

/// A cluster of its own. Dropping it ends its API server and all that runs beside it; when that happens in a
/// panic, the end of each component's log is printed. With `PODSEC_KEEP=1` its folder stays.
#[derive(Debug)]
#[must_use = "the cluster ends when this is dropped"]
pub struct Cluster {
    binaries: Binaries,
    etcd: Arc<Etcd>,
    /// What its keys in etcd begin with.
    name: String,
    folder: PathBuf,
    url: String,
    credentials: Credentials,
    api_server: Slot,
    api_server_arguments: Vec<String>,
    /// Whether its API server was ever stopped or frozen.
    disturbed: AtomicBool,
    /// The programs beside the API server.
    companions: Vec<Slot>,
    /// The ports that it has claimed, the API server's first.
    ports: Vec<Port>,
    applied: AtomicUsize,
    /// Where the processes of a cluster that outlives this one are written down.
    record: Option<PathBuf>,
    left: bool,
}

impl Cluster {
    /// Starts with nothing but an API server and its administrator.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The API server's address, which stays the same when it is stopped and started again.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The folder of the cluster's keys, kubeconfig files and logs.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The programs that it runs.
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// The audit events of requests that wrote, oldest first, dry runs among them (by `requestURI`). Empty
    /// without [`Builder::audit_log`]. A client may see its answer a moment before the event is here.
    pub fn audit_events(&self) -> Result<Vec<Value>, Error> {
        crate::audit::events(&self.folder)
    }

    /// How long the audit log is by now, in bytes.
    pub fn audit_length(&self) -> u64 {
        crate::audit::length(&self.folder)
    }

    /// Calls `each` with the audit events after so many bytes of the log, as [`Self::audit_events`] has them.
    pub fn audit_events_since(&self, begin: u64, each: impl FnMut(Value)) -> Result<(), Error> {
        crate::audit::since(&self.folder, begin, each)
    }

    /// The process ids of all components that run, etcd's among them.
    pub fn process_ids(&self) -> Vec<u32> {
        let slots = self.companions.iter().chain([&self.api_server]);
        slots.filter_map(Slot::pid).chain(self.etcd.pid()).collect()
    }

    /// What a component said so far: `kube-apiserver`, `etcd` or whatever else runs.
    pub fn log(&self, component: &str) -> Result<String, Error> {
        let folder = if component == "etcd" { self.etcd.folder().join("etcd") } else { self.folder.clone() };
        let path = folder.join(format!("{component}.log"));
        fs::read_to_string(&path).doing(|| format!("read {}", path.display()))
    }

    fn start_process(
        &self,
        component: &'static str,
        program: &Path,
        arguments: Vec<String>,
    ) -> Result<Process, Error> {
        Process::start(self.launch(component, program, arguments))
    }

    /// What a program of this cluster is started with.
    fn launch<'a>(
        &'a self,
        component: &'static str,
        program: &'a Path,
        arguments: Vec<String>,
    ) -> Launch<'a> {
        let lifetime = match &self.record {
            Some(record) => Lifetime::Standing { record: record.clone() },
            // The folder is the API server's guard's to remove.
            None if component == crate::api_server::NAME => {
                Lifetime::Guarded { remove: Some(self.folder.clone()) }
            }
            None => Lifetime::Guarded { remove: None },
        };
        Launch::component(component, program, arguments, &self.folder, lifetime)
    }

    /// Lets everything run on after this process.
    pub(crate) fn leave(mut self) {
        self.left = true;
        let slots = self.companions.iter().chain([&self.api_server]);
        slots.filter_map(Slot::take).for_each(Process::leave);
        self.etcd.leave();
    }

    /// Prints the end of each log; only a failing test shows it.
    #[expect(clippy::print_stderr, reason = "a test's captured output is reached by this macro only")]
    fn print_logs(&self) {
        for folder in [&self.etcd.folder().join("etcd"), &self.folder] {
            let logs = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
            for log in logs.filter(|path| path.extension().is_some_and(|end| end == "log")) {
                eprintln!("--- {}\n{}", log.display(), process::tail(&log));
            }
        }
    }

    fn keep_folder(&self) {
        // A guard that finds this file leaves the folder; etcd's folder holds this one.
        for folder in [&self.folder, self.etcd.folder()] {
            let _ = fs::write(folder.join("keep"), "");
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.left {
            return;
        }
        if std::thread::panicking() {
            self.print_logs();
        }
        let keep = std::env::var(KEEP).is_ok_and(|value| !value.is_empty() && value != "0");
        if keep {
            self.keep_folder();
        }
        for slot in self.companions.iter().rev().chain([&self.api_server]) {
            drop(slot.take());
        }
        if !keep && self.record.is_none() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}
