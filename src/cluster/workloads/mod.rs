//! Pods and the objects with a pod template, read as they stream in.
//!
//! Of a pod of 11 KB some 100 bytes are kept. So a list is taken in one unpaged answer from the API server's watch
//! cache, which is what costs the API server least, and is cut into items while it comes: nothing is held but the item
//! that is being read, and what is kept of those before it. An answer that ends early is an error and never a short
//! list; an item that cannot be read is kept as such and spoils no list.

mod answer;
mod error;
mod event;
mod follower;
mod list;
mod listing;
mod pages;
mod reading;
mod resource;
mod splitter;
mod stream;
#[cfg(test)]
mod testing;

pub use error::ReadError;
pub use list::list;
pub use listing::{Listing, Problem, Progress};
pub use reading::Observed;
pub use resource::{Resource, Scope};
pub use splitter::BrokenAnswer;
pub use stream::{Interruption, Listed, SILENCE, WorkloadEvent, WorkloadStream};
