//! What can go wrong, and what to do about it.

use std::io;
use std::path::PathBuf;

/// Why a control plane could not be built, started or asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No Go toolchain, and something still has to be built.
    #[error(
        "no `go` on the PATH: install Go {needed} or newer, or set KUBEBUILDER_ASSETS to a folder that holds {programs}"
    )]
    GoMissing {
        /// The version that go.mod asks for.
        needed: String,
        /// The programs that are missing.
        programs: String,
    },
    /// The Go toolchain cannot read this crate's go.mod.
    #[error("Go {found} is too old: install Go {needed} or newer to build {programs}")]
    GoTooOld {
        /// The version that answered.
        found: String,
        /// The version that go.mod asks for.
        needed: String,
        /// The programs that are missing.
        programs: String,
    },
    /// `go` answered with an error.
    #[error("`go {arguments}` failed:\n{output}")]
    Go {
        /// What it was asked.
        arguments: String,
        /// The end of what it said.
        output: String,
    },
    /// No place for the built programs.
    #[error("no cache folder: set PODSEC_CONTROL_PLANE_CACHE, XDG_CACHE_HOME or HOME")]
    NoCacheFolder,
    /// A file or process operation failed.
    #[error("cannot {action}: {source}")]
    Io {
        /// What was tried.
        action: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// No port of the range is free.
    #[error("every port from {first} to {last} on 127.0.0.1 is taken: end control planes that are left")]
    NoPort {
        /// The range's first port.
        first: u16,
        /// The range's last port.
        last: u16,
    },
    /// A certificate could not be made.
    #[error("cannot make a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A component ended by itself.
    #[error("{component} ended ({status}); its last lines were:\n{tail}")]
    Died {
        /// Which one.
        component: &'static str,
        /// How it ended.
        status: String,
        /// The end of its log.
        tail: String,
    },
    /// A component did not become ready in time.
    #[error("{component}: no {awaited} after {seconds} s ({last}); its last lines were:\n{tail}")]
    NotReady {
        /// Which one.
        component: &'static str,
        /// What was waited for.
        awaited: &'static str,
        /// For how long.
        seconds: u64,
        /// What the last attempt said.
        last: String,
        /// The end of its log.
        tail: String,
    },
    /// The API server is stopped and the call needs it.
    #[error("the API server is stopped: start it with `start_api_server`")]
    Stopped,
    /// The API server runs already.
    #[error("the API server runs already: stop it first with `stop_api_server`")]
    Running,
    /// The cluster knows no such user.
    #[error("no user `{0}`: name it with `Cluster::builder().user(..)`")]
    UnknownUser(String),
    /// A test asked for a user that the control plane has for itself.
    #[error("`{0}` is a user of the control plane itself: choose another name")]
    ReservedUser(String),
    /// kubectl ended with an error.
    #[error("`kubectl {arguments}` failed:\n{output}")]
    Kubectl {
        /// What it was asked.
        arguments: String,
        /// What it said, both streams.
        output: String,
    },
    /// The API server refused a call, or a client could not be made.
    #[error("the API server: {0}")]
    Api(#[from] Box<kube::Error>),
    /// The folder for a standing cluster belongs to something else.
    #[error(
        "{0} is not empty and was not made by `podsec-control-plane up`: choose another folder with --dir"
    )]
    ForeignFolder(PathBuf),
    /// There is no standing cluster to stop.
    #[error("no control plane runs in {0}")]
    NothingStands(PathBuf),
    /// A process of a standing cluster did not end.
    #[error(
        "{program} (process {pid}) does not end: end it by hand, then run `podsec-control-plane down` again"
    )]
    StillRuns {
        /// Its program.
        program: String,
        /// Its process id.
        pid: u32,
    },
    /// Work on another thread was lost.
    #[error("a blocking task did not finish: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl From<kube::Error> for Error {
    fn from(error: kube::Error) -> Self {
        Self::Api(Box::new(error))
    }
}

/// Names what was tried when an operation on files or processes fails.
pub(crate) trait Doing<T> {
    /// `action` completes the sentence "cannot …".
    fn doing(self, action: impl FnOnce() -> String) -> Result<T, Error>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, action: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|source| Error::Io { action: action(), source })
    }
}
