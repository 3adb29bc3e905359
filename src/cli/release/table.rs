//! For people.

use std::io::{self, Write};

use super::{Cleared, Fate, OfCluster, Released};
use crate::cli::output::{Cell, Columns, plain};

pub(super) fn write(
    out: &mut dyn Write,
    is_done: bool,
    clusters: &[OfCluster],
    is_coloured: bool,
) -> io::Result<()> {
    clusters.iter().try_for_each(|cluster| of_cluster(out, is_done, cluster, is_coloured))
}

fn of_cluster(out: &mut dyn Write, is_done: bool, cluster: &OfCluster, is_coloured: bool) -> io::Result<()> {
    let OfCluster { name, released, is_whole } = cluster;
    if released.is_empty() {
        // What failed is told at the end; then it would be wrong to say that there was nothing to do.
        return if *is_whole { writeln!(out, "{}: podsec owns nothing there", plain(name)) } else { Ok(()) };
    }
    let mut columns = Columns::new(["NAMESPACE", "MODE", "VALUE", if is_done { "WAS" } else { "WOULD BE" }]);
    for Released { namespace, modes, cleared } in released {
        for (index, (plan, fate)) in modes.iter().enumerate() {
            let fate = match fate {
                Fate::Removed => "removed",
                Fate::Left => "left in place",
                Fate::LeftToOthers => "left in place, owned by others too",
            };
            columns.row([
                Cell::new(if index == 0 { namespace.as_str() } else { "" }),
                Cell::new(plan.mode.as_str()),
                Cell::new(plan.present.to_string()),
                Cell::new(fate),
            ]);
        }
        if let Some(cleared) = cleared {
            let of = match cleared {
                Cleared::Notes => "cleared of podsec's notes",
                Cleared::Report => "cleared of podsec's report",
            };
            columns.row([Cell::new(namespace), "-".into(), "-".into(), Cell::new(of)]);
        }
    }
    columns.write(out, is_coloured)?;
    if !is_done {
        writeln!(out, "\nnothing was changed; to do it: the same with --yes")?;
    }
    Ok(())
}
