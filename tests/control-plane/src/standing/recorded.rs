//! Processes that were written down, and are only touched while they still are what was started.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::error::{Doing as _, Error};
use crate::process::POLL;

/// How long a component may take to end when it is asked to; then it is killed.
const GRACE: Duration = Duration::from_secs(5);
/// How long a killed one may take.
const KILL_LIMIT: Duration = Duration::from_secs(10);

/// One process, as it was started.
#[derive(Debug)]
pub(crate) struct Recorded {
    pid: u32,
    /// The program and its arguments.
    command: Vec<String>,
}

/// Writes a process down.
pub(crate) fn record(file: &Path, pid: u32, program: &Path, arguments: &[String]) -> Result<(), Error> {
    let program = program.display().to_string();
    let command: Vec<&str> = std::iter::once(&program).chain(arguments).map(String::as_str).collect();
    let line = json!({"pid": pid, "command": command});
    let opened = File::options().append(true).open(file);
    opened.and_then(|mut opened| writeln!(opened, "{line}")).doing(|| format!("write {}", file.display()))
}

/// The processes that were written down, in the order of their start.
pub(crate) fn read(file: &Path) -> Result<Vec<Recorded>, Error> {
    let text = fs::read_to_string(file).doing(|| format!("read {}", file.display()))?;
    Ok(text.lines().filter_map(|line| parse(&serde_json::from_str(line).ok()?)).collect())
}

fn parse(line: &Value) -> Option<Recorded> {
    let command = line["command"].as_array()?.iter();
    let command = command.map(|word| word.as_str().map(String::from)).collect::<Option<_>>()?;
    Some(Recorded { pid: u32::try_from(line["pid"].as_u64()?).ok()?, command })
}

impl Recorded {
    /// Whether the process id still is that of what was started, by its whole command line.
    pub(crate) fn runs(&self) -> bool {
        if Path::new("/proc/self/cmdline").exists() {
            // A process that has ended but was not collected has an empty one.
            let line = fs::read(format!("/proc/{}/cmdline", self.pid)).unwrap_or_default();
            let words = String::from_utf8_lossy(&line);
            return words.trim_end_matches('\0').split('\0').eq(self.command.iter().map(String::as_str));
        }
        let asked = Command::new("ps").args(["-ww", "-o", "command=", "-p", &self.pid.to_string()]).output();
        asked.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim() == self.command.join(" "))
    }

    /// Ends the process if it runs.
    pub(crate) fn end(&self) -> Result<(), Error> {
        for (signal, limit) in [("TERM", GRACE), ("KILL", KILL_LIMIT)] {
            if !self.runs() {
                return Ok(());
            }
            self.signal(signal)?;
            let deadline = Instant::now() + limit;
            while self.runs() && Instant::now() < deadline {
                std::thread::park_timeout(POLL);
            }
        }
        if self.runs() {
            let program = self.command.first().cloned().unwrap_or_default();
            return Err(Error::StillRuns { program, pid: self.pid });
        }
        Ok(())
    }

    /// One that ended meanwhile makes `kill` fail, which the next look tells apart.
    fn signal(&self, signal: &str) -> Result<(), Error> {
        let script = ["-c", "kill -s \"$1\" \"$2\"", "sh", signal, &self.pid.to_string()];
        let sent = Command::new("/bin/sh").args(script).stderr(Stdio::null()).status();
        sent.map(drop).doing(|| format!("signal process {}", self.pid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_process_with_the_same_id_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("processes");
        File::create(&file).unwrap();
        let mut child = Command::new("/bin/sleep").arg("60").spawn().unwrap();
        record(&file, child.id(), Path::new("/bin/sleep"), &[String::from("61")]).unwrap();
        record(&file, child.id(), Path::new("/bin/sleep"), &[String::from("60")]).unwrap();
        let processes = read(&file).unwrap();
        processes[0].end().unwrap();
        assert!(child.try_wait().unwrap().is_none());
        assert!(!processes[0].runs());
        // A process that was started this instant may not have its command line yet.
        let deadline = Instant::now() + GRACE;
        while !processes[1].runs() {
            assert!(Instant::now() < deadline, "{processes:?} should run");
            std::thread::park_timeout(POLL);
        }
        processes[1].end().unwrap();
        assert!(!child.wait().unwrap().success());
    }
}
