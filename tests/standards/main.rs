//! Judging pods: beside upstream's own evaluator, beside a real API server, and without a crash or an allocation.

#![expect(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "what was covered is shown with --nocapture, and when a test fails")]

mod allocations;
mod api_server;
mod comparison;
mod decoding;
mod differential;
mod fixtures;
mod garbage;
mod labels;
mod pods;
mod remedies;
mod shapes;
mod text;
mod upstream;
