//! The folder of built programs: its place, its key and who may fill it.

use std::env;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::{Program, go};
use crate::error::{Doing as _, Error};

/// The start of the name of a file that is being built.
const PARTIAL: &str = ".partial-";

/// The folder that everything is kept under.
pub(crate) fn cache_root() -> Result<PathBuf, Error> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let root = set("PODSEC_CONTROL_PLANE_CACHE")
        .or_else(|| Some(set("XDG_CACHE_HOME")?.join("podsec/control-plane")))
        .or_else(|| Some(set("HOME")?.join(".cache/podsec/control-plane")))
        .ok_or(Error::NoCacheFolder)?;
    std::path::absolute(&root).doing(|| format!("find {}", root.display()))
}

/// The folder of the programs that this crate's go.mod and go.sum pin.
pub(super) fn folder() -> Result<PathBuf, Error> {
    let text = [go::MOD, go::SUM, &go::flags().join(" "), env::consts::OS, env::consts::ARCH].join("\0");
    let key = crate::credentials::digest(&text);
    Ok(cache_root()?.join(key.get(..16).unwrap_or(&key)))
}

/// Where `KUBEBUILDER_ASSETS` would have a program.
pub(super) fn assets(program: Program) -> Option<PathBuf> {
    let folder = env::var_os("KUBEBUILDER_ASSETS").filter(|value| !value.is_empty())?;
    std::path::absolute(Path::new(&folder).join(program.name())).ok()
}

/// Where kwok's stages are kept.
pub(super) fn stages(folder: &Path) -> PathBuf {
    folder.join("kwok-stages")
}

/// Builds what is missing. Several processes may ask at once: one builds, the others wait and then find it.
pub(super) fn fill(folder: &Path, missing: &[Program], with_stages: bool) -> Result<(), Error> {
    fs::create_dir_all(folder).doing(|| format!("create {}", folder.display()))?;
    let lock = folder.join("lock");
    let file = File::create(&lock).doing(|| format!("write {}", lock.display()))?;
    if file.try_lock().is_err() {
        say(&format!("another process builds the control plane in {}; waiting for it", folder.display()));
        file.lock().doing(|| format!("lock {}", lock.display()))?;
    }
    sweep(folder)?;
    let missing: Vec<Program> =
        missing.iter().copied().filter(|program| !folder.join(program.name()).is_file()).collect();
    if !missing.is_empty() || (with_stages && !stages(folder).is_dir()) {
        go::check(&missing)?;
    }
    for (index, &program) in missing.iter().enumerate() {
        go::build(program, folder, &format!("{} of {}", index + 1, missing.len()))?;
    }
    if with_stages && !stages(folder).is_dir() {
        go::copy_stages(folder, &stages(folder))?;
    }
    Ok(())
}

/// A name for something that is complete only once it is renamed.
pub(super) fn partial(folder: &Path) -> Result<tempfile::TempDir, Error> {
    tempfile::Builder::new()
        .prefix(PARTIAL)
        .tempdir_in(folder)
        .doing(|| format!("create a folder in {}", folder.display()))
}

/// Removes what a build that was interrupted left; only the holder of the lock may.
fn sweep(folder: &Path) -> Result<(), Error> {
    let entries = fs::read_dir(folder).doing(|| format!("read {}", folder.display()))?;
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PARTIAL) {
            fs::remove_dir_all(entry.path()).doing(|| format!("remove {}", entry.path().display()))?;
        }
    }
    Ok(())
}

/// A line of progress. Written to the stream itself, since a test's captured output would hide a build of
/// minutes; nobody reading it is no reason to fail.
pub(super) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "podsec-control-plane: {line}");
}
