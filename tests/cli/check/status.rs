//! The exit status, and what is said on stderr: the same in every format.

use std::io::Read as _;

use super::{FORMATS, Folder, GOOD, POD, SERVICE};
use crate::{podsec, run, stderr, stdout};

#[test]
fn every_format_has_the_same_status_and_counts() {
    let broken = format!("{POD}---\nkind: [\n");
    let unknown = GOOD.replace("  containers:", "  volumes: [{name: v, marsDisk: {}}]\n  containers:");
    for (text, status) in
        [(GOOD, 0), (SERVICE, 0), (POD, 1), (broken.as_str(), 2), ("", 2), (unknown.as_str(), 2)]
    {
        let folder = Folder::new(&[("m.yaml", text)]);
        for format in FORMATS {
            let output = folder.check(&["-o", format, "m.yaml"]);
            assert_eq!(output.status.code(), Some(status), "{format}: {text}");
            assert_eq!(stderr(&output).is_empty(), status < 2, "{format}: {}", stderr(&output));
        }
    }
}

#[test]
fn what_was_not_judged_is_said_in_every_format() {
    let folder = Folder::new(&[("m.yaml", &format!("{POD}---\nkind: [\n"))]);
    for format in FORMATS {
        let output = folder.check(&["-o", format, "m.yaml", "absent.yaml"]);
        assert!(stdout(&output).contains("No such file or directory"), "{format}: {}", stdout(&output));
        assert_eq!(stderr(&output), "podsec: 2 could not be judged\n", "{format}");
    }
}

#[test]
fn what_is_unknown_is_inconclusive() {
    let text = GOOD.replace("  containers:", "  volumes: [{name: v, marsDisk: {}}]\n  containers:");
    let folder = Folder::new(&[("m.yaml", &text)]);
    let found = folder.report(&["m.yaml"]);
    assert_eq!(found.workloads(), ["m.yaml:1 Pod/good inconclusive"]);
    assert_eq!(found.json["summary"]["inconclusive"], 1);
    let baseline = folder.report(&["--enforce", "baseline", "m.yaml"]);
    assert_eq!(baseline.workloads(), ["m.yaml:1 Pod/good conforms"]);
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (arguments, says) in [
        (&["--enforce", "restrictd"][..], "level must be one of privileged, baseline, restricted"),
        (&["--enforce", "baseline:1.30"], "version must be latest or v1.N, as in v1.33"),
        (&["--warn", "baseline:v1.030"], "version must be latest or v1.N, as in v1.33"),
        (&["--server-version", "latest"], "must be v1.N, as in v1.33"),
        (&["--server-version", "1.30"], "must be v1.N"),
        (&["--template-path", "Rollout"], "must be KIND=PATH"),
        (&["-o", "xml"], "possible values"),
        (&["--nonsense"], "--nonsense"),
        (&["--namespace", "a"], "--profile"),
        (&["--profile", "p.yaml", "--namespace", "Shop"], "must be the name of a namespace"),
        (&["--profile", "p.yaml", "--namespace", ""], "must be the name of a namespace"),
        (&["--profile", "p.yaml", "--namespace", "shop-"], "must be the name of a namespace"),
        (&["--profile", "p.yaml", "--namespace", &"n".repeat(64)], "must be the name of a namespace"),
        (&["--profile", "p.yaml", "--enforce", "baseline"], "cannot be used with"),
    ] {
        let output = run(&[&["check", "."], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(says), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stdout(&output), "", "{arguments:?}");
    }
    assert_eq!(run(&["check"]).status.code(), Some(2), "nothing to check");
}

#[test]
fn a_closed_pipe_is_no_error_and_changes_no_status() {
    for (text, status) in [(GOOD, 0), (POD, 1)] {
        let folder = Folder::new(&[]);
        for index in 0..300 {
            folder.write(&format!("{index}.yaml"), text);
        }
        for format in FORMATS {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let mut command = podsec();
            command.current_dir(folder.0.path()).args(["check", "-o", format, "."]).stdout(writer);
            let output = command.output().unwrap();
            assert_eq!((output.status.code(), stderr(&output)), (Some(status), ""), "{format}");
        }
    }
}

#[test]
fn a_reader_who_leaves_in_the_middle_changes_no_status() {
    let containers: Vec<_> = (0..200).map(|index| format!("{{name: c{index}}}")).collect();
    let pod = format!(
        "kind: Pod\napiVersion: v1\nmetadata: {{name: p}}\nspec: {{containers: [{}]}}\n",
        containers.join(", ")
    );
    let folder = Folder::new(&[("many.yaml", &[pod.as_str(); 5].join("---\n"))]);
    for format in FORMATS {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let mut command = podsec();
        let mut child = command
            .current_dir(folder.0.path())
            .args(["check", "-o", format, "."])
            .stdout(writer)
            .spawn()
            .unwrap();
        drop(command);
        // One line and a part of the next, as `head -1` reads it.
        reader.read_exact(&mut [0; 9000]).unwrap();
        drop(reader);
        assert_eq!(child.wait().unwrap().code(), Some(1), "{format}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let folder = Folder::new(&[("m.yaml", GOOD)]);
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = podsec().current_dir(folder.0.path()).args(["check", "."]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("No space left"), "{}", stderr(&output));
}

#[test]
fn the_order_of_files_is_fixed() {
    let folder = Folder::new(&[]);
    for index in 0..400 {
        // Of very different sizes, so that they are not judged in order by chance.
        let filler = "# filler\n".repeat(if index % 7 == 0 { 20_000 } else { 1 });
        folder.write(&format!("{index:03}.yaml"), format!("{filler}{POD}"));
    }
    let once = folder.check(&["."]);
    let files: Vec<_> = stdout(&once).lines().filter(|line| line.starts_with("./")).collect();
    assert!(files.len() == 400 && files.is_sorted(), "{files:?}");
    for _ in 0..3 {
        assert_eq!(folder.check(&["."]).stdout, once.stdout);
    }
}
