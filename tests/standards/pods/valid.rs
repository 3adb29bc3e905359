//! Pods that the API server's validation lets through, nearly all of them, so that Pod Security judges them.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::json::{Json, number_of, whole};

const APPARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

/// A pod without a name.
pub(crate) fn pod() -> impl Strategy<Value = Value> + use<> {
    prop_oneof![9 => linux(), 1 => windows()]
}

fn of(values: Vec<Value>) -> Json {
    prop::sample::select(values).boxed()
}

/// Containers with names and images, and ports that no two of them share.
fn containers(
    prefix: &'static str,
    container: &Json,
    most: usize,
    least: usize,
) -> BoxedStrategy<Vec<Value>> {
    prop::collection::vec(container.clone(), least..=most)
        .prop_map(move |mut containers| {
            for (index, container) in containers.iter_mut().enumerate() {
                container["name"] = json!(format!("{prefix}{index}"));
                container["image"] = json!("example.com/image:1");
            }
            containers
        })
        .boxed()
}

fn linux() -> Json {
    let container = whole(vec![
        ("ports", 2, ports()),
        ("securityContext", 40, container_context()),
        ("livenessProbe", 2, handler()),
        ("lifecycle", 2, whole(vec![("postStart", 10, handler()), ("preStop", 10, handler())])),
    ]);
    let spec = whole(vec![
        ("hostNetwork", 2, of(vec![json!(true), json!(false)])),
        ("hostPID", 2, of(vec![json!(true), json!(false)])),
        ("hostIPC", 1, of(vec![json!(true), json!(false)])),
        ("hostUsers", 2, of(vec![json!(true), json!(false)])),
        ("os", 2, of(vec![json!({"name": "linux"})])),
        ("securityContext", 40, pod_context()),
    ]);
    let annotated = prop_oneof![
        8 => Just(None),
        1 => Just(Some("unconfined")),
        1 => Just(Some("runtime/default")),
        1 => Just(Some("localhost/profile")),
    ];
    let parts = (
        spec,
        containers("init-", &container, 1, 0),
        containers("main-", &container, 2, 1),
        prop::collection::vec(volume(), 0..3),
        annotated,
    );
    parts
        .prop_map(|(mut spec, init, main, volumes, annotation)| {
            spec["initContainers"] = init.into();
            spec["containers"] = main.into();
            spec["volumes"] = volumes
                .into_iter()
                .enumerate()
                .map(|(index, mut volume)| {
                    volume["name"] = json!(format!("volume-{index}"));
                    volume
                })
                .collect();
            // An annotation and a field must say the same.
            let annotation =
                annotation.filter(|_| spec["containers"][0]["securityContext"]["appArmorProfile"].is_null());
            let annotations: Map<String, Value> =
                annotation.map(|value| (format!("{APPARMOR}main-0"), value.into())).into_iter().collect();
            json!({"metadata": {"annotations": annotations}, "spec": agreeing(spec)})
        })
        .boxed()
}

/// Settles what the API server's validation does not let stand side by side.
fn agreeing(mut spec: Value) -> Value {
    if spec["hostUsers"] == false {
        for field in ["hostNetwork", "hostPID", "hostIPC"] {
            spec[field] = json!(false);
        }
    }
    let host_network = spec["hostNetwork"] == true;
    let unmasked_is_allowed = spec["hostUsers"] == false;
    let mut port = 8000;
    for list in ["initContainers", "containers"] {
        for container in spec[list].as_array_mut().into_iter().flatten() {
            let is_asked = ["livenessProbe", "lifecycle"].iter().any(|field| container.get(field).is_some());
            if list == "initContainers" && is_asked {
                container["restartPolicy"] = json!("Always");
            }
            for entry in container["ports"].as_array_mut().into_iter().flatten() {
                port += 1;
                entry["containerPort"] = json!(port);
                if host_network || entry["hostPort"] != 0 {
                    entry["hostPort"] = if host_network && port % 2 == 0 { json!(0) } else { json!(port) };
                }
            }
            if container["ports"].is_null() {
                container.as_object_mut().unwrap().remove("ports");
            }
            let Some(context) = container.get_mut("securityContext").and_then(Value::as_object_mut) else {
                continue;
            };
            if context.get("privileged") == Some(&json!(true)) {
                context.remove("allowPrivilegeEscalation");
            }
            if context.get("procMount") == Some(&json!("Unmasked")) && !unmasked_is_allowed {
                context.remove("procMount");
            }
        }
    }
    spec
}

fn windows() -> Json {
    let context = whole(vec![
        ("runAsNonRoot", 20, of(vec![json!(true), json!(false)])),
        ("windowsOptions", 5, of(vec![json!({"hostProcess": false}), json!({"runAsUserName": "user"})])),
    ]);
    let container = whole(vec![("securityContext", 5, context.clone())]);
    (whole(vec![("securityContext", 20, context)]), containers("main-", &container, 2, 1))
        .prop_map(|(mut spec, containers)| {
            spec["os"] = json!({"name": "windows"});
            spec["containers"] = containers.into();
            json!({"metadata": {}, "spec": spec})
        })
        .boxed()
}

fn ports() -> Json {
    let port = whole(vec![("hostPort", 8, number_of(&[0, 1]))]);
    prop::collection::vec(port, 0..3).prop_map(Value::Array).boxed()
}

fn handler() -> Json {
    of(vec![
        json!({"httpGet": {"path": "/", "port": 80}}),
        json!({"httpGet": {"path": "/", "port": 80, "host": "example.com"}}),
        json!({"tcpSocket": {"port": 80}}),
        json!({"tcpSocket": {"port": 80, "host": "127.0.0.1"}}),
        json!({"exec": {"command": ["true"]}}),
    ])
}

fn profile() -> Json {
    prop_oneof![
        6 => Just(json!({"type": "RuntimeDefault"})),
        1 => Just(json!({"type": "Localhost", "localhostProfile": "profile.json"})),
        1 => Just(json!({"type": "Unconfined"})),
    ]
    .boxed()
}

fn se_linux() -> Json {
    of(vec![
        json!({"type": "container_t", "level": "s0"}),
        json!({"type": "container_engine_t"}),
        json!({"type": "spc_t"}),
        json!({"user": "system_u", "role": "system_r"}),
    ])
}

fn mostly(value: bool) -> Json {
    prop_oneof![8 => Just(json!(value)), 1 => Just(json!(!value))].boxed()
}

fn pod_context() -> Json {
    whole(vec![
        ("appArmorProfile", 1, profile()),
        ("seccompProfile", 60, profile()),
        ("seLinuxOptions", 2, se_linux()),
        ("runAsNonRoot", 60, mostly(true)),
        ("runAsUser", 2, number_of(&[1000, 0])),
        ("sysctls", 2, sysctls()),
    ])
}

fn sysctls() -> Json {
    let names = [
        "kernel.shm_rmid_forced",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_notsent_lowat",
        "net.core.somaxconn",
        "kernel.msgmax",
    ];
    prop::sample::subsequence(names.to_vec(), 0..3)
        .prop_map(|names| names.into_iter().map(|name| json!({"name": name, "value": "1"})).collect())
        .boxed()
}

fn container_context() -> Json {
    let capabilities = whole(vec![
        (
            "add",
            2,
            of(vec![
                json!(["NET_BIND_SERVICE"]),
                json!(["CHOWN"]),
                json!(["NET_RAW", "SYS_TIME", "CHOWN"]),
                json!([]),
            ]),
        ),
        ("drop", 100, of(vec![json!(["ALL"]), json!(["ALL"]), json!(["ALL"]), json!(["NET_RAW"])])),
    ]);
    whole(vec![
        ("allowPrivilegeEscalation", 100, mostly(false)),
        ("appArmorProfile", 1, profile()),
        ("capabilities", 100, capabilities),
        ("privileged", 2, mostly(false)),
        ("procMount", 2, of(vec![json!("Default"), json!("Unmasked")])),
        ("runAsNonRoot", 2, mostly(true)),
        ("runAsUser", 2, number_of(&[1000, 0])),
        ("seccompProfile", 2, profile()),
        ("seLinuxOptions", 1, se_linux()),
    ])
}

fn volume() -> Json {
    let claim =
        json!({"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    of(vec![
        json!({}),
        json!({"emptyDir": {}}),
        json!({"configMap": {"name": "some"}}),
        json!({"secret": {"secretName": "some"}}),
        json!({"persistentVolumeClaim": {"claimName": "some"}}),
        json!({"downwardAPI": {"items": []}}),
        json!({"projected": {"sources": []}}),
        json!({"csi": {"driver": "example.com"}}),
        json!({"ephemeral": {"volumeClaimTemplate": claim}}),
        json!({"image": {"reference": "example.com/image:1"}}),
        json!({"hostPath": {"path": "/"}}),
        json!({"nfs": {"server": "example.com", "path": "/"}}),
        json!({"iscsi": {"targetPortal": "1.2.3.4", "iqn": "iqn.2001-04.com.example:storage", "lun": 0}}),
        json!({"flexVolume": {"driver": "example.com/driver"}}),
        json!({"fc": {"targetWWNs": ["50060e801049cfd1"], "lun": 0}}),
    ])
}
