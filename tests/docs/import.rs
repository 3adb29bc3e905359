//! What pages show of `podsec import`.

use std::process::Command;

use crate::{Shown, root, shown};

#[test]
fn what_pages_show_of_import_is_what_it_prints() {
    let all = shown(|command| command.starts_with("import "));
    for Shown { page, command, output } in &all {
        let mut podsec = Command::new(env!("CARGO_BIN_EXE_podsec"));
        let run = podsec.current_dir(root("")).args(command.split(' ')).output().unwrap();
        let printed = String::from_utf8([run.stderr, run.stdout].concat()).unwrap();
        assert_eq!(printed.trim_end(), output.trim_end(), "{page}: {command}");
    }
    assert!(all.len() >= 2, "{} found", all.len());
}
