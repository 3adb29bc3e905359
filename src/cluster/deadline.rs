//! A deadline on every call, and what a failed call means.

use std::time::Duration;

/// How long a call may take before it counts as failed. kube sets no read timeout of its own, so that without this
/// a lost connection would hang a worker for ever. A healthy API server answers within milliseconds.
const DEADLINE: Duration = Duration::from_secs(15);

/// A call to the API server that brought no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// No answer came in time.
    #[error("no answer within {} s", DEADLINE.as_secs())]
    Deadline,
    /// The API server refused.
    #[error("{}", .0.message)]
    Refused(Box<kube::core::Status>),
    /// The connection, the request or the answer failed.
    #[error("{0}")]
    Failed(#[source] Box<kube::Error>),
}

impl CallError {
    /// A bounded name for metrics.
    pub fn category(&self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::Refused(status) => match status.code {
                401 => "unauthorized",
                403 => "forbidden",
                404 => "not_found",
                409 => "conflict",
                422 => "invalid",
                429 => "throttled",
                500.. => "server_error",
                _ => "refused",
            },
            Self::Failed(_) => "connection",
        }
    }

    /// The HTTP status of a refusal.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Refused(status) => Some(status.code),
            Self::Deadline | Self::Failed(_) => None,
        }
    }
}

impl From<kube::Error> for CallError {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::Refused(status),
            other => Self::Failed(Box::new(other)),
        }
    }
}

/// Waits for a call, but no longer than the deadline.
///
/// # Errors
///
/// When it failed, was refused, or brought no answer in time.
pub async fn within_deadline<T>(call: impl Future<Output = kube::Result<T>>) -> Result<T, CallError> {
    match tokio::time::timeout(DEADLINE, call).await {
        Ok(answer) => answer.map_err(CallError::from),
        Err(_) => Err(CallError::Deadline),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_call_that_never_answers_ends_at_the_deadline() {
        let answer = within_deadline(std::future::pending::<kube::Result<()>>()).await;
        assert!(matches!(answer, Err(CallError::Deadline)));
    }
}
