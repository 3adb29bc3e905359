//! `podsec generate`: what podsec writes for others to apply.

mod manifest;
mod policies;
mod source;

#[cfg(test)]
mod tests;

use std::io::Write;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;

use self::{
    policies::{Fence, Guard, Labelling},
    source::{ProfileSource, Subject},
};
use super::{Failure, Outcome, output::Printer};
use crate::rollout::{Settings, admission::Variable};

/// Print what podsec writes for others to apply
///
/// Prints manifests for a Git repository or kubectl, and changes nothing.
#[derive(Debug, Args)]
pub(super) struct Generate {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    AdmissionPolicies(AdmissionPolicies),
}

/// Print admission policies that label new namespaces and keep others from podsec's labels
///
/// Prints policies that the API server carries out by itself, without a webhook. They are written from the profiles as
/// they stand, of the cluster or with -f of files: generate and apply them anew whenever a profile changes, the API
/// server is upgraded, or an exemption ends. Nothing of it is installed with podsec.
#[derive(Debug, Args)]
struct AdmissionPolicies {
    #[command(flatten)]
    source: ProfileSource,
    /// Print these policies, and no others
    #[arg(long, value_name = "POLICY", value_delimiter = ',', value_enum)]
    only: Vec<Policy>,
    /// The user that podsec's controller is to the API server; otherwise the service account that it has where it is
    /// installed under its own name, system:serviceaccount:podsec-system:podsec
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    user: Option<String>,
    /// Have guard-labels refuse nothing: what it would refuse is warned of and noted in the audit log
    #[arg(long)]
    warn_only: bool,
    /// How to write them
    #[arg(short, long, value_name = "FORMAT", default_value = "yaml")]
    output: Format,
}

/// A format of manifests.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// With a comment on each part.
    Yaml,
}

/// An admission policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Policy {
    /// Labels new namespaces as the profiles would (Kubernetes 1.36 and later).
    LabelNewNamespaces,
    /// Keeps others from what podsec sets, and from what decides about it.
    GuardLabels,
    /// Keeps podsec from everything else on a namespace.
    FencePodsec,
}

impl Policy {
    const ALL: [Self; 3] = [Self::LabelNewNamespaces, Self::GuardLabels, Self::FencePodsec];

    /// The name of the policy and of its binding.
    const fn name(self) -> &'static str {
        match self {
            Self::LabelNewNamespaces => "podsec-label-new-namespaces",
            Self::GuardLabels => "podsec-guard-labels",
            Self::FencePodsec => "podsec-fence-podsec",
        }
    }

    /// The kind, and since which minor the API server has it at `admissionregistration.k8s.io/v1`.
    const fn kind(self) -> (&'static str, u32) {
        match self {
            Self::LabelNewNamespaces => ("MutatingAdmissionPolicy", 36),
            Self::GuardLabels | Self::FencePodsec => ("ValidatingAdmissionPolicy", 30),
        }
    }
}

/// Why there are no policies.
#[derive(Debug, thiserror::Error)]
enum GenerateError {
    /// The API server does not have the kind.
    #[error("{policy} is a {kind}, which Kubernetes has since v1.{since}, and the API server is of v1.{minor}{}", hint(*since))]
    TooOld { policy: &'static str, kind: &'static str, since: u32, minor: u32 },
    /// There is nothing to label by.
    #[error(
        "no profile sets labels, so podsec-label-new-namespaces would do nothing; for the others: --only \
         guard-labels,fence-podsec"
    )]
    NothingToLabel,
    /// The controller is another user than podsec takes it for.
    #[error(
        "the controller runs in the namespace {namespace}, and {policy} has to know its service account: give it as in --user \
         system:serviceaccount:{namespace}:NAME (kubectl get deployment -n {namespace} -o \
         jsonpath='{{.items[*].spec.template.spec.serviceAccountName}}' says the name)"
    )]
    UserUnknown { policy: &'static str, namespace: String },
    /// The API server would not read it.
    #[error(
        "{policy}: {about} would take an expression of {length} characters, and the API server reads no more than \
         {LONGEST}: shorten the selectors, name patterns or exemptions of the profiles, or leave this policy out with \
         --only"
    )]
    TooLong { policy: &'static str, about: String, length: usize },
}

/// How many characters an expression may have: the API server's parser of CEL reads no more (cel-go's
/// `ExpressionSizeCodePointLimit`).
const LONGEST: usize = 100_000;

/// That the API server can read every variable of a policy. Nothing else in one grows with the profiles.
fn readable<'a>(
    policy: Policy,
    variables: impl IntoIterator<Item = &'a Variable>,
) -> Result<(), GenerateError> {
    for Variable { about, expression, .. } in variables {
        let length = expression.chars().count();
        if length > LONGEST {
            return Err(GenerateError::TooLong { policy: policy.name(), about: about.clone(), length });
        }
    }
    Ok(())
}

/// What is left on an older API server.
fn hint(since: u32) -> &'static str {
    if since > 30 { "; for the others: --only guard-labels,fence-podsec" } else { "" }
}

impl Generate {
    pub(super) fn run(self, stdout: &mut impl Write) -> Result<Outcome, Failure> {
        let What::AdmissionPolicies(command) = self.what;
        let subject = command.source.read()?;
        let text = command.text(&subject, Timestamp::now())?;
        let mut printer = Printer::new(stdout);
        let Format::Yaml = command.output;
        printer.print(|out| out.write_all(text.as_bytes()))?;
        printer.finish()?;
        Ok(Outcome::Clean)
    }
}

/// Who podsec is to the API server where deploy/ has installed it.
const USER: &str = "system:serviceaccount:podsec-system:podsec";

impl AdmissionPolicies {
    /// Who podsec is. A guard that has another one for podsec would keep podsec out.
    fn user(&self, policy: Policy, subject: &Subject) -> Result<&str, GenerateError> {
        match (&self.user, &subject.installed_in) {
            (Some(user), _) => Ok(user),
            (None, Some(namespace)) if namespace != Settings::INSTALLED_IN => {
                Err(GenerateError::UserUnknown { policy: policy.name(), namespace: namespace.clone() })
            }
            (None, _) => Ok(USER),
        }
    }

    fn text(&self, subject: &Subject, now: Timestamp) -> Result<String, GenerateError> {
        let is_wanted = |policy: &Policy| self.only.is_empty() || self.only.contains(policy);
        let mut documents = Vec::new();
        for policy in Policy::ALL.into_iter().filter(is_wanted) {
            let (kind, since) = policy.kind();
            let minor = subject.minor;
            if minor < since {
                return Err(GenerateError::TooOld { policy: policy.name(), kind, since, minor });
            }
            documents.extend(match policy {
                Policy::LabelNewNamespaces => {
                    let labelling = Labelling::new(subject, now).ok_or(GenerateError::NothingToLabel)?;
                    readable(policy, labelling.variables())?;
                    labelling.documents()
                }
                Policy::GuardLabels => {
                    let guard = Guard::new(subject, self.user(policy, subject)?, self.warn_only, now);
                    readable(policy, &guard.variables())?;
                    guard.documents()
                }
                Policy::FencePodsec => Fence::new(self.user(policy, subject)?).documents(),
            });
        }
        Ok(format!("{}\n{}", policies::header(subject, now), documents.join("---\n")))
    }
}
