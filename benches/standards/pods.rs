//! Pods as an API server writes them, in size and in content, and always the same.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

/// What a pod is measured as.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    /// One line of JSON, its fields in the order in which Go writes them.
    pub(crate) json: String,
}

/// How many containers, and how many variables in each.
struct Size {
    containers: usize,
    variables: usize,
}

/// A pod's security settings, and those of its containers.
struct Conduct {
    pod: &'static str,
    host_network: bool,
    container: &'static str,
}

/// About 11.5 kB, which is what pods in a busy cluster are: an application and a sidecar.
const LARGE: Size = Size { containers: 2, variables: 2 };

/// One container that asks for little, and does not run yet.
const SMALL: Size = Size { containers: 1, variables: 0 };

const CONFORMING: Conduct = Conduct {
    pod: r#"{"runAsUser":10001,"runAsGroup":10001,"runAsNonRoot":true,"fsGroup":2000,"seccompProfile":{"type":"RuntimeDefault"}}"#,
    host_network: false,
    container: r#""securityContext":{"capabilities":{"drop":["ALL"]},"readOnlyRootFilesystem":true,"allowPrivilegeEscalation":false}"#,
};

const VIOLATING: Conduct = Conduct {
    pod: r#"{"runAsUser":0}"#,
    host_network: true,
    container: r#""securityContext":{"capabilities":{"add":["NET_ADMIN"]},"privileged":true}"#,
};

/// All pods: two sizes, each once as restricted has it, and once as not even baseline has it.
pub(crate) fn all() -> [Sample; 4] {
    [
        Sample { name: "small, conforming", json: pod(&SMALL, &CONFORMING) },
        Sample { name: "small, violating", json: pod(&SMALL, &VIOLATING) },
        Sample { name: "large, conforming", json: pod(&LARGE, &CONFORMING) },
        Sample { name: "large, violating", json: pod(&LARGE, &VIOLATING) },
    ]
}

const NAME: &str = "orders-api-6d8f7b9c5d-x2m4k";
const TIME: &str = "2026-03-14T09:26:53Z";

fn pod(size: &Size, conduct: &Conduct) -> String {
    let spec = spec(size, conduct);
    let status = status(size);
    let metadata = format!(
        r#""name":"{NAME}","generateName":"orders-api-6d8f7b9c5d-","namespace":"orders","uid":"0b5f8c1e-3c52-4f0e-9d0a-7b7f5f1f2a6c","resourceVersion":"18446744","generation":1,"creationTimestamp":"{TIME}","labels":{{"app.kubernetes.io/instance":"production","app.kubernetes.io/managed-by":"Helm","app.kubernetes.io/name":"orders-api","app.kubernetes.io/part-of":"shop","pod-template-hash":"6d8f7b9c5d"}},"annotations":{{"checksum/config":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08","prometheus.io/port":"9090","prometheus.io/scrape":"true"}},"ownerReferences":[{{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"orders-api-6d8f7b9c5d","uid":"5d1f3c0a-9a5e-4a57-8a3b-2f6f2e8d9c10","controller":true,"blockOwnerDeletion":true}}]"#
    );
    let controller = json!({
        "f:metadata": fields(&parsed(&format!(
            r#"{{"generateName":"","labels":{},"annotations":{},"ownerReferences":[{{"uid":"5d1f3c0a-9a5e-4a57-8a3b-2f6f2e8d9c10"}}]}}"#,
            parsed(&format!("{{{metadata}}}"))["labels"],
            parsed(&format!("{{{metadata}}}"))["annotations"],
        ))),
        "f:spec": fields(&parsed(&spec)),
    });
    let kubelet = json!({ "f:status": fields(&parsed(&status)) });
    format!(
        r#"{{"kind":"Pod","apiVersion":"v1","metadata":{{{metadata},"managedFields":[{{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","time":"{TIME}","fieldsType":"FieldsV1","fieldsV1":{controller}}},{{"manager":"kubelet","operation":"Update","apiVersion":"v1","time":"{TIME}","fieldsType":"FieldsV1","fieldsV1":{kubelet},"subresource":"status"}}]}},"spec":{spec},"status":{status}}}"#
    )
}

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_default()
}

/// Lists that are owned entry by entry, with the fields that tell their entries apart. All others are owned as one.
const KEYED: [(&str, &[&str]); 8] = [
    ("conditions", &["type"]),
    ("containers", &["name"]),
    ("env", &["name"]),
    ("ownerReferences", &["uid"]),
    ("podIPs", &["ip"]),
    ("ports", &["containerPort", "protocol"]),
    ("volumeMounts", &["mountPath"]),
    ("volumes", &["name"]),
];

/// The fields of an object that a manager owns, as `fieldsV1` writes them.
fn fields(value: &Value) -> Map<String, Value> {
    let named = |(name, value): (&String, &Value)| (format!("f:{name}"), Value::Object(field(name, value)));
    value.as_object().map(|object| object.iter().map(named).collect()).unwrap_or_default()
}

/// What is owned of one field.
fn field(name: &str, value: &Value) -> Map<String, Value> {
    let mut owned = match value {
        Value::Array(entries) => {
            let keys = KEYED.into_iter().find(|(list, _)| *list == name).map_or(&[][..], |(_, keys)| keys);
            let keyed = |entry: &Value| {
                let key: Map<_, _> = keys.iter().map(|key| ((*key).to_owned(), entry[key].clone())).collect();
                (format!("k:{}", Value::Object(key)), Value::Object(field(name, entry)))
            };
            entries.iter().filter(|_| !keys.is_empty()).map(keyed).collect()
        }
        other => fields(other),
    };
    if !owned.is_empty() {
        owned.insert(".".to_owned(), json!({}));
    }
    owned
}

fn spec(size: &Size, conduct: &Conduct) -> String {
    let mut text = String::from(r#"{"volumes":["#);
    if size.variables > 0 {
        text.push_str(
            r#"{"name":"config","configMap":{"name":"orders-api-config","defaultMode":420}},{"name":"tmp","emptyDir":{}},"#,
        );
    }
    text.push_str(
        r#"{"name":"kube-api-access-7k9xq","projected":{"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},{"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}},{"downwardAPI":{"items":[{"path":"namespace","fieldRef":{"apiVersion":"v1","fieldPath":"metadata.namespace"}}]}}],"defaultMode":420}}]"#,
    );
    let containers: Vec<_> = (0..size.containers).map(|index| container(index, size, conduct)).collect();
    _ = write!(text, r#","containers":[{}]"#, containers.join(","));
    text.push_str(
        r#","restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"orders-api","serviceAccount":"orders-api","nodeName":"node-17.example","#,
    );
    if conduct.host_network {
        text.push_str(r#""hostNetwork":true,"#);
    }
    _ = write!(text, r#""securityContext":{}"#, conduct.pod);
    text.push_str(
        r#","schedulerName":"default-scheduler","tolerations":[{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300},{"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}],"priority":0,"enableServiceLinks":true,"preemptionPolicy":"PreemptLowerPriority"}"#,
    );
    text
}

const CONTAINERS: [&str; 2] = ["orders-api", "log-shipper"];

fn container(index: usize, size: &Size, conduct: &Conduct) -> String {
    let name = CONTAINERS[index % 2];
    let mut text = format!(r#"{{"name":"{name}","image":"registry.example/shop/{name}:1.42.0","#);
    if size.variables > 0 {
        text.push_str(r#""args":["--config=/etc/app/config.yaml","--log-level=info","--listen=:8080"],"#);
    }
    text.push_str(r#""ports":[{"name":"http","containerPort":8080,"protocol":"TCP"},{"name":"metrics","containerPort":9090,"protocol":"TCP"}],"#);
    let variables: Vec<_> = (2..2 + size.variables).map(variable).collect();
    if !variables.is_empty() {
        _ = write!(text, r#""env":[{}],"#, variables.join(","));
    }
    text.push_str(
        r#""resources":{"limits":{"memory":"512Mi"},"requests":{"cpu":"250m","memory":"256Mi"}},"volumeMounts":["#,
    );
    if size.variables > 0 {
        text.push_str(
            r#"{"name":"config","readOnly":true,"mountPath":"/etc/app"},{"name":"tmp","mountPath":"/tmp"},"#,
        );
    }
    text.push_str(r#"{"name":"kube-api-access-7k9xq","readOnly":true,"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}],"#);
    if size.variables > 0 {
        for (probe, path) in [("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")] {
            _ = write!(
                text,
                r#""{probe}":{{"httpGet":{{"path":"{path}","port":"http","scheme":"HTTP"}},"timeoutSeconds":3,"periodSeconds":10,"successThreshold":1,"failureThreshold":3}},"#
            );
        }
    }
    _ = write!(
        text,
        r#""terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"IfNotPresent",{}}}"#,
        conduct.container
    );
    text
}

fn variable(index: usize) -> String {
    match index % 4 {
        0 => format!(
            r#"{{"name":"POD_IP_{index}","valueFrom":{{"fieldRef":{{"apiVersion":"v1","fieldPath":"status.podIP"}}}}}}"#
        ),
        1 => format!(
            r#"{{"name":"DATABASE_PASSWORD_{index}","valueFrom":{{"secretKeyRef":{{"name":"orders-credentials","key":"password"}}}}}}"#
        ),
        2 => format!(
            r#"{{"name":"JAVA_OPTS_{index}","value":"-Xmx384m -Dapp.greeting=\"hello\" -Dfile.encoding=UTF-8"}}"#
        ),
        _ => format!(
            r#"{{"name":"CATALOG_URL_{index}","value":"https://catalog.shop.svc.cluster.local:8443/v1"}}"#
        ),
    }
}

fn status(size: &Size) -> String {
    if size.variables == 0 {
        return r#"{"phase":"Pending","qosClass":"Burstable"}"#.to_owned();
    }
    let conditions: Vec<_> =
        ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"]
            .iter()
            .map(|kind| {
                format!(r#"{{"type":"{kind}","observedGeneration":1,"status":"True","lastProbeTime":null,"lastTransitionTime":"{TIME}"}}"#)
            })
            .collect();
    let mut text = format!(
        r#"{{"observedGeneration":1,"phase":"Running","conditions":[{}],"hostIP":"10.0.17.4","hostIPs":[{{"ip":"10.0.17.4"}}],"podIP":"10.244.17.93","podIPs":[{{"ip":"10.244.17.93"}}],"startTime":"{TIME}""#,
        conditions.join(",")
    );
    let each: Vec<_> = CONTAINERS.into_iter().take(size.containers).map(container_status).collect();
    _ = write!(text, r#","containerStatuses":[{}]"#, each.join(","));
    text.push_str(r#","qosClass":"Burstable"}"#);
    text
}

fn container_status(name: &str) -> String {
    const DIGEST: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    format!(
        r#"{{"name":"{name}","state":{{"running":{{"startedAt":"{TIME}"}}}},"lastState":{{}},"ready":true,"restartCount":0,"image":"registry.example/shop/{name}:1.42.0","imageID":"registry.example/shop/{name}@sha256:{DIGEST}","containerID":"containerd://{DIGEST}","started":true,"allocatedResources":{{"cpu":"250m","memory":"256Mi"}},"resources":{{"limits":{{"memory":"512Mi"}},"requests":{{"cpu":"250m","memory":"256Mi"}}}}}}"#
    )
}
