//! `podsec plan` and its kin on a real API server: what they foretell is what the controller then does.

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Output},
};

use k8s_openapi::api::core::v1::Pod;
use kube::{Api, api::PostParams};
use podsec::standards::LABEL_PREFIX;
use podsec_control_plane::Cluster;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::stage::Stage;

/// Runs the binary with a kubeconfig.
fn podsec(kubeconfig: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_podsec"));
    command.env("KUBECONFIG", kubeconfig).env("NO_COLOR", "1").args(arguments);
    command.output().expect("the binary runs")
}

/// A plan as JSON, and the exit status.
struct Planned {
    status: Option<i32>,
    json: Value,
}

fn planned(cluster: &Cluster, arguments: &[&str]) -> Planned {
    planned_as(&cluster.admin_kubeconfig().unwrap(), arguments)
}

/// Who may do everything, and is not to change anything.
const PLANNER: &str = "planner";

fn planned_as(kubeconfig: &Path, arguments: &[&str]) -> Planned {
    let output = podsec(kubeconfig, &[&["plan", "-o", "json"], arguments].concat());
    let json = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    Planned { status: output.status.code(), json }
}

impl Planned {
    fn namespace(&self, name: &str) -> &Value {
        let mut namespaces = self.json["namespaces"].as_array().unwrap().iter();
        namespaces.find(|namespace| namespace["name"] == name).unwrap_or_else(|| panic!("{name} is planned"))
    }

    /// The enforce mode of a namespace.
    fn enforce(&self, name: &str) -> &Value {
        let mut modes = self.namespace(name)["modes"].as_array().unwrap().iter();
        modes.find(|mode| mode["mode"] == "enforce").unwrap_or_else(|| panic!("{name} has enforce planned"))
    }

    /// `Raise`, `Hold`, …
    fn step(&self, name: &str) -> &str {
        self.enforce(name)["step"].as_str().unwrap()
    }

    /// The labels as they are to be, by namespace.
    fn labels(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let labels = |namespace: &Value| {
            let name = namespace["name"].as_str().unwrap().to_owned();
            (name, serde_json::from_value(namespace["labels"]["planned"].clone()).unwrap())
        };
        self.json["namespaces"].as_array().unwrap().iter().map(labels).collect()
    }
}

impl Stage {
    async fn pod(&self, namespace: &str, name: &str, spec: Value) {
        let pod: Pod = serde_json::from_value(json!({"metadata": {"name": name}, "spec": spec})).unwrap();
        let pods: Api<Pod> = Api::namespaced(self.admin.clone(), namespace);
        pods.create(&PostParams::default(), &pod).await.unwrap();
    }

    /// The Pod Security labels of all namespaces.
    async fn labels(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let all = self.namespaces().list(&kube::api::ListParams::default()).await.unwrap();
        let labels = |namespace: k8s_openapi::api::core::v1::Namespace| {
            let labels = namespace.metadata.labels.unwrap_or_default().into_iter();
            let own = labels.filter(|(key, _)| key.starts_with(LABEL_PREFIX)).collect();
            (namespace.metadata.name.unwrap(), own)
        };
        all.items.into_iter().map(labels).collect()
    }

    /// Waits until the labels are as they were foretold.
    async fn has_labels(&self, foretold: &BTreeMap<String, BTreeMap<String, String>>) {
        self.eventually(&format!("{foretold:#?}"), || async {
            (self.labels().await == *foretold).then_some(())
        })
        .await;
    }

    /// Namespaces of all sorts with what runs in them.
    async fn village(&self) {
        let privileged =
            json!({"containers": [{"name": "c", "image": "i", "securityContext": {"privileged": true}}]});
        let plain = json!({"containers": [{"name": "c", "image": "i"}]});
        let apps = ("tier", "apps");
        for (name, labels) in [
            ("clean", &[apps][..]),
            ("open", &[apps, ("enforce", "privileged")]),
            ("strict", &[apps, ("enforce", "restricted"), ("enforce-version", "v1.30")]),
            ("garbled", &[apps, ("enforce", "privileged"), ("enforce-version", "v1.2")]),
            ("legacy-one", &[apps]),
            ("broken", &[apps]),
            ("other", &[("tier", "db"), ("warn", "baseline")]),
        ] {
            self.namespace(name, labels).await;
        }
        for namespace in ["clean", "open", "other"] {
            self.pod(namespace, "web", plain.clone()).await;
        }
        for namespace in ["broken", "legacy-one"] {
            self.pod(namespace, "agent", privileged.clone()).await;
            self.pod(namespace, "agent-2", privileged.clone()).await;
        }
    }
}

fn apps(strategy: &str, conflicts: &str) -> Value {
    json!({
        "namespaceSelector": {"matchLabels": {"tier": "apps"}},
        "priority": 10,
        "enforce": {"level": "baseline"},
        "warn": {"level": "restricted"},
        "exemptions": [{"name": "legacy-*", "reason": "the vendor's agent"}],
        "conflictPolicy": conflicts,
        "releasePolicy": "Remove",
        "rollout": {"strategy": strategy},
    })
}

fn everything() -> Value {
    json!({"namespaceSelector": {}, "enforce": {"level": "restricted"}, "audit": {"level": "baseline"}})
}

/// Profiles in a file, as `-f` takes them.
fn file(folder: &TempDir, name: &str, profiles: &[(&str, Value)]) -> String {
    let objects: Vec<_> = profiles
        .iter()
        .map(|(name, spec)| {
            json!({"apiVersion": "podsec.dev/v1alpha1", "kind": "ClusterPodSecurityProfile",
                "metadata": {"name": name}, "spec": spec})
            .to_string()
        })
        .collect();
    let path = folder.path().join(name);
    std::fs::write(&path, objects.join("\n---\n")).unwrap();
    path.display().to_string()
}

#[tokio::test]
async fn what_is_planned_is_what_is_then_done() {
    let mut stage = Stage::without_controller(Cluster::builder().audit_log().user(PLANNER)).await;
    let may_do_all = ["create", "clusterrolebinding", PLANNER, "--clusterrole=cluster-admin"];
    stage.cluster.kubectl(&[&may_do_all[..], &["--user=planner"]].concat()).unwrap();
    stage.village().await;
    let folder = TempDir::new().unwrap();
    let planner = stage.cluster.kubeconfig(PLANNER).unwrap();

    // Before there is any profile: nothing to plan, and the newcomer's question.
    let nothing = planned_as(&planner, &[]);
    assert_eq!(nothing.status, Some(0));
    assert_eq!(nothing.json["clusters"][0]["planned"], false);
    assert_eq!(nothing.namespace("clean")["cleanAt"], "baseline");
    assert_eq!(nothing.namespace("broken")["cleanAt"], "privileged");

    // As if two profiles were applied; and then they are.
    let before = stage.labels().await;
    let both =
        file(&folder, "both.yaml", &[("apps", apps("Immediate", "Force")), ("everything", everything())]);
    let plan = planned_as(&planner, &["-f", &both, "--cross-check"]);
    assert_eq!(plan.status, Some(1), "something is held and something breaks");
    assert_eq!(plan.step("clean"), "Raise");
    assert_eq!(plan.step("open"), "Raise");
    assert_eq!(plan.enforce("open")["takenFrom"], "kubectl-create");
    assert_eq!((plan.step("strict"), &plan.enforce("strict")["after"]), ("Weaken", &json!("baseline:v1.37")));
    assert_eq!(plan.namespace("legacy-one")["state"], "Exempt");
    assert_eq!(plan.namespace("broken")["violatingPods"], 2);
    assert_eq!(plan.step("other"), "Hold");
    assert_eq!(plan.namespace("kube-system")["state"], "Protected");
    let disagreements = plan.json["namespaces"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|namespace| namespace["crossCheck"].as_array().cloned().unwrap_or_default());
    let verdicts: Vec<_> = disagreements.map(|check| check["verdict"].clone()).collect();
    assert!(verdicts.len() >= 5 && verdicts.iter().all(|verdict| verdict == "agrees"), "{verdicts:?}");
    assert_eq!(stage.labels().await, before, "planning changes nothing");

    stage.start();
    stage.settled_profile("apps", apps("Immediate", "Force")).await;
    stage.settled_profile("everything", everything()).await;
    stage.has_labels(&plan.labels()).await;

    // Now there is nothing left to do.
    let again = planned_as(&planner, &[]);
    assert_eq!(again.labels(), plan.labels());
    assert_eq!(again.json["summary"]["raised"], 0);
    assert_eq!(again.step("clean"), "None");

    // As if a profile were edited, in one that has its name.
    let edited = file(&folder, "edited.yaml", &[("apps", apps("Immediate", "Yield"))]);
    stage.label("clean", &[("enforce", Some("restricted")), ("enforce-version", Some("latest"))]).await;
    stage.has_labels(&plan.labels()).await;
    let less = {
        let mut spec = apps("Immediate", "Yield");
        spec["enforce"] = json!({"level": "privileged"});
        spec
    };
    let weakened = file(&folder, "less.yaml", &[("apps", less.clone())]);
    assert_eq!(planned_as(&planner, &["-f", &edited]).step("clean"), "None");
    let plan = planned_as(&planner, &["-f", &weakened]);
    assert_eq!(plan.step("clean"), "Weaken");
    stage.settled_profile("apps", less).await;
    stage.has_labels(&plan.labels()).await;

    // As if it were deleted: with Remove its labels go, and the other profile takes over.
    let plan = planned_as(&planner, &["--without", "apps"]);
    stage.delete_profile("apps").await;
    stage.has_labels(&plan.labels()).await;

    let events = stage.cluster.audit_events().unwrap();
    let written = |event: &&Value| {
        event["user"]["username"] == PLANNER
            && !event["requestURI"].as_str().unwrap_or_default().contains("dryRun=All")
    };
    assert_eq!(events.iter().find(written), None, "planning stores nothing");
    assert!(events.iter().any(|event| event["user"]["username"] == PLANNER), "or nothing is shown here");
}

#[tokio::test]
async fn it_plans_with_what_the_controller_was_told() {
    let mut stage = Stage::without_controller(Cluster::builder()).await;
    stage.settings.protected.push(podsec::rollout::NamePattern::new("vault"));
    stage.settings.never_weaken = true;
    stage.namespace("vault", &[]).await;
    stage.namespace("strict", &[("enforce", "restricted")]).await;
    stage.start();
    let spec = json!({
        "namespaceSelector": {}, "enforce": {"level": "baseline"}, "conflictPolicy": "Force",
        "rollout": {"strategy": "Immediate"},
    });
    stage.settled_profile("everything", spec).await;
    let plan = planned(&stage.cluster, &[]);
    assert_eq!(plan.namespace("vault")["state"], "Protected");
    assert_eq!((plan.step("strict"), &plan.enforce("strict")["reason"]), ("Hold", &json!("NeverWeaken")));
    assert_eq!(plan.labels(), stage.labels().await);
    assert_eq!(plan.json["clusters"][0]["notices"], Value::Null);
}

#[tokio::test]
async fn nothing_is_told_whole_that_could_not_be_read_whole() {
    let stage = Stage::without_controller(Cluster::builder().user("tenant")).await;
    stage.village().await;
    let kubeconfig = stage.cluster.kubeconfig("tenant").unwrap();

    // Without any right nothing can be said, and what is missing is.
    let output = podsec(&kubeconfig, &["plan"]);
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(shown.contains("cannot list namespaces") && shown.contains("grant list namespaces"), "{shown}");

    // A tenant who may read one namespace is told of that one.
    stage
        .cluster
        .apply(
            r#"{"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "reader"}, "rules": [
                {"apiGroups": [""], "resources": ["namespaces", "pods", "podtemplates", "replicationcontrollers"], "verbs": ["get", "list"]},
                {"apiGroups": ["apps", "batch"], "resources": ["*"], "verbs": ["list"]}]},
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "reader", "namespace": "broken"},
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader"},
             "subjects": [{"kind": "User", "name": "tenant", "apiGroup": "rbac.authorization.k8s.io"}]}]}"#,
        )
        .unwrap();
    stage
        .eventually("the role to take effect", || async {
            stage
                .cluster
                .kubectl_as("tenant", &["auth", "can-i", "list", "cronjobs.batch", "-n", "broken"])
                .ok()
        })
        .await;
    let own = planned_as(&kubeconfig, &["-n", "broken", "--enforce", "baseline"]);
    assert_eq!(own.status, Some(1));
    assert_eq!((&own.namespace("broken")["violatingPods"], own.step("broken")), (&json!(2), "Hold"));

    let two = planned_as(&kubeconfig, &["-n", "broken,clean", "--enforce", "baseline"]);
    assert_eq!(two.status, Some(2));
    assert_eq!(two.namespace("broken")["violatingPods"], 2, "the one does not hide the other");
    let failures = two.json["failures"].to_string();
    assert!(failures.contains("namespace clean") && failures.contains("forbidden"), "{failures}");

    // Who may see all namespaces, but not into all of them.
    stage
        .cluster
        .apply(
            r#"{"apiVersion": "v1", "kind": "List", "items": [
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "namespaces"}, "rules": [
                {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list"]}]},
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "namespaces"},
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "namespaces"},
             "subjects": [{"kind": "User", "name": "tenant", "apiGroup": "rbac.authorization.k8s.io"}]}]}"#,
        )
        .unwrap();
    stage
        .eventually("the role to take effect", || async {
            stage.cluster.kubectl_as("tenant", &["auth", "can-i", "list", "namespaces"]).ok()
        })
        .await;
    let blind = planned_as(&kubeconfig, &["-n", "broken,clean", "--enforce", "baseline"]);
    assert_eq!(blind.status, Some(2));
    let clean = blind.namespace("clean");
    assert_eq!((blind.step("clean"), &blind.enforce("clean")["reason"]), ("Hold", &json!("Inconclusive")));
    assert!(clean["missing"].to_string().contains("pods"), "{clean}");
    assert_eq!(blind.namespace("broken")["missing"], Value::Null);
}

#[tokio::test]
async fn a_namespace_is_explained() {
    let mut stage = Stage::new().await;
    stage.village().await;
    stage.settled_profile("apps", apps("Immediate", "KeepStricter")).await;
    stage.settled_profile("everything", everything()).await;
    stage.settled_profile("db", json!({"namespaceNames": ["db-*"], "warn": {"level": "baseline"}})).await;
    let kubeconfig = stage.cluster.admin_kubeconfig().unwrap();
    let why = |namespace: &str| {
        let output = podsec(&kubeconfig, &["why", namespace, "-o", "json"]);
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), json)
    };
    let (status, clean) = why("clean");
    assert_eq!(status, Some(0), "{clean:#}");
    let enforce = &clean["modes"][0]["profiles"];
    assert_eq!((&enforce[0]["name"], &enforce[0]["governs"]), (&json!("apps"), &json!(true)));
    assert_eq!(enforce[1]["whyNot"], "apps has a higher priority");
    let audit = &clean["modes"][1]["profiles"];
    assert_eq!(
        (&audit[0]["name"], &audit[1]["whyNot"]),
        (&json!("everything"), &json!("it does not set audit"))
    );
    assert_eq!(clean["notSelecting"], json!([{"name": "db", "why": "namespaceNames does not name it"}]));
    let owner =
        clean["keys"].as_array().unwrap().iter().find(|key| key["key"] == "podsec.dev/enforced").unwrap();
    assert_eq!(
        (&owner["value"], &owner["owners"][0]["manager"]),
        (&json!("baseline:v1.37"), &json!("podsec"))
    );

    let (status, open) = why("open");
    assert_eq!(open["namespace"]["state"], "Yielded", "{open:#}");
    assert_eq!(status, Some(0));
    assert!(
        open["next"].to_string().contains("have kubectl-create leave the enforce labels alone"),
        "{open:#}"
    );
    let (status, broken) = why("broken");
    assert_eq!(status, Some(1));
    assert_eq!(broken["results"].as_array().unwrap().len(), 2);

    let gone = podsec(&kubeconfig, &["why", "nowhere"]);
    assert_eq!(gone.status.code(), Some(2));
    assert_eq!(String::from_utf8(gone.stderr).unwrap(), "podsec: namespace nowhere: is not there\n");
    stage.stop().await;
}

#[tokio::test]
async fn levels_and_versions_are_told_of_a_live_cluster() {
    let stage = Stage::without_controller(Cluster::builder()).await;
    stage.village().await;
    stage.namespace("probed", &[("enforce", "baseline")]).await;
    let probe = json!({"httpGet": {"host": "elsewhere", "port": 1}});
    stage.label("probed", &[("enforce", Some("privileged"))]).await;
    stage
        .pod("probed", "web", json!({"containers": [{"name": "c", "image": "i", "livenessProbe": probe}]}))
        .await;
    stage.label("probed", &[("enforce", Some("baseline"))]).await;
    let kubeconfig = stage.cluster.admin_kubeconfig().unwrap();

    let output = podsec(&kubeconfig, &["compare", "--from", "v1.33", "--to", "v1.34", "-o", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let compared: Value = serde_json::from_slice(&output.stdout).unwrap();
    let fails =
        compared["results"].as_array().unwrap().iter().filter(|result| result["turn"] == "newlyFails");
    let [changed] = fails.collect::<Vec<_>>()[..] else { panic!("{compared:#}") };
    assert_eq!((&changed["namespace"], &changed["turn"]), (&json!("probed"), &json!("newlyFails")));
    assert_eq!((&changed["level"], &changed["follows"]), (&json!("baseline"), &json!(["enforce"])));

    // What is recommended is what can be applied without breaking anything.
    let folder = TempDir::new().unwrap();
    let output = podsec(&kubeconfig, &["recommend", "-o", "profiles"]);
    assert_eq!(output.status.code(), Some(0));
    let path = folder.path().join("recommended.yaml");
    std::fs::write(&path, &output.stdout).unwrap();
    let plan = planned(&stage.cluster, &["-f", &path.display().to_string()]);
    let summary = &plan.json["summary"];
    assert_eq!((&summary["held"], &summary["broken"]), (&json!(0), &json!(0)), "{summary:#}");
    stage.cluster.apply_file(&path).unwrap();
}

/// What differs from one run to the next, in the form in which `docs/plan.md` has it.
fn settled(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.trim_end().lines() {
        let mut words: Vec<_> = line.split(' ').map(ToOwned::to_owned).collect();
        for index in 0..words.len() {
            let word = words[index].trim_end_matches([',', ';', ')']).to_owned();
            if word.parse::<jiff::Timestamp>().is_ok() {
                words[index] = words[index].replace(&word, "2030-01-01T00:00:00Z");
            }
            let seconds =
                index > 1 && words[index - 2..index] == ["read", "in"] && word.parse::<f64>().is_ok();
            if seconds {
                "0.1".clone_into(&mut words[index]);
            }
        }
        lines.push(words.join(" "));
    }
    lines.join("\n")
}

/// The commands that a page shows, with what it shows of each.
fn shown(page: &str) -> Vec<(String, String)> {
    let mut shown = Vec::new();
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(command) = line.strip_prefix("$ podsec ") else { continue };
        let mut text = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with("```") && !line.starts_with("$ ")) {
            text.push(line);
        }
        shown.push((command.to_owned(), text.join("\n")));
    }
    shown
}

#[tokio::test]
async fn what_the_pages_show_of_a_cluster_is_what_is_printed() {
    let cluster = Cluster::builder().start().await.expect("a control plane");
    let files = std::fs::read_dir(crate::stage::path("examples/workloads")).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    // A namespace comes before what is in it.
    files.sort();
    for file in &files {
        cluster.apply_file(file).unwrap();
    }
    let run = |command: &str| {
        let mut podsec = Command::new(env!("CARGO_BIN_EXE_podsec"));
        podsec.current_dir(env!("CARGO_MANIFEST_DIR")).env("NO_COLOR", "1");
        podsec.env("KUBECONFIG", cluster.admin_kubeconfig().unwrap()).args(command.split(' '));
        String::from_utf8(podsec.output().unwrap().stdout).unwrap()
    };
    let mut wrong = Vec::new();
    let mut count = 0;
    for subcommand in ["plan", "why"] {
        if subcommand == "why" {
            cluster
                .apply_file(crate::stage::path("crds/podsec.dev_clusterpodsecurityprofiles.yaml").as_ref())
                .unwrap();
            let crd = format!("crd/{}", podsec::cluster::crd::name());
            cluster.kubectl(&["wait", "--for=condition=Established", "--timeout=90s", &crd]).unwrap();
            for profile in ["apps-with-exemption", "everything"] {
                let file = format!("examples/profiles/{profile}.yaml");
                cluster.apply_file(crate::stage::path(&file).as_ref()).unwrap();
            }
        }
        for page in ["README.md", "docs/plan.md"] {
            let text = std::fs::read_to_string(crate::stage::path(page)).unwrap();
            let commands = shown(&text).into_iter();
            for (command, shown) in
                commands.filter(|(command, _)| command.split(' ').next() == Some(subcommand))
            {
                let printed = settled(&run(&command));
                if printed != settled(&shown) {
                    wrong.push(format!("{page}: podsec {command} prints\n{printed}\n"));
                }
                count += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 3, "{count} commands found");
}
