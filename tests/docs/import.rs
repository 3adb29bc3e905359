//! What pages show of `podsec import`.

use std::process::Command;

use crate::{pages, read, root};

#[test]
fn what_pages_show_of_import_is_what_it_prints() {
    let mut count = 0;
    for page in pages() {
        let text = read(&page);
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let Some(arguments) = line.strip_prefix("$ podsec import ") else { continue };
            let mut shown = String::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with("```") && !line.starts_with("$ ")) {
                shown.push_str(line);
                shown.push('\n');
            }
            let mut podsec = Command::new(env!("CARGO_BIN_EXE_podsec"));
            let output =
                podsec.current_dir(root("")).arg("import").args(arguments.split(' ')).output().unwrap();
            let printed = [output.stderr, output.stdout].concat();
            assert_eq!(String::from_utf8(printed).unwrap().trim_end(), shown.trim_end(), "{page}: {line}");
            count += 1;
        }
    }
    assert!(count >= 2, "{count} found");
}
