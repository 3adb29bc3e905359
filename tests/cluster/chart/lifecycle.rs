//! Installing, upgrading and uninstalling podsec by Helm, on a real API server.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use podsec_control_plane::{Cluster, GitopsTool};
use serde_json::{Value, json};

use super::{CHART, NAMESPACE};
use crate::stage::path;

/// What the release is labelled with.
const RELEASE: &str = "app.kubernetes.io/instance=podsec";

/// All kinds that the chart makes without the Prometheus operator.
const KINDS: &str =
    "crd,clusterrole,clusterrolebinding,role,rolebinding,serviceaccount,service,deployment,networkpolicy,pdb";

/// Helm on a cluster, as its administrator.
struct Installed {
    cluster: Cluster,
}

impl Installed {
    async fn nowhere() -> Self {
        let cluster = Cluster::builder().start().await.unwrap();
        cluster.apply_file(path("deploy/namespace.yaml").as_ref()).unwrap();
        Self { cluster }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(GitopsTool::Helm.ensure().unwrap());
        command.args(arguments).args(["--namespace", NAMESPACE]);
        command
            .env("KUBECONFIG", self.cluster.admin_kubeconfig().unwrap())
            .env("HOME", self.cluster.folder());
        command.output().unwrap()
    }

    /// What Helm prints.
    fn helm(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What Helm says against it.
    fn refusal(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    fn kubectl(&self, arguments: &[&str]) -> String {
        self.cluster.kubectl(arguments).unwrap()
    }

    /// What of the release there is.
    fn objects(&self) -> Vec<String> {
        let found = self.kubectl(&["get", KINDS, "-A", "-l", RELEASE, "-o", "name"]);
        found.lines().map(ToOwned::to_owned).collect()
    }

    /// Makes the profile that the chart shows as an example.
    fn profile(&self) {
        let limit = ["wait", "--for=condition=Established", "--timeout=60s", "crd", "-l", RELEASE];
        self.kubectl(&limit);
        let about = fs::read_to_string(path(&format!("{CHART}/Chart.yaml"))).unwrap();
        let about: Value = serde_saphyr::from_str(&about).unwrap();
        let examples = about["annotations"]["artifacthub.io/crdsExamples"].as_str().unwrap();
        let [profile]: [Value; 1] = serde_saphyr::from_str(examples).unwrap();
        self.cluster.apply(&profile.to_string()).unwrap();
    }

    fn has_profile(&self) -> bool {
        self.cluster.kubectl(&["get", "clusterpodsecurityprofiles.podsec.dev/apps"]).is_ok()
    }

    /// A field of the profiles' definition that an older chart in [`older`] does not have.
    fn short_names(&self) -> String {
        let field = "-o=jsonpath={.spec.names.shortNames}";
        self.kubectl(&["get", "crd/clusterpodsecurityprofiles.podsec.dev", field])
    }
}

/// A copy of the chart as an older release might have been: without the short name of profiles.
fn older(folder: &Path) -> String {
    let copy = folder.join("older");
    let copied = Command::new("cp").arg("-R").arg(path(CHART)).arg(&copy).status().unwrap();
    assert!(copied.success());
    let file = copy.join("files/crds/podsec.dev_clusterpodsecurityprofiles.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let changed = text.replace("    shortNames:\n    - cpsp\n", "");
    assert_ne!(text, changed);
    fs::write(file, changed).unwrap();
    copy.display().to_string()
}

const CRDS: [&str; 2] = [
    "customresourcedefinition.apiextensions.k8s.io/clusterpodsecurityprofiles.podsec.dev",
    "customresourcedefinition.apiextensions.k8s.io/podsecurityreports.podsec.dev",
];

#[tokio::test]
async fn definitions_are_upgraded_and_outlive_the_release_unless_told() {
    let installed = Installed::nowhere().await;
    let chart = path(CHART);
    let told = installed.helm(&["install", "podsec", &older(installed.cluster.folder())]);
    assert!(told.contains("changes no namespace until there is a profile"), "{told}");
    installed.profile();
    assert_eq!(installed.short_names(), "");
    installed.helm(&["upgrade", "podsec", &chart]);
    assert_eq!(installed.short_names(), r#"["cpsp"]"#);

    // A Deployment of several that is made one of a single replica has another strategy, and back again.
    let strategy = || {
        let field = "-o=jsonpath={.spec.strategy.type}";
        installed.kubectl(&["get", "deployment/podsec", "-n", NAMESPACE, field])
    };
    installed.helm(&["upgrade", "podsec", &chart, "--set=leaderElection.enabled=false,replicaCount=1"]);
    assert_eq!(strategy(), "Recreate");
    installed.helm(&["upgrade", "podsec", &chart, "--reset-values"]);
    assert_eq!(strategy(), "RollingUpdate");

    // Neither an upgrade without them nor uninstalling takes the profiles along.
    let told = installed.helm(&["upgrade", "podsec", &chart, "--set=crds.enabled=false"]);
    assert!(told.contains("podsec waits until they are there"), "{told}");
    assert!(installed.has_profile());
    installed.helm(&["upgrade", "podsec", &chart, "--set=crds.enabled=true"]);
    installed.helm(&["uninstall", "podsec"]);
    assert_eq!(installed.objects(), CRDS);
    assert!(installed.has_profile());

    // The next release takes up what the last one left.
    installed.helm(&["install", "podsec", &chart, "--set=crds.keep=false"]);
    assert!(installed.has_profile());
    installed.helm(&["uninstall", "podsec", "--wait"]);
    assert_eq!(installed.objects(), [""; 0]);
}

#[tokio::test]
async fn what_kubectl_installed_is_taken_over_when_told() {
    let installed = Installed::nowhere().await;
    let chart = path(CHART);
    installed.cluster.apply_file(path("deploy/install.yaml").as_ref()).unwrap();
    installed.profile();
    let before = installed.objects();
    let refused = installed.refusal(&["install", "podsec", &chart]);
    assert!(refused.contains("cannot be imported into the current release"), "{refused}");
    installed.helm(&["install", "podsec", &chart, "--take-ownership", "--force-conflicts"]);
    assert_eq!(installed.objects(), before);
    assert!(installed.has_profile());
    // kubectl stays on record for what it applied.
    let fewer = ["upgrade", "podsec", &chart, "--set=replicaCount=1", "--set=controller.neverWeaken=true"];
    let refused = installed.refusal(&fewer);
    assert!(refused.contains("conflict") && refused.contains("kubectl"), "{refused}");
    installed.helm(&[&fewer[..], &["--force-conflicts"]].concat());
    installed.helm(&["upgrade", "podsec", &chart, "--reset-values", "--force-conflicts"]);
    // There can be no second one: the definitions are the first one's.
    let refused = installed.refusal(&["install", "second", &chart]);
    assert!(refused.contains("cannot be imported into the current release"), "{refused}");
}

#[tokio::test]
async fn what_is_installed_may_do_its_work_and_is_let_in() {
    let installed = Installed::nowhere().await;
    installed.helm(&["install", "labels", &path(CHART)]);
    let user = format!("--as=system:serviceaccount:{NAMESPACE}:labels-podsec");
    for (verb, resource) in
        [("patch", "namespaces"), ("list", "pods"), ("create", "podsecurityreports.podsec.dev")]
    {
        installed.kubectl(&["auth", "can-i", verb, resource, "-A", &user]);
    }
    assert!(installed.cluster.kubectl(&["auth", "can-i", "create", "namespaces", "-A", &user]).is_err());
    let update = ["auth", "can-i", "update", "leases.coordination.k8s.io/podsec", &user];
    installed.kubectl(&[&update[..], &["-n", NAMESPACE]].concat());
    assert!(installed.cluster.kubectl(&[&update[..], &["-n", "default"]].concat()).is_err());

    // Nothing makes pods of a Deployment here. Its namespace enforces restricted, and takes one.
    let get = ["get", "deployment/labels-podsec", "-n", NAMESPACE, "-o=json"];
    let deployment: Value = serde_json::from_str(&installed.kubectl(&get)).unwrap();
    let template = &deployment["spec"]["template"];
    let pod = |spec: &Value| {
        let metadata = json!({"name": "podsec-0", "namespace": NAMESPACE});
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec});
        let file = installed.cluster.folder().join("pod.json");
        fs::write(&file, pod.to_string()).unwrap();
        installed.cluster.kubectl(&["create", "--dry-run=server", "-f", file.to_str().unwrap()])
    };
    pod(&template["spec"]).unwrap();
    let mut root = template["spec"].clone();
    root["securityContext"]["runAsNonRoot"] = false.into();
    let error = pod(&root).unwrap_err().to_string();
    assert!(error.contains(r#"violates PodSecurity "restricted:latest""#), "{error}");
}
