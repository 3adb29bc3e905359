//! `docs/probe.md`. That it shows what `podsec probe` prints is tested where there is a cluster.

use std::collections::BTreeSet;

use crate::{first_cells, quoted, read, reference::flags};

#[test]
fn the_flags_of_probe_are_documented_and_no_others() {
    let page = read("docs/probe.md");
    let cells = first_cells(&page).into_iter().flat_map(quoted);
    let told: BTreeSet<_> = cells.filter(|cell| cell.starts_with("--")).collect();
    assert_eq!(flags("probe"), told);
}
