//! What is large is read and told in proportion.

use super::{CONFORMING, FORMATS, check_stdin, pod, report};
use crate::stdout;

#[test]
fn a_large_list_is_read_without_holding_it() {
    let items: Vec<_> = (0..2000).map(|_| pod().to_string()).collect();
    let found =
        report(format!("{{\"items\": [{}], \"kind\": \"List\", \"apiVersion\": \"v1\"}}", items.join(",\n")));
    assert_eq!(found.counts(), [1, 1, 2000, 0, 0]);
    assert!(found.workloads()[1999].starts_with("stdin:2000 "));
}

#[test]
fn a_workload_with_very_many_findings_makes_no_long_report() {
    let pod = |containers| {
        let containers = "  - name: c\n".repeat(containers);
        format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: many}}\nspec:\n  containers:\n{containers}")
    };
    let found = report(pod(20_000));
    assert_eq!(found.workloads(), ["stdin:1 Pod/many violates"]);
    assert_eq!(found.findings().len(), 500);
    assert_eq!(found.json["results"][0]["moreFindings"], 4 * 20_000 - 500);
    // What is said of all of them together is said once.
    let size = found.json.to_string().len();
    assert!(size < 5_000_000, "{size}");
    for finding in found.json["results"][0]["findings"].as_array().unwrap() {
        assert!(finding["detail"].as_str().unwrap().ends_with('…'), "{finding}");
    }
    for format in FORMATS {
        let output = check_stdin(&["-o", format, "-"], pod(400));
        assert!(stdout(&output).contains("1100"), "{format} does not say that there are more");
    }
}

#[test]
fn a_finding_with_very_many_fields_makes_no_long_report() {
    let pod = |annotations| {
        let key = "container.apparmor.security.beta.kubernetes.io";
        // Downwards, which is against the order that they are kept in.
        let annotations = (0..annotations).rev().map(|index| format!("    {key}/c{index}: unconfined\n"));
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: many\n  annotations:\n{}spec: {{containers: [{CONFORMING}]}}\n",
            annotations.collect::<Vec<_>>().concat()
        )
    };
    let many = pod(20_000);
    let merged = many.replace("  annotations:\n", "  annotations:\n    <<: {a: b}\n");
    for text in [many, merged] {
        let found = report(&text);
        assert_eq!(found.workloads(), ["stdin:1 Pod/many violates"]);
        let finding = &found.json["results"][0]["findings"][0];
        assert_eq!(
            (finding["fields"].as_array().unwrap().len(), &finding["moreFields"]),
            (100, &19_900.into())
        );
    }
    for format in FORMATS {
        let output = check_stdin(&["-o", format, "-"], pod(1234));
        assert!(stdout(&output).contains("1134"), "{format} does not say that there are more");
    }
}

#[test]
fn many_keys_are_merged_once() {
    let keys: Vec<_> = (0..40_000).map(|index| format!("k{index}: v")).collect();
    let text = format!(
        "apiVersion: v1\nkind: Pod\nx: &x {{{}}}\nmetadata: {{name: web}}\nspec:\n  <<: *x\n  containers:\n{}",
        keys.join(", "),
        "  - {<<: *x, name: c, securityContext: {}}\n".repeat(2)
    );
    assert_eq!(report(text).findings().len(), 4 * 2);
}
