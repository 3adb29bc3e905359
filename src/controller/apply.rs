//! Carrying out a plan: the requests, and what the API server's answers mean.

use std::collections::BTreeMap;

use kube::{
    Client, Resource as _,
    api::{Patch, PatchParams},
    client::Body,
    core::{Request, Status},
};

use crate::{
    cluster::{
        CallError, cross_check,
        namespaces::{self, NamespaceItem},
        within_deadline,
    },
    rollout::{ApplyRequest, Ledger, ModePlan, Namespace, NamespacePlan},
};

/// A plan that was carried out. Status and reports are made of nothing else.
#[derive(Clone, Debug)]
pub(super) struct Applied {
    modes: Vec<ModePlan>,
    requests: usize,
    ledger: Ledger,
    version: Option<String>,
    protected: bool,
    /// What the API server warned of.
    warnings: Vec<String>,
}

impl Applied {
    /// The verdicts, which now hold.
    pub(super) fn modes(&self) -> &[ModePlan] {
        &self.modes
    }

    /// As if these verdicts had been carried out.
    #[cfg(test)]
    pub(super) fn as_if(modes: Vec<ModePlan>) -> Self {
        let (ledger, version, warnings) = (Ledger::default(), None, Vec::new());
        Self { modes, requests: 0, ledger, version, protected: false, warnings }
    }

    /// As if a plan had been carried out.
    #[cfg(test)]
    pub(super) fn as_if_planned(plan: &NamespacePlan) -> Self {
        Self { ledger: plan.ledger.clone(), requests: plan.requests.len(), ..Self::as_if(plan.modes.clone()) }
    }

    /// The version that the last request left, if there was one.
    pub(super) fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// What is noted on the namespace now.
    pub(super) const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Whether the namespace is protected.
    pub(super) const fn is_protected(&self) -> bool {
        self.protected
    }

    /// The same without the API server's warnings, which are looked at once.
    pub(super) fn in_short(&self) -> Self {
        Self { warnings: Vec::new(), ..self.clone() }
    }

    /// What the API server warned of when it was written.
    pub(super) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// How many requests it took.
    pub(super) const fn requests(&self) -> usize {
        self.requests
    }
}

/// A plan that was not carried out, or not to the end. What was done stays; the next plan goes on from there.
#[derive(Debug, thiserror::Error)]
pub(super) enum ApplyError {
    /// The namespace is no longer as it was observed: observe and plan again.
    #[error("the namespace changed meanwhile")]
    Stale,
    /// It is gone.
    #[error("the namespace is gone")]
    Gone,
    /// Somebody owns a key that the plan took for free. Told apart from [`Self::Stale`] since observing again may
    /// not help.
    #[error("{0}")]
    Conflict(String),
    /// The API server does not take it from anybody, or not from podsec: a person must mend something.
    #[error("{message}")]
    Refused {
        /// The HTTP status.
        code: u16,
        /// What the API server said.
        message: String,
    },
    /// The API server does not take the notes.
    #[error("{0}")]
    Unnotable(String),
    /// It may go better later.
    #[error(transparent)]
    Transient(CallError),
}

impl ApplyError {
    /// A bounded name for metrics.
    pub(super) fn category(&self) -> &'static str {
        match self {
            Self::Stale => "stale",
            Self::Gone => "gone",
            Self::Conflict(_) => "conflict",
            Self::Refused { .. } | Self::Unnotable(_) => "refused",
            Self::Transient(error) => error.category(),
        }
    }
}

/// Sends the requests of a plan, each on the version that the one before it left.
///
/// # Errors
///
/// With the first request that fails; the rest is not sent.
pub(super) async fn apply(
    client: &Client,
    namespace: &Namespace,
    plan: NamespacePlan,
) -> Result<Applied, ApplyError> {
    let NamespacePlan { modes, requests, ledger, protected, .. } = plan;
    let mut resource_version = namespace.resource_version.clone();
    let mut warnings = Vec::new();
    for request in &requests {
        let sent = send(client, namespace, &resource_version, request).await;
        let written = match sent {
            // Somebody has filled the annotations up. The labels matter more than podsec's notes about them.
            Err(ApplyError::Unnotable(_)) if !request.labels.is_empty() => {
                let bare = ApplyRequest { annotations: BTreeMap::new(), ..request.clone() };
                send(client, namespace, &resource_version, &bare).await?
            }
            other => other?,
        };
        resource_version = written.resource_version;
        warnings.extend(written.warnings);
    }
    let version = (!requests.is_empty()).then_some(resource_version);
    Ok(Applied { modes, requests: requests.len(), ledger, version, protected, warnings })
}

/// What a request left.
struct Written {
    resource_version: String,
    warnings: Vec<String>,
}

/// Sends one request.
async fn send(
    client: &Client,
    namespace: &Namespace,
    resource_version: &str,
    request: &ApplyRequest,
) -> Result<Written, ApplyError> {
    let body = namespaces::apply_body(namespace, resource_version, request);
    within_deadline(patch(client, &namespace.name, &body, request)).await.map_err(classify)
}

/// The call itself: kube's own would drop what the API server warns of.
async fn patch(
    client: &Client,
    name: &str,
    body: &serde_json::Value,
    request: &ApplyRequest,
) -> kube::Result<Written> {
    let ApplyRequest { manager, force, .. } = request;
    let params =
        PatchParams { field_manager: Some(manager.as_str().into()), force: *force, ..PatchParams::default() };
    let request = Request::new("/api/v1/namespaces").patch(name, &params, &Patch::Apply(body));
    let answer = client.send(request.map_err(kube::Error::BuildRequest)?.map(Body::from)).await?;
    let (code, warnings) = (answer.status(), cross_check::warnings(answer.headers()));
    let body = answer.into_body().collect_bytes().await?;
    if !code.is_success() {
        let status = serde_json::from_slice(&body).unwrap_or_else(|_| {
            Status::failure(String::from_utf8_lossy(&body).trim(), "Unreadable").with_code(code.as_u16())
        });
        return Err(kube::Error::Api(Box::new(status)));
    }
    let written: NamespaceItem = serde_json::from_slice(&body).map_err(kube::Error::SerdeError)?;
    Ok(Written { resource_version: written.meta().resource_version.clone().unwrap_or_default(), warnings })
}

fn classify(error: CallError) -> ApplyError {
    let CallError::Refused(status) = error else { return ApplyError::Transient(error) };
    match status.code {
        404 => ApplyError::Gone,
        409 if has_cause(&status, |cause| cause.reason == "FieldManagerConflict") => {
            ApplyError::Conflict(status.message)
        }
        // Another version, or another object under the name.
        409 => ApplyError::Stale,
        422 if has_cause(&status, |cause| cause.field == "metadata.uid") => ApplyError::Stale,
        422 if has_cause(&status, |cause| cause.field == "metadata.annotations") => {
            ApplyError::Unnotable(status.message)
        }
        code @ (400 | 403 | 413 | 422) => ApplyError::Refused { code, message: status.message },
        // What etcd does not take, since somebody has filled the namespace, it does not take later either.
        500 if status.message.contains("request is too large") => {
            ApplyError::Refused { code: 413, message: status.message }
        }
        _ => ApplyError::Transient(CallError::Refused(status)),
    }
}

fn has_cause(status: &Status, is_meant: impl Fn(&kube::core::response::StatusCause) -> bool) -> bool {
    status.details.as_ref().is_some_and(|details| details.causes.iter().any(is_meant))
}

#[cfg(test)]
mod tests {
    use kube::core::response::{StatusCause, StatusDetails};

    use super::*;

    fn refused(code: u16, cause: Option<(&str, &str)>) -> ApplyError {
        let causes = cause.map(|(reason, field)| StatusCause {
            reason: reason.into(),
            message: String::new(),
            field: field.into(),
        });
        let details = StatusDetails {
            name: String::new(),
            group: String::new(),
            kind: String::new(),
            uid: String::new(),
            causes: causes.into_iter().collect(),
            retry_after_seconds: 0,
        };
        let status = Status::failure("message", "Reason").with_code(code).with_details(details);
        classify(CallError::Refused(Box::new(status)))
    }

    #[test]
    fn answers_are_told_apart_as_measured() {
        assert!(matches!(refused(404, None), ApplyError::Gone));
        assert!(matches!(refused(409, None), ApplyError::Stale));
        assert!(matches!(
            refused(409, Some(("FieldManagerConflict", ".metadata.labels.x"))),
            ApplyError::Conflict(_)
        ));
        assert!(matches!(refused(422, Some(("FieldValueInvalid", "metadata.uid"))), ApplyError::Stale));
        assert!(matches!(
            refused(422, Some(("FieldValueInvalid", "metadata.labels[x]"))),
            ApplyError::Refused { .. }
        ));
        assert!(matches!(
            refused(422, Some(("FieldValueTooLong", "metadata.annotations"))),
            ApplyError::Unnotable(_)
        ));
        assert!(matches!(refused(403, None), ApplyError::Refused { .. }));
        assert!(matches!(refused(429, None), ApplyError::Transient(_)));
        assert!(matches!(refused(500, None), ApplyError::Transient(_)));
        assert!(matches!(classify(CallError::Deadline), ApplyError::Transient(_)));
    }
}
