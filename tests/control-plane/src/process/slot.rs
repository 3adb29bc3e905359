//! A place for a component that may be stopped and started again, from any thread.

use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{POLL, Process, Signal};
use crate::error::Error;

/// How long one attempt of a wait may take.
const ATTEMPT: Duration = Duration::from_secs(2);

/// Holds a component, or nothing while it is stopped.
#[derive(Debug, Default)]
pub(crate) struct Slot(Mutex<Option<Process>>);

impl Slot {
    /// A slot with a component in it.
    pub(crate) fn with(process: Process) -> Self {
        Self(Mutex::new(Some(process)))
    }

    /// Puts in what `start` starts; there must be nothing in it.
    pub(crate) fn fill(&self, start: impl FnOnce() -> Result<Process, Error>) -> Result<(), Error> {
        let mut held = self.lock();
        if held.is_some() {
            return Err(Error::Running);
        }
        *held = Some(start()?);
        Ok(())
    }

    /// Takes the component out.
    pub(crate) fn take(&self) -> Option<Process> {
        self.lock().take()
    }

    /// Tells the component something.
    pub(crate) fn signal(&self, signal: Signal) -> Result<(), Error> {
        self.lock().as_mut().ok_or(Error::Stopped)?.signal(signal)
    }

    /// Fails when the component is stopped or has ended.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.lock().as_mut().ok_or(Error::Stopped)?.check()
    }

    /// The component's process id.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.lock().as_ref().map(Process::pid)
    }

    /// Waits until `probe` succeeds, and fails at once when the component ends.
    pub(crate) async fn until<Probe>(
        &self,
        awaited: &'static str,
        limit: Duration,
        probe: impl Fn() -> Probe,
    ) -> Result<(), Error>
    where
        Probe: Future<Output = Result<(), String>>,
    {
        let deadline = Instant::now() + limit;
        loop {
            self.check()?;
            let last = match tokio::time::timeout(ATTEMPT, probe()).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(last)) => last,
                Err(_) => format!("no answer for {} s", ATTEMPT.as_secs()),
            };
            if Instant::now() >= deadline {
                return Err(self
                    .lock()
                    .as_ref()
                    .map_or(Error::Stopped, |process| process.not_ready(awaited, limit, last)));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Process>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
