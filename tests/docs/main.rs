//! What the documentation says stays true.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod check;
mod fences;
mod fields;
mod gitops;
mod guides;
mod image;
mod import;
mod installing;
mod links;
mod monitoring;
mod plan;
mod probe;
mod profiles;
mod reference;
mod reports;
mod security;
mod site;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A path in the repository.
fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A file of the repository.
fn read(path: &str) -> String {
    fs::read_to_string(root(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The files in a folder of the repository that end so, by their paths in the repository.
fn files(folder: &str, ending: &str) -> Vec<String> {
    let names =
        fs::read_dir(root(folder)).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut found: Vec<_> = names.filter(|name| name.ends_with(ending)).collect();
    found.sort();
    assert!(!found.is_empty(), "{folder} has no file that ends in {ending}");
    found.into_iter().map(|name| format!("{folder}/{name}")).collect()
}

/// All files of a folder, by their paths in it, but for what is hidden or made by a build.
fn files_below(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(within) = folders.pop() {
        for entry in fs::read_dir(folder.join(&within)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name();
            if name.to_str().is_some_and(|name| name.starts_with('.') || name == "target") {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                folders.push(within.join(name));
            } else {
                found.insert(within.join(name));
            }
        }
    }
    found
}

/// All pages.
fn pages() -> Vec<String> {
    let top = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(String::from);
    let folders = ["docs", "docs/migrate", "docs/reference"];
    top.into_iter().chain(folders.into_iter().flat_map(|folder| files(folder, ".md"))).collect()
}

/// What a page shows of a command of podsec.
struct Shown {
    page: String,
    /// What stands after `$ podsec `.
    command: String,
    /// What stands below it.
    output: String,
}

/// What all pages show of the commands that are meant.
fn shown(is_meant: impl Fn(&str) -> bool) -> Vec<Shown> {
    let mut all = Vec::new();
    for page in pages() {
        let text = read(&page);
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let Some(command) = line.strip_prefix("$ podsec ").filter(|command| is_meant(command)) else {
                continue;
            };
            let mut output = String::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with("```") && !line.starts_with("$ ")) {
                output.push_str(line);
                output.push('\n');
            }
            all.push(Shown { page: page.clone(), command: command.to_owned(), output });
        }
    }
    all
}

/// The texts between back-ticks, outside of code blocks.
fn quoted(page: &str) -> Vec<String> {
    let mut inside = false;
    let prose = page.lines().filter(|line| {
        let fence = line.starts_with("```");
        inside ^= fence;
        !inside && !fence
    });
    prose.flat_map(|line| line.split('`').skip(1).step_by(2)).map(ToOwned::to_owned).collect()
}

/// The first cells of the rows of all tables of a page.
fn first_cells(page: &str) -> Vec<&str> {
    page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next()).collect()
}
