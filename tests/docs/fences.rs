//! `docs/fences.md` against what it describes. What it shows is run by `tests/cluster/fences/page.rs`.

use std::collections::BTreeSet;

use crate::{first_cells, quoted, read, reference::flags};

#[test]
fn the_flags_are_documented_and_no_others() {
    let page = read("docs/fences.md");
    let told: BTreeSet<_> =
        first_cells(&page).into_iter().flat_map(quoted).filter(|word| word.starts_with("--")).collect();
    assert_eq!(flags("generate admission-policies"), told);
}
