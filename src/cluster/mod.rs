//! Reading a cluster: the client, and what is observed as values that the pure rooms understand.
//!
//! Nothing here writes; the controller is the only writer. [`cross_check`] tries writes that are never carried out.

pub(crate) mod backoff;
pub mod client;
pub mod crd;
pub mod cross_check;
mod deadline;
mod item;
pub mod lease;
mod managed_fields;
pub mod namespaces;
pub mod profiles;
pub mod rejections;
pub mod reports;
pub mod server_version;
pub mod workloads;

pub use deadline::{CallError, within_deadline};
pub use item::Item;
