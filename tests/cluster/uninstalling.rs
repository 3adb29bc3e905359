//! The commands of `docs/uninstalling.md`.

use std::{fs, path::PathBuf, process::Command};

use podsec_control_plane::{Cluster, GitopsTool};
use serde_json::json;

use crate::{
    ownership::page::{blocks, installation, run},
    stage::{Stage, path},
};

const BASELINE: &str = "enforce=baseline+podsec enforce-version=v1.37+podsec";

fn retained() -> String {
    BASELINE.replace("+podsec", "+retained")
}

/// The first command block of the page that has this in it.
fn block<'a>(page: &'a str, part: &str) -> &'a str {
    let found = blocks(page, "console").into_iter().find(|block| block.contains(part));
    found.unwrap_or_else(|| panic!("no block has {part}"))
}

fn page() -> String {
    fs::read_to_string(path("docs/uninstalling.md")).unwrap()
}

/// Has a profile raise enforce in the namespace of the same name.
async fn raises(stage: &Stage, name: &str) {
    let spec = json!({
        "namespaceNames": [name], "enforce": {"level": "baseline"}, "rollout": {"strategy": "Immediate"},
    });
    stage.settled_profile(name, spec).await;
    stage.shows(name, BASELINE).await;
}

/// What the page's last look says of a cluster in which nothing is left.
fn nothing_is_left(stage: &Stage, page: &str) {
    let printed = run(stage, path(""), block(page, "kubectl get crd"));
    assert!(printed.ends_with(": podsec owns nothing there\n"), "{printed}");
    assert_eq!(printed.lines().count(), 1, "{printed}");
}

/// Helm, on the cluster and in the repository.
fn helm(stage: &Stage, arguments: &str) {
    let mut helm = Command::new(GitopsTool::Helm.ensure().unwrap());
    helm.args(arguments.split(' ')).current_dir(path(""));
    helm.env("KUBECONFIG", stage.cluster.admin_kubeconfig().unwrap()).env("HOME", stage.cluster.folder());
    let output = helm.output().unwrap();
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn in_good_order_nothing_is_left_but_labels() {
    let page = page();
    let repository = path("");
    let mut stage = Stage::without_controller(Cluster::builder().controller_manager()).await;
    stage.start();
    for name in ["apps", "shop"] {
        stage.namespace(name, &[]).await;
        raises(&stage, name).await;
    }
    stage.cluster.apply_file(path("deploy/namespace.yaml").as_ref()).unwrap();
    // The stage has what is installed already, but for what runs.
    helm(&stage, "install podsec deploy/helm/podsec -n podsec-system --take-ownership");
    let fences = "podsec generate admission-policies --user podsec | kubectl apply --server-side -f -";
    run(&stage, &repository, fences);

    run(&stage, &repository, block(&page, "releasePolicy"));
    run(&stage, &repository, block(&page, "admissionpolicies"));
    let kinds = "mutatingadmissionpolicies,mutatingadmissionpolicybindings,validatingadmissionpolicies,\
                 validatingadmissionpolicybindings";
    assert_eq!(stage.cluster.kubectl(&["get", kinds, "-o", "name"]).unwrap(), "");

    let (delete, look) = block(&page, "delete cpsp").split_once('\n').unwrap();
    run(&stage, &repository, delete);
    stage.shows("apps", "").await;
    stage.shows("shop", &retained()).await;
    for namespace in ["apps", "shop"] {
        stage.has_no_report(namespace).await;
    }
    let printed = run(&stage, &repository, look);
    assert!(printed.contains("podsec owns nothing there"), "{printed}");
    stage.stop().await;

    let uninstall = block(&page, "helm uninstall");
    helm(&stage, uninstall.strip_prefix("helm ").unwrap());
    assert!(
        stage
            .cluster
            .kubectl(&["get", "deployments", "-n", "podsec-system", "-o", "name"])
            .unwrap()
            .is_empty()
    );
    assert!(stage.cluster.kubectl(&["get", "crd", "-o", "name"]).unwrap().contains("podsec.dev"));
    run(&stage, &repository, block(&page, "kubectl delete crd"));
    nothing_is_left(&stage, &page);
    stage.shows("shop", &retained()).await;
    run(&stage, &repository, block(&page, "kubectl label namespace shop"));
    stage.shows("shop", "").await;
}

/// What is installed with kubectl, each way in the folder from which it was.
#[tokio::test]
async fn in_no_order_nothing_hangs_and_no_label_goes() {
    let page = page();
    let overlay = installation();
    let mut stage = Stage::without_controller(Cluster::builder().controller_manager()).await;
    stage.namespace("shop", &[]).await;
    let ways: [(PathBuf, &str); 2] = [
        (overlay.path().to_path_buf(), "kubectl delete -k ."),
        (PathBuf::from(path("")), "kubectl delete -f deploy/install.yaml"),
    ];
    for (folder, way) in ways {
        assert!(blocks(&page, "console").contains(&way), "{way}");
        let install = way.replace("delete", "apply --server-side --force-conflicts");
        run(&stage, &folder, &install);
        // Until they are served.
        stage.install_crds().await;
        stage.start();
        raises(&stage, "shop").await;
        stage.stop().await;
        run(&stage, &folder, way);
        assert!(!stage.cluster.kubectl(&["get", "crd", "-o", "name"]).unwrap().contains("podsec.dev"));
        stage.shows("shop", BASELINE).await;
        let printed = run(&stage, &folder, block(&page, "--all --yes"));
        assert!(printed.contains("nothing was changed; to do it: the same with --yes"), "{printed}");
        let (first, second) = printed.split_once("--yes\n").unwrap();
        assert!([first, second].iter().all(|printed| printed.contains("left in place")), "{printed}");
        stage.shows("shop", &retained()).await;
        nothing_is_left(&stage, &page);
    }
}
