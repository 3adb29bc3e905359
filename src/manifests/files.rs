//! Paths as files: folders are gone through for manifests.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use ignore::{DirEntry, Walk, WalkBuilder};

/// A path that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct Unreadable {
    /// The path.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// The files that a path stands for, in a fixed order.
///
/// A file stands for itself, whatever its name is. A folder stands for all `.yaml`, `.yml` and `.json` files in it and
/// below, in the order of their names; what git ignores there is left out, and so is `.git`. Links are followed, to
/// files and to folders, except back to a folder that they are in.
///
/// # Errors
///
/// Per item, for what cannot be looked at: a folder without the right to read it, a link that leads nowhere.
pub fn files(path: &Path) -> impl Iterator<Item = Result<PathBuf, Unreadable>> {
    let folder = path.is_dir().then(|| walk(path));
    let file = folder.is_none().then(|| Ok(path.to_owned()));
    file.into_iter().chain(folder.into_iter().flatten().filter_map(entry))
}

fn walk(folder: &Path) -> Walk {
    WalkBuilder::new(folder)
        .hidden(false)
        .ignore(false)
        .follow_links(true)
        .sort_by_file_name(OsStr::cmp)
        .filter_entry(|entry| entry.file_name() != ".git")
        .build()
}

fn entry(entry: Result<DirEntry, ignore::Error>) -> Option<Result<PathBuf, Unreadable>> {
    match entry {
        Ok(entry) if !is_manifest(entry.path()) => None,
        Ok(entry) => {
            let kind = entry.file_type()?;
            if kind.is_dir() {
                return None;
            }
            let path = entry.into_path();
            if kind.is_file() {
                return Some(Ok(path));
            }
            Some(Err(Unreadable { path, reason: "is neither a file nor a folder".into() }))
        }
        Err(error) => unreadable(&error),
    }
}

fn unreadable(error: &ignore::Error) -> Option<Result<PathBuf, Unreadable>> {
    // A link to a folder that it is in: everything there is read already.
    if is_loop(error) {
        return None;
    }
    let path = path_of(error).map(Path::to_owned).unwrap_or_default();
    // A link that leads nowhere hides no manifest, unless it is called one.
    if error.io_error().is_some_and(|error| error.kind() == io::ErrorKind::NotFound) && !is_manifest(&path) {
        return None;
    }
    // Walking keeps the kind of an error only; the operating system says it again in its own words.
    let again = fs::metadata(&path).err().or_else(|| fs::read_dir(&path).err());
    let reason = again.map_or_else(|| error.to_string(), |error| error.to_string());
    Some(Err(Unreadable { path, reason }))
}

fn is_loop(error: &ignore::Error) -> bool {
    match error {
        ignore::Error::Loop { .. } => true,
        ignore::Error::WithPath { err, .. }
        | ignore::Error::WithDepth { err, .. }
        | ignore::Error::WithLineNumber { err, .. } => is_loop(err),
        _ => false,
    }
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        _ => None,
    }
}

fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str);
    extension.is_some_and(|extension| {
        ["yaml", "yml", "json"].iter().any(|known| extension.eq_ignore_ascii_case(known))
    })
}
