//! The API server: its arguments, and the wait until it serves.

use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::Client;
use kube::api::{Api, ListParams};

use crate::credentials::Credentials;

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

/// Whether the API server serves, and has the namespaces that every cluster has.
pub(crate) async fn probe(client: &Client) -> Result<(), String> {
    let request = http::Request::get("/readyz").body(Vec::new()).map_err(|error| error.to_string())?;
    client.request_text(request).await.map_err(|error| error.to_string())?;
    let namespaces = Api::<Namespace>::all(client.clone());
    let list = namespaces.list_metadata(&ListParams::default()).await.map_err(|error| error.to_string())?;
    if list.items.len() >= NAMESPACES { Ok(()) } else { Err(String::from("no default namespaces yet")) }
}
