//! A real Kubernetes control plane without containers, for tests, benches and demonstrations.
//!
//! The programs are built once from the Go modules that this crate's `go.mod` pins, and kept in a cache folder
//! ([`Binaries`]). A [`Cluster`] runs them as child processes on 127.0.0.1, in a scratch folder, and ends with
//! the value, or with the process, however that goes:
//!
//! ```no_run
//! # async fn example() -> Result<(), podsec_control_plane::Error> {
//! use podsec_control_plane::Cluster;
//!
//! let cluster = Cluster::builder().user("podsec").start().await?;
//! cluster.apply("{apiVersion: v1, kind: Namespace, metadata: {name: shop}}")?;
//! let client = cluster.client("podsec")?;
//! # drop(client);
//! # Ok(())
//! # }
//! ```

#![expect(
    clippy::missing_errors_doc,
    reason = "every function fails with the one `Error`, whose variants say when each of them occurs"
)]

mod api_server;
mod audit;
mod binaries;
mod cluster;
mod credentials;
mod error;
mod etcd;
mod ports;
mod process;
pub mod standing;
mod stored;

pub use binaries::{
    Binaries, GitopsTool, Program, build_module, flux_definitions, module_folder, monitoring_definitions,
};
pub use cluster::{Builder, Cluster, Contents};
pub use error::Error;
