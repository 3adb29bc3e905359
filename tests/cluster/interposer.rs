//! A client that notes what passes through it, and can interfere.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use futures::future::BoxFuture;
use http::{Method, Request};
use kube::{Client, client::Body};

/// Something to be done just before a write of a namespace is sent on.
type Interference = Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send>;

/// A request that passed, and what was answered.
#[derive(Clone, Debug)]
pub(crate) struct Passed {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) uri: String,
    /// The answer's status code; none while there is no answer.
    pub(crate) code: Option<u16>,
}

impl Passed {
    /// The path alone.
    pub(crate) fn path(&self) -> &str {
        self.uri.split('?').next().unwrap_or_default()
    }

    /// Whether this request is to change something: the API server stores nothing of a dry run.
    pub(crate) fn is_write(&self) -> bool {
        let query = self.uri.split_once('?').map_or("", |(_, query)| query);
        self.method != Method::GET && !query.split('&').any(|parameter| parameter == "dryRun=All")
    }

    /// The namespace that this request writes, if it writes one.
    pub(crate) fn written_namespace(&self) -> Option<&str> {
        self.is_write().then(|| self.path().strip_prefix("/api/v1/namespaces/")).flatten()
    }

    /// Whether this request writes the status of a profile.
    pub(crate) fn writes_status(&self) -> bool {
        self.is_write() && self.path().ends_with("/status")
    }

    /// Whether this request hands in an Event.
    pub(crate) fn hands_in_event(&self) -> bool {
        self.method == Method::POST && self.path().ends_with("/events")
    }
}

/// What stands between a controller and its API server.
#[derive(Clone, Default)]
pub(crate) struct Interposer {
    passed: Arc<Mutex<Vec<Passed>>>,
    before_next_write: Arc<Mutex<Option<Interference>>>,
    loses_next_answer: Arc<AtomicBool>,
    writes: Arc<AtomicUsize>,
    /// After so many writes nothing passes any more; 0 for no limit.
    limit: usize,
    reached: tokio_util::sync::CancellationToken,
}

impl Interposer {
    /// One that lets so many writes pass and then nothing at all, as if the process had been killed.
    pub(crate) fn that_ends_after(limit: usize) -> Self {
        Self { limit, ..Self::default() }
    }

    /// A client like the given one, with the interposer in front of it.
    pub(crate) fn before(&self, client: Client) -> Client {
        let interposer = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let (interposer, client) = (interposer.clone(), client.clone());
            async move { interposer.pass(client, request).await }
        });
        Client::new(service, "default")
    }

    async fn pass(&self, client: Client, request: Request<Body>) -> kube::Result<http::Response<Body>> {
        if self.reached.is_cancelled() {
            std::future::pending::<()>().await;
        }
        let passed = Passed { method: request.method().clone(), uri: request.uri().to_string(), code: None };
        let is_write = passed.is_write();
        let writes_namespace = passed.written_namespace().is_some();
        if writes_namespace {
            let interference = self.before_next_write.lock().unwrap().take();
            if let Some(interference) = interference {
                interference().await;
            }
        }
        let number = self.note(passed);
        let answer = client.send(request).await;
        if let Ok(answer) = &answer {
            self.passed.lock().unwrap()[number].code = Some(answer.status().as_u16());
        }
        if is_write && self.limit > 0 && self.writes.fetch_add(1, Ordering::SeqCst) + 1 >= self.limit {
            self.reached.cancel();
            // The write is done, but nobody learns of it.
            std::future::pending::<()>().await;
        }
        if writes_namespace && self.loses_next_answer.swap(false, Ordering::SeqCst) {
            return Ok(http::Response::builder().status(504).body(Body::empty()).unwrap());
        }
        answer
    }

    fn note(&self, passed: Passed) -> usize {
        let mut all = self.passed.lock().unwrap();
        all.push(passed);
        all.len() - 1
    }

    /// Does something just before the next write of a namespace.
    pub(crate) fn before_next_write<F: Future<Output = ()> + Send + 'static>(
        &self,
        interference: impl FnOnce() -> F + Send + 'static,
    ) {
        *self.before_next_write.lock().unwrap() = Some(Box::new(move || Box::pin(interference())));
    }

    /// Has the next write of a namespace carried out, and its answer lost on the way.
    pub(crate) fn loses_next_answer(&self) {
        self.loses_next_answer.store(true, Ordering::SeqCst);
    }

    /// What passed so far.
    pub(crate) fn passed(&self) -> Vec<Passed> {
        self.passed.lock().unwrap().clone()
    }

    /// What passed so far and was to change something.
    pub(crate) fn writes(&self) -> Vec<Passed> {
        self.passed().into_iter().filter(Passed::is_write).collect()
    }

    /// How many requests of a kind passed so far.
    pub(crate) fn count(&self, is_meant: impl FnMut(&&Passed) -> bool) -> usize {
        self.passed.lock().unwrap().iter().filter(is_meant).count()
    }

    /// How many writes of a namespace passed so far.
    pub(crate) fn writes_of(&self, namespace: &str) -> usize {
        self.count(|passed| passed.written_namespace() == Some(namespace))
    }

    /// How many writes of namespaces passed so far.
    pub(crate) fn namespace_writes(&self) -> usize {
        self.count(|passed| passed.written_namespace().is_some())
    }

    /// Whether the limit is reached.
    pub(crate) fn limit_is_reached(&self) -> bool {
        self.reached.is_cancelled()
    }
}
