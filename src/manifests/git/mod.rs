//! What git leaves out: files that it ignores and does not track.
//!
//! Only what is in the repository counts, so that everybody finds the same: the `.gitignore` files and the index, and
//! neither `core.excludesFile` nor `info/exclude`, which are one user's own.

mod index;

use std::{
    cell::OnceCell,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    rc::Rc,
};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use self::index::{Hash, Index};

/// The folder of git's own files, or the file that says where they are.
pub(super) const GIT: &str = ".git";
/// The file of patterns.
pub(super) const IGNORE: &str = ".gitignore";

/// What git makes of the paths in one folder.
#[derive(Clone, Debug)]
pub(super) struct View {
    repository: Rc<Repository>,
    rules: Option<Rc<Rules>>,
}

#[derive(Debug)]
struct Repository {
    /// The top of the work tree, without links on the way to it.
    top: PathBuf,
    /// Where git keeps its files.
    folder: PathBuf,
    index: OnceCell<Option<Index>>,
}

/// The patterns of a folder, and of the folders around it.
#[derive(Debug)]
struct Rules {
    patterns: Gitignore,
    around: Option<Rc<Self>>,
}

impl View {
    /// A folder, given without links on the way to it. `None` outside of all repositories, where nothing is ignored.
    pub(super) fn of(folder: &Path) -> Option<Self> {
        let mut view = folder.ancestors().find_map(Self::top)?;
        let top = view.repository.top.clone();
        let mut within: Vec<_> = folder.ancestors().take_while(|inner| **inner != *top).collect();
        while let Some(inner) = within.pop() {
            view = view.inner(inner);
        }
        Some(view)
    }

    /// The top of a work tree, if this is one.
    pub(super) fn top(folder: &Path) -> Option<Self> {
        let repository =
            Repository { top: folder.to_owned(), folder: git_folder(folder)?, index: OnceCell::new() };
        Some(Self { repository: Rc::new(repository), rules: None }.inner(folder))
    }

    /// A folder in this one, in the same work tree.
    pub(super) fn inner(&self, folder: &Path) -> Self {
        let rules = Rules::of(folder, self.rules.clone()).map(Rc::new).or_else(|| self.rules.clone());
        Self { repository: Rc::clone(&self.repository), rules }
    }

    /// Whether patterns say to ignore a path in this folder.
    pub(super) fn ignores(&self, path: &Path, is_folder: bool) -> bool {
        let rules = std::iter::successors(self.rules.as_deref(), |rules| rules.around.as_deref());
        // The innermost file that says something decides.
        let mut said = rules.map(|rules| rules.patterns.matched(path, is_folder));
        said.find(|said| !said.is_none()).is_some_and(|said| said.is_ignore())
    }

    /// Whether git tracks a path. Where that cannot be told, it does: a file too many is judged rather than one too few.
    pub(super) fn tracks(&self, path: &Path) -> bool {
        self.asks(path, Index::has)
    }

    /// Whether git tracks anything below a folder.
    pub(super) fn tracks_below(&self, folder: &Path) -> bool {
        self.asks(folder, |index, path| index.has(path) || index.has_below(path))
    }

    fn asks(&self, path: &Path, ask: impl Fn(&Index, &[u8]) -> bool) -> bool {
        let Repository { top, folder, index } = &*self.repository;
        let index = index.get_or_init(|| Index::open(&folder.join("index"), hash(folder)).ok());
        match (index, path.strip_prefix(top)) {
            (Some(index), Ok(within)) => {
                let parts: Vec<_> = within.iter().map(OsStr::as_encoded_bytes).collect();
                ask(index, &parts.join(&b'/'))
            }
            _ => true,
        }
    }
}

impl Rules {
    /// The patterns of a folder; `None` where it has none. git follows no link here, and passes over what is no pattern.
    fn of(folder: &Path, around: Option<Rc<Self>>) -> Option<Self> {
        let file = folder.join(IGNORE);
        if !fs::symlink_metadata(&file).is_ok_and(|found| found.is_file()) {
            return None;
        }
        let mut builder = GitignoreBuilder::new(folder);
        builder.add(file);
        Some(Self { patterns: builder.build().ok()?, around })
    }
}

/// Where git keeps its files on a work tree: in `.git`, or where a file of that name says, as it does in a worktree and
/// in a submodule.
fn git_folder(top: &Path) -> Option<PathBuf> {
    let git = top.join(GIT);
    let folder = if fs::metadata(&git).ok()?.is_dir() {
        git
    } else {
        let text = fs::read_to_string(&git).ok()?;
        top.join(text.strip_prefix("gitdir:")?.trim())
    };
    folder.join("HEAD").exists().then_some(folder)
}

/// What a repository names its objects by: its configuration says so where it is not SHA-1.
fn hash(folder: &Path) -> Hash {
    let common = fs::read_to_string(folder.join("commondir"));
    let common = common.map_or_else(|_| folder.to_owned(), |common| folder.join(common.trim()));
    let config = fs::read_to_string(common.join("config")).unwrap_or_default().to_ascii_lowercase();
    let mut formats = config.split("objectformat").skip(1);
    let is_sha256 = formats.any(|rest| {
        let value = rest.trim_start().strip_prefix('=').unwrap_or_default();
        value.trim_start().starts_with("sha256")
    });
    if is_sha256 { Hash::Sha256 } else { Hash::Sha1 }
}
