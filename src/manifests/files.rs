//! Paths as files: folders are gone through for manifests.

use std::{
    ffi::OsString,
    fs::{self, FileType},
    io,
    path::{Path, PathBuf},
    vec,
};

use super::git;

/// A path that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct Unreadable {
    /// The path.
    pub path: PathBuf,
    /// Why.
    pub reason: String,
}

/// What a path stands for, one by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed {
    /// A file to read.
    File(PathBuf),
    /// A manifest, or a folder with all that is in it, which git ignores and does not track. It is left out.
    Ignored(PathBuf),
}

/// What a path stands for, in a fixed order.
///
/// A file stands for itself, whatever its name is. A folder stands for all `.yaml`, `.yml` and `.json` files in it and
/// below, in the order of their names; `.git` is passed over. What the `.gitignore` files of a repository say to ignore
/// is left out and told, unless git tracks it nevertheless. Links are followed, to files and to folders, except back to
/// a folder that they are in.
///
/// # Errors
///
/// Per item, for what cannot be looked at: a folder without the right to read it, a link that leads nowhere.
pub fn files(path: &Path) -> impl Iterator<Item = Result<Listed, Unreadable>> {
    let walk = path.is_dir().then(|| Walk::new(path));
    let file = walk.is_none().then(|| Ok(Listed::File(path.to_owned())));
    file.into_iter().chain(walk.into_iter().flatten())
}

/// A way through a folder.
#[derive(Debug)]
struct Walk {
    /// The folders on the way to where it is, outermost first.
    open: Vec<Folder>,
    /// What could not be opened.
    closed: Option<Unreadable>,
}

#[derive(Debug)]
struct Folder {
    /// As it is called.
    path: PathBuf,
    /// Where it is, without links on the way.
    real: PathBuf,
    /// What git ignores in it.
    git: Option<git::View>,
    /// Whether it is ignored itself, so that in it only what git tracks counts.
    is_ignored: bool,
    /// What is in it and was not looked at yet.
    entries: vec::IntoIter<(OsString, io::Result<FileType>)>,
}

impl Walk {
    fn new(folder: &Path) -> Self {
        let mut walk = Self { open: Vec::new(), closed: None };
        let real = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        let git = git::View::of(&real);
        walk.enter(folder.to_owned(), real, git, false);
        walk
    }

    /// Goes into a folder; what git makes of it is given for the folder itself where it is the first in its work tree
    /// that is looked at, and else for the one around.
    fn enter(&mut self, path: PathBuf, real: PathBuf, git: Option<git::View>, is_ignored: bool) {
        // A link back to a folder that it is in, or through it: everything there is read already.
        if self.open.iter().any(|folder| folder.real == real) {
            return;
        }
        match entries(&path) {
            Ok(entries) => self.open.push(Folder { path, real, git, is_ignored, entries }),
            Err(error) => self.closed = Some(Unreadable { path, reason: error.to_string() }),
        }
    }
}

/// What is in a folder, in the order of the names.
fn entries(folder: &Path) -> io::Result<vec::IntoIter<(OsString, io::Result<FileType>)>> {
    let entries = fs::read_dir(folder)?.map(|entry| {
        let entry = entry?;
        Ok((entry.file_name(), entry.file_type()))
    });
    let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
    entries.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    Ok(entries.into_iter())
}

impl Iterator for Walk {
    type Item = Result<Listed, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(closed) = self.closed.take() {
                return Some(Err(closed));
            }
            let folder = self.open.last_mut()?;
            let Some((name, kind)) = folder.entries.next() else {
                self.open.pop();
                continue;
            };
            let entry = Entry { path: folder.path.join(&name), real: folder.real.join(&name) };
            match entry.look(folder, kind) {
                Look::Pass => {}
                Look::Found(found) => return Some(found),
                Look::Enter { real, git, is_ignored } => self.enter(entry.path, real, git, is_ignored),
            }
        }
    }
}

/// Something in a folder.
struct Entry {
    path: PathBuf,
    /// Where it is, a link itself and not what it leads to.
    real: PathBuf,
}

/// What to do about it.
enum Look {
    Pass,
    Found(Result<Listed, Unreadable>),
    Enter { real: PathBuf, git: Option<git::View>, is_ignored: bool },
}

impl Entry {
    fn look(&self, folder: &Folder, kind: io::Result<FileType>) -> Look {
        if self.path.file_name().is_some_and(|name| name == git::GIT) {
            return Look::Pass;
        }
        let is_link = kind.as_ref().is_ok_and(FileType::is_symlink);
        let kind = if is_link { fs::metadata(&self.path).map(|target| target.file_type()) } else { kind };
        let kind = match kind {
            Ok(kind) => kind,
            // A link that leads nowhere hides no manifest, unless it is called one.
            Err(error) if error.kind() == io::ErrorKind::NotFound && is_link && !self.is_manifest() => {
                return Look::Pass;
            }
            Err(error) => return self.unreadable(error.to_string()),
        };
        if !kind.is_dir() && !self.is_manifest() {
            return Look::Pass;
        }
        // To git a link is a file.
        let is_folder = kind.is_dir() && !is_link;
        let git = folder.git.as_ref();
        let is_ignored = folder.is_ignored || git.is_some_and(|git| git.ignores(&self.real, is_folder));
        if is_ignored {
            let counts = |git: &git::View| {
                if is_folder { git.tracks_below(&self.real) } else { git.tracks(&self.real) }
            };
            if !git.is_some_and(counts) {
                return Look::Found(Ok(Listed::Ignored(self.path.clone())));
            }
        }
        match (kind.is_dir(), is_link) {
            (true, true) => match fs::canonicalize(&self.path) {
                // As if it had been given.
                Ok(real) => Look::Enter { git: git::View::of(&real), real, is_ignored: false },
                Err(error) => self.unreadable(error.to_string()),
            },
            (true, false) => self.inner(git, is_ignored),
            _ if kind.is_file() => Look::Found(Ok(Listed::File(self.path.clone()))),
            _ => self.unreadable("is neither a file nor a folder".into()),
        }
    }

    /// A folder, which may be the top of a repository of its own.
    fn inner(&self, git: Option<&git::View>, is_ignored: bool) -> Look {
        let real = self.real.clone();
        match git::View::top(&real) {
            Some(top) => Look::Enter { real, git: Some(top), is_ignored: false },
            None => Look::Enter { git: git.map(|git| git.inner(&real)), real, is_ignored },
        }
    }

    fn unreadable(&self, reason: String) -> Look {
        Look::Found(Err(Unreadable { path: self.path.clone(), reason }))
    }

    fn is_manifest(&self) -> bool {
        is_manifest(self.path.as_os_str().as_encoded_bytes())
    }
}

/// Whether a path is called a manifest.
pub(super) fn is_manifest(path: &[u8]) -> bool {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let dot = name.iter().rposition(|byte| *byte == b'.').filter(|dot| *dot > 0);
    let extension = dot.and_then(|dot| name.get(dot + 1..)).unwrap_or_default();
    [&b"yaml"[..], b"yml", b"json"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}
