//! What a process costs: wall time, processor time, memory.

use std::{
    env, io,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use nix::sys::resource::{UsageWho, getrusage};

/// The word that makes this binary run a command and print what it cost.
const MEASURE: &str = "measure";

/// What a process cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    /// In user and kernel mode, over all threads.
    pub(crate) processor: Duration,
    /// The largest resident set, in KiB.
    pub(crate) memory: u64,
}

/// Runs a command with its output thrown away. Whatever its exit status is: what these tools find, they report by it.
pub(crate) fn run(command: &[&str]) -> io::Result<Cost> {
    // The system tells of all children of a process together, so that each command gets a process to be the child of.
    let output =
        Command::new(env::current_exe()?).arg(MEASURE).args(command).stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let numbers: Vec<u64> = text.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    match numbers[..] {
        [wall, processor, memory] => Ok(Cost {
            wall: Duration::from_micros(wall),
            processor: Duration::from_micros(processor),
            memory,
        }),
        _ => Err(io::Error::other(format!("{command:?} could not be run"))),
    }
}

/// Runs the command that this process was started for by [`run`], if it was.
pub(crate) fn serve() -> io::Result<bool> {
    let mut arguments = env::args_os().skip(1);
    if arguments.next().is_none_or(|word| word != MEASURE) {
        return Ok(false);
    }
    let program = arguments.next().ok_or_else(|| io::Error::other("nothing to measure"))?;
    let begin = Instant::now();
    Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    let wall = begin.elapsed().as_micros();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = |time: nix::sys::time::TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    println!("{wall} {} {}", micros(usage.user_time()) + micros(usage.system_time()), usage.max_rss());
    Ok(true)
}
