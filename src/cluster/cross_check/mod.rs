//! The API server's own verdict on an enforce label: a dry run of the change, whose warnings are read.
//!
//! Nothing is stored. What it says is compared with [`DryRun`] by [`ServerAnswer::compare`].

pub mod dry_run;
mod warnings;

use kube::Client;
use serde_json::{Value, json};

pub use self::warnings::warnings;
use super::CallError;
use crate::{
    assessment::{DryRun, ServerAnswer, ServerVerdict},
    rollout::Manager,
    standards::{LevelVersion, Mode},
};

/// A change of a namespace's enforce label that the API server is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The namespace.
    pub namespace: &'a str,
    /// What the label is to be.
    pub policy: LevelVersion,
    /// The request.
    pub change: Change<'a>,
}

/// The request whose dry run is asked for.
#[derive(Clone, Copy, Debug)]
pub enum Change<'a> {
    /// The very apply that the controller is about to send.
    Apply {
        /// The object to be applied.
        body: &'a Value,
        /// In whose name.
        manager: Manager,
        /// Whether values that somebody else owns are taken.
        force: bool,
    },
    /// The two enforce labels alone, whoever owns them.
    Label,
}

/// Asks the API server what it makes of a change.
///
/// It takes the right to patch namespaces. The API server lists the pods for it, for a second at most, so that it is no
/// cheap request. It looks at them only where [`looks_at_pods`](crate::assessment::looks_at_pods) says so; otherwise its
/// silence means nothing.
///
/// # Errors
///
/// When it is refused, or brings no answer.
pub async fn ask(client: &Client, question: &Question<'_>) -> Result<ServerAnswer, CallError> {
    let Question { namespace, policy, change } = *question;
    let answered = match change {
        Change::Apply { body, manager, force } => {
            dry_run::apply_namespace(client, namespace, body, manager.as_str(), force).await?
        }
        Change::Label => {
            let keys = Mode::Enforce.keys();
            let labels = json!({keys.level: policy.level.as_str(), keys.version: policy.version.to_string()});
            dry_run::patch_namespace(client, namespace, &json!({"metadata": {"labels": labels}})).await?
        }
    };
    Ok(ServerAnswer::read(namespace, policy, answered.warnings))
}

/// The same as a verdict, beside what podsec expects.
pub async fn cross_check(client: &Client, question: &Question<'_>, expected: &DryRun) -> ServerVerdict {
    match ask(client, question).await {
        Ok(answer) => answer.compare(expected),
        Err(error) => ServerVerdict::Unavailable(error.to_string()),
    }
}
