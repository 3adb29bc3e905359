//! The client, from a kubeconfig or from inside a pod.

use std::{path::PathBuf, time::Duration};

use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};

/// How long nothing may come on a connection that something is awaited on. Longer than any watch is kept open.
const READ_TIMEOUT: Duration = Duration::from_mins(1);

/// Which cluster to talk to, and as whom.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Connection {
    /// The kubeconfig to read; otherwise $KUBECONFIG, ~/.kube/config, or the pod's own service account
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig to use
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
}

/// No client could be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// The kubeconfig cannot be read or lacks what is asked of it.
    #[error("cannot use the kubeconfig: {0}")]
    Kubeconfig(#[from] kube::config::KubeconfigError),
    /// There is neither a kubeconfig nor a service account.
    #[error("no cluster to talk to: {0}")]
    Nowhere(#[from] kube::config::InferConfigError),
    /// The client cannot be set up.
    #[error("cannot set up the client: {0}")]
    Client(#[from] kube::Error),
}

impl Connection {
    /// Makes a client, and gives the API server's address. Nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When there is no usable configuration.
    pub async fn client(&self) -> Result<(Client, http::Uri), ConnectionError> {
        let mut config = self.config().await?;
        // A connection that died without a word must not hang a list or a watch: see the watches' own limit.
        config.read_timeout = Some(READ_TIMEOUT);
        let server = config.cluster_url.clone();
        Ok((Client::try_from(config)?, server))
    }

    /// The configuration of a client for few requests that must not wait for anything: what they are needed for is past
    /// after so long.
    ///
    /// # Errors
    ///
    /// When there is no usable configuration.
    pub async fn urgent(&self, within: Duration) -> Result<Config, ConnectionError> {
        let mut config = self.config().await?;
        config.connect_timeout = Some(within);
        config.write_timeout = Some(within);
        // Whoever asks knows best when to ask again.
        config.default_retry = false;
        Ok(config)
    }

    /// The name of the context that is used, where a kubeconfig says it.
    pub fn context_name(&self) -> Option<String> {
        let kubeconfig = || match &self.kubeconfig {
            Some(path) => Kubeconfig::read_from(path).ok(),
            None => Kubeconfig::read().ok(),
        };
        self.context.clone().or_else(|| kubeconfig()?.current_context).filter(|name| !name.is_empty())
    }

    async fn config(&self) -> Result<Config, ConnectionError> {
        let options = KubeConfigOptions { context: self.context.clone(), ..KubeConfigOptions::default() };
        match &self.kubeconfig {
            Some(path) => Ok(Config::from_custom_kubeconfig(Kubeconfig::read_from(path)?, &options).await?),
            None if self.context.is_some() => Ok(Config::from_kubeconfig(&options).await?),
            None => Ok(Config::infer().await?),
        }
    }
}
