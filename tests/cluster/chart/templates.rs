//! What the chart makes of values.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use podsec_control_plane::{Cluster, monitoring_definitions};
use serde_json::{Value, json};

use super::{CHART, MONITORING, NAMESPACE, cases, helm, name, objects, of_kind, rendered};
use crate::stage::path;

/// The arguments for a file of values, on a cluster with the Prometheus operator.
fn arguments(values: &Path) -> Vec<String> {
    let known = MONITORING.iter().map(|kind| format!("--api-versions={kind}"));
    [format!("--values={}", values.display())].into_iter().chain(known).collect()
}

fn with_values(values: &Path) -> String {
    let arguments = arguments(values);
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    rendered(&arguments).unwrap_or_else(|error| panic!("{}: {error}", values.display()))
}

/// Runs podsec; it must succeed.
fn podsec(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_podsec")).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let told = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {told}");
    told
}

/// The arguments of the container in the Deployment.
fn container_arguments(objects: &[Value]) -> Vec<&str> {
    let deployment = of_kind(objects, "Deployment").unwrap();
    let arguments = &deployment["spec"]["template"]["spec"]["containers"][0]["args"];
    arguments.as_array().unwrap().iter().map(|argument| argument.as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_any_values_make_is_taken_by_helm_the_api_server_and_podsec() {
    let cluster = Cluster::builder().start().await.unwrap();
    cluster.apply_file(&monitoring_definitions().unwrap()).unwrap();
    cluster.kubectl(&["wait", "--for=condition=Established", "--timeout=60s", "crd", "--all"]).unwrap();
    cluster.apply_file(path("deploy/namespace.yaml").as_ref()).unwrap();
    for values in cases() {
        let linted =
            helm(&["lint", "--strict", &path(CHART), "--values", values.to_str().unwrap(), "-n", NAMESPACE]);
        assert!(linted.status.success(), "{}", String::from_utf8_lossy(&linted.stdout));

        let text = with_values(&values);
        let file = cluster.folder().join("rendered.yaml");
        fs::write(&file, &text).unwrap();
        let file = file.to_str().unwrap();
        let apply = ["apply", "--server-side", "--dry-run=server", "-f", file];
        let output = cluster.kubectl_command("admin").unwrap().args(apply).output().unwrap();
        // Not even a warning: the namespace warns of what is not restricted.
        assert!(output.status.success() && output.stderr.is_empty(), "{}: {output:?}", values.display());
        podsec(&["check", "--enforce=restricted", file]);

        let objects = objects(&text);
        let mut flags = container_arguments(&objects);
        // Read in order: an argument that is not one is refused before help is given.
        flags.push("--help");
        podsec(&flags);
    }
}

#[test]
fn every_switch_switches() {
    let kinds = |values: &str| -> BTreeSet<String> {
        let text = with_values(path(&format!("{CHART}/ci/{values}-values.yaml")).as_ref());
        objects(&text).iter().map(|object| object["kind"].as_str().unwrap().to_owned()).collect()
    };
    let set = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<BTreeSet<_>>();
    let always = set(&["Deployment", "Service"]);
    assert_eq!(kinds("minimal"), always);
    let usual = &always
        | &set(&[
            "ClusterRole",
            "ClusterRoleBinding",
            "CustomResourceDefinition",
            "NetworkPolicy",
            "PodDisruptionBudget",
            "Role",
            "RoleBinding",
            "ServiceAccount",
        ]);
    assert_eq!(kinds("default"), usual);
    assert_eq!(kinds("everything"), &usual | &set(&["ConfigMap", "PrometheusRule", "ServiceMonitor"]));
}

#[test]
fn the_kinds_of_others_are_made_where_the_cluster_has_them() {
    for (switch, api) in ["serviceMonitor", "prometheusRule"].into_iter().zip(MONITORING) {
        let kind = api.rsplit('/').next().unwrap();
        let (switch, api) = (format!("--set={switch}.enabled=true"), format!("--api-versions={api}"));
        let has = |arguments: &[&str]| of_kind(&objects(&rendered(arguments).unwrap()), kind).is_some();
        assert_eq!([has(&[&switch, &api]), has(&[&switch]), has(&[&api])], [true, false, false], "{kind}");
    }
}

#[test]
fn values_reach_what_they_are_for() {
    let everything = objects(&with_values(path(&format!("{CHART}/ci/everything-values.yaml")).as_ref()));
    assert_eq!(
        container_arguments(&everything),
        [
            "controller",
            "--leader-elect",
            "--lease-duration=1m0s",
            "--renew-deadline=40s",
            "--retry-period=5s",
            "--listen=0.0.0.0:8080",
            "--log-format=text",
            "--concurrency=64",
            "--protected-namespaces=kube-system,kube-public,kube-node-lease,openshift-*,cattle-*",
            "--server-defaults=enforce=baseline:v1.34,warn=restricted",
            "--server-exempt-runtime-classes=kata,gvisor",
            "--never-weaken",
            "--metrics-per-namespace",
            "--reconcilers=kustomize-controller,rancher",
            "--kubeconfig=/etc/podsec/kubeconfig",
        ]
    );
    for object in &everything {
        assert_eq!(object["metadata"]["labels"]["team"], "platform", "{}", name(object));
    }
    let pod = &of_kind(&everything, "Deployment").unwrap()["spec"]["template"];
    let budget = of_kind(&everything, "PodDisruptionBudget").unwrap();
    let policy = of_kind(&everything, "NetworkPolicy").unwrap();
    let service = of_kind(&everything, "Service").unwrap();
    let labels = pod["metadata"]["labels"].as_object().unwrap();
    for selector in [
        &budget["spec"]["selector"]["matchLabels"],
        &policy["spec"]["podSelector"]["matchLabels"],
        &service["spec"]["selector"],
    ] {
        let selector = selector.as_object().unwrap();
        assert_eq!(selector.len(), 2);
        assert!(selector.iter().all(|pair| labels.get(pair.0) == Some(pair.1)), "{selector:?}");
    }
    let monitor = of_kind(&everything, "ServiceMonitor").unwrap();
    let labels = service["metadata"]["labels"].as_object().unwrap();
    let selector = monitor["spec"]["selector"]["matchLabels"].as_object().unwrap();
    assert!(selector.iter().all(|pair| labels.get(pair.0) == Some(pair.1)), "{selector:?}");
    let account = of_kind(&everything, "ServiceAccount").unwrap();
    let (name, namespace) = (&account["metadata"]["name"], NAMESPACE);
    for kind in ["ClusterRoleBinding", "RoleBinding"] {
        let subjects = &of_kind(&everything, kind).unwrap()["subjects"];
        assert_eq!(*subjects, json!([{"kind": "ServiceAccount", "name": name, "namespace": namespace}]));
    }
    assert_eq!(&pod["spec"]["serviceAccountName"], name);
}

/// Alerts and dashboards have braces of their own, which are not Helm's.
#[test]
fn alerts_and_dashboards_arrive_as_they_are() {
    let read = |name: &str| fs::read_to_string(path(&format!("{CHART}/files/{name}"))).unwrap();
    let everything = objects(&with_values(path(&format!("{CHART}/ci/everything-values.yaml")).as_ref()));
    // But for where the runbooks are, which the values say.
    let alerts =
        read("alerts.yaml").replace("docs/runbooks.md", "https://git.example/podsec/docs/runbooks.md");
    let alerts: Value = serde_saphyr::from_str(&alerts).unwrap();
    assert_eq!(of_kind(&everything, "PrometheusRule").unwrap()["spec"], alerts);
    let dashboard = &of_kind(&everything, "ConfigMap").unwrap()["data"]["podsec.json"];
    assert_eq!(dashboard.as_str().unwrap(), read("dashboards/podsec.json"));
}

#[test]
fn values_that_cannot_be_are_refused_by_name() {
    let table = [
        ("replicaCount=-1", "/replicaCount"),
        ("leaderElection.enabled=false", "/replicaCount"),
        ("leaderElection.retryPeriod=2", "/leaderElection/retryPeriod"),
        ("controller.neverWeakens=true", "neverWeakens"),
        ("controler.neverWeaken=true", "controler"),
        ("controller.logFormat=xml", "/controller/logFormat"),
        ("controller.concurrency=65", "/controller/concurrency"),
        ("controller.serverDefaults.enforce=strict", "/controller/serverDefaults/enforce"),
        ("controller.serverDefaults.forbid=baseline", "forbid"),
        ("controller.protectedNamespaces={Kube}", "/controller/protectedNamespaces/0"),
        ("image.digest=0.1.0", "/image/digest"),
        ("image.repository=", "/image/repository"),
        ("podDisruptionBudget.maxUnavailable=half", "/podDisruptionBudget/maxUnavailable"),
        ("serviceMonitor.interval=often", "/serviceMonitor/interval"),
        (r"commonLabels.app\.kubernetes\.io/name=x", "app.kubernetes.io/name"),
        ("networkPolicy.apiServerPorts={}", "/networkPolicy/apiServerPorts"),
    ];
    for (value, place) in table {
        let error = rendered(&["--set", value]).expect_err(value);
        assert!(error.contains(place), "{value}: {error}");
    }
    // What an umbrella chart hands down is none of the chart's business.
    rendered(&["--set", "global.imageRegistry=registry.example,enabled=true"]).unwrap();
}

#[test]
fn a_release_may_be_called_anything() {
    let chart = path(CHART);
    let long = "a".repeat(53);
    for (release, expected) in
        [("podsec", "podsec"), ("labels", "labels-podsec"), ("my-podsec", "my-podsec"), (&long, &long[..48])]
    {
        let output = helm(&["template", release, &chart, "--namespace", "elsewhere"]);
        let objects = objects(&String::from_utf8(output.stdout).unwrap());
        assert_eq!(name(of_kind(&objects, "Deployment").unwrap()), format!("Deployment {expected}"));
        let namespaces: BTreeSet<_> =
            objects.iter().filter_map(|object| object["metadata"]["namespace"].as_str()).collect();
        assert_eq!(namespaces, BTreeSet::from(["elsewhere"]));
    }
}
