//! Where results go, until the reader leaves.

use std::io::{self, BufWriter, Write};

/// Writes results. When the reader has left, nothing is written any more; but the work goes on, since the exit status
/// counts.
#[derive(Debug)]
pub(in crate::cli) struct Printer<W: Write> {
    out: BufWriter<W>,
    is_closed: bool,
}

impl<W: Write> Printer<W> {
    pub(in crate::cli) fn new(out: W) -> Self {
        Self { out: BufWriter::new(out), is_closed: false }
    }

    /// Writes something.
    ///
    /// # Errors
    ///
    /// When it cannot be written, for another reason than that nobody reads it.
    pub(in crate::cli) fn print(
        &mut self,
        print: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        if self.is_closed {
            return Ok(());
        }
        match print(&mut self.out) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => self.is_closed = true,
            printed => printed?,
        }
        Ok(())
    }

    /// Writes what is left.
    ///
    /// # Errors
    ///
    /// When it cannot be written, for another reason than that nobody reads it.
    pub(in crate::cli) fn finish(mut self) -> io::Result<()> {
        let flushed = self.print(|out| out.flush());
        // What a closed pipe did not take must not be tried again.
        _ = self.out.into_parts();
        flushed
    }
}
