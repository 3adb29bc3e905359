//! A stream of bytes as documents: YAML split at `---`, as it comes, so that no more than one is held.

use std::io::{self, Read};

use memchr::{memchr_iter, memmem::Finder};

use super::{Place, tape::narrow};

/// How much is read at a time, in bytes.
const CHUNK: usize = 1 << 16;

/// The largest document that is read, in bytes: a list of 100,000 pods as kubectl prints it is 2 GB. What does not end
/// must not take all memory there is.
const LARGEST: usize = u32::MAX as usize;

/// One document, as it was written.
#[derive(Clone, Copy, Debug)]
pub struct Document<'b> {
    /// Its bytes, the `---` before it included.
    pub bytes: &'b [u8],
    /// The line in which it begins, from 1.
    pub line: u32,
}

impl<'b> Document<'b> {
    /// Its text.
    ///
    /// # Errors
    ///
    /// Where it is not UTF-8.
    pub fn text(self) -> Result<&'b str, Place> {
        str::from_utf8(self.bytes).map_err(|error| {
            let before = &self.bytes[..error.valid_up_to()];
            let begin = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
            let characters = str::from_utf8(&before[begin..]).map_or(0, |line| line.chars().count());
            Place::new(lines(before) + 1, narrow(characters) + 1).after(Place::new(self.line, 1))
        })
    }
}

/// How many lines end in these bytes.
fn lines(bytes: &[u8]) -> u32 {
    narrow(memchr_iter(b'\n', bytes).count())
}

/// Reads documents one after the other. A document ends where a line begins with `---`, whatever is in it: YAML allows
/// no such line within a document, so a broken one cannot hide those after it.
#[derive(Debug)]
pub struct Documents<R> {
    reader: R,
    buffer: Vec<u8>,
    /// Where the next document begins in the buffer.
    begin: usize,
    /// The line of that.
    line: u32,
    is_at_end: bool,
    largest: usize,
}

impl<R: Read> Documents<R> {
    /// The documents of a stream. The buffer is used, whatever is in it, and can be had back for the next stream.
    pub fn new(reader: R, mut buffer: Vec<u8>) -> Self {
        buffer.clear();
        Self { reader, buffer, begin: 0, line: 1, is_at_end: false, largest: LARGEST }
    }

    /// The buffer.
    pub fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    /// The next document; `None` at the end. A document may be empty.
    ///
    /// # Errors
    ///
    /// When the stream cannot be read, or the document is larger than 4 GiB.
    #[expect(clippy::should_implement_trait, reason = "it lends what it gives")]
    pub fn next(&mut self) -> io::Result<Option<Document<'_>>> {
        let mut from = self.begin;
        let end = loop {
            match self.separator(from) {
                Some(end) if is_prologue(&self.buffer[self.begin..end]) => from = end + 1,
                Some(end) => break end,
                None if self.is_at_end => break self.buffer.len(),
                None => {
                    // A separator may begin in the last bytes.
                    from = self.buffer.len().saturating_sub(5).max(from);
                    from -= self.fill()?;
                }
            }
        };
        if self.begin == end {
            return Ok(None);
        }
        let (begin, line) = (self.begin, self.line);
        let bytes = &self.buffer[begin..end];
        self.begin = end;
        self.line = self.line.saturating_add(lines(bytes));
        Ok(Some(Document { bytes, line }))
    }

    /// Where the next line begins that opens with `---`, from a position on; never where the document itself begins.
    fn separator(&self, from: usize) -> Option<usize> {
        let finder = Finder::new(b"\n---");
        let rest = self.buffer.get(from..)?;
        finder.find_iter(rest).map(|found| from + found + 1).find(|at| match self.buffer.get(at + 3) {
            Some(byte) => matches!(byte, b'\n' | b'\r' | b' ' | b'\t'),
            None => self.is_at_end,
        })
    }

    /// Reads more, and gives by how much the buffer's content moved towards its beginning.
    fn fill(&mut self) -> io::Result<usize> {
        let moved = self.begin;
        self.buffer.drain(..moved);
        self.begin = 0;
        let is_first = self.buffer.is_empty() && moved == 0;
        if self.buffer.len() >= self.largest {
            let message = format!("a document of more than {} bytes", self.largest);
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
        }
        // Large documents are read in steps that grow with them, so that the time taken is in proportion to the size.
        let step = CHUNK.max(self.buffer.len());
        let read = (&mut self.reader).take(step as u64).read_to_end(&mut self.buffer)?;
        self.is_at_end = read < step;
        if is_first && self.buffer.starts_with(b"\xef\xbb\xbf") {
            self.buffer.drain(..3);
        }
        Ok(moved)
    }
}

/// Whether there is nothing but directives (`%YAML 1.2`) and comments, with at least one directive: that belongs to the
/// document after the `---`.
fn is_prologue(bytes: &[u8]) -> bool {
    let mut has_directive = false;
    for line in bytes.split(|byte| *byte == b'\n') {
        match line.trim_ascii().first() {
            None | Some(b'#') => {}
            Some(b'%') if line.starts_with(b"%") => has_directive = true,
            Some(_) => return false,
        }
    }
    has_directive
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_does_not_end_is_refused() {
        let mut documents = Documents::new(io::repeat(b'a'), Vec::new());
        documents.largest = 1 << 20;
        assert_eq!(documents.next().unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert!(documents.buffer.len() <= 2 << 20);
    }

    /// A stream that gives one byte at a time.
    struct Slowly<'b>(&'b [u8]);

    impl Read for Slowly<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(&mut buffer[..1])
        }
    }

    fn split(reader: impl Read) -> Vec<(u32, Vec<u8>)> {
        let mut documents = Documents::new(reader, b"left over".to_vec());
        let mut found = Vec::new();
        while let Some(document) = documents.next().unwrap() {
            found.push((document.line, document.bytes.to_vec()));
        }
        found
    }

    fn texts(text: &str) -> Vec<(u32, String)> {
        split(text.as_bytes())
            .into_iter()
            .map(|(line, bytes)| (line, String::from_utf8(bytes).unwrap()))
            .collect()
    }

    #[test]
    fn documents_are_split_and_know_their_lines() {
        let table: [(&str, &[(u32, &str)]); 11] = [
            ("", &[]),
            ("a: 1", &[(1, "a: 1")]),
            ("a: 1\n---\nb: 2\n", &[(1, "a: 1\n"), (2, "---\nb: 2\n")]),
            (
                "---\na: 1\n--- # second\nb: 2\n---",
                &[(1, "---\na: 1\n"), (3, "--- # second\nb: 2\n"), (5, "---")],
            ),
            ("a: 1\r\n---\r\nb: 2\r\n", &[(1, "a: 1\r\n"), (2, "---\r\nb: 2\r\n")]),
            ("a: |\n  ---\n  x\n", &[(1, "a: |\n  ---\n  x\n")]),
            ("a: 1\n----\nb\n---b\n", &[(1, "a: 1\n----\nb\n---b\n")]),
            ("# c\n%YAML 1.1\n---\na: 1\n---\nb", &[(1, "# c\n%YAML 1.1\n---\na: 1\n"), (5, "---\nb")]),
            ("# only a comment\n---\na: 1", &[(1, "# only a comment\n"), (2, "---\na: 1")]),
            ("---\n---\n---\n", &[(1, "---\n"), (2, "---\n"), (3, "---\n")]),
            ("\u{feff}a: 1\n", &[(1, "a: 1\n")]),
        ];
        for (text, expected) in table {
            let expected: Vec<_> = expected.iter().map(|(line, text)| (*line, (*text).to_owned())).collect();
            assert_eq!(texts(text), expected, "{text:?}");
        }
    }

    #[test]
    fn where_it_is_not_utf_8_is_told() {
        let mut documents = Documents::new(&b"a: 1\n---\nb: 2\nc: \xc3\xa9\xff"[..], Vec::new());
        assert_eq!(documents.next().unwrap().unwrap().text(), Ok("a: 1\n"));
        assert_eq!(documents.next().unwrap().unwrap().text(), Err(Place::new(4, 5)));
    }

    proptest! {
        #[test]
        fn nothing_is_lost_however_the_bytes_arrive(text in "([a: \r\n%#]|---|\n---\n|\n--- ){0,40}", large in 0_usize..3) {
            let text = text + &"x".repeat(large * CHUNK) + "\n---\nend";
            let at_once = split(text.as_bytes());
            prop_assert_eq!(&at_once, &split(Slowly(text.as_bytes())));
            let joined: Vec<u8> = at_once.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
            prop_assert_eq!(joined, text.as_bytes());
        }
    }
}
