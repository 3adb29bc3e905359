//! Letting go of namespaces by hand, without a controller: `podsec release`.

use jiff::Timestamp;
use kube::Client;

use super::{
    apply::{ApplyError, apply},
    reports,
};
use crate::{
    cluster::{CallError, namespaces},
    rollout::{Namespace, NamespacePlan, let_go as plan},
};

/// How often a namespace is looked at and planned anew when it changes in between.
const TRIES: usize = 5;

/// Why a namespace was not let go of. What was done before stays; another try goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum LetGoError {
    /// The API server does not take the write: a person must mend something.
    #[error("{message}")]
    Refused {
        /// The HTTP status.
        code: u16,
        /// What the API server said.
        message: String,
    },
    /// Somebody writes it again and again.
    #[error(
        "somebody writes it again and again, faster than it can be looked at and written; a controller may be running"
    )]
    Outrun,
    /// The labels are let go of, and the report, which remembers them, could not be deleted.
    #[error(
        "its labels are let go of, and its report cannot be deleted: {0}; until it is, a profile takes them for lowered"
    )]
    Report(#[source] CallError),
    /// The API server does not answer.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// Lets go of everything that podsec owns on a namespace: the labels of a mode stay, owned by `podsec-retained`, or are
/// removed, as the note on the namespace says (`podsec.dev/on-release`); what no note speaks of stays. Its report goes, which
/// remembers what podsec had raised enforce to: below that podsec repairs.
///
/// Gives what was done; nothing where the namespace is gone.
///
/// # Errors
///
/// When it cannot be written.
pub async fn let_go(client: &Client, mut namespace: Namespace) -> Result<Option<NamespacePlan>, LetGoError> {
    for _ in 0..TRIES {
        let planned = plan(&namespace, Timestamp::now());
        match apply(client, &namespace, planned.clone()).await {
            Ok(_) => {
                remove_report(client, &namespace.name).await.map_err(LetGoError::Report)?;
                return Ok(Some(planned));
            }
            Err(ApplyError::Gone) => return Ok(None),
            Err(ApplyError::Stale | ApplyError::Conflict(_)) => {}
            Err(ApplyError::Refused { code, message }) => return Err(LetGoError::Refused { code, message }),
            Err(ApplyError::Unnotable(message)) => return Err(LetGoError::Refused { code: 422, message }),
            Err(ApplyError::Transient(error)) => return Err(error.into()),
        }
        match namespaces::get(client, &namespace.name).await? {
            Some(now) => namespace = now,
            None => return Ok(None),
        }
    }
    Err(LetGoError::Outrun)
}

async fn remove_report(client: &Client, namespace: &str) -> Result<(), CallError> {
    match reports::remove(client, namespace).await {
        // Nor where there is no CRD of reports.
        Err(error) if error.code() != Some(404) => Err(error),
        _ => Ok(()),
    }
}
