//! A controller process: started, looked at from outside, ended.

use std::{
    error::Error,
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::time::{Instant, sleep};

/// What a process took and has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    /// In user and kernel mode.
    pub(crate) processor: Duration,
    /// The resident set at this moment, in KiB.
    pub(crate) resident: u64,
    /// The largest it ever was, in KiB.
    pub(crate) peak: u64,
}

/// A running controller. It ends with the value.
#[derive(Debug)]
pub(crate) struct Controller {
    child: Child,
    started: Instant,
}

impl Controller {
    /// Starts one that writes what it says to a file.
    pub(crate) fn start(
        podsec: &str,
        kubeconfig: &Path,
        log: &Path,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let child = Command::new(podsec)
            .args(["controller", "--listen", "127.0.0.1:0", "--kubeconfig"])
            .arg(kubeconfig)
            .stdout(Stdio::null())
            .stderr(fs::File::create(log)?)
            .spawn()?;
        Ok(Self { child, started: Instant::now() })
    }

    /// When it was started.
    pub(crate) const fn started(&self) -> Instant {
        self.started
    }

    /// What it took so far.
    pub(crate) fn taken(&self) -> Result<Taken, Box<dyn Error + Send + Sync>> {
        let folder = format!("/proc/{}", self.child.id());
        let status = fs::read_to_string(format!("{folder}/status"))?;
        let kibibytes = |field: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(field));
            line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
        };
        // The fields after the name, which ends with the last parenthesis: state is the first, utime and stime the
        // 12th and 13th, in hundredths of a second (proc(5)).
        let stat = fs::read_to_string(format!("{folder}/stat"))?;
        let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
        let ticks: u64 =
            after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        Ok(Taken {
            processor: Duration::from_millis(ticks * 10),
            resident: kibibytes("VmRSS:"),
            peak: kibibytes("VmHWM:"),
        })
    }

    /// Waits until it has had next to nothing to do for some seconds.
    pub(crate) async fn rests(&self) -> Result<Taken, Box<dyn Error + Send + Sync>> {
        const WINDOW: Duration = Duration::from_secs(5);
        loop {
            let before = self.taken()?;
            sleep(WINDOW).await;
            let after = self.taken()?;
            if after.processor.saturating_sub(before.processor) < WINDOW / 50 {
                return Ok(after);
            }
        }
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
