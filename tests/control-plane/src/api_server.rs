//! The API server: its arguments, and the wait until it serves.

use std::fs;
use std::path::Path;
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::Client;
use kube::api::{Api, ListParams};

use serde_json::{Value, json};

use crate::credentials::Credentials;
use crate::error::{Doing as _, Error};

/// The component's name.
pub(crate) const NAME: &str = "kube-apiserver";

/// How long a start may take; on a busy machine it is seconds instead of one.
pub(crate) const LIMIT: Duration = Duration::from_secs(90);

/// The namespaces that the API server makes soon after it is ready.
const NAMESPACES: usize = 4;

/// The arguments that every API server gets.
pub(crate) fn arguments(credentials: &Credentials, etcd: &str, prefix: &str, port: u16) -> Vec<String> {
    let file = |name| credentials.file(name);
    vec![
        format!("--etcd-servers={etcd}"),
        format!("--etcd-prefix=/{prefix}"),
        String::from("--bind-address=127.0.0.1"),
        format!("--secure-port={port}"),
        // Without these it looks for an address of the machine, and fails where there is no network.
        String::from("--advertise-address=127.0.0.1"),
        String::from("--endpoint-reconciler-type=none"),
        format!("--tls-cert-file={}", file("serving.crt")),
        format!("--tls-private-key-file={}", file("serving.key")),
        format!("--client-ca-file={}", file("ca.crt")),
        format!("--token-auth-file={}", file("tokens.csv")),
        String::from("--service-account-issuer=https://kubernetes.default.svc"),
        format!("--service-account-key-file={}", file("accounts.pub")),
        format!("--service-account-signing-key-file={}", file("accounts.key")),
        String::from("--service-cluster-ip-range=10.0.0.0/24"),
        String::from("--authorization-mode=RBAC"),
        String::from("--anonymous-auth=false"),
        String::from("--allow-privileged=true"),
    ]
}

/// Writes the file with the admission plugin's configuration; returns the argument that names it.
pub(crate) fn pod_security(folder: &Path, mut configuration: Value) -> Result<String, Error> {
    configuration["apiVersion"] = "pod-security.admission.config.k8s.io/v1".into();
    configuration["kind"] = "PodSecurityConfiguration".into();
    let all = json!({
        "apiVersion": "apiserver.config.k8s.io/v1",
        "kind": "AdmissionConfiguration",
        "plugins": [{"name": "PodSecurity", "configuration": configuration}],
    });
    let path = folder.join("admission.json");
    fs::write(&path, all.to_string()).doing(|| format!("write {}", path.display()))?;
    Ok(format!("--admission-control-config-file={}", path.display()))
}

/// Whether the API server serves, and has the namespaces that every cluster has.
pub(crate) async fn probe(client: &Client) -> Result<(), String> {
    let request = http::Request::get("/readyz").body(Vec::new()).map_err(|error| error.to_string())?;
    client.request_text(request).await.map_err(|error| error.to_string())?;
    let namespaces = Api::<Namespace>::all(client.clone());
    let list = namespaces.list_metadata(&ListParams::default()).await.map_err(|error| error.to_string())?;
    if list.items.len() >= NAMESPACES { Ok(()) } else { Err(String::from("no default namespaces yet")) }
}
