//! An API server that answers as a test wants it.

use std::{io, sync::Arc, time::Duration};

use axum::body::Body as AnswerBody;
use futures::{StreamExt as _, stream};
use http::{Request, Response, header::RETRY_AFTER};
use kube::{Client, client::Body};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::time::Instant;

/// An answer.
#[derive(Clone)]
pub(super) struct Reply {
    code: u16,
    retry_after: Option<u64>,
    parts: Vec<Part>,
    endless: Option<Arc<Mutex<dyn Iterator<Item = String> + Send>>>,
}

/// What comes of an answer, one after the other.
#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Nothing(Duration),
    Break,
}

impl Reply {
    pub(super) fn of(text: impl Into<String>) -> Self {
        Self { code: 200, retry_after: None, parts: vec![Part::Text(text.into())], endless: None }
    }

    pub(super) fn refused(code: u16, message: &str) -> Self {
        let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message, "code": code});
        Self { code, ..Self::of(status.to_string()) }
    }

    pub(super) fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// Whatever comes.
    pub(super) fn endless(texts: impl Iterator<Item = String> + Send + 'static) -> Self {
        Self { endless: Some(Arc::new(Mutex::new(texts))), ..Self::of("") }
    }

    /// More text.
    pub(super) fn then(self, text: impl Into<String>) -> Self {
        self.and(Part::Text(text.into()))
    }

    /// Nothing for a while.
    pub(super) fn then_nothing(self, duration: Duration) -> Self {
        self.and(Part::Nothing(duration))
    }

    /// The connection breaks.
    pub(super) fn then_breaks(self) -> Self {
        self.and(Part::Break)
    }

    fn and(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }

    pub(super) fn response(self) -> Response<AnswerBody> {
        let endless =
            self.endless.into_iter().flat_map(|texts| std::iter::from_fn(move || texts.lock().next()));
        let parts = self.parts.into_iter().chain(endless.map(Part::Text));
        let parts = stream::iter(parts).filter_map(|part| async {
            match part {
                Part::Text(text) => Some(Ok(text)),
                Part::Break => Some(Err(io::Error::from(io::ErrorKind::ConnectionReset))),
                Part::Nothing(duration) => {
                    tokio::time::sleep(duration).await;
                    None
                }
            }
        });
        let mut response = Response::builder().status(self.code);
        if let Some(seconds) = self.retry_after {
            response = response.header(RETRY_AFTER, seconds);
        }
        response.body(AnswerBody::from_stream(parts)).unwrap()
    }
}

/// What was asked, and when.
#[derive(Clone, Default)]
pub(super) struct Asked(Arc<Mutex<Vec<(Instant, String)>>>);

impl Asked {
    /// Path and query of every request so far.
    pub(super) fn uris(&self) -> Vec<String> {
        self.0.lock().iter().map(|(_, uri)| uri.clone()).collect()
    }

    /// How long after the one before each request came.
    pub(super) fn pauses(&self) -> Vec<Duration> {
        self.0.lock().windows(2).map(|pair| pair[1].0 - pair[0].0).collect()
    }

    fn note(&self, uri: &str) {
        self.0.lock().push((Instant::now(), uri.to_owned()));
    }
}

/// A server that answers each request by its path and query; a request without a reply waits for ever.
pub(super) fn server(mut reply: impl FnMut(&str) -> Option<Reply> + Send + 'static) -> (Client, Asked) {
    let asked = Asked::default();
    let noting = asked.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let uri = request.uri().to_string();
        noting.note(&uri);
        let reply = reply(&uri);
        async move {
            match reply {
                Some(reply) => Ok::<_, io::Error>(reply.response()),
                None => std::future::pending().await,
            }
        }
    });
    (Client::new(service, "default"), asked)
}

/// A list of these items.
pub(super) fn list_of(version: &str, items: &[Value]) -> String {
    json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": version}, "items": items})
        .to_string()
}

/// A pod of a namespace.
pub(super) fn pod(namespace: &str, name: &str, version: &str) -> Value {
    json!({
        "metadata": {
            "name": name, "namespace": namespace, "uid": format!("u-{name}"), "resourceVersion": version,
            "creationTimestamp": "2026-11-22T10:00:00Z",
        },
        "spec": {"containers": [{"name": "c"}]},
        "status": {"phase": "Running"},
    })
}
