//! Verdicts, upstream's texts, and what upstream does not say: which fields to change, and how.

use super::*;

fn lv(text: &str) -> LevelVersion {
    text.parse().unwrap()
}

fn pod(yaml: &str) -> Pod<'_> {
    serde_saphyr::from_str(yaml).unwrap()
}

/// Each finding as `check container: path = value -> remedy; …`.
fn told(policy: &str, yaml: &str) -> Vec<String> {
    let pod = pod(yaml);
    let evaluation = evaluate(lv(policy), &pod);
    let told = evaluation.findings().map(|finding| {
        let fields = finding.offences().iter().map(|offence| {
            let found = offence.value().map(|value| format!(" = {value}")).unwrap_or_default();
            let on_pod = offence.path_on_pod().map(|path| format!(" or {path}")).unwrap_or_default();
            format!("{}{on_pod}{found} -> {}", offence.path(), offence.remedy())
        });
        let fields: Vec<_> = fields.collect();
        let container = finding.container().unwrap_or("-");
        format!("{} {container}: {}", finding.violation().check().id, fields.join("; "))
    });
    told.collect()
}

#[test]
fn a_message_is_upstreams() {
    let yaml =
        "spec: {hostNetwork: true, containers: [{name: a, securityContext: {privileged: true}}, {name: b}]}";
    let pod = pod(yaml);
    let details = concat!(
        r#"host namespaces (hostNetwork=true), privileged (container "a" must not set "#,
        r#"securityContext.privileged=true), allowPrivilegeEscalation != false (containers "a", "b" must set "#,
        r#"securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (containers "a", "b" must set "#,
        r#"securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or containers "a", "b" must set "#,
        r#"securityContext.runAsNonRoot=true), seccompProfile (pod or containers "a", "b" must set "#,
        r#"securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")"#,
    );
    let evaluation = evaluate(lv("restricted:v1.9999"), &pod);
    assert_eq!(evaluation.message(), Some(format!("violates PodSecurity \"restricted:v1.9999\": {details}")));
    assert_eq!(
        evaluation.warning(),
        Some(format!("would violate PodSecurity \"restricted:v1.9999\": {details}"))
    );
    assert_eq!(evaluate(lv("baseline:latest"), &pod).reasons(), "host namespaces, privileged");
    assert_eq!(evaluate(lv("privileged:latest"), &pod).message(), None);
}

#[test]
fn a_detail_may_be_empty() {
    let pod = pod("spec: {securityContext: {sysctls: [{name: \"\"}]}}");
    assert_eq!(evaluate(lv("baseline:latest"), &pod).details(), "forbidden sysctls");
}

#[test]
fn findings_name_the_container_the_field_and_the_remedy() {
    let yaml = "
        spec:
          hostPID: true
          initContainers: [{name: i, ports: [{hostPort: 0}, {hostPort: 80}]}]
          containers:
          - name: c
            securityContext: {runAsUser: 0, capabilities: {add: [CHOWN, NET_BIND_SERVICE, SYS_TIME], drop: [ALL]}}
          - {name: c, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}
          volumes: [{name: ok, emptyDir: {}}, {name: node, hostPath: {}}]
          securityContext: {runAsNonRoot: false, seccompProfile: {type: Localhost}}";
    let capabilities = "spec.containers[0].securityContext.capabilities.add";
    let sources = "use emptyDir, persistentVolumeClaim, configMap, csi, downwardAPI, ephemeral, image, projected or secret";
    assert_eq!(
        told("restricted:latest", yaml),
        [
            "hostNamespaces -: spec.hostPID = true -> set to false".to_owned(),
            "hostPorts i: spec.initContainers[0].ports[1].hostPort = 80 -> remove".to_owned(),
            "allowPrivilegeEscalation i: spec.initContainers[0].securityContext.allowPrivilegeEscalation -> set to false"
                .to_owned(),
            "allowPrivilegeEscalation c: spec.containers[0].securityContext.allowPrivilegeEscalation -> set to false"
                .to_owned(),
            "capabilities_restricted i: spec.initContainers[0].securityContext.capabilities.drop -> set to [\"ALL\"]"
                .to_owned(),
            format!(
                "capabilities_restricted c: {capabilities}[0] = CHOWN -> remove; {capabilities}[2] = SYS_TIME -> remove"
            ),
            format!("restrictedVolumes -: spec.volumes[1].hostPath = hostPath -> {sources}"),
            "runAsNonRoot -: spec.securityContext.runAsNonRoot = false -> set to true".to_owned(),
            "runAsUser c: spec.containers[0].securityContext.runAsUser = 0 -> set to a number other than 0, or remove"
                .to_owned(),
        ]
    );
}

#[test]
fn what_the_pod_could_set_for_all_is_told_of_each_container() {
    let told = told("restricted:v1.7", "spec: {containers: [{name: a}, {name: b}]}");
    let expected = ["a", "b"].iter().enumerate().map(|(index, name)| {
        format!(
            "runAsNonRoot {name}: spec.containers[{index}].securityContext.runAsNonRoot \
             or spec.securityContext.runAsNonRoot -> set to true"
        )
    });
    assert_eq!(told, expected.collect::<Vec<_>>());
}

#[test]
fn a_volume_that_nobody_knows_decides_nothing() {
    let verdict = |policy, yaml| evaluate(lv(policy), &pod(yaml)).verdict();
    let unknown = "spec: {volumes: [{name: v, marsDisk: {}}]}";
    assert_eq!(verdict("restricted:latest", unknown), Verdict::Inconclusive);
    assert_eq!(verdict("baseline:latest", unknown), Verdict::Conforms);
    let known_as_well = "spec: {volumes: [{name: v, marsDisk: {}, emptyDir: {}}]}";
    assert_eq!(verdict("restricted:latest", known_as_well), Verdict::Conforms);
    let other = "spec: {hostPID: true, volumes: [{name: v, marsDisk: {}}]}";
    assert_eq!(verdict("restricted:latest", other), Verdict::Violates);
    let volumes = "spec: {volumes: [{name: v, marsDisk: {}}, {name: w, nfs: {}}]}";
    assert_eq!(verdict("restricted:latest", volumes), Verdict::Violates);
}

#[test]
fn a_server_has_no_rules_newer_than_itself() {
    let pod = pod("spec: {containers: [{name: a, livenessProbe: {httpGet: {host: h}}}]}");
    let allows = |server: u32, policy| Evaluator::for_server(server).evaluate(lv(policy), &pod).is_allowed();
    assert!(allows(33, "baseline:latest") && allows(33, "baseline:v1.34"));
    assert!(!allows(34, "baseline:latest") && !allows(99, "baseline:v1.34"));
    assert!(allows(99, "baseline:v1.33"));
    assert_eq!(Evaluator::for_server(99).minor(Version::Latest), NEWEST_MINOR);
}
