//! What git ignores, and what it tracks nevertheless.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, os::unix::fs::symlink};

use super::{Folder, GOOD, POD};
use crate::{podsec, stdout};

/// An index of version 2 that lists these paths as files, or as links where they end with an `@`.
fn index(paths: &[&str]) -> Vec<u8> {
    let mut bytes = b"DIRC\0\0\0\x02".to_vec();
    bytes.extend(u32::try_from(paths.len()).unwrap().to_be_bytes());
    for path in paths {
        let (path, mode) = path.strip_suffix('@').map_or((*path, 0o100_644_u32), |path| (path, 0o120_000));
        let mut entry = [0; 62];
        entry[24..28].copy_from_slice(&mode.to_be_bytes());
        entry[60..].copy_from_slice(&u16::try_from(path.len()).unwrap().to_be_bytes());
        bytes.extend(entry);
        bytes.extend(path.as_bytes());
        bytes.extend(vec![0; 8 - (62 + path.len()) % 8]);
    }
    bytes.extend([0; 20]);
    bytes
}

/// A repository, in which git tracks nothing yet.
fn repository(files: &[(&str, &str)]) -> Folder {
    let folder = Folder::new(files);
    folder.write(".git/HEAD", "ref: refs/heads/main\n");
    folder
}

fn ignored(folder: &Folder, arguments: &[&str]) -> u64 {
    folder.report(arguments).json["summary"]["ignored"].as_u64().unwrap()
}

#[test]
fn what_git_ignores_is_left_out_and_told_and_nothing_else_is() {
    let folder = repository(&[
        (".git/pod.yaml", POD),
        (".gitignore", "rendered/\n"),
        (".ignore", "*.yaml\n"),
        ("rendered/pod.yaml", POD),
        ("rendered/other.yaml", POD),
        ("sub/.gitignore", "*.local.yaml\n*.txt\n!b.local.yaml\n"),
        ("sub/a.local.yaml", POD),
        ("sub/a.txt", "no manifest"),
        ("sub/a.yaml", POD),
        ("sub/b.local.yaml", POD),
    ]);
    let found = folder.report(&["."]);
    assert_eq!(
        found.workloads(),
        ["./sub/a.yaml:1 Pod/web violates", "./sub/b.local.yaml:1 Pod/web violates"]
    );
    assert_eq!(found.json["summary"]["ignored"], 2, "a folder and a manifest");
    let wide = folder.check(&["-o", "wide", "."]);
    for left_out in ["./rendered", "./sub/a.local.yaml"] {
        let told = format!("\n{left_out}\n  left out: git ignores it and does not track it\n");
        assert!(format!("\n{}", stdout(&wide)).contains(&told), "{}", stdout(&wide));
    }
    for format in ["table", "wide", "github", "markdown"] {
        let output = folder.check(&["-o", format, "."]);
        assert!(stdout(&output).contains(", 2 ignored by git,"), "{format}: {}", stdout(&output));
    }
    for path in ["rendered", "rendered/pod.yaml", "sub/a.local.yaml"] {
        assert!(!folder.report(&[path]).workloads().is_empty(), "{path} is named, and so it is meant");
    }
}

#[test]
fn what_git_tracks_is_never_left_out() {
    let folder = repository(&[
        (".gitignore", "out/\n*.gen.yaml\nlink*\n"),
        ("a.gen.yaml", POD),
        ("b.gen.yaml", POD),
        ("out/deep/a.yaml", POD),
        ("out/deep/b.yaml", POD),
        ("out/other/c.yaml", POD),
        ("real/pod.yaml", GOOD),
    ]);
    symlink("real", folder.path("link1")).unwrap();
    symlink("real", folder.path("link2")).unwrap();
    folder.write(".git/index", index(&["README.md", "a.gen.yaml", "link1@", "out/deep/a.yaml"]));
    let found = folder.report(&["."]);
    let expected = [
        "./a.gen.yaml:1 Pod/web violates",
        "./link1/pod.yaml:1 Pod/good conforms",
        "./out/deep/a.yaml:1 Pod/web violates",
        "./real/pod.yaml:1 Pod/good conforms",
    ];
    assert_eq!(found.workloads(), expected);
    assert_eq!(found.json["summary"]["ignored"], 4, "b.gen.yaml, link2, out/deep/b.yaml, out/other");
    // From within, and by way of a link, it is the same repository.
    assert_eq!(ignored(&folder, &["out"]), 0, "a folder that is named is meant");
    assert_eq!(folder.report(&["out"]).workloads().len(), 3);
    symlink(folder.0.path(), folder.path("real/again")).unwrap();
    assert_eq!(ignored(&folder, &["real/again"]), 4);
}

#[test]
fn where_it_cannot_be_told_what_git_tracks_nothing_is_left_out() {
    let folder = repository(&[(".gitignore", "*.yaml\n"), ("a.yaml", POD)]);
    assert_eq!(ignored(&folder, &["."]), 1, "without an index nothing is tracked");
    for unreadable in [&b"DIRC\0\0\0\x09"[..], b"", &index(&["a.yaml"])[..60]] {
        folder.write(".git/index", unreadable);
        let found = folder.report(&["."]);
        assert_eq!((found.status, found.counts()[2]), (Some(1), 1), "{unreadable:?}");
    }
}

#[test]
fn the_users_own_settings_change_nothing() {
    let folder = repository(&[
        (".git/info/exclude", "a.yaml\n"),
        (".gitignore", ""),
        ("a.yaml", POD),
        ("b.yaml", POD),
        ("home/.gitconfig", "[core]\n\texcludesFile = ~/ignore\n"),
        ("home/ignore", "b.yaml\n"),
        ("home/.config/git/ignore", "b.yaml\n"),
    ]);
    let mut command = podsec();
    command.current_dir(folder.0.path()).env("HOME", folder.path("home")).env_remove("XDG_CONFIG_HOME");
    let output = command.args(["check", "."]).output().unwrap();
    assert!(stdout(&output).contains("2 workloads judged"), "{}", stdout(&output));
}

#[test]
fn a_repository_within_goes_by_its_own_rules() {
    let folder = repository(&[
        (".gitignore", "*.yaml\n"),
        ("inner/.git", "gitdir: ../.git/modules/inner\n"),
        (".git/modules/inner/HEAD", "ref: refs/heads/main\n"),
        ("inner/a.yaml", POD),
        ("outer/.git/config", "no repository without a HEAD"),
        ("outer/b.yaml", POD),
    ]);
    assert_eq!(folder.report(&["."]).workloads(), ["./inner/a.yaml:1 Pod/web violates"]);
    fs::remove_dir_all(folder.path(".git/modules")).unwrap();
    assert_eq!(ignored(&folder, &["."]), 2);
}
