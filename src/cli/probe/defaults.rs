//! The defaults, from what canaries show in a namespace without labels.

use super::{
    asking::Asking,
    canary::{Form, Reaction, Trait, Trial},
    findings::Answer,
};
use crate::{
    cluster::CallError,
    standards::{Level, LevelVersion, Version},
};

/// What canaries showed in a namespace without labels.
#[derive(Debug)]
pub(super) struct Showing {
    pub(super) namespace: String,
    /// Whether the namespace is exempt, in which case it would not be here if that was known.
    pub(super) exempt: Answer<bool>,
    /// Of a pod that baseline refuses.
    pub(super) pod: Trial,
    /// Of a template of such a pod.
    pub(super) template: Trial,
}

impl Showing {
    /// Sends the canaries.
    pub(super) async fn of(
        asking: &Asking,
        namespace: &str,
        exempt: Answer<bool>,
    ) -> Result<Self, CallError> {
        let pod = asking.trial_of_refused(namespace, Form::Pod, None).await?;
        let template = asking.trial_of_refused(namespace, Form::Template, None).await?;
        Ok(Self { namespace: namespace.to_owned(), exempt, pod, template })
    }

    /// Something that Pod Security reacted to.
    pub(super) fn heard(&self) -> Option<&Trial> {
        [&self.template, &self.pod].into_iter().find(|trial| trial.is_heard())
    }

    /// The defaults of enforce and warn.
    pub(super) fn defaults(&self, user_exempt: &Answer<bool>) -> [Answer<LevelVersion>; 2] {
        let Self { namespace, pod, template, .. } = self;
        let enforce = match &pod.reaction {
            Reaction::Refused(policy) => {
                Answer::sure(*policy, format!("{} was refused by it in {namespace}", pod.title()))
            }
            Reaction::Warned(_) | Reaction::Silent => self.privileged(pod, user_exempt),
            Reaction::Unclear(unclear) => Answer::unknown(pod.doubt(unclear)),
        };
        let warned = |trial: &Trial, policy: LevelVersion| {
            Answer::sure(policy, format!("{} was warned of in {namespace}", trial.title()))
        };
        let warn = match (&template.reaction, &pod.reaction) {
            (Reaction::Warned(policy), _) => warned(template, *policy),
            (_, Reaction::Warned(policy)) => warned(pod, *policy),
            (Reaction::Silent, _) => self.privileged(template, user_exempt),
            (_, Reaction::Silent) => self.privileged(pod, user_exempt),
            (Reaction::Unclear(unclear), _) => Answer::unknown(template.doubt(unclear)),
            (Reaction::Refused(_), _) => Answer::unknown(format!("{} was refused", template.title())),
        };
        [enforce, warn]
    }

    /// That a canary was let through, and what else could be the reason.
    fn privileged(&self, trial: &Trial, user_exempt: &Answer<bool>) -> Answer<LevelVersion> {
        let privileged = LevelVersion::new(Level::Privileged, Version::Latest);
        let answer =
            Answer::sure(privileged, format!("{} was let through in {}", trial.title(), self.namespace));
        let is_heard = self.heard().is_some();
        match (is_heard || user_exempt.is_sure(), is_heard || self.exempt.is_sure()) {
            (true, true) => answer,
            (false, true) => answer.unless("you are exempt"),
            (true, false) => answer.unless("the namespace is exempt"),
            (false, false) => answer.unless("you or the namespace are exempt"),
        }
    }

    /// Sends another canary, to which the enforce default must apply as well.
    pub(super) async fn verify(
        &self,
        asking: &Asking,
        enforce: Answer<LevelVersion>,
    ) -> Result<Answer<LevelVersion>, CallError> {
        let Some(found) = enforce.value().copied() else { return Ok(enforce) };
        let trial = asking.trial(&self.namespace, Form::Pod, Trait::Plain, None).await?;
        Ok(confirm(enforce, found, &trial))
    }
}

/// Doubts an enforce default that does not fit to what became of a canary that only restricted refuses.
fn confirm(enforce: Answer<LevelVersion>, found: LevelVersion, trial: &Trial) -> Answer<LevelVersion> {
    let fits = match &trial.reaction {
        Reaction::Refused(policy) => *policy == found && found.level == Level::Restricted,
        Reaction::Warned(_) | Reaction::Silent => found.level != Level::Restricted,
        // Somebody else's word neither confirms nor denies it.
        Reaction::Unclear(_) => true,
    };
    if fits {
        return enforce;
    }
    enforce.unless(&format!("something stands before Pod Security: {} was answered otherwise", trial.title()))
}

#[cfg(test)]
#[path = "defaults_tests.rs"]
mod tests;
