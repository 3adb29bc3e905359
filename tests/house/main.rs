//! The house stands as it is meant to: dependencies run one way only, and the pure rooms stay pure.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The rooms, from the top down. A room may use what stands below it, and nothing above.
const ROOMS: [&str; 9] =
    ["cli", "controller", "cluster", "manifests", "migration", "rollout", "assessment", "api", "standards"];

/// Rooms without I/O, clock or Kubernetes client.
const PURE: [&str; 4] = ["migration", "rollout", "assessment", "standards"];

/// Words that stand for I/O, a clock or a client.
const IMPURE: [&str; 17] = [
    "kube::",
    "k8s_openapi",
    "tokio",
    "hyper::",
    "axum",
    "tracing",
    "std::fs",
    "std::io",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "println!",
];

/// Where the requests stand that the API server carries out up to the storing.
const DRY_RUNS: &str = "cluster/cross_check/dry_run.rs";

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The lines of code of a room, each with where it stands; comments are left out.
fn code(room: &str) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    for file in files(&source().join(room)) {
        for (number, line) in fs::read_to_string(&file).unwrap().lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if !code.trim().is_empty() {
                lines.push((format!("{}:{}", file.display(), number + 1), code.to_owned()));
            }
        }
    }
    lines
}

#[test]
fn every_room_is_on_the_list_and_says_what_it_is_for() {
    let mut rooms: Vec<_> = fs::read_dir(source())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    rooms.sort();
    let mut listed = ROOMS.map(str::to_owned).to_vec();
    listed.sort();
    assert_eq!(rooms, listed);
    for room in ROOMS {
        let text = fs::read_to_string(source().join(room).join("mod.rs")).unwrap();
        assert!(text.starts_with("//! "), "src/{room}/mod.rs must open with what lives there");
    }
}

#[test]
fn no_dependency_runs_upwards() {
    let mut wrong = Vec::new();
    for (index, room) in ROOMS.iter().enumerate() {
        for (place, line) in code(room) {
            for above in &ROOMS[..index] {
                // A path, or a branch of `use crate::{…}`, which rustfmt puts on a line of its own.
                let path = line.contains(&format!("crate::{above}"));
                let branch = line.trim_start().starts_with(&format!("{above}::"));
                if path || branch {
                    wrong.push(format!("{place}: {room} must not use {above}: {}", line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_pure_rooms_are_pure() {
    let mut wrong = Vec::new();
    for room in PURE {
        for (place, line) in code(room) {
            for word in IMPURE.iter().filter(|word| line.contains(*word)) {
                wrong.push(format!("{place}: {room} must not use {word}: {}", line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_standards_depend_on_nothing_else_in_the_crate() {
    let wrong: Vec<_> = code("standards").into_iter().filter(|(_, line)| line.contains("crate::")).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_dry_run_is_nothing_else() {
    let lines: Vec<_> = code("cluster")
        .into_iter()
        .filter(|(place, _)| place.contains(DRY_RUNS))
        .map(|(_, line)| line)
        .collect();
    let mut addresses = lines.iter().filter(|line| line.contains(".uri("));
    let built = lines.iter().filter(|line| line.contains("Request::builder(")).count();
    assert_eq!((built, addresses.next().is_some(), addresses.next()), (1, true, None), "one place sends");
    assert!(lines.iter().any(|line| line.contains(r#"let uri = format!("{path}?dryRun=All&{query}");"#)));
}

#[test]
fn only_the_controller_writes_to_a_cluster() {
    let writing = [
        ".patch(",
        ".patch_status(",
        ".patch_metadata(",
        ".create(",
        ".delete(",
        "Patch::",
        "Method::",
        "Request::builder(",
        "Request::post(",
        "Request::put(",
        "Request::patch(",
        "Request::delete(",
    ];
    let mut wrong = Vec::new();
    for room in ROOMS.iter().filter(|room| **room != "controller") {
        for (place, line) in code(room).into_iter().filter(|(place, _)| !place.contains(DRY_RUNS)) {
            for call in writing.iter().filter(|call| line.contains(*call)) {
                wrong.push(format!("{place}: {room} must not write ({call}): {}", line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
