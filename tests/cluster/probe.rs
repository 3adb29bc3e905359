//! What `podsec probe` finds out about API servers of several Pod Security configurations.

use std::process::{Command, Output};

use podsec_control_plane::{Builder, Cluster};
use serde_json::{Value, json};

use crate::stage::path;

/// A user whom a configuration exempts.
const EXEMPT: &str = "left-alone";
/// A user who has no right at all.
const NOBODY: &str = "nobody";

async fn started(builder: Builder) -> Cluster {
    let cluster = builder.user(EXEMPT).user(NOBODY).start().await.expect("a control plane");
    let binding = ["create", "clusterrolebinding", EXEMPT, "--clusterrole=cluster-admin", "--user", EXEMPT];
    cluster.kubectl(&binding).unwrap();
    for class in ["gvisor", "kata"] {
        let class = json!({
            "apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": class}, "handler": class,
        });
        cluster.apply(&class.to_string()).unwrap();
    }
    cluster
}

/// Runs the probe as a user.
fn probe(cluster: &Cluster, user: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_podsec"));
    let kubeconfig = if user == "admin" { cluster.admin_kubeconfig() } else { cluster.kubeconfig(user) };
    command.arg("probe").arg("--kubeconfig").arg(kubeconfig.unwrap()).args(arguments);
    command.output().expect("the binary runs")
}

/// The report, and the exit status.
fn report(cluster: &Cluster, user: &str, arguments: &[&str]) -> (Value, Option<i32>) {
    let output = probe(cluster, user, &[&["-o", "json"], arguments].concat());
    let report = serde_json::from_slice(&output.stdout);
    let told = String::from_utf8_lossy(&output.stderr);
    (report.unwrap_or_else(|error| panic!("{error}: {told}")), output.status.code())
}

/// The defaults of a report, each with how sure it is.
fn defaults(report: &Value) -> [String; 3] {
    ["enforce", "audit", "warn"].map(|mode| shown(&report["defaults"][mode]))
}

fn shown(told: &Value) -> String {
    let value = told["value"].as_str().map_or_else(|| told["value"].to_string(), str::to_owned);
    format!("{value} {}", told["certainty"].as_str().unwrap())
}

/// What `docs/probe.md` shows between two marks.
fn page(from: &str, to: &str) -> String {
    let page = std::fs::read_to_string(path("docs/probe.md")).unwrap();
    let (_, rest) = page.split_once(from).unwrap();
    rest.split(to).next().unwrap().to_owned()
}

/// Compares with what the documentation shows: the table, and a report with the same fields.
fn documented(cluster: &Cluster, report: &Value) {
    let table = probe(cluster, "admin", &[]).stdout;
    assert_eq!(page("$ podsec probe\n", "```"), String::from_utf8(table).unwrap());
    let example: Value = serde_json::from_str(&page("```json\n", "```")).unwrap();
    assert_eq!(&example, report);
}

/// The names of what is exempt for sure.
fn exempt(list: &Value) -> Vec<&str> {
    let sure = list
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["value"] == true && entry["certainty"] == "sure");
    sure.map(|entry| entry["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn everything_shows_on_a_server_with_defaults_and_exemptions() {
    let configuration = json!({
        "defaults": {
            "enforce": "baseline", "audit": "restricted", "audit-version": "v1.24",
            "warn": "restricted", "warn-version": "v1.30",
        },
        "exemptions": {"usernames": [EXEMPT], "namespaces": ["kube-system", "builds"], "runtimeClasses": ["gvisor"]},
    });
    let cluster = started(Cluster::builder().pod_security(configuration).audit_log()).await;
    cluster.kubectl(&["create", "namespace", "builds"]).unwrap();
    let before = cluster.audit_events().unwrap().len();
    let (found, status) = report(&cluster, "admin", &[]);
    assert_eq!(defaults(&found), ["baseline:latest sure", "restricted:v1.24 sure", "restricted:v1.30 sure"]);
    assert_eq!(shown(&found["exemptions"]["user"]), "false sure");
    assert_eq!(exempt(&found["exemptions"]["namespaces"]), ["builds", "kube-system"]);
    assert_eq!(exempt(&found["exemptions"]["runtimeClasses"]), ["gvisor"]);
    let flags = [
        "--server-defaults=enforce=baseline:latest,audit=restricted:v1.24,warn=restricted:v1.30",
        "--server-exempt-runtime-classes=gvisor",
    ];
    assert_eq!((&found["flags"], &found["user"], status), (&json!(flags), &json!("admin"), Some(0)));
    documented(&cluster, &found);
    let events = cluster.audit_events().unwrap().split_off(before);
    let of_probe: Vec<_> = events.iter().filter(|event| event["user"]["username"] == "admin").collect();
    assert!(of_probe.len() > 10, "{}", of_probe.len());
    for event in of_probe {
        assert!(event["requestURI"].as_str().unwrap().contains("?dryRun=All&"), "{event:#}");
    }

    // A class that the cluster does not have is told by a template, which nobody looks it up for.
    let (found, status) = report(&cluster, "admin", &["--runtime-class=gvisor,nowhere"]);
    assert_eq!((found["exemptions"]["runtimeClasses"].as_array().unwrap().len(), status), (2, Some(0)));
    assert_eq!(exempt(&found["exemptions"]["runtimeClasses"]), ["gvisor"]);

    // Whoever is exempt sees nothing in the silence.
    cluster.kubectl(&["create", "namespace", "strict"]).unwrap();
    cluster
        .kubectl(&["label", "namespace", "strict", "pod-security.kubernetes.io/enforce=restricted"])
        .unwrap();
    let (found, status) = report(&cluster, EXEMPT, &[]);
    assert_eq!(shown(&found["exemptions"]["user"]), "true sure");
    assert_eq!(defaults(&found)[0], "null unknown");
    assert_eq!(
        (shown(&found["exemptions"]["runtimeClasses"][0]), status),
        ("null unknown".to_owned(), Some(1))
    );
}

const ENFORCE: &str = "pod-security.kubernetes.io/enforce=baseline";

#[tokio::test]
async fn a_server_without_configuration_needs_no_flags() {
    let cluster = started(Cluster::builder()).await;
    // Silence may be that of an exemption as long as Pod Security is nowhere heard.
    let (found, status) = report(&cluster, "admin", &[]);
    assert_eq!(defaults(&found), ["privileged:latest likely", "null unknown", "privileged:latest likely"]);
    assert_eq!(
        found["defaults"]["enforce"]["because"],
        "a pod with hostPID was let through in default, unless you are exempt"
    );
    assert_eq!((shown(&found["exemptions"]["user"]), status), ("null unknown".to_owned(), Some(1)));

    cluster.kubectl(&["create", "namespace", "strict"]).unwrap();
    cluster.kubectl(&["label", "namespace", "strict", ENFORCE]).unwrap();
    let (found, status) = report(&cluster, "admin", &[]);
    assert_eq!(defaults(&found), ["privileged:latest sure", "null unknown", "privileged:latest sure"]);
    assert_eq!((shown(&found["exemptions"]["user"]), status), ("false sure".to_owned(), Some(0)));
    for list in ["namespaces", "runtimeClasses"] {
        let list = found["exemptions"][list].as_array().unwrap();
        assert!(list.len() >= 2 && list.iter().all(|entry| shown(entry) == "false sure"), "{list:?}");
    }
    assert_eq!(found["flags"], json!([]));

    // Without a namespace that shows the defaults, what does not hang on them is found all the same.
    cluster.kubectl(&["label", "namespace", "--all", ENFORCE]).unwrap();
    let (found, status) = report(&cluster, "admin", &[]);
    assert_eq!((defaults(&found)[0].as_str(), &found["namespace"]), ("null unknown", &Value::Null));
    assert_eq!(
        (shown(&found["exemptions"]["runtimeClasses"][0]), status),
        ("false sure".to_owned(), Some(1))
    );
    let why = "every namespace has Pod Security labels, which hide the defaults";
    assert_eq!(found["defaults"]["enforce"]["because"], why);
}

#[tokio::test]
async fn a_strict_default_and_a_privileged_one_show_beside_it() {
    let configuration = json!({
        "defaults": {"enforce": "restricted", "enforce-version": "v1.24", "warn": "baseline"},
        "exemptions": {"namespaces": ["kube-public"]},
    });
    let cluster = started(Cluster::builder().pod_security(configuration)).await;
    let (found, status) = report(&cluster, "admin", &[]);
    assert_eq!(defaults(&found), ["restricted:v1.24 sure", "privileged:latest sure", "baseline:latest sure"]);
    assert_eq!((exempt(&found["exemptions"]["namespaces"]), status), (vec!["kube-public"], Some(0)));
    let (found, _) = report(&cluster, "admin", &["--runtime-class", "kata"]);
    assert_eq!(found["exemptions"]["runtimeClasses"].as_array().unwrap().len(), 1);
    assert_eq!(shown(&found["exemptions"]["runtimeClasses"][0]), "false sure");
}

/// Runs the probe where it can do nothing: what it says.
fn refused(cluster: &Cluster, user: &str, arguments: &[&str]) -> String {
    let output = probe(cluster, user, arguments);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn missing_rights_are_named() {
    let configuration = json!({"defaults": {"enforce": "baseline", "warn": "restricted"}});
    let cluster = started(Cluster::builder().pod_security(configuration)).await;
    let told = refused(&cluster, NOBODY, &[]);
    assert!(
        told.contains(r#"User "nobody" cannot list resource "namespaces""#) && told.contains("--namespace"),
        "{told}"
    );
    let told = refused(&cluster, NOBODY, &["-n", "default"]);
    assert!(told.contains(r#"User "nobody" cannot get resource "namespaces""#), "{told}");

    cluster
        .kubectl(&["create", "clusterrole", "reader", "--verb=get,list", "--resource=namespaces"])
        .unwrap();
    cluster
        .kubectl(&["create", "clusterrolebinding", "reader", "--clusterrole=reader", "--user", NOBODY])
        .unwrap();
    until(|| cluster.kubectl_as(NOBODY, &["auth", "can-i", "list", "namespaces"]).is_ok()).await;
    let told = refused(&cluster, NOBODY, &["-n", "default"]);
    assert!(
        told.contains("a dry run needs the right to do it")
            && told.contains(r#"cannot create resource "pods""#),
        "{told}"
    );

    cluster
        .kubectl(&["create", "role", "maker", "--verb=create", "--resource=pods", "-n", "kube-public"])
        .unwrap();
    cluster
        .kubectl(&["create", "rolebinding", "maker", "--role=maker", "--user", NOBODY, "-n", "kube-public"])
        .unwrap();
    until(|| cluster.kubectl_as(NOBODY, &["auth", "can-i", "create", "pods", "-n", "kube-public"]).is_ok())
        .await;
    let (found, status) = report(&cluster, NOBODY, &["-n", "kube-public", "--runtime-class=gvisor"]);
    // Of warn something is left: the template that would show it may not be tried.
    assert_eq!(defaults(&found), ["baseline:latest sure", "null unknown", "null unknown"]);
    assert!(
        found["defaults"]["warn"]["because"]
            .as_str()
            .unwrap()
            .contains(r#"cannot create resource "podtemplates""#)
    );
    assert_eq!(shown(&found["exemptions"]["runtimeClasses"][0]), "false sure");
    assert_eq!((found["notAsked"].as_array().unwrap().len(), status), (1, Some(1)));
    assert!(
        found["notAsked"][0].as_str().unwrap().contains(r#"cannot patch resource "namespaces""#),
        "{found:#}"
    );

    // Without --namespace it tries several.
    let (found, _) = report(&cluster, NOBODY, &[]);
    assert_eq!(
        (&found["namespace"], defaults(&found)[0].as_str()),
        (&json!("kube-public"), "baseline:latest sure")
    );
}

#[tokio::test]
async fn a_namespace_that_will_not_do_is_named() {
    let cluster = started(Cluster::builder()).await;
    assert!(refused(&cluster, "admin", &["-n", "nowhere"]).contains("there is no namespace nowhere"));
    cluster.kubectl(&["label", "namespace", "default", ENFORCE]).unwrap();
    let told = refused(&cluster, "admin", &["-n", "default"]);
    assert!(told.contains("namespace default has Pod Security labels, which hide the defaults"), "{told}");
    assert!(refused(&cluster, "admin", &["-n", "a/../b"]).contains("must be the name of an object"));
    cluster.stop_api_server().await.unwrap();
    assert!(refused(&cluster, "admin", &[]).contains("cannot read the API server's version"));
}

/// A policy that refuses pods for reasons of its own.
fn refusing(name: &str, expression: &str) -> [Value; 2] {
    let pods =
        json!({"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]});
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name},
        "spec": {
            "matchConstraints": {"resourceRules": [pods]},
            "validations": [{"expression": expression, "message": format!("{name} will not have it")}],
        },
    });
    let binding = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name}, "spec": {"policyName": name, "validationActions": ["Deny"]},
    });
    [policy, binding]
}

#[tokio::test]
async fn what_others_answer_is_not_taken_for_pod_securitys() {
    let configuration = json!({"defaults": {"warn": "restricted"}});
    let cluster = started(Cluster::builder().pod_security(configuration)).await;
    let run = |arguments: &[&str]| {
        let pod = ["run", "tried", "--image=i", "--dry-run=server"];
        cluster.kubectl(&[&pod[..], arguments].concat()).is_ok()
    };
    // What another canary gets past.
    for object in refusing("no-host-pid", "!object.spec.?hostPID.orValue(false)") {
        cluster.apply(&object.to_string()).unwrap();
    }
    let overrides = r#"--overrides={"spec": {"hostPID": true}}"#;
    until(|| !run(&[overrides])).await;
    let (found, status) = report(&cluster, "admin", &[]);
    assert_eq!(defaults(&found), ["privileged:latest sure", "null unknown", "restricted:latest sure"]);
    assert_eq!(
        (found["defaults"]["enforce"]["because"].as_str().unwrap(), status),
        ("a pod with hostIPC was let through in default", Some(0))
    );

    // What none gets past.
    let expression = "object.metadata.name != 'podsec-probe' || !(object.spec.?hostIPC.orValue(false) \
        || object.spec.?securityContext.?seLinuxOptions.hasValue())";
    for object in refusing("no-canary", expression) {
        cluster.apply(&object.to_string()).unwrap();
    }
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: podsec-probe}\nspec: {hostIPC: true, containers: [{name: a, image: i}]}";
    let file = cluster.folder().join("canary.yaml");
    std::fs::write(&file, pod).unwrap();
    until(|| cluster.kubectl(&["create", "--dry-run=server", "-f", &file.display().to_string()]).is_err())
        .await;
    let (found, status) = report(&cluster, "admin", &[]);
    assert_eq!((defaults(&found)[0].as_str(), status), ("null unknown", Some(1)));
    let why = found["defaults"]["enforce"]["because"].as_str().unwrap();
    assert!(why.contains("not by Pod Security") && why.contains("no-host-pid will not have it"), "{why}");
}

/// Waits until something is so.
async fn until(mut is_so: impl FnMut() -> bool) {
    let end = tokio::time::Instant::now() + std::time::Duration::from_secs(90);
    while !is_so() {
        assert!(tokio::time::Instant::now() < end, "waited too long");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
