//! Help, exit status and pipes.

use crate::{podsec, run, stderr, stdout};

#[test]
fn help_says_what_podsec_is() {
    let output = run(&["--help"]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!(stdout(&output));
}

#[test]
fn without_a_subcommand_help_is_shown_and_nothing_done() {
    let output = run(&[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("Usage: podsec <COMMAND>"), "{}", stderr(&output));
}

#[test]
fn an_unknown_flag_exits_with_2() {
    for arguments in [&["--nonsense"][..], &["crds", "--nonsense"], &["nonsense"]] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains("nonsense"), "{}", stderr(&output));
        assert_eq!(stdout(&output), "");
    }
}

#[test]
fn completions_are_there_for_each_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let output = run(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0));
        let script = stdout(&output);
        for part in [
            "completions",
            "check",
            "explain",
            "template-path",
            "markdown",
            "sarif",
            "plan",
            "why",
            "without",
        ] {
            assert!(script.contains(part), "{shell}: {part}");
        }
        // The generator for fish does not know the values of arguments.
        assert_eq!(script.contains("runAsNonRoot"), shell != "fish", "{shell}");
    }
    assert_eq!(run(&["completions", "tcl"]).status.code(), Some(2));
}

#[cfg(unix)]
#[test]
fn as_a_plugin_of_kubectl_it_speaks_of_itself_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = folder.path().join("kubectl-podsec");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_podsec"), &plugin).unwrap();
    let output = std::process::Command::new(&plugin).args(["check", "--help"]).output().unwrap();
    assert!(stdout(&output).contains("Usage: kubectl podsec check"), "{}", stdout(&output));
    let output = std::process::Command::new(&plugin).args(["check"]).output().unwrap();
    assert!(stderr(&output).contains("Usage: kubectl podsec check"), "{}", stderr(&output));
    let version = std::process::Command::new(&plugin).arg("--version").output().unwrap();
    assert_eq!(stdout(&version), format!("kubectl podsec {}\n", env!("CARGO_PKG_VERSION")));
    assert!(stdout(&run(&["check", "--help"])).contains("Usage: podsec check"));
}

#[test]
fn a_closed_pipe_is_no_error() {
    for arguments in [&["crds"][..], &["completions", "bash"], &["--help"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = podsec().args(arguments).stdout(writer).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), ""), "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = podsec().arg("crds").stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).starts_with("podsec: "), "{}", stderr(&output));
}
