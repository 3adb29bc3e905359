//! A cluster that outlives the command that starts it, for demonstrations.
//!
//! Nobody holds a pipe for it; its processes are written down instead, each as soon as it is started, so that
//! [`down`] also ends what an interrupted [`up`] left.

mod recorded;

use std::fs::{self, File};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::binaries::cache_root;
use crate::cluster::Cluster;
use crate::error::{Doing as _, Error};

pub(crate) use recorded::record;

/// What [`up`] found or did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Up {
    /// The cluster was started; this is its administrator's kubeconfig file.
    Started(PathBuf),
    /// It ran already; this is its administrator's kubeconfig file.
    RanAlready(PathBuf),
}

/// The folder of the standing cluster, unless another is named.
pub fn default_folder() -> Result<PathBuf, Error> {
    Ok(cache_root()?.join("run"))
}

/// Starts a whole cluster in `folder`, with controllers and `nodes` nodes, that runs until [`down`]. A folder
/// that holds anything else is refused.
pub async fn up(folder: &Path, nodes: usize) -> Result<Up, Error> {
    let folder = std::path::absolute(folder).doing(|| format!("find {}", folder.display()))?;
    let _lock = lock()?;
    let occupied = fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some());
    let file = record_file(&folder);
    if occupied && !file.is_file() {
        return Err(Error::ForeignFolder(folder));
    }
    if occupied {
        let processes = recorded::read(&file)?;
        if complete_file(&folder).is_file() && processes.iter().all(recorded::Recorded::runs) {
            return Ok(Up::RanAlready(kubeconfig(&folder)));
        }
        // What is left of one that was interrupted, or that the machine's restart ended.
        end(&folder)?;
    }
    create(&folder, &file)?;
    let cluster =
        Cluster::builder().controller_manager().nodes(nodes).standing(folder.clone()).start().await?;
    let complete = complete_file(&folder);
    fs::write(&complete, "").doing(|| format!("write {}", complete.display()))?;
    cluster.leave();
    Ok(Up::Started(kubeconfig(&folder)))
}

/// Ends the cluster in `folder`, the API server before etcd, and removes the folder. Blocks.
pub fn down(folder: &Path) -> Result<(), Error> {
    let folder = std::path::absolute(folder).doing(|| format!("find {}", folder.display()))?;
    let _lock = lock()?;
    if !record_file(&folder).is_file() {
        return Err(Error::NothingStands(folder));
    }
    end(&folder)
}

/// Where the processes of the cluster in `folder` are written down; the folder is ours when it is there.
pub(crate) fn record_file(folder: &Path) -> PathBuf {
    folder.join("podsec-processes.jsonl")
}

fn complete_file(folder: &Path) -> PathBuf {
    folder.join("podsec-complete")
}

fn kubeconfig(folder: &Path) -> PathBuf {
    folder.join(crate::credentials::ADMIN_KUBECONFIG)
}

/// Makes the folder ours, before anything is in it.
fn create(folder: &Path, file: &Path) -> Result<(), Error> {
    crate::cluster::create_private(folder)?;
    let made = File::options().create(true).append(true).mode(0o600).open(file);
    made.map(drop).doing(|| format!("write {}", file.display()))
}

/// One command at a time.
fn lock() -> Result<File, Error> {
    let root = cache_root()?;
    fs::create_dir_all(&root).doing(|| format!("create {}", root.display()))?;
    let path = root.join("run.lock");
    let file = File::create(&path).doing(|| format!("write {}", path.display()))?;
    file.lock().doing(|| format!("lock {}", path.display()))?;
    Ok(file)
}

fn end(folder: &Path) -> Result<(), Error> {
    // The last that was started ends first: etcd was the first.
    for process in recorded::read(&record_file(folder))?.iter().rev() {
        process.end()?;
    }
    fs::remove_dir_all(folder).doing(|| format!("remove {}", folder.display()))
}
