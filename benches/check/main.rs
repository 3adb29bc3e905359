//! What `podsec check` costs on many manifests, beside kubeconform on the same ones: `make bench`.
//!
//! The corpus is made anew and is always the same. Every command runs once unmeasured, so that all files are in memory,
//! and then three times, of which the best wall time counts.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

mod corpus;
mod kubeconform;
mod measure;

use std::{env, error::Error, fs, path::Path, time::Duration};

use measure::Cost;

/// How many manifests.
const COUNTS: [u64; 4] = [1, 100, 1000, 10_000];

/// How often each command is measured.
const RUNS: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    if measure::serve()? {
        return Ok(());
    }
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-check");
    fs::create_dir_all(&folder)?;
    let kubeconform = kubeconform::build(repository, &folder)?;
    let (podsec, kubeconform, schemas) =
        (env!("CARGO_BIN_EXE_podsec"), kubeconform.binary.display().to_string(), kubeconform.schemas);

    println!(
        "| manifests | size | tool | wall | processor | memory |\n| --- | --- | --- | --- | --- | --- |"
    );
    for count in COUNTS {
        let corpus = folder.join(format!("corpus-{count}"));
        if corpus.exists() {
            fs::remove_dir_all(&corpus)?;
        }
        let bytes = corpus::write(&corpus, count)?;
        let corpus = corpus.display().to_string();
        let commands: [(&str, &[&str]); 4] = [
            ("podsec, table", &[podsec, "check", &corpus]),
            ("podsec, JSON", &[podsec, "check", "-o", "json", &corpus]),
            ("podsec, SARIF", &[podsec, "check", "-o", "sarif", &corpus]),
            ("kubeconform", &[&kubeconform, "-summary", "-schema-location", &schemas, &corpus]),
        ];
        for (name, command) in commands {
            let Cost { wall, processor, memory } = best(command)?;
            println!(
                "| {count} | {} | {name} | {} | {} | {:.1} MiB |",
                size(bytes),
                seconds(wall),
                seconds(processor),
                mebibytes(memory)
            );
        }
    }
    Ok(())
}

/// The best of several runs.
fn best(command: &[&str]) -> Result<Cost, Box<dyn Error>> {
    measure::run(command)?;
    let costs = (0..RUNS).map(|_| measure::run(command)).collect::<Result<Vec<_>, _>>()?;
    costs.into_iter().min_by_key(|cost| cost.wall).ok_or_else(|| "nothing was run".into())
}

fn seconds(time: Duration) -> String {
    if time < Duration::from_millis(100) {
        format!("{:.1} ms", time.as_secs_f64() * 1000.0)
    } else {
        format!("{:.2} s", time.as_secs_f64())
    }
}

#[expect(clippy::cast_precision_loss, reason = "printed with one digit")]
fn mebibytes(kibibytes: u64) -> f64 {
    kibibytes as f64 / 1024.0
}

fn size(bytes: u64) -> String {
    if bytes < 1_000_000 { format!("{} kB", bytes / 1000) } else { format!("{} MB", bytes / 1_000_000) }
}
