//! Why something could not be read.

use std::time::Duration;

use super::BrokenAnswer;

/// A list or a watch that brought nothing, or not all.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The API server refused. The message may hold what others wrote.
    #[error("{message}")]
    Refused {
        /// The HTTP status.
        code: u16,
        /// What it said.
        message: String,
        /// How long it asked to be left in peace.
        retry_after: Option<Duration>,
    },
    /// Nothing came for so long.
    #[error("nothing came for {} s", .0.as_secs())]
    Silent(Duration),
    /// What came is no whole list.
    #[error("{0}")]
    Broken(#[from] BrokenAnswer),
    /// The connection or the request failed.
    #[error("{}", root(.0))]
    Failed(#[source] Box<kube::Error>),
    /// It was not asked for, since there was no answer to others.
    #[error("not asked for, since the API server answers no list")]
    Unasked,
}

impl ReadError {
    /// A bounded name for metrics and for what is told.
    pub const fn category(&self) -> &'static str {
        match self {
            Self::Refused { code, .. } => match *code {
                401 => "unauthorized",
                403 => "forbidden",
                404 => "not_found",
                410 => "expired",
                429 => "throttled",
                500.. => "server_error",
                _ => "refused",
            },
            Self::Silent(_) => "deadline",
            Self::Broken(_) => "incomplete",
            Self::Failed(_) => "connection",
            Self::Unasked => "unasked",
        }
    }

    /// The HTTP status of a refusal.
    pub const fn code(&self) -> Option<u16> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            Self::Silent(_) | Self::Broken(_) | Self::Failed(_) | Self::Unasked => None,
        }
    }
}

/// What is really the matter stands at the end of the chain, as in "connection refused".
fn root(error: &kube::Error) -> String {
    let chain = std::iter::successors(Some(error as &dyn std::error::Error), |&error| error.source());
    match chain.last() {
        Some(root) if root.to_string() != error.to_string() => format!("{error}: {root}"),
        _ => error.to_string(),
    }
}
