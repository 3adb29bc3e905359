//! Requests that the API server carries out up to the storing, and no further. All of them are made here.

use http::{Method, Request, header::CONTENT_TYPE};
use kube::{Client, client::Body, core::Status};
use serde_json::Value;

use super::warnings;
use crate::cluster::{CallError, within_deadline};

/// What the API server would have done.
#[derive(Clone, Debug)]
pub struct Answered {
    /// What it warned of.
    pub warnings: Vec<String>,
    /// The object as it would have been stored, as JSON.
    pub body: Vec<u8>,
}

/// A server-side apply of a namespace, as the controller would send it.
///
/// # Errors
///
/// When it is refused, or brings no answer.
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
/// When it is refused, or brings no answer.
pub async fn patch_namespace(client: &Client, name: &str, patch: &Value) -> Result<Answered, CallError> {
    let path = format!("/api/v1/namespaces/{name}");
    send(client, Method::PATCH, &path, "fieldManager=podsec", "application/merge-patch+json", patch).await
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
        return Ok(Answered { warnings, body: body.into() });
    }
    // A proxy's refusal is no Status.
    let status = serde_json::from_slice(&body).unwrap_or_else(|_| {
        Status::failure(String::from_utf8_lossy(&body).trim(), "Unreadable").with_code(code.as_u16())
    });
    Err(kube::Error::Api(Box::new(status)))
}
