//! Requests that the API server carries out up to the storing, and no further. All of them are made here.

use http::{Method, Request, header::CONTENT_TYPE};
use kube::{Client, client::Body, core::Status};
use serde_json::{Value, json};

use super::warnings;
use crate::cluster::{CallError, within_deadline};

/// What the API server would have done.
#[derive(Clone, Debug)]
pub struct Answered {
    /// What it warned of, also where it refused.
    pub warnings: Vec<String>,
    /// The object as it would have been stored, as JSON; or the refusal.
    pub outcome: Result<Vec<u8>, Box<Status>>,
}

impl Answered {
    /// The warnings of a request that was not refused.
    ///
    /// # Errors
    ///
    /// With the refusal.
    pub fn accepted(self) -> Result<Vec<String>, CallError> {
        self.outcome.map_err(CallError::Refused)?;
        Ok(self.warnings)
    }
}

/// A server-side apply of a namespace, as the controller would send it.
///
/// # Errors
///
/// When it brings no answer.
pub async fn apply_namespace(
    client: &Client,
    name: &str,
    body: &Value,
    manager: &str,
    force: bool,
) -> Result<Answered, CallError> {
    let path = format!("/api/v1/namespaces/{name}");
    let manager = format!("fieldManager={manager}&force={force}");
    send(client, Method::PATCH, &path, &manager, "application/apply-patch+yaml", body).await
}

/// A merge patch of a namespace.
///
/// # Errors
///
/// When it brings no answer.
pub async fn patch_namespace(client: &Client, name: &str, change: &Value) -> Result<Answered, CallError> {
    let path = format!("/api/v1/namespaces/{name}");
    send(client, Method::PATCH, &path, "fieldManager=podsec", "application/merge-patch+json", change).await
}

/// The creation of a namespace, which may well exist: it is admitted before that is noticed.
///
/// # Errors
///
/// When it brings no answer.
pub async fn create_namespace(client: &Client, namespace: &Value) -> Result<Answered, CallError> {
    create(client, "/api/v1/namespaces", namespace).await
}

/// The creation of a pod.
///
/// # Errors
///
/// When it brings no answer.
pub async fn create_pod(client: &Client, namespace: &str, pod: &Value) -> Result<Answered, CallError> {
    create(client, &format!("/api/v1/namespaces/{namespace}/pods"), pod).await
}

/// The creation of a `PodTemplate`.
///
/// # Errors
///
/// When it brings no answer.
pub async fn create_pod_template(
    client: &Client,
    namespace: &str,
    template: &Value,
) -> Result<Answered, CallError> {
    create(client, &format!("/api/v1/namespaces/{namespace}/podtemplates"), template).await
}

/// The question who asks, which is a creation in form only.
///
/// # Errors
///
/// When it brings no answer.
pub async fn review_self(client: &Client) -> Result<Answered, CallError> {
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    create(client, "/apis/authentication.k8s.io/v1/selfsubjectreviews", &review).await
}

async fn create(client: &Client, path: &str, object: &Value) -> Result<Answered, CallError> {
    send(client, Method::POST, path, "fieldManager=podsec", "application/json", object).await
}

async fn send(
    client: &Client,
    method: Method,
    path: &str,
    query: &str,
    content_type: &str,
    body: &Value,
) -> Result<Answered, CallError> {
    let uri = format!("{path}?dryRun=All&{query}");
    let request = serde_json::to_vec(body).map_err(kube::Error::SerdeError).and_then(|body| {
        let request = Request::builder().method(method).uri(uri).header(CONTENT_TYPE, content_type);
        request.body(Body::from(body)).map_err(kube::Error::HttpError)
    })?;
    within_deadline(answer(client, request)).await
}

async fn answer(client: &Client, request: Request<Body>) -> kube::Result<Answered> {
    let answer = client.send(request).await?;
    let (code, warnings) = (answer.status(), warnings(answer.headers()));
    let body = answer.into_body().collect_bytes().await?;
    if code.is_success() {
        return Ok(Answered { warnings, outcome: Ok(body.into()) });
    }
    // A proxy's refusal is no Status.
    let status = serde_json::from_slice(&body).unwrap_or_else(|_| {
        Status::failure(String::from_utf8_lossy(&body).trim(), "Unreadable").with_code(code.as_u16())
    });
    Ok(Answered { warnings, outcome: Err(Box::new(status)) })
}
