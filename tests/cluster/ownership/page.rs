//! What `docs/ownership.md` says and shows.

use std::{path::Path, process::Command};

use podsec_control_plane::Cluster;
use serde_json::Value;
use tempfile::TempDir;

use crate::stage::{Stage, path};

/// The blocks of the page in one language, in order.
pub(crate) fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("\n```{language}\n");
    page.split(&fence).skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect()
}

/// The folder from which podsec is installed with kubectl, as `docs/installing.md` has it for a cluster without a
/// Prometheus operator: the kustomization, and a copy of deploy/ beside it.
pub(crate) fn installation() -> TempDir {
    let page = std::fs::read_to_string(path("docs/installing.md")).unwrap();
    let kustomization = blocks(&page, "yaml").into_iter().find(|block| block.contains("kind: Kustomization"));
    let mut kustomization: Value = serde_saphyr::from_str(kustomization.unwrap()).unwrap();
    assert!(kustomization.as_object_mut().unwrap().remove("components").is_some());
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("kustomization.yaml"), kustomization.to_string()).unwrap();
    let copied = Command::new("cp").arg("-R").arg(path("deploy")).arg(folder.path()).status().unwrap();
    assert!(copied.success());
    folder
}

/// Runs each line as a user would, in this folder.
pub(crate) fn run(stage: &Stage, folder: impl AsRef<Path>, commands: &str) -> String {
    let kubectl = stage.cluster.kubectl_command(crate::stage::USER).unwrap();
    let parent = |program: &Path| program.parent().unwrap().display().to_string();
    let podsec = Path::new(env!("CARGO_BIN_EXE_podsec"));
    let paths = [parent(Path::new(kubectl.get_program())), parent(podsec), std::env::var("PATH").unwrap()];
    let mut printed = String::new();
    for line in commands.lines() {
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(&folder).env("PATH", paths.join(":"));
        shell.env("KUBECONFIG", stage.cluster.admin_kubeconfig().unwrap()).env("NO_COLOR", "1");
        let output = shell.output().unwrap();
        // 1 is what podsec says where it has findings.
        assert!(
            matches!(output.status.code(), Some(0 | 1)),
            "{line}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        printed.push_str(&String::from_utf8(output.stdout).unwrap());
    }
    printed
}

#[tokio::test]
async fn its_commands_do_what_it_says() {
    let page = std::fs::read_to_string(path("docs/ownership.md")).unwrap();
    let (commands, profiles) = (blocks(&page, "console"), blocks(&page, "yaml"));
    let ([owners, label], [profile]) = (commands.as_slice(), profiles.as_slice()) else {
        panic!("{commands:#?} {profiles:#?}");
    };
    let folder = path("");
    let mut stage = Stage::without_controller(Cluster::builder().controller_manager()).await;
    stage.start();
    stage.namespace("shop", &[("enforce", "baseline")]).await;
    assert!(run(&stage, &folder, owners).contains("kubectl-create"));

    // The table of the three policies, each tried on namespaces as a person has labelled them.
    let profile: Value = serde_saphyr::from_str(profile).unwrap();
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let policies: Vec<_> =
        rows.filter(|row| row.contains("| stays `") || row.contains("| becomes `")).collect();
    assert_eq!(policies.len(), 3, "{policies:#?}");
    for row in policies {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let word = |cell: &str| cell.split('`').nth(1).unwrap().to_owned();
        run(&stage, &folder, label);
        let mut spec = profile["spec"].clone();
        spec["conflictPolicy"] = word(cells[1]).into();
        stage.settled_profile("teams", spec).await;
        for (namespace, cell) in [("team-strict", cells[2]), ("team-open", cells[3])] {
            let level = stage.observed(namespace).await;
            let level = level.label("pod-security.kubernetes.io/enforce");
            assert_eq!(level, Some(word(cell).as_str()), "{row}");
        }
        stage.delete_profile("teams").await;
        stage.cluster.kubectl(&["delete", "namespace", "team-strict", "team-open"]).unwrap();
    }
}
