//! Which question follows which, and what the answers mean together.

use std::collections::BTreeMap;

use k8s_openapi::api::node::v1::RuntimeClass;
use kube::{Api, ResourceExt, api::ListParams};

use super::{
    asking::Asking,
    audit::audit_default,
    canary::{Form, Reaction, Trait, Unclear},
    defaults::Showing,
    exemptions::{self, NOTHING_REACTS, Sensor, exempt_namespaces},
    findings::{Answer, Findings},
};
use crate::{
    cluster::{
        CallError, namespaces,
        server_version::{VersionError, server_minor},
        within_deadline,
    },
    rollout::Namespace,
    standards::{Level, LevelVersion, Mode},
};

/// How many namespaces are tried for canaries, of each sort. Where so many do not do, more hardly will.
pub(super) const TRIED: usize = 5;
/// What to ask.
#[derive(Debug)]
pub(super) struct Inquiry {
    /// Where to send canaries; otherwise a namespace without labels is looked for.
    pub(super) namespace: Option<String>,
    /// The runtime classes to ask about; otherwise those that the cluster has.
    pub(super) runtime_classes: Vec<String>,
}

/// Why nothing was found out.
#[derive(Debug, thiserror::Error)]
pub(super) enum InquiryError {
    #[error(transparent)]
    Version(#[from] VersionError),
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("cannot list namespaces: {0}; with --namespace one is enough")]
    List(#[source] CallError),
    #[error("there is no namespace {0}")]
    NoNamespace(String),
    #[error("namespace {0} has Pod Security labels, which hide the defaults: choose one without any")]
    Labelled(String),
    #[error("a dry run needs the right to do it: {0}; another namespace is given with --namespace")]
    NoRight(String),
}

impl Inquiry {
    /// Asks everything.
    pub(super) async fn carry_out(self, asking: &Asking) -> Result<Findings, InquiryError> {
        let server_minor = server_minor(asking.client()).await?;
        let user = asking.user().await?;
        let mut not_asked = Vec::new();
        let namespaces = self.namespaces(asking, &mut not_asked).await?;
        let shown = self.show(asking, &namespaces).await?;
        let exempt = exempt_namespaces(asking, &namespaces, &mut not_asked).await?;
        let (user_exempt, sensor) =
            exemptions::user(asking, shown.as_ref().ok(), &namespaces, &exempt).await?;
        let [enforce, warn] = enforce_and_warn(asking, &shown, &user_exempt).await?;
        let is_strict = |answer: &Answer<LevelVersion>| {
            answer.value().is_some_and(|value| value.level != Level::Privileged)
        };
        let an_exempt = exempt.iter().find(|(_, exempt)| exempt.value() == Some(&true));
        let audit = match an_exempt {
            Some((name, _)) => {
                audit_default(asking, name, is_strict(&enforce) || is_strict(&warn), server_minor).await?
            }
            None => Answer::unknown("only the audit log tells, unless a namespace is exempt"),
        };
        let runtime_classes =
            self.runtime_classes(asking, sensor.as_ref(), &user_exempt, &mut not_asked).await?;
        Ok(Findings {
            server_minor,
            user,
            namespace: shown.ok().map(|showing| showing.namespace),
            defaults: [enforce, audit, warn],
            user_exempt,
            namespaces: exempt,
            runtime_classes,
            not_asked,
        })
    }

    /// The namespaces there are; only the given one where they may not be listed.
    async fn namespaces(
        &self,
        asking: &Asking,
        not_asked: &mut Vec<String>,
    ) -> Result<Vec<Namespace>, InquiryError> {
        match (asking.namespaces().await, &self.namespace) {
            (Ok(namespaces), Some(name)) if !namespaces.iter().any(|namespace| namespace.name == *name) => {
                Err(InquiryError::NoNamespace(name.clone()))
            }
            (Ok(namespaces), _) => Ok(namespaces),
            (Err(CallError::Refused(status)), Some(name)) => {
                not_asked.push(format!("which other namespaces are exempt: {}", status.message));
                let found = namespaces::get(asking.client(), name).await?;
                Ok(vec![found.ok_or_else(|| InquiryError::NoNamespace(name.clone()))?])
            }
            (Err(error @ CallError::Refused(_)), None) => Err(InquiryError::List(error)),
            (Err(error), _) => Err(error.into()),
        }
    }

    /// Sends canaries to a namespace without labels; says why where there is none that does.
    async fn show(
        &self,
        asking: &Asking,
        namespaces: &[Namespace],
    ) -> Result<Result<Showing, String>, InquiryError> {
        let mut candidates: Vec<_> = namespaces
            .iter()
            .filter(|namespace| match &self.namespace {
                Some(name) => namespace.name == *name,
                None => !namespace.terminating && !is_labelled(namespace),
            })
            .collect();
        if let (Some(name), true) =
            (&self.namespace, candidates.iter().any(|candidate| is_labelled(candidate)))
        {
            return Err(InquiryError::Labelled(name.clone()));
        }
        candidates.sort_by_key(|namespace| (namespace.name != "default", namespace.name.clone()));
        let mut why = "every namespace has Pod Security labels, which hide the defaults".to_owned();
        let mut no_right = None;
        for candidate in candidates.into_iter().take(TRIED) {
            let name = &candidate.name;
            let Some(exempt) = asking.exempts(candidate).await? else { continue };
            if exempt.value() == Some(&true) {
                why = format!("namespace {name} is exempt");
                continue;
            }
            let trial = asking.trial(name, Form::Pod, Trait::Harmless, None).await?;
            match &trial.reaction {
                Reaction::Unclear(Unclear::NoRight(message)) => no_right = Some(message.clone()),
                Reaction::Unclear(unclear) => why = format!("in {name}: {}", trial.doubt(unclear)),
                _ => return Ok(Ok(Showing::of(asking, name, exempt).await?)),
            }
        }
        no_right.map_or(Ok(Err(why)), |message| Err(InquiryError::NoRight(message)))
    }

    /// Whether pods of runtime classes are exempt.
    async fn runtime_classes(
        &self,
        asking: &Asking,
        sensor: Option<&Sensor>,
        user_exempt: &Answer<bool>,
        not_asked: &mut Vec<String>,
    ) -> Result<BTreeMap<String, Answer<bool>>, InquiryError> {
        let mut classes = self.runtime_classes.clone();
        if classes.is_empty() {
            let api: Api<RuntimeClass> = Api::all(asking.client().clone());
            match within_deadline(api.list_metadata(&ListParams::default())).await {
                Ok(list) => classes.extend(list.items.iter().map(ResourceExt::name_any)),
                Err(CallError::Refused(status)) => {
                    not_asked.push(format!(
                        "which runtime classes are exempt: {}; they are given with --runtime-class",
                        status.message
                    ));
                }
                Err(error) => return Err(error.into()),
            }
        }
        let mut answers = BTreeMap::new();
        for class in classes {
            let answer = match sensor {
                Some(sensor) => sensor.exempts(asking, &class).await?,
                None if user_exempt.value() == Some(&true) => Answer::unknown("you are exempt yourself"),
                None => Answer::unknown(NOTHING_REACTS),
            };
            answers.insert(class, answer);
        }
        Ok(answers)
    }
}

fn is_labelled(namespace: &Namespace) -> bool {
    let keys = Mode::ALL.into_iter().flat_map(|mode| [mode.keys().level, mode.keys().version]);
    keys.into_iter().any(|key| namespace.label(key).is_some())
}

/// The defaults of enforce and warn, as far as canaries show them.
async fn enforce_and_warn(
    asking: &Asking,
    shown: &Result<Showing, String>,
    user_exempt: &Answer<bool>,
) -> Result<[Answer<LevelVersion>; 2], CallError> {
    if user_exempt.value() == Some(&true) {
        return Ok([(); 2].map(|()| Answer::unknown("you are exempt yourself: ask as somebody who is not")));
    }
    match shown {
        Ok(showing) => {
            let [enforce, warn] = showing.defaults(user_exempt);
            Ok([showing.verify(asking, enforce).await?, warn])
        }
        Err(why) => Ok([(); 2].map(|()| Answer::unknown(why))),
    }
}
