//! Judging a pod that has been read.

use std::{error::Error, hint::black_box, time::Duration};

use podsec::standards::{Level, LevelVersion, Version, evaluate, pod::Pod};

use crate::{
    pods::Sample,
    spread::{BATCHES, Spread, batch, per_round},
    upstream::Upstream,
};

/// How often a pod is judged in a batch, by either.
const ROUNDS: u32 = 1000;

/// Prints a table of podsec and upstream.
pub(crate) fn compare(samples: &[Sample]) -> Result<(), Box<dyn Error>> {
    let mut upstream = Upstream::start()?;
    println!("| pod | level | answer | podsec | upstream | times faster |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for sample in samples {
        for level in [Level::Baseline, Level::Restricted] {
            let pod = Pod::from_served(sample.json.as_bytes())?;
            let policy = LevelVersion::new(level, Version::Latest);
            let is_allowed = evaluate(policy, &pod).is_allowed();
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            for _ in 0..BATCHES {
                ours.push(batch(ROUNDS, || drop(black_box(evaluate(policy, black_box(&pod))))));
                let taken = upstream.time(&sample.json, level, ROUNDS)?;
                if taken.allowed != is_allowed {
                    return Err(format!("they differ about {}", sample.name).into());
                }
                theirs.push(per_round(Duration::from_nanos(taken.nanoseconds), ROUNDS));
            }
            let ratio = Spread::of_ratios(&theirs, &ours);
            println!(
                "| {} | {level} | {} | {:.0} ns | {:.0} ns | {ratio} |",
                sample.name,
                if is_allowed { "allowed" } else { "refused" },
                Spread::of(ours).median,
                Spread::of(theirs).median,
            );
        }
    }
    Ok(())
}
