//! What judging a pod costs, beside upstream's own evaluator, and what reading one costs, beside `k8s-openapi`: `cargo
//! bench --bench standards`.
//!
//! Both sides of a comparison take turns, a batch of about a millisecond each, so that what else the machine does meets
//! both. The figure is the median of the batches, and the ratio the median of the ratios of batches that follow each
//! other; half of the ratios are within the two in brackets.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

mod judging;
mod pods;
mod reading;
mod spread;
mod upstream;

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let samples = pods::all();
    judging::compare(&samples)?;
    println!();
    reading::compare(&samples)
}
