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
    let _lock = lock(folder, "the control plane")?;
    let missing: Vec<Program> =
        missing.iter().copied().filter(|program| !folder.join(program.name()).is_file()).collect();
    if !missing.is_empty() || (with_stages && !stages(folder).is_dir()) {
        let names: Vec<&str> = missing.iter().map(|program| program.name()).collect();
        go::check(&names.join(", "), Path::new(go::SOURCE))?;
    }
    for (index, &program) in missing.iter().enumerate() {
        go::build(&program.into(), folder, &format!("{} of {}", index + 1, missing.len()))?;
    }
    if with_stages && !stages(folder).is_dir() {
        go::copy_stages(folder, &stages(folder))?;
    }
    Ok(())
}

/// The program of the main package in `source`, which has a go.mod of its own. It is built once for each state of the
/// folder's files, and kept beside the control plane. Blocks.
pub fn build_module(name: &'static str, source: &Path) -> Result<PathBuf, Error> {
    build(&go::Job { name, source, package: ".", flags: go::plain_flags() })
}

/// What is built of a module in a folder with a go.mod of its own.
pub(super) fn build(job: &go::Job<'_>) -> Result<PathBuf, Error> {
    let folder = module_cache(job.name, &[job.source.to_owned()], &job.flags)?;
    let program = folder.join(job.name);
    if !program.is_file() {
        let _lock = lock(&folder, job.name)?;
        if !program.is_file() {
            go::check(job.name, job.source)?;
            go::build(job, &folder, "1 of 1")?;
        }
    }
    Ok(program)
}

/// A folder with what `fill` puts together out of the modules whose go.mods are in `sources`.
pub(super) fn collect(
    name: &str,
    sources: &[PathBuf],
    fill: impl FnOnce(&Path) -> Result<(), Error>,
) -> Result<PathBuf, Error> {
    let folder = module_cache(name, sources, &[])?;
    let collected = folder.join(name);
    if !collected.is_dir() {
        let _lock = lock(&folder, name)?;
        if !collected.is_dir() {
            for source in sources {
                go::check(name, source)?;
            }
            let partial = partial(&folder)?;
            let complete = partial.path().join(name);
            fs::create_dir(&complete).doing(|| format!("create {}", complete.display()))?;
            fill(&complete)?;
            fs::rename(&complete, &collected).doing(|| format!("write {}", collected.display()))?;
        }
    }
    Ok(collected)
}

/// The folder for what is made of modules: another one for each state of the files in `sources`.
fn module_cache(name: &str, sources: &[PathBuf], flags: &[String]) -> Result<PathBuf, Error> {
    let mut text = flags.join(" ");
    for source in sources {
        let entries = fs::read_dir(source).doing(|| format!("read {}", source.display()))?;
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.sort();
        for file in &files {
            let content = fs::read_to_string(file).doing(|| format!("read {}", file.display()))?;
            text =
                [text.as_str(), &file.file_name().unwrap_or_default().to_string_lossy(), &content].join("\0");
        }
    }
    let text = [text.as_str(), env::consts::OS, env::consts::ARCH].join("\0");
    let key = crate::credentials::digest(&text);
    Ok(cache_root()?.join(format!("{name}-{}", key.get(..16).unwrap_or(&key))))
}

/// Makes the folder, and waits until nobody else builds in it. Held until the file is dropped.
fn lock(folder: &Path, what: &str) -> Result<File, Error> {
    fs::create_dir_all(folder).doing(|| format!("create {}", folder.display()))?;
    let lock = folder.join("lock");
    let file = File::create(&lock).doing(|| format!("write {}", lock.display()))?;
    if file.try_lock().is_err() {
        say(&format!("another process builds {what} in {}; waiting for it", folder.display()));
        file.lock().doing(|| format!("lock {}", lock.display()))?;
    }
    sweep(folder)?;
    Ok(file)
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
