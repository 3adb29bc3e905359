//! `podsec probe`: finds out what an API server does of its own accord, without creating anything.

mod asking;
mod audit;
mod canary;
mod defaults;
mod exemptions;
mod findings;
mod inquiry;
mod report;

use std::io::Write;

use clap::Args;

use self::{asking::Asking, inquiry::Inquiry};
use super::{Failure, Outcome, output::TableOrDocument};
use crate::cluster::client::Connection;

/// Find out what the API server itself defaults and exempts
///
/// An administrator can give Pod Security Admission defaults for namespaces without labels, and exemptions for users,
/// namespaces and runtime classes; no API tells them. This sends pods and labels as dry runs, in whose answers they
/// show, and prints the flags that the controller needs for them. Nothing is created or changed. It needs the rights for
/// what is only tried: to create pods (and podtemplates) in one namespace without Pod Security labels, and to patch
/// namespaces. The controller never has the first.
///
/// Exit status: 0 all of it is sure, but for the audit default, which is often not to be seen; 1 something is not;
/// 2 it could not be asked.
#[derive(Debug, Args)]
pub(super) struct Probe {
    #[command(flatten)]
    connection: Connection,
    /// The namespace to send pods to, one without Pod Security labels; default, or another one, is chosen otherwise
    #[arg(short, long, value_name = "NAME", value_parser = object_name)]
    namespace: Option<String>,
    /// The runtime classes to ask about; those of the cluster otherwise
    #[arg(long = "runtime-class", value_name = "NAME", value_delimiter = ',', value_parser = object_name)]
    runtime_classes: Vec<String>,
    /// How to write what is found
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    output: TableOrDocument,
}

impl Probe {
    /// Asks, and writes what was found.
    pub(super) fn run(self, stdout: &mut impl Write) -> Result<Outcome, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let findings = runtime.block_on(async {
            let (client, _) = self.connection.client().await?;
            let inquiry = Inquiry { namespace: self.namespace, runtime_classes: self.runtime_classes };
            Ok::<_, Failure>(inquiry.carry_out(&Asking::new(client)).await?)
        })?;
        match self.output.notation() {
            None => report::table(stdout, &findings)?,
            Some(notation) => report::document(stdout, notation, &findings)?,
        }
        Ok(if findings.is_sure() { Outcome::Clean } else { Outcome::Findings })
    }
}

/// A name that can stand in an address.
fn object_name(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    let is_name = text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(is_plain);
    if is_name { Ok(text.to_owned()) } else { Err("must be the name of an object, as in kube-system".into()) }
}
