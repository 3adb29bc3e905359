//! One component as a child process, and its end.

mod slot;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::error::{Doing as _, Error};

pub(crate) use slot::Slot;

/// Ends the component when this process is gone; Rust alone could only do so with `unsafe` (`pre_exec`).
const GUARD: &str = include_str!("guard.sh");

/// What a Go program is told about its garbage collection: to let the heap grow to five times what is in use, instead of
/// twice. An API server takes a fifth less of a processor's time until it is ready, and 60 MB more of memory.
pub(crate) const GC: (&str, &str) = ("GOGC", "400");

/// How often a wait looks again.
pub(crate) const POLL: Duration = Duration::from_millis(20);

/// How long a component may take to be gone once it was killed.
const KILL_LIMIT: Duration = Duration::from_secs(10);

/// What a component can be told.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Signal {
    Terminate,
    Kill,
    Freeze,
    Thaw,
}

impl Signal {
    const fn name(self) -> &'static str {
        match self {
            Self::Terminate => "TERM",
            Self::Kill => "KILL",
            Self::Freeze => "STOP",
            Self::Thaw => "CONT",
        }
    }
}

/// For how long a component runs.
#[derive(Debug, Clone)]
pub(crate) enum Lifetime {
    /// No longer than this process; then its guard removes the folder, if one is named.
    Guarded { remove: Option<PathBuf> },
    /// Until it is stopped by the line that is written about it into this file.
    Standing { record: PathBuf },
}

/// What to run.
#[derive(Debug)]
pub(crate) struct Launch<'a> {
    pub(crate) component: &'static str,
    pub(crate) program: &'a Path,
    pub(crate) arguments: Vec<String>,
    /// Set on top of this process's own environment.
    pub(crate) environment: Vec<(&'static str, OsString)>,
    /// Its working folder, and the place for its log.
    pub(crate) folder: &'a Path,
    pub(crate) lifetime: Lifetime,
}

impl<'a> Launch<'a> {
    /// A component of a control plane, whose home is its folder, so that it writes nowhere else.
    pub(crate) fn component(
        component: &'static str,
        program: &'a Path,
        arguments: Vec<String>,
        folder: &'a Path,
        lifetime: Lifetime,
    ) -> Self {
        let environment = vec![("HOME", folder.into()), (GC.0, GC.1.into())];
        Self { component, program, arguments, environment, folder, lifetime }
    }
}

/// A running component. Dropping it kills it and waits until it is gone.
#[derive(Debug)]
pub(crate) struct Process {
    component: &'static str,
    child: Child,
    /// The pipe to the guard; a standing component has none.
    control: Option<ChildStdin>,
    pid: u32,
    log: PathBuf,
    left: bool,
}

impl Process {
    /// Starts what `launch` says; it is not yet ready when this returns.
    pub(crate) fn start(launch: Launch<'_>) -> Result<Self, Error> {
        let log = launch.folder.join(format!("{}.log", launch.component));
        let doing = || format!("start {}", launch.program.display());
        let mut command = match &launch.lifetime {
            Lifetime::Guarded { remove } => {
                let mut command = Command::new("/bin/sh");
                command.args(["-c", GUARD, "guard"]).arg(&log);
                command.arg(remove.as_deref().unwrap_or_else(|| Path::new(""))).arg(launch.program);
                command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
                command
            }
            Lifetime::Standing { .. } => {
                let file = File::options().create(true).append(true).open(&log).doing(doing)?;
                let mut command = Command::new(launch.program);
                command.stdin(Stdio::null()).stdout(file.try_clone().doing(doing)?).stderr(file);
                command
            }
        };
        command.args(&launch.arguments).current_dir(launch.folder).envs(launch.environment);
        // In a group of its own: Ctrl-C at the terminal ends the starter, whose end then ends the
        // components in their order.
        let mut child = command.process_group(0).spawn().doing(doing)?;
        let control = child.stdin.take();
        let pid = match child.stdout.take() {
            Some(stdout) => first_line(stdout).doing(doing)?,
            None => child.id(),
        };
        let process = Self { component: launch.component, child, control, pid, log, left: false };
        if let Lifetime::Standing { record } = &launch.lifetime {
            crate::standing::record(record, pid, launch.program, &launch.arguments)?;
        }
        Ok(process)
    }

    /// The component's process id.
    pub(crate) const fn pid(&self) -> u32 {
        self.pid
    }

    /// Tells the component something; one that is gone hears nothing, which is no error.
    pub(crate) fn signal(&mut self, signal: Signal) -> Result<(), Error> {
        let sent = match (&mut self.control, signal) {
            (Some(control), _) => writeln!(control, "{}", signal.name()),
            (None, Signal::Kill) => self.child.kill(),
            (None, _) => Ok(()),
        };
        match sent {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(error).doing(|| format!("signal {}", self.component))
            }
            _ => Ok(()),
        }
    }

    /// How the component ended, if it has.
    pub(crate) fn exited(&mut self) -> Result<Option<ExitStatus>, Error> {
        self.child.try_wait().doing(|| format!("ask for {}", self.component))
    }

    /// Fails when the component has ended, with the end of its log.
    pub(crate) fn check(&mut self) -> Result<(), Error> {
        match self.exited()? {
            None => Ok(()),
            Some(status) => {
                Err(Error::Died { component: self.component, status: status.to_string(), tail: self.tail() })
            }
        }
    }

    /// What a wait that came to its end says.
    pub(crate) fn not_ready(&self, awaited: &'static str, limit: Duration, last: String) -> Error {
        let (component, seconds) = (self.component, limit.as_secs());
        Error::NotReady { component, awaited, seconds, last, tail: self.tail() }
    }

    /// Asks the component to end, waits for `grace`, then kills it.
    pub(crate) fn end(mut self, grace: Duration) -> Result<(), Error> {
        self.signal(Signal::Terminate)?;
        if !self.gone_within(grace) {
            self.signal(Signal::Kill)?;
            self.gone_within(KILL_LIMIT);
        }
        Ok(())
    }

    /// Lets the component run on after this process.
    pub(crate) fn leave(mut self) {
        self.left = true;
    }

    /// The last lines of the log.
    pub(crate) fn tail(&self) -> String {
        tail(&self.log)
    }

    fn gone_within(&mut self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::park_timeout(POLL);
        }
        true
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The control pipe stays open meanwhile: its end would have the guard remove the folder.
        if !self.left && self.signal(Signal::Kill).is_ok() {
            self.gone_within(KILL_LIMIT);
        }
    }
}

fn first_line(stdout: impl io::Read) -> io::Result<u32> {
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    line.trim().parse().map_err(io::Error::other)
}

/// The last lines of a log.
pub(crate) fn tail(log: &Path) -> String {
    const LINES: usize = 40;
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(LINES)..).unwrap_or_default().join("\n")
}
