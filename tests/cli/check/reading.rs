//! What is read: no manifest is passed over in silence.

use std::os::unix::fs::symlink;

use serde_json::json;

use super::{CONFORMING, Folder, GOOD, POD, SERVICE, check_stdin, pod, report};
use crate::{stderr, stdout};

#[test]
fn folders_are_read_to_the_bottom_and_every_ending() {
    let folder = Folder::new(&[
        ("b/deep/er/pod.yml", POD),
        ("b/pod.yaml", POD),
        ("a.json", &serde_json::to_string(&pod()).unwrap()),
        ("c.YAML", POD),
        (".hidden/pod.yaml", POD),
        ("README.md", "# nothing"),
        ("script.sh", POD),
    ]);
    let found = folder.report(&["."]);
    assert_eq!(
        found.workloads(),
        [
            "./.hidden/pod.yaml:1 Pod/web violates",
            "./a.json:1 Pod/web violates",
            "./b/deep/er/pod.yml:1 Pod/web violates",
            "./b/pod.yaml:1 Pod/web violates",
            "./c.YAML:1 Pod/web violates",
        ]
    );
    assert_eq!((found.status, found.counts()), (Some(1), [5, 5, 5, 0, 0]));
    assert_eq!(
        folder.report(&["b/deep", "script.sh"]).workloads().len(),
        2,
        "a file is read whatever its name is"
    );
}

#[test]
fn links_are_followed_once() {
    let folder = Folder::new(&[("real/pod.yaml", POD), ("tree/a.yaml", GOOD)]);
    symlink(folder.path("real/pod.yaml"), folder.path("tree/link.yaml")).unwrap();
    symlink(folder.path("real"), folder.path("tree/z")).unwrap();
    symlink(".", folder.path("tree/loop")).unwrap();
    symlink("nowhere", folder.path("tree/no-manifest")).unwrap();
    let found = folder.report(&["tree"]);
    let expected = [
        "tree/a.yaml:1 Pod/good conforms",
        "tree/link.yaml:1 Pod/web violates",
        "tree/z/pod.yaml:1 Pod/web violates",
    ];
    assert_eq!((found.status, found.workloads()), (Some(1), expected.map(String::from).to_vec()));

    symlink("nowhere", folder.path("tree/broken.yaml")).unwrap();
    let found = folder.report(&["tree"]);
    assert_eq!(found.status, Some(2));
    assert_eq!(found.failures(), ["tree/broken.yaml: No such file or directory (os error 2)"]);
}

#[test]
fn standard_input_is_read() {
    let found = report(format!("{GOOD}---\n{POD}"));
    assert_eq!(found.workloads(), ["stdin:1 Pod/good conforms", "stdin:11 Pod/web violates"]);
    let piped = check_stdin(&["-"], POD);
    assert_eq!(piped.status.code(), Some(1));
    assert!(
        stdout(&piped).starts_with("stdin\n  Pod web violates restricted:latest\n"),
        "{}",
        stdout(&piped)
    );
}

#[test]
fn every_kind_with_a_pod_template_is_judged() {
    let template = "{metadata: {}, spec: {containers: [{name: c}]}}";
    let kinds = [
        ("v1", "PodTemplate", format!("template: {template}")),
        ("v1", "ReplicationController", format!("spec: {{template: {template}}}")),
        ("apps/v1", "ReplicaSet", format!("spec: {{template: {template}}}")),
        ("apps/v1", "Deployment", format!("spec: {{template: {template}}}")),
        ("apps/v1", "StatefulSet", format!("spec: {{template: {template}}}")),
        ("apps/v1", "DaemonSet", format!("spec: {{template: {template}}}")),
        ("batch/v1", "Job", format!("spec: {{template: {template}}}")),
        ("batch/v1", "CronJob", format!("spec: {{jobTemplate: {{spec: {{template: {template}}}}}}}")),
        ("extensions/v1beta1", "Deployment", format!("spec: {{template: {template}}}")),
    ];
    for (version, kind, rest) in kinds {
        let found = report(format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: one}}\n{rest}\n"));
        assert_eq!(found.workloads(), [format!("stdin:1 {kind}/one violates")]);
        assert_eq!(found.findings().len(), 4, "{kind}");
    }
}

#[test]
fn annotations_count_where_the_pod_has_them() {
    let annotation = "annotations: {container.apparmor.security.beta.kubernetes.io/c: unconfined}";
    let spec = "spec: {containers: [{name: c}]}";
    let cron = |on_job: &str, on_pod: &str| {
        format!(
            "apiVersion: batch/v1\nkind: CronJob\nmetadata: {{name: one}}\nspec:\n  jobTemplate:\n    metadata: {{{on_job}}}\n    \
             spec:\n      template:\n        metadata: {{{on_pod}}}\n        {spec}\n"
        )
    };
    let baseline = |text: String| {
        super::Report::of(&check_stdin(&["-o", "json", "--enforce", "baseline", "-"], text))
            .workloads()
            .remove(0)
    };
    assert_eq!(baseline(cron("", annotation)), "stdin:1 CronJob/one violates");
    assert_eq!(baseline(cron(annotation, "")), "stdin:1 CronJob/one conforms");
}

#[test]
fn lists_are_unwrapped() {
    let item = pod();
    let list = |kind: &str| json!({"apiVersion": "v1", "items": [item, item], "kind": kind, "metadata": {}});
    for kind in ["List", "PodList"] {
        let found = report(serde_json::to_string_pretty(&list(kind)).unwrap());
        assert_eq!((found.status, found.counts()), (Some(1), [1, 1, 2, 0, 0]), "{kind}");
    }
    let bare = json!({"spec": item["spec"], "metadata": item["metadata"]});
    let typed = format!("{{\"kind\": \"PodList\", \"apiVersion\": \"v1\", \"items\": [{bare}]}}");
    assert_eq!(report(typed).workloads(), ["stdin:1 Pod/web violates"]);
    let yaml = format!("apiVersion: v1\nkind: List\nitems:\n- {}", POD.trim_end().replace('\n', "\n  "));
    assert_eq!(report(yaml).workloads(), ["stdin:4 Pod/web violates"]);
    let empty = report("{apiVersion: v1, kind: List, items: []}");
    assert_eq!(
        (empty.status, empty.counts()),
        (Some(0), [1, 1, 0, 1, 0]),
        "what kubectl prints when there is nothing"
    );
}

#[test]
fn streams_of_json_are_read() {
    let found = report(format!("{}\n{}\n", pod(), pod()));
    assert_eq!(found.workloads(), ["stdin:1 Pod/web violates", "stdin:2 Pod/web violates"]);
}

#[test]
fn what_the_outside_of_a_list_says_may_come_last() {
    let bare = json!({"spec": pod()["spec"], "metadata": pod()["metadata"]});
    for outside in
        ["\"apiVersion\": \"v1\", \"kind\": \"PodList\"", "\"kind\": \"PodList\", \"apiVersion\": \"v1\""]
    {
        let first = format!("{{\"items\": [{bare},\n{bare}], {outside}}}");
        assert_eq!(report(first).workloads(), ["stdin:1 Pod/web violates", "stdin:2 Pod/web violates"]);
    }
    let between =
        format!("{{\"kind\": \"PodList\", \"items\": [{bare}, {}, {bare}], \"apiVersion\": \"v1\"}}", pod());
    assert_eq!(report(between).counts(), [1, 1, 3, 0, 0]);
    let none = report(format!("{{\"items\": [{bare}, {bare}], \"kind\": \"List\", \"apiVersion\": \"v1\"}}"));
    assert_eq!((none.status, none.failures().len()), (Some(2), 1), "{none:?}");
    assert!(none.failures()[0].starts_with("stdin:1:12: the item has no kind"), "{none:?}");
}

#[test]
fn a_list_that_is_the_whole_document_is_judged() {
    for text in [
        format!("[{},\n{}]", pod(), pod()),
        format!("- {}\n- {}", pod(), pod()),
        format!("--- # two\n- {}\n- {}", POD.trim_end().replace('\n', "\n  "), pod()),
    ] {
        let found = report(&text);
        assert_eq!((found.status, found.counts()), (Some(1), [1, 1, 2, 0, 0]), "{text}");
    }
    let mixed = report(format!("- {}\n- 1\n", pod()));
    assert_eq!(mixed.failures(), ["stdin:2:3: the item has no kind"]);
}

#[test]
fn numbers_are_those_that_kubectl_makes_of_them() {
    let port = |value: &str| {
        let texts = [
            format!("{POD}    ports: [{{hostPort: {value}}}]\n"),
            format!(
                "{{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"spec\": {{\"containers\": [{{\"name\": \"c\", \"ports\": [{{\"hostPort\": {value}}}]}}]}}}}"
            ),
        ];
        texts.map(|text| {
            let output = check_stdin(&["-o", "json", "--enforce", "baseline", "-"], text);
            let report = super::Report::of(&output);
            let value = &report.json["results"][0]["findings"][0]["fields"][0]["value"];
            value.as_str().map(ToOwned::to_owned).ok_or_else(|| report.status.unwrap())
        })
    };
    // As sigs.k8s.io/yaml and the decoder of Kubernetes read them: kubectl sends a whole number without a fraction, and
    // reads JSON that is none as YAML.
    for (value, number) in [("80.0", "80"), ("8e1", "80"), ("8.5e1", "85"), ("8E1", "80"), ("017", "15")] {
        assert_eq!(port(value), [Ok(number.to_owned()), Ok(number.to_owned())], "{value}");
    }
    for (value, number) in [("0o17", "15"), ("+80", "80"), ("0x50", "80"), ("8_0", "80"), ("80.", "80")] {
        assert_eq!(port(value)[0], Ok(number.to_owned()), "{value}");
    }
    for nothing in ["0", "0.0", "-0", "-0.0"] {
        assert_eq!(port(nothing), [Err(0), Err(0)], "{nothing}");
    }
    for wrong in ["80.5", "4e9", "99999999999", "1e400", "\"80\""] {
        assert_eq!(port(wrong), [Err(2), Err(2)], "{wrong}");
    }
}

#[test]
fn half_a_surrogate_pair_is_what_it_is_to_go() {
    let pod = |name: &str| {
        format!(
            "{{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {{\"name\": \"{name}\"}}, \"spec\": {{\"containers\": [{CONFORMING}]}}}}"
        )
    };
    for (escaped, name) in
        [("\\ud800x", "\u{fffd}x"), ("\\udc00\\uD83D\\uDE00", "\u{fffd}😀"), ("\\\\ud800", "\\ud800")]
    {
        assert_eq!(report(pod(escaped)).workloads(), [format!("stdin:1 Pod/{name} conforms")]);
    }
    // To kubectl these are no YAML.
    let yaml = report(POD.replace("name: web}", "name: \"\\ud800\"}"));
    assert_eq!(yaml.status, Some(2));
    assert!(yaml.failures()[0].starts_with("stdin:3:"), "{yaml:?}");
}

#[test]
fn surrogate_pairs_are_json() {
    let text = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "annotations": {"a": "\ud83d\ude00"}},
        "spec": {"containers": [{"name": "web", "image": "\u0061"}]}}"#;
    assert_eq!(report(text).workloads(), ["stdin:1 Pod/web violates"]);
}

#[test]
fn the_same_object_may_stand_in_two_files() {
    let folder = Folder::new(&[("a/pod.yaml", POD), ("b/pod.yaml", POD)]);
    assert_eq!(folder.report(&["."]).counts(), [2, 2, 2, 0, 0]);
}

#[test]
fn other_documents_are_skipped_and_counted() {
    let values = "replicas: 3\nimage: {tag: v1}\n";
    let patch = "- op: replace\n  path: /spec\n";
    let found = report(format!("{SERVICE}---\n{values}---\n{patch}---\n# nothing\n---\n{GOOD}"));
    assert_eq!((found.status, found.counts()), (Some(0), [1, 4, 1, 3, 0]));
    let wide = check_stdin(&["-o", "wide", "-"], format!("{SERVICE}---\n{values}---\n{patch}---\n{GOOD}"));
    for told in [
        "skipped, line 1: Service web, which has no pod template\n",
        "skipped, line 5: no Kubernetes object\n",
        "skipped, line 8: no Kubernetes object\n",
        " 3 skipped (2 no object, 1 Service), 0 failed\n",
    ] {
        assert!(stdout(&wide).contains(told), "{}", stdout(&wide));
    }
    // What other tools put a version on is none of Kubernetes' objects.
    for other in ["apiVersion: v2\nname: chart\nversion: 1.0.0\n", "apiVersion: 1\ndatasources: []\n"] {
        assert_eq!(report(format!("{GOOD}---\n{other}")).counts(), [1, 2, 1, 1, 0], "{other}");
    }
}

#[test]
fn what_is_meant_to_be_a_workload_is_not_skipped() {
    let pod = |head: &str| format!("{head}metadata: {{name: web}}\nspec: {{containers: [{{name: c}}]}}\n");
    for (head, told) in [
        ("apiVersion: v1\nkind: pod\n", "12:7 pod web: \"v1\" has no kind \"pod\"; is Pod of v1 meant?"),
        (
            "apiVersion: v1\nkind: Deployment\n",
            "12:7 Deployment web: \"v1\" has no kind Deployment; it is of apps/v1",
        ),
        ("apiVersion: apps/v1\nkind: Pod\n", "12:7 Pod web: \"apps/v1\" has no kind Pod; it is of v1"),
        ("apiVersion: v1\n", "11:1: has an apiVersion and no kind: every object needs both"),
        ("kind: Pod\n", "11:1 Pod web: apiVersion is missing"),
        ("", "11:1: looks like a workload, and has neither apiVersion nor kind"),
    ] {
        let found = report(format!("{GOOD}---\n{}", pod(head)));
        assert_eq!(found.status, Some(2), "{head}");
        let failures = found.failures();
        assert!(failures.len() == 1 && failures[0].starts_with(&format!("stdin:{told}")), "{failures:?}");
    }
    let list = report("items: [{kind: Service, apiVersion: v1}]\napiVersion: v1\n");
    assert_eq!(list.failures(), ["stdin:2:1: has an apiVersion and no kind: every object needs both"]);
}

#[test]
fn marks_line_ends_and_directives_do_not_matter() {
    for text in [
        format!("\u{feff}{POD}"),
        POD.replace('\n', "\r\n"),
        format!("%YAML 1.1\n---\n{POD}"),
        format!("# comment\n---\n{POD}...\n"),
        format!("--- # first\n{POD}"),
    ] {
        let found = report(&text);
        assert_eq!((found.status, found.counts()), (Some(1), [1, 1, 1, 0, 0]), "{text:?}");
    }
}

#[test]
fn scalars_mean_what_they_mean_to_kubectl() {
    let privileged = |value: &str| {
        let text = format!("{POD}    securityContext: {{privileged: {value}}}\n");
        super::Report::of(&check_stdin(&["-o", "json", "--enforce", "baseline", "-"], text)).status
    };
    for (value, status) in
        [("yes", 1), ("on", 1), ("True", 1), ("no", 0), ("null", 0), ("\"true\"", 2), ("1", 2)]
    {
        assert_eq!(privileged(value), Some(status), "{value}");
    }
}

#[test]
fn custom_resources_are_judged_where_they_are_told_to_have_templates() {
    let rollout = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: r}\nspec:\n  template:\n    spec: {containers: [{name: c}]}\n";
    assert_eq!(report(rollout).counts(), [1, 1, 0, 1, 0]);
    let told =
        |path: &str| super::Report::of(&check_stdin(&["-o", "json", "--template-path", path, "-"], rollout));
    assert_eq!(told("Rollout=spec.template").workloads(), ["stdin:1 Rollout/r violates"]);
    assert_eq!(told("Rollout.argoproj.io=spec.template").counts(), [1, 1, 1, 0, 0]);
    let suggested = check_stdin(&["-"], rollout);
    assert_eq!(
        stderr(&suggested),
        "podsec: 1 object looks like a workload and was skipped; --template-path Rollout.argoproj.io=spec.template would \
         have it judged\n"
    );
    let unused = check_stdin(&["--template-path", "Rolout=spec.template", "-"], POD);
    assert_eq!(unused.status.code(), Some(1));
    assert_eq!(
        stderr(&unused),
        "podsec: --template-path Rolout=spec.template: nothing of this kind was found\n"
    );
    let missing = told("Rollout=spec.pod");
    assert_eq!(missing.status, Some(2));
    assert!(missing.failures()[0].starts_with("stdin:5:3 Rollout r: spec.pod is missing"), "{missing:?}");
    let tasks = format!(
        "apiVersion: batch.volcano.sh/v1\nkind: Job\nmetadata: {{name: j}}\nspec:\n  tasks:\n  - template: {{spec: {{containers: [{{name: a}}]}}}}\n  - template: {{spec: {{containers: [{CONFORMING}]}}}}\n"
    );
    let path = ["-o", "json", "--template-path", "Job.batch.volcano.sh=spec.tasks[*].template", "-"];
    let found = super::Report::of(&check_stdin(&path, tasks));
    assert_eq!(found.workloads(), ["stdin:1 Job/j violates", "stdin:1 Job/j conforms"]);
    assert_eq!(found.json["results"][1]["template"], "spec.tasks[1].template");
}

/// A pod that satisfies baseline but for what `kubectl` alone would see in it.
#[test]
fn what_kubectl_reads_otherwise_than_yaml_1_2_is_not_passed() {
    let pod = |spec: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, x: &h {{hostNetwork: true}}}}\nspec:{spec}\n"
        )
    };
    let merged = pod("\n  !!merge <<: *h\n  containers: [{name: c}]");
    let output = check_stdin(&["-", "--enforce", "baseline"], &merged);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    for text in [
        pod("\n  # x\u{2028}  hostNetwork: true\n  containers: [{name: c}]"),
        pod("\n  # x\u{85}  hostNetwork: true\n  containers: [{name: c}]"),
        pod(" {?hostNetwork: true, containers: [{name: c}]}"),
    ] {
        let output = check_stdin(&["-", "--enforce", "baseline"], &text);
        assert_eq!(output.status.code(), Some(2), "{text:?}: {}", stdout(&output));
    }
}

#[test]
fn items_hide_no_workload() {
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"},
        "items": [{"apiVersion": "v1", "kind": "ConfigMap"}],
        "spec": {"template": {"spec": {"hostNetwork": true, "containers": [{"name": "c"}]}}}});
    let list = json!({"apiVersion": "v1", "kind": "List", "items": {"a": pod()}});
    for object in [deployment, list] {
        let output = check_stdin(&["-"], object.to_string());
        assert_eq!(output.status.code(), Some(2), "{}", stdout(&output));
    }
}

#[test]
fn no_runtime_class_is_no_exempt_one() {
    for classes in ["", "gvisor,"] {
        let output = check_stdin(&["-", "--exempt-runtime-class", classes], POD);
        assert_eq!(output.status.code(), Some(2), "{classes:?}: {}", stdout(&output));
    }
}
