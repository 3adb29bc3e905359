//! Ways to ask the API server: clients, kubeconfig files and kubectl.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering;

use kube::config::AuthInfo;
use kube::{Client, Config};
use serde_json::json;

use super::Cluster;
use crate::binaries::Program;
use crate::credentials::ADMIN;
use crate::error::{Doing as _, Error};
use crate::process::GC;

impl Cluster {
    /// A client of the administrator. Like every client, it belongs to the runtime in which it is made.
    pub fn admin(&self) -> Result<Client, Error> {
        self.client(ADMIN)
    }

    /// A client of a user, with connections of its own.
    pub fn client(&self, user: &str) -> Result<Client, Error> {
        Ok(Client::try_from(self.config(user)?)?)
    }

    /// What a user's client is made from, for a test that changes a timeout.
    pub fn config(&self, user: &str) -> Result<Config, Error> {
        let address = self
            .url
            .parse()
            .map_err(|error: http::uri::InvalidUri| kube::Error::HttpError(http::Error::from(error)))?;
        let mut config = Config::new(address);
        config.root_cert = Some(vec![self.credentials.ca_der().to_vec()]);
        let token = json!({"token": self.credentials.token(user)?});
        config.auth_info = serde_json::from_value::<AuthInfo>(token).map_err(kube::Error::SerdeError)?;
        Ok(config)
    }

    /// A user's kubeconfig file.
    pub fn kubeconfig(&self, user: &str) -> Result<PathBuf, Error> {
        self.credentials.kubeconfig(user)
    }

    /// The administrator's kubeconfig file.
    pub fn admin_kubeconfig(&self) -> Result<PathBuf, Error> {
        self.credentials.kubeconfig(ADMIN)
    }

    /// A user's token.
    pub fn token(&self, user: &str) -> Result<&str, Error> {
        self.credentials.token(user)
    }

    /// The certificate authority of the API server's certificate.
    pub fn ca_pem(&self) -> &str {
        self.credentials.ca_pem()
    }

    /// kubectl as a user, to be given arguments. Its caches and settings are in the cluster's folder.
    pub fn kubectl_command(&self, user: &str) -> Result<Command, Error> {
        let mut command = Command::new(self.binaries.path(Program::Kubectl));
        command.env("KUBECONFIG", self.kubeconfig(user)?).env("HOME", &self.folder).env(GC.0, GC.1);
        Ok(command)
    }

    /// Runs kubectl as the administrator, and returns what it printed. Blocks for as long as kubectl takes.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String, Error> {
        self.kubectl_as(ADMIN, arguments)
    }

    /// Runs kubectl as a user, and returns what it printed. Blocks for as long as kubectl takes.
    pub fn kubectl_as(&self, user: &str, arguments: &[&str]) -> Result<String, Error> {
        let mut command = self.kubectl_command(user)?;
        let output = command.args(arguments).output().doing(|| String::from("run kubectl"))?;
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(stdout);
        }
        let output = format!("{stdout}{}", String::from_utf8_lossy(&output.stderr));
        Err(Error::Kubectl { arguments: arguments.join(" "), output: output.trim().to_owned() })
    }

    /// Applies YAML or JSON as the administrator, server-side; returns what kubectl printed.
    pub fn apply(&self, text: &str) -> Result<String, Error> {
        self.apply_as(ADMIN, text)
    }

    /// Applies YAML or JSON as a user, server-side; returns what kubectl printed.
    pub fn apply_as(&self, user: &str, text: &str) -> Result<String, Error> {
        let number = self.applied.fetch_add(1, Ordering::Relaxed) + 1;
        let path = self.folder.join(format!("applied-{number}.yaml"));
        fs::write(&path, text).doing(|| format!("write {}", path.display()))?;
        self.kubectl_as(user, &["apply", "--server-side", "-f", &path.display().to_string()])
    }

    /// Applies a file, or a folder's files, as the administrator, server-side; returns what kubectl printed.
    pub fn apply_file(&self, path: &Path) -> Result<String, Error> {
        self.kubectl(&["apply", "--server-side", "-f", &path.display().to_string()])
    }

    /// A client for waits: it does not try again by itself.
    pub(super) fn probing_client(&self) -> Result<Client, Error> {
        let mut config = self.config(ADMIN)?;
        config.default_retry = false;
        Ok(Client::try_from(config)?)
    }
}
