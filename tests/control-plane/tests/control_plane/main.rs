//! The control plane by itself: its programs are built once, it starts and ends, and leaves nothing behind.

mod building;
mod cluster;
mod contents;
mod leftovers;
mod outage;
mod standing;
mod waiting;
mod workloads;
