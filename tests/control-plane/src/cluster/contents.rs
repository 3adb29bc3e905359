//! What a cluster holds, and its return to that.

use std::sync::atomic::Ordering;

use super::Cluster;
use crate::error::Error;
use crate::stored::{self, Stored};

/// What the API server renews for itself every few seconds.
const OF_THE_API_SERVER: [&str; 2] = ["leases/kube-system/apiserver-", "peerserverleases/"];

/// Everything that a cluster has stored: objects of all kinds, each as the API server wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents(Stored);

impl Contents {
    /// Where objects are stored, as in `pods/NAMESPACE/NAME` or `podsec.dev/podsecurityreports/NAMESPACE/NAME`.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The keys of what is in one of the two only, or not the same in both.
    pub fn differences<'a>(&'a self, other: &'a Self) -> Vec<&'a str> {
        let changed = self.0.iter().filter(|(key, value)| other.0.get(*key) != Some(value));
        let added = other.0.iter().filter(|(key, _)| !self.0.contains_key(*key));
        changed.chain(added).map(|(key, _)| key.as_str()).collect()
    }
}

impl Cluster {
    /// What it holds now. Blocks.
    pub fn contents(&self) -> Result<Contents, Error> {
        let prefix = self.prefix();
        let stored = stored::under(self.etcd.client_port(), &prefix)?;
        let relative = stored.into_iter().filter_map(|(key, value)| {
            let key = key.strip_prefix(&prefix)?;
            let is_its_own = OF_THE_API_SERVER.iter().any(|own| key.starts_with(own));
            (!is_its_own).then(|| (key.to_owned(), value))
        });
        Ok(Contents(relative.collect()))
    }

    /// Stores again what it held, and nothing else. The API server learns of it by its watches, as of any change: a
    /// moment later. No deletion has to wait for anybody, so whatever still works on an object finds it gone. Blocks.
    pub fn restore(&self, contents: &Contents) -> Result<(), Error> {
        let (port, prefix) = (self.etcd.client_port(), self.prefix());
        let now = self.contents()?;
        for key in contents.differences(&now) {
            let full = format!("{prefix}{key}");
            match contents.0.get(key) {
                Some(value) => stored::put(port, &full, value)?,
                None => stored::delete(port, &full)?,
            }
        }
        Ok(())
    }

    /// Whether [`Self::restore`] leaves nothing behind: nothing runs beside the API server and remembers, nothing was
    /// written into an audit log, and the API server has run ever since it was started, without a break.
    pub fn is_restorable(&self) -> bool {
        let is_undisturbed = !self.disturbed.load(Ordering::Relaxed) && self.api_server.check().is_ok();
        is_undisturbed && self.companions.is_empty() && self.audit_length() == 0
    }

    fn prefix(&self) -> String {
        format!("/{}/", self.name)
    }
}
