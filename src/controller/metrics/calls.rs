//! The requests to the API server, counted by verb and by the code of the answer.

use http::{Method, Request, Response};
use kube::{Client, client::Body};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
};

/// A request and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(in super::super) struct CallLabels {
    /// What was asked, as the API server's own metrics and audit log call it.
    pub(super) verb: &'static str,
    /// The HTTP status; `error` where no answer came.
    pub(super) code: String,
}

/// Requests by verb and code.
pub(in super::super) type Calls = Family<CallLabels, Counter>;

/// A client whose requests are counted.
///
/// A watch counts once it is answered, not when it ends. What the client tries again by itself counts once.
pub(in super::super) fn counted(client: Client, calls: &Calls) -> Client {
    let namespace = client.default_namespace().to_owned();
    let calls = calls.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let (client, calls) = (client.clone(), calls.clone());
        async move { pass(&client, &calls, request).await }
    });
    Client::new(service, namespace)
}

async fn pass(client: &Client, calls: &Calls, request: Request<Body>) -> kube::Result<Response<Body>> {
    let verb = verb(request.method(), request.uri());
    let answer = client.send(request).await;
    let code = match &answer {
        Ok(response) => response.status().as_str().to_owned(),
        Err(_) => "error".to_owned(),
    };
    calls.get_or_create(&CallLabels { verb, code }).inc();
    answer
}

fn verb(method: &Method, uri: &http::Uri) -> &'static str {
    match method.as_str() {
        "GET" if is_watch(uri.query().unwrap_or_default()) => "watch",
        "GET" if is_collection(uri.path()) => "list",
        "GET" => "get",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" if is_collection(uri.path()) => "deletecollection",
        "DELETE" => "delete",
        _ => "other",
    }
}

fn is_watch(query: &str) -> bool {
    query.split('&').any(|pair| matches!(pair, "watch=true" | "watch=1"))
}

/// Whether a path is that of all objects of a kind, in the cluster or in a namespace.
fn is_collection(path: &str) -> bool {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let of_group = match parts.next() {
        Some("api") => parts.next(),
        Some("apis") => parts.nth(1),
        _ => None,
    };
    if of_group.is_none() {
        return false;
    }
    let parts: Vec<_> = parts.collect();
    match parts[..] {
        // A namespace's own subresources.
        ["namespaces", _, "status" | "finalize"] => false,
        ["namespaces", _, _] | [_] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Namespace;
    use kube::{
        Api,
        api::{ListParams, Patch, PatchParams},
    };

    use super::*;

    #[test]
    fn verbs_are_the_api_servers() {
        let of = |method: Method, uri: &str| verb(&method, &uri.parse().unwrap());
        for (uri, expected) in [
            ("/api/v1/namespaces?limit=500", "list"),
            ("/api/v1/namespaces?limit=500&watch=true", "watch"),
            ("/api/v1/namespaces/a", "get"),
            ("/api/v1/namespaces/a/status", "get"),
            ("/api/v1/namespaces/a/pods", "list"),
            ("/api/v1/namespaces/a/pods/b", "get"),
            ("/api/v1/namespaces/a/pods/b/log", "get"),
            ("/apis/apps/v1/deployments?", "list"),
            ("/apis/podsec.dev/v1alpha1/clusterpodsecurityprofiles/a", "get"),
            ("/apis/apps/v1", "get"),
            ("/apis", "get"),
            ("/version", "get"),
        ] {
            assert_eq!(of(Method::GET, uri), expected, "{uri}");
        }
        assert_eq!(of(Method::DELETE, "/api/v1/namespaces/a/pods"), "deletecollection");
        assert_eq!(of(Method::DELETE, "/api/v1/namespaces/a/pods/b"), "delete");
        assert_eq!(of(Method::PATCH, "/api/v1/namespaces/a"), "patch");
    }

    #[tokio::test]
    async fn every_request_counts_with_its_answer() {
        let service = tower::service_fn(|request: Request<Body>| async move {
            if request.method() == Method::GET {
                return Err(std::io::Error::other("gone"));
            }
            Ok(Response::builder().status(409).body(Body::empty()).unwrap())
        });
        let calls = Calls::default();
        let api: Api<Namespace> = Api::all(counted(Client::new(service, "default"), &calls));
        for _ in 0..2 {
            let body = Patch::Merge(serde_json::json!({}));
            api.patch("a", &PatchParams::default(), &body).await.unwrap_err();
        }
        api.list(&ListParams::default()).await.unwrap_err();
        let count = |verb, code: &str| calls.get_or_create(&CallLabels { verb, code: code.into() }).get();
        assert_eq!((count("patch", "409"), count("list", "error")), (2, 1));
    }
}
