//! The requests, all of them dry runs, and what single answers mean.

use kube::{Client, api::ListParams, core::Status};
use serde_json::{Value, json};

use super::{
    canary::{Form, Reaction, Trait, Trial, Unclear},
    findings::Answer,
};
use crate::{
    assessment::ServerAnswer,
    cluster::{CallError, cross_check::dry_run, namespaces, within_deadline},
    rollout::Namespace,
    standards::{Level, LevelVersion, Mode, Version},
};

/// A version that nobody has in a label or as a default, being older than Pod Security: a change to it is a change.
const UNUSED: Version = Version::Minor(3);
/// Another one, for the namespace that has it all the same.
const ALSO_UNUSED: Version = Version::Minor(4);

/// Asks an API server.
#[derive(Clone)]
pub(super) struct Asking {
    client: Client,
}

impl Asking {
    pub(super) const fn new(client: Client) -> Self {
        Self { client }
    }

    pub(super) const fn client(&self) -> &Client {
        &self.client
    }

    /// All namespaces.
    pub(super) async fn namespaces(&self) -> Result<Vec<Namespace>, CallError> {
        let list = within_deadline(namespaces::api(self.client.clone()).list(&ListParams::default())).await?;
        let observed: Result<Vec<_>, _> = list.items.iter().map(namespaces::observe).collect();
        observed.map_err(|error| kube::Error::SerdeError(error).into())
    }

    /// As whom it is asked; nothing where it does not tell, as before Kubernetes 1.28.
    pub(super) async fn user(&self) -> Result<Option<String>, CallError> {
        let Ok(body) = dry_run::review_self(&self.client).await?.outcome else { return Ok(None) };
        let review: Value = serde_json::from_slice(&body).unwrap_or_default();
        Ok(review["status"]["userInfo"]["username"].as_str().map(str::to_owned))
    }

    /// What Pod Security makes of a canary.
    pub(super) async fn trial(
        &self,
        namespace: &str,
        form: Form,
        canary: Trait,
        runtime_class: Option<&str>,
    ) -> Result<Trial, CallError> {
        let object = form.object(canary, runtime_class);
        let answered = match form {
            Form::Pod => dry_run::create_pod(&self.client, namespace, &object).await,
            Form::Template => dry_run::create_pod_template(&self.client, namespace, &object).await,
        };
        let reaction = match answered {
            Ok(answered) => Reaction::read(answered, form, canary, runtime_class),
            // A webhook that does not answer takes up to 30 s.
            Err(error @ CallError::Deadline) => {
                Reaction::Unclear(Unclear::RefusedByOthers(error.to_string()))
            }
            Err(error) => return Err(error),
        };
        Ok(Trial { form, canary, reaction })
    }

    /// What Pod Security makes of the first of the canaries that baseline refuses on which nobody else has a say.
    pub(super) async fn trial_of_refused(
        &self,
        namespace: &str,
        form: Form,
        runtime_class: Option<&str>,
    ) -> Result<Trial, CallError> {
        let [first, others @ ..] = Trait::REFUSED;
        let trial = self.trial(namespace, form, first, runtime_class).await?;
        if trial.is_final() {
            return Ok(trial);
        }
        for canary in others {
            let other = self.trial(namespace, form, canary, runtime_class).await?;
            if other.is_final() {
                return Ok(other);
            }
        }
        Ok(trial)
    }

    /// Whether the API server exempts a namespace: it says so of a label that would have no effect. Nothing when the
    /// namespace is gone.
    pub(super) async fn exempts(&self, namespace: &Namespace) -> Result<Option<Answer<bool>>, CallError> {
        let keys = Mode::Enforce.keys();
        let is_used = namespace.label(keys.version) == Some(&UNUSED.to_string());
        let policy = LevelVersion::new(Level::Baseline, if is_used { ALSO_UNUSED } else { UNUSED });
        let labels = json!({keys.level: policy.level.as_str(), keys.version: policy.version.to_string()});
        let patch = json!({"metadata": {"labels": labels}});
        let answered = match dry_run::patch_namespace(&self.client, &namespace.name, &patch).await {
            Ok(answered) => answered,
            Err(error @ CallError::Deadline) => return Ok(Some(Answer::unknown(error.to_string()))),
            Err(error) => return Err(error),
        };
        let body = match answered.outcome {
            Ok(body) => body,
            Err(status) if status.code == 404 => return Ok(None),
            Err(status) => return Ok(Some(Answer::unknown(status.message))),
        };
        let stored: Value = serde_json::from_slice(&body).unwrap_or_default();
        let is_as_asked = stored["metadata"]["labels"][keys.level] == labels[keys.level]
            && stored["metadata"]["labels"][keys.version] == labels[keys.version];
        let answer = ServerAnswer::read(&namespace.name, policy, answered.warnings);
        Ok(Some(if answer.exempt {
            Answer::sure(true, "Pod Security says that labels there have no effect")
        } else if !is_as_asked {
            Answer::unknown("something sets its labels back before Pod Security sees them")
        } else if answer.may_lack_warnings && answer.lines.is_empty() {
            Answer::unknown("there were so many warnings that the one in question may be missing")
        } else {
            Answer::sure(false, "Pod Security takes a label there without saying that it has no effect")
        }))
    }

    /// What Pod Security warns of when an exempt namespace, which exists, is created with such an audit policy: nothing
    /// where that is what it would have without it. The refusal that comes all the same says that the namespace exists.
    pub(super) async fn warns_of_audit(&self, exempt: &str, audit: LevelVersion) -> Result<bool, AuditError> {
        let keys = Mode::Audit.keys();
        let labels = json!({keys.level: audit.level.as_str(), keys.version: audit.version.to_string()});
        let namespace = json!({"metadata": {"name": exempt, "labels": labels}});
        let answered = dry_run::create_namespace(&self.client, &namespace).await?;
        match answered.outcome {
            // It would have been created: it was deleted meanwhile, and is exempt all the same.
            Ok(_) => {}
            Err(status) if is_conflict(&status) => {}
            Err(status) => return Err(AuditError::Refused(status.message)),
        }
        Ok(ServerAnswer::read(exempt, audit, answered.warnings).exempt)
    }
}

fn is_conflict(status: &Status) -> bool {
    status.code == 409 && status.reason == "AlreadyExists"
}

/// Why the creation of an exempt namespace tells nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum AuditError {
    /// It was refused before Pod Security was asked, or may have been.
    #[error("{0}")]
    Refused(String),
    /// There was no answer.
    #[error(transparent)]
    Call(#[from] CallError),
}
