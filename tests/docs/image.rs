//! The image can be built, as far as that can be told without building it.

use std::process::Command;

use crate::{read, root};

/// What the Containerfile copies from the repository.
fn copied(containerfile: &str) -> Vec<&str> {
    let lines = containerfile.lines().filter_map(|line| line.strip_prefix("COPY "));
    let own = lines.filter(|line| !line.starts_with("--from"));
    // The last word is where to.
    own.flat_map(|line| line.split(' ').rev().skip(1)).collect()
}

#[test]
fn cargo_finds_all_that_it_needs_in_what_is_copied() {
    let folder = tempfile::tempdir().unwrap();
    let containerfile = read("Containerfile");
    let paths = copied(&containerfile);
    assert!(paths.contains(&"src"), "{paths:?}");
    for path in &paths {
        let target = folder.path().join(path);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        let status = Command::new("cp").arg("-R").arg(root(path)).arg(target).status().unwrap();
        assert!(status.success(), "{path}");
    }
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--offline", "--locked", "--format-version=1"]);
    let output = cargo.current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let ignored = read(".containerignore");
    let let_in: Vec<_> = ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    for path in paths {
        assert!(let_in.contains(&path), "{path} is ignored");
    }
}

#[test]
fn the_image_has_the_pinned_toolchain_and_a_user_without_rights() {
    let containerfile = read("Containerfile");
    let pinned = read("rust-toolchain.toml");
    let version = pinned.lines().find_map(|line| line.strip_prefix("channel = ")).unwrap().trim_matches('"');
    assert!(containerfile.contains(&format!("library/rust:{version}-alpine ")), "{version}");
    assert!(containerfile.contains(&format!("RUSTUP_TOOLCHAIN={version}\n")), "{version}");
    // By number: the kubelet cannot tell by name that it is not root.
    assert!(containerfile.contains("\nUSER 65532:65532\n"));
}
