//! Reading a pod from JSON.

use std::{error::Error, hint::black_box};

use k8s_openapi::api::core::v1;
use podsec::standards::pod::Pod;

use crate::{
    pods::Sample,
    spread::{BATCHES, Spread, batch},
};

/// How often a pod is read in a batch.
const ROUNDS: u32 = 50;

/// Prints a table of podsec and `k8s-openapi`, each from the same bytes.
pub(crate) fn compare(samples: &[Sample]) -> Result<(), Box<dyn Error>> {
    println!(
        "| pod | JSON | `k8s-openapi` | podsec, strict | times faster | podsec, as served | times faster |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for sample in samples {
        let text = sample.json.as_str();
        let bytes = text.as_bytes();
        // All of them can read it.
        serde_json::from_slice::<v1::Pod>(bytes)?;
        if Pod::from_json(text)? != Pod::from_served(bytes)? {
            return Err(format!("the readers differ about {}", sample.name).into());
        }
        let (mut full, mut strict, mut served) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..BATCHES {
            full.push(batch(ROUNDS, || {
                drop(black_box(serde_json::from_slice::<v1::Pod>(black_box(bytes))));
            }));
            strict.push(batch(ROUNDS, || drop(black_box(Pod::from_json(black_box(text))))));
            served.push(batch(ROUNDS, || drop(black_box(Pod::from_served(black_box(bytes))))));
        }
        let (than_strict, than_served) =
            (Spread::of_ratios(&full, &strict), Spread::of_ratios(&full, &served));
        println!(
            "| {} | {} B | {:.1} µs | {:.1} µs | {than_strict} | {:.1} µs | {than_served} |",
            sample.name,
            bytes.len(),
            Spread::of(full).median / 1000.0,
            Spread::of(strict).median / 1000.0,
            Spread::of(served).median / 1000.0,
        );
    }
    Ok(())
}
