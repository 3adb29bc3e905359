//! The flags for the configurations of Pod Security that platforms come with.

use std::process::Command;

use podsec_control_plane::Cluster;
use serde_json::json;

use super::page;

/// A row of the table: the configuration's name, its three defaults, the namespaces that it exempts, and the value of the
/// flag.
struct Row {
    name: String,
    defaults: Vec<String>,
    exempt: Vec<String>,
    flag: String,
}

fn rows() -> Vec<Row> {
    let page = page();
    let (_, table) = page.split_once("| configuration | defaults").unwrap();
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect::<Vec<_>>();
    let row = |line: &str| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [name, defaults, exempt, flag] = cells.as_slice() else { panic!("{line}") };
        let [defaults, exempt] = [defaults, exempt].map(|cell| quoted(cell));
        Row { name: (*name).to_owned(), defaults, exempt, flag: quoted(flag).concat() }
    };
    table.lines().skip(2).take_while(|line| line.starts_with('|')).map(row).collect()
}

#[tokio::test]
async fn probe_prints_the_flags_that_the_page_has_for_each_configuration() {
    let rows = rows();
    assert!(rows.len() >= 6, "{}", rows.len());
    for Row { name, defaults, exempt, flag } in rows {
        let [enforce, audit, warn] = defaults.as_slice() else { panic!("{name}: {defaults:?}") };
        let configuration = json!({
            "defaults": {"enforce": enforce, "audit": audit, "warn": warn}, "exemptions": {"namespaces": exempt},
        });
        let cluster = Cluster::builder().pod_security(configuration).start().await.expect("a control plane");
        for namespace in exempt.iter().filter(|namespace| !namespace.starts_with("kube-")) {
            cluster.kubectl(&["create", "namespace", namespace]).unwrap();
        }
        let mut probe = Command::new(env!("CARGO_BIN_EXE_podsec"));
        probe.arg("probe").arg("--kubeconfig").arg(cluster.admin_kubeconfig().unwrap());
        let printed = String::from_utf8(probe.output().unwrap().stdout).unwrap();
        let found = printed.lines().find_map(|line| line.trim().strip_prefix("--server-defaults="));
        assert_eq!(found.unwrap_or_default(), flag, "{name}\n{printed}");
        for namespace in &exempt {
            let line = printed.lines().find(|line| line.contains(&format!("namespace {namespace} ")));
            assert!(line.is_some_and(|line| line.contains(" exempt ")), "{name}: {namespace}\n{printed}");
        }
    }
}
