//! Pods that are never made: what is sent to find out what the API server thinks of them, and what it answers.

use serde_json::{Value, json};

use crate::{
    cluster::cross_check::dry_run::Answered,
    standards::{LevelVersion, quoted},
};

/// The name of every canary.
pub(super) const NAME: &str = "podsec-probe";

/// Something that a canary has and Pod Security looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trait {
    /// Nothing: restricted lets it through at every version.
    Harmless,
    /// Baseline lets it through at every version, and restricted at none.
    Plain,
    /// Baseline refuses it at every version.
    HostPid,
    /// The same.
    HostIpc,
    /// The same.
    SeLinuxType,
}

impl Trait {
    /// Those that baseline refuses at every version. They differ so that what refuses the one for its own reasons may
    /// let another through.
    pub(super) const REFUSED: [Self; 3] = [Self::HostPid, Self::HostIpc, Self::SeLinuxType];

    /// What follows the noun for a canary with it.
    const fn clause(self) -> &'static str {
        match self {
            Self::Harmless => "that every level lets through",
            Self::Plain => "that baseline lets through and restricted does not",
            Self::HostPid => "with hostPID",
            Self::HostIpc => "with hostIPC",
            Self::SeLinuxType => "with an SELinux type",
        }
    }

    /// The pod or the pod template.
    pub(super) fn pod(self, runtime_class: Option<&str>) -> Value {
        let mut spec = json!({
            "automountServiceAccountToken": false,
            "containers": [{"name": "canary", "image": "example.com/podsec-probe:never-made"}],
        });
        match self {
            Self::Harmless => {
                spec["securityContext"] =
                    json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}});
                spec["containers"][0]["securityContext"] =
                    json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}});
            }
            Self::Plain => {}
            Self::HostPid => spec["hostPID"] = true.into(),
            Self::HostIpc => spec["hostIPC"] = true.into(),
            Self::SeLinuxType => spec["securityContext"] = json!({"seLinuxOptions": {"type": "spc_t"}}),
        }
        if let Some(class) = runtime_class {
            spec["runtimeClassName"] = class.into();
        }
        json!({"metadata": {"name": NAME}, "spec": spec})
    }

    /// Whether a pod still has it, and its runtime class.
    fn is_in(self, pod: &Value, runtime_class: Option<&str>) -> bool {
        let spec = &pod["spec"];
        let has_trait = match self {
            // What is added to it is not known to matter.
            Self::Harmless => true,
            Self::Plain => spec["containers"][0]["securityContext"]["allowPrivilegeEscalation"] != false,
            Self::HostPid => spec["hostPID"] == true,
            Self::HostIpc => spec["hostIPC"] == true,
            Self::SeLinuxType => spec["securityContext"]["seLinuxOptions"]["type"] == "spc_t",
        };
        has_trait && spec["runtimeClassName"].as_str() == runtime_class
    }
}

/// As what a canary is sent. Pod Security refuses pods; of templates it warns only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A pod.
    Pod,
    /// A `PodTemplate`, which runs nothing and which hardly anybody else looks at.
    Template,
}

impl Form {
    /// The kind, as in the name of a right.
    pub(super) const fn resource(self) -> &'static str {
        match self {
            Self::Pod => "pods",
            Self::Template => "podtemplates",
        }
    }

    /// The object to be created.
    pub(super) fn object(self, canary: Trait, runtime_class: Option<&str>) -> Value {
        let pod = canary.pod(runtime_class);
        match self {
            Self::Pod => pod,
            Self::Template => json!({"metadata": {"name": NAME}, "template": {"spec": pod["spec"]}}),
        }
    }
}

/// A canary that was sent, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trial {
    pub(super) form: Form,
    pub(super) canary: Trait,
    pub(super) reaction: Reaction,
}

impl Trial {
    /// What was sent, in words.
    pub(super) fn title(&self) -> String {
        let noun = match self.form {
            Form::Pod => "a pod",
            Form::Template => "a pod template",
        };
        format!("{noun} {}", self.canary.clause())
    }

    /// Whether it tells something about Pod Security, or will not however often it is tried with another canary.
    pub(super) const fn is_final(&self) -> bool {
        !matches!(self.reaction, Reaction::Unclear(Unclear::RefusedByOthers(_) | Unclear::Changed))
    }

    /// Whether Pod Security had something against it.
    pub(super) const fn is_heard(&self) -> bool {
        matches!(self.reaction, Reaction::Refused(_) | Reaction::Warned(_))
    }

    /// Why it tells nothing, in a clause.
    pub(super) fn doubt(&self, unclear: &Unclear) -> String {
        let title = self.title();
        match unclear {
            Unclear::NoRight(message) => message.clone(),
            Unclear::RefusedByOthers(message) => {
                format!(
                    "{title} was refused, and not by Pod Security, which may not have been asked: {message}"
                )
            }
            Unclear::Changed => format!("something made {title} another one before Pod Security saw it"),
        }
    }
}

/// What Pod Security made of a canary, as far as the answer tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reaction {
    /// It refused it, by this policy.
    Refused(LevelVersion),
    /// It let it through and warned of it, by this policy.
    Warned(LevelVersion),
    /// It let it through in silence.
    Silent,
    /// Somebody else answered, or changed the canary first; or there is no right to ask.
    Unclear(Unclear),
}

/// Why an answer says nothing about Pod Security.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unclear {
    /// The right to create such an object is missing.
    NoRight(String),
    /// It was refused, and not by Pod Security.
    RefusedByOthers(String),
    /// It was let through as another canary than the one that was sent.
    Changed,
}

impl Reaction {
    /// Reads an answer to a canary.
    pub(super) fn read(answered: Answered, form: Form, canary: Trait, runtime_class: Option<&str>) -> Self {
        let Answered { warnings, outcome } = answered;
        match outcome {
            Err(status) => match refusal(&status.message, form) {
                Some(policy) => Self::Refused(policy),
                None if status.message.starts_with(&format!("{} is forbidden: User ", form.resource())) => {
                    Self::Unclear(Unclear::NoRight(status.message.clone()))
                }
                None => Self::Unclear(Unclear::RefusedByOthers(status.message.clone())),
            },
            Ok(body) => {
                let stored: Value = serde_json::from_slice(&body).unwrap_or_default();
                let pod = if form == Form::Pod { &stored } else { &stored["template"] };
                match warnings.iter().find_map(|text| warning(text)) {
                    Some(policy) => Self::Warned(policy),
                    None if canary.is_in(pod, runtime_class) => Self::Silent,
                    None => Self::Unclear(Unclear::Changed),
                }
            }
        }
    }
}

/// The policy of Pod Security's own refusal. A webhook that says the same says so in front.
fn refusal(message: &str, form: Form) -> Option<LevelVersion> {
    let start = format!("{} {} is forbidden: violates PodSecurity \"", form.resource(), quoted(NAME));
    policy_in(message.strip_prefix(&start)?)
}

fn warning(text: &str) -> Option<LevelVersion> {
    policy_in(text.strip_prefix("would violate PodSecurity \"")?)
}

fn policy_in(text: &str) -> Option<LevelVersion> {
    text.split_once("\": ")?.0.parse().ok()
}

#[cfg(test)]
#[path = "canary_tests.rs"]
mod tests;
