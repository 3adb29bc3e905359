//! How far a reading has come, on a terminal.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::cli::output::plain;

/// How often the line is written anew: what changes faster nobody reads.
const BETWEEN: Duration = Duration::from_millis(100);

/// One line on stderr that says what is going on, and is gone in the end. Nothing where stderr is no terminal.
#[derive(Debug)]
pub(in crate::cli) struct Progress {
    is_shown: bool,
    last: Mutex<Option<Instant>>,
}

impl Progress {
    pub(in crate::cli) fn on_stderr() -> Self {
        Self { is_shown: io::stderr().is_terminal(), last: Mutex::default() }
    }

    /// Shows a line in place of the last one, unless that is too new.
    pub(in crate::cli) fn say(&self, text: impl FnOnce() -> String) {
        if !self.is_shown {
            return;
        }
        let mut last = self.last.lock();
        if last.is_none_or(|last| last.elapsed() >= BETWEEN) {
            *last = Some(Instant::now());
            // To the beginning of the line, and rid of it. Nobody is left to be told when stderr is closed.
            _ = write!(io::stderr(), "\r\u{1b}[2K{}", plain(&text()));
            _ = io::stderr().flush();
        }
    }

    /// Takes the line away.
    pub(in crate::cli) fn end(&self) {
        let mut last = self.last.lock();
        if last.take().is_some() {
            _ = write!(io::stderr(), "\r\u{1b}[2K");
            _ = io::stderr().flush();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}
