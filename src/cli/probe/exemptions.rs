//! Who and what is exempt, from silence where there would be a reaction.

use std::collections::BTreeMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::{
    asking::Asking,
    canary::{Form, Reaction, Trial},
    defaults::Showing,
    findings::Answer,
    inquiry::TRIED,
};
use crate::{
    cluster::CallError,
    rollout::Namespace,
    standards::{Level, Mode, Policy, effective_policy},
};

/// How many namespaces are asked about at a time.
const AT_A_TIME: usize = 8;

/// Why silence says nothing.
pub(super) const NOTHING_REACTS: &str =
    "in no namespace in which you may create pods does Pod Security refuse any or warn of any";

/// Where and as what a canary draws a reaction, so that silence means an exemption.
#[derive(Clone, Debug)]
pub(super) struct Sensor {
    namespace: String,
    form: Form,
}

impl Sensor {
    /// From a canary that Pod Security reacted to.
    pub(super) fn of(namespace: &str, heard: &Trial) -> Self {
        Self { namespace: namespace.to_owned(), form: heard.form }
    }

    /// Whether pods of a runtime class are exempt.
    pub(super) async fn exempts(&self, asking: &Asking, class: &str) -> Result<Answer<bool>, CallError> {
        let Self { namespace, form } = self;
        let trial = asking.trial_of_refused(namespace, *form, Some(class)).await?;
        let title = trial.title();
        Ok(match &trial.reaction {
            Reaction::Refused(_) | Reaction::Warned(_) => {
                Answer::sure(false, format!("Pod Security reacted to {title} and this class in {namespace}"))
            }
            Reaction::Silent => Answer::sure(
                true,
                format!("{title} passed in {namespace} with this class, and does not without"),
            ),
            Reaction::Unclear(unclear) => Answer::unknown(trial.doubt(unclear)),
        })
    }
}

/// Whether namespaces are exempt, each by its name.
pub(super) async fn exempt_namespaces(
    asking: &Asking,
    namespaces: &[Namespace],
    not_asked: &mut Vec<String>,
) -> Result<BTreeMap<String, Answer<bool>>, CallError> {
    let Some(first) = namespaces.first() else { return Ok(BTreeMap::new()) };
    // Whoever may not patch one will hardly be allowed to patch the others.
    if let Some(Answer::Unknown { why }) = asking.exempts(first).await?
        && why.contains(" cannot patch resource \"namespaces\"")
    {
        not_asked.push(format!("which namespaces are exempt: a dry run needs the right to do it: {why}"));
        return Ok(BTreeMap::new());
    }
    let answers = stream::iter(namespaces).map(|namespace| async {
        Ok(asking.exempts(namespace).await?.map(|answer| (namespace.name.clone(), answer)))
    });
    answers.buffer_unordered(AT_A_TIME).try_filter_map(|found| async { Ok(found) }).try_collect().await
}

/// Whether whoever asks is exempt, and where Pod Security was heard, if it was.
pub(super) async fn user(
    asking: &Asking,
    showing: Option<&Showing>,
    namespaces: &[Namespace],
    exempt: &BTreeMap<String, Answer<bool>>,
) -> Result<(Answer<bool>, Option<Sensor>), CallError> {
    if let Some(showing) = showing
        && let Some(heard) = showing.heard()
    {
        return Ok(heard_in(&showing.namespace, heard));
    }
    for (name, form) in outspoken(namespaces, exempt).take(TRIED) {
        let trial = asking.trial_of_refused(name, form, None).await?;
        if trial.is_heard() {
            return Ok(heard_in(name, &trial));
        }
        if trial.reaction == Reaction::Silent {
            let because =
                format!("{} was let through in {name}, whose labels would not have it", trial.title());
            return Ok((Answer::sure(true, because), None));
        }
    }
    Ok((Answer::unknown(NOTHING_REACTS), None))
}

fn heard_in(namespace: &str, heard: &Trial) -> (Answer<bool>, Option<Sensor>) {
    let because = format!("Pod Security reacted to {} in {namespace}", heard.title());
    (Answer::sure(false, because), Some(Sensor::of(namespace, heard)))
}

/// Namespaces whose labels would have Pod Security react, with the form in which it does.
fn outspoken<'a>(
    namespaces: &'a [Namespace],
    exempt: &'a BTreeMap<String, Answer<bool>>,
) -> impl Iterator<Item = (&'a str, Form)> {
    namespaces.iter().filter_map(|namespace| {
        let (policy, errors) = effective_policy(&Policy::default(), |key| namespace.label(key));
        let is_strict = |mode| policy.get(mode).level != Level::Privileged;
        let is_known = exempt.get(&namespace.name).and_then(Answer::value) == Some(&false);
        if !errors.is_empty() || !is_known || namespace.terminating {
            return None;
        }
        let form = match (is_strict(Mode::Enforce), is_strict(Mode::Warn)) {
            (true, _) => Form::Pod,
            (false, true) => Form::Template,
            (false, false) => return None,
        };
        Some((namespace.name.as_str(), form))
    })
}
