//! Answers of the API server as they come in.

use std::time::Duration;

use futures::StreamExt as _;
use http::{
    Request, Response,
    header::{ACCEPT, ACCEPT_ENCODING, RETRY_AFTER},
};
use http_body_util::{BodyDataStream, BodyExt as _};
use kube::{Client, client::Body, core::Status};
use tokio::time::timeout;

use super::ReadError;

/// How long the beginning of an answer may take. An API server that does not stream what it encodes, as before
/// Kubernetes 1.33, has encoded all of a list by then; it gives up itself after a minute.
pub(super) const FIRST: Duration = Duration::from_mins(1);

/// How long nothing may come within an answer.
pub(super) const IDLE: Duration = Duration::from_secs(30);

/// How much is read of the reason for a refusal, in bytes, and how much of it is told, in characters.
const REASON: (usize, usize) = (64 << 10, 300);

/// What an answer consists of, piece by piece.
pub(super) struct Answer {
    body: BodyDataStream<Body>,
}

/// Asks for something; the answer is not read yet.
///
/// Nothing compressed is asked for: from Kubernetes 1.37 on an API server compresses each event of a watch by itself,
/// which kube's client does not undo.
pub(super) async fn ask(client: &Client, uri: &str, within: Duration) -> Result<Answer, ReadError> {
    let request = Request::get(uri)
        .header(ACCEPT, "application/json")
        .header(ACCEPT_ENCODING, "identity")
        .body(Body::empty())
        .map_err(|error| ReadError::Failed(Box::new(kube::Error::HttpError(error))))?;
    let response = match timeout(within, client.send(request)).await {
        Ok(response) => response.map_err(|error| ReadError::Failed(Box::new(error)))?,
        Err(_) => return Err(ReadError::Silent(within)),
    };
    if response.status().is_success() {
        return Ok(Answer { body: response.into_body().into_data_stream() });
    }
    Err(refusal(response).await)
}

impl Answer {
    /// The next piece; none at the end.
    pub(super) async fn next(&mut self, within: Duration) -> Result<Option<impl AsRef<[u8]>>, ReadError> {
        match timeout(within, self.body.next()).await {
            Ok(piece) => piece.transpose().map_err(|error| ReadError::Failed(Box::new(error))),
            Err(_) => Err(ReadError::Silent(within)),
        }
    }
}

async fn refusal(response: Response<Body>) -> ReadError {
    let code = response.status().as_u16();
    let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let mut answer = Answer { body: response.into_body().into_data_stream() };
    let mut text = Vec::new();
    // Of a reason that breaks off the beginning will do.
    while let Ok(Some(piece)) = answer.next(IDLE).await {
        text.extend_from_slice(piece.as_ref());
        if text.len() > REASON.0 {
            break;
        }
    }
    let message = match serde_json::from_slice::<Status>(&text) {
        Ok(status) if !status.message.is_empty() => status.message,
        _ => String::from_utf8_lossy(&text).into_owned(),
    };
    let message = match message.trim() {
        "" => format!("HTTP status {code}"),
        message => message.chars().take(REASON.1).collect(),
    };
    ReadError::Refused { code, message, retry_after: seconds.map(Duration::from_secs) }
}

/// A text as it may stand in a path or a query.
pub(super) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
