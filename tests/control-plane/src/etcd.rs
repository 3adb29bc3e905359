//! The store. One serves all clusters of a process, each under its own prefix.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Doing as _, Error};
use crate::ports::Port;
use crate::process::{Launch, Lifetime, POLL, Process, Slot};

const LIMIT: Duration = Duration::from_secs(30);

/// A running etcd and the folder for everything that depends on it.
#[derive(Debug)]
pub(crate) struct Etcd {
    folder: PathBuf,
    client: Port,
    _peer: Port,
    process: Slot,
    clusters: AtomicUsize,
}

impl Etcd {
    /// The one of this process, which is started by the first who asks and runs until the process ends, when
    /// its guard also removes the folder. Blocks.
    pub(crate) fn shared(program: &Path) -> Result<Arc<Self>, Error> {
        static SHARED: Mutex<Option<Arc<Etcd>>> = Mutex::new(None);
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(etcd) = shared.as_ref() {
            etcd.process.check()?;
            return Ok(Arc::clone(etcd));
        }
        let scratch = tempfile::Builder::new()
            .prefix("podsec-control-plane-")
            .tempdir()
            .doing(|| String::from("create a scratch folder"))?;
        let remove = Some(scratch.path().to_owned());
        let etcd = Arc::new(Self::start(program, scratch.path(), Lifetime::Guarded { remove })?);
        // From here on it is the guard's to remove.
        let _ = scratch.keep();
        *shared = Some(Arc::clone(&etcd));
        Ok(etcd)
    }

    /// One of its own in `folder`. Blocks until it answers.
    pub(crate) fn start(program: &Path, folder: &Path, lifetime: Lifetime) -> Result<Self, Error> {
        let (client, peer) = (Port::claim()?, Port::claim()?);
        let home = folder.join("etcd");
        fs::create_dir_all(&home).doing(|| format!("create {}", home.display()))?;
        let url = format!("http://127.0.0.1:{}", client.number());
        let peer_url = format!("http://127.0.0.1:{}", peer.number());
        let arguments = vec![
            format!("--data-dir={}", home.join("data").display()),
            format!("--listen-client-urls={url}"),
            format!("--advertise-client-urls={url}"),
            format!("--listen-peer-urls={peer_url}"),
            format!("--initial-advertise-peer-urls={peer_url}"),
            format!("--initial-cluster=default={peer_url}"),
            // It is alone, so there is nobody to wait for in its election: this saves most of a second.
            String::from("--heartbeat-interval=20"),
            String::from("--election-timeout=100"),
            String::from("--log-level=warn"),
            // The data is scratch: nothing survives a crash of the machine anyway.
            String::from("--unsafe-no-fsync"),
            // Its default of 2 GiB is what 100,000 pods and their history take.
            String::from("--quota-backend-bytes=8589934592"),
        ];
        let mut process = Process::start(Launch::component("etcd", program, arguments, &home, lifetime))?;
        let deadline = Instant::now() + LIMIT;
        while let Err(error) = probe(client.number()) {
            process.check()?;
            if Instant::now() >= deadline {
                return Err(process.not_ready("answer on /readyz", LIMIT, error.to_string()));
            }
            std::thread::park_timeout(POLL);
        }
        Ok(Self {
            folder: folder.to_owned(),
            client,
            _peer: peer,
            process: Slot::with(process),
            clusters: AtomicUsize::new(0),
        })
    }

    /// Where clients reach it.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.client.number())
    }

    /// The port that clients reach it on.
    pub(crate) const fn client_port(&self) -> u16 {
        self.client.number()
    }

    /// The folder of everything that depends on it.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A name that no other cluster on this etcd has. The guard knows the folders of clusters by it.
    pub(crate) fn next_cluster(&self) -> String {
        format!("cluster-{}", self.clusters.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    /// Lets it run on after this process.
    pub(crate) fn leave(&self) {
        self.process.take().into_iter().for_each(Process::leave);
    }
}

/// Asks etcd whether it serves.
fn probe(port: u16) -> std::io::Result<()> {
    let limit = Some(Duration::from_secs(1));
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(limit)?;
    stream.set_write_timeout(limit)?;
    stream.write_all(b"GET /readyz HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let status = answer.lines().next().unwrap_or_default();
    if status.contains(" 200 ") { Ok(()) } else { Err(std::io::Error::other(status.to_owned())) }
}
