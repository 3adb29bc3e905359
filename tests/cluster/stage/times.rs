//! How long each test had a cluster, for whoever wants to know where the time goes.
//!
//! `PODSEC_TIMES=FILE` appends a line for each cluster that a test is done with: the seconds until it had it, whether it
//! was lent on or started, the seconds that it had it, and the test's name. `sort -k3nr FILE` shows the longest first.

use std::{fs::File, io::Write as _};

use tokio::time::Instant;

/// When a test asked for a cluster, and when it had it.
pub(super) struct Times {
    asked: Instant,
    had: Instant,
    from: &'static str,
}

impl Times {
    /// Begins with the asking.
    pub(super) fn since(asked: Instant, from: &'static str) -> Self {
        Self { asked, had: Instant::now(), from }
    }

    /// Writes the line, if it is wanted.
    pub(super) fn note(&self) {
        let Some(path) = std::env::var_os("PODSEC_TIMES") else { return };
        let (waited, held) = (self.had - self.asked, self.had.elapsed());
        let thread = std::thread::current();
        let test = thread.name().unwrap_or_default();
        let line = format!("{:.1}\t{}\t{:.1}\t{test}\n", waited.as_secs_f64(), self.from, held.as_secs_f64());
        let written = File::options().create(true).append(true).open(path);
        written.and_then(|mut file| file.write_all(line.as_bytes())).expect("PODSEC_TIMES names a file");
    }
}
