//! What git tracks: its index, as far as podsec needs it.
//!
//! Versions 2 to 4 of the format, see `gitformat-index(5)`. Whatever else is found makes the index unreadable: better
//! no answer than a wrong one.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use crate::manifests::files::is_manifest;

/// The mode of an entry that is a link, or the commit of a repository within the repository; and the bits that say so.
const LINK: u32 = 0o120_000;
const COMMIT: u32 = 0o160_000;
const TYPE: u32 = 0o170_000;

/// The first flag of an entry: two more bytes of flags follow.
const EXTENDED: u16 = 0x4000;

/// The paths that an index lists, of those that can matter: manifests, links, and repositories within.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    /// From the top of the work tree, with slashes, in the order of bytes.
    paths: Vec<Box<[u8]>>,
}

impl Index {
    /// Reads an index; one that is not there lists nothing, as in a repository that nothing was added to yet.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is of a kind that is not known here: a split one, for instance.
    pub(super) fn open(file: &Path, hash: Hash) -> io::Result<Self> {
        match File::open(file) {
            Ok(file) => {
                let length = file.metadata()?.len();
                Entries { reader: BufReader::new(file), at: 0, length, hash: hash.length() }.read()
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Whether a path is listed.
    pub(super) fn has(&self, path: &[u8]) -> bool {
        self.paths.binary_search_by(|known| (**known).cmp(path)).is_ok()
    }

    /// Whether a path below a folder is listed.
    pub(super) fn has_below(&self, folder: &[u8]) -> bool {
        let prefix = [folder, b"/"].concat();
        let next = self.paths.partition_point(|known| **known < *prefix);
        self.paths.get(next).is_some_and(|path| path.starts_with(&prefix))
    }
}

/// What a repository names its objects by.
#[derive(Clone, Copy, Debug)]
pub(super) enum Hash {
    Sha1,
    Sha256,
}

impl Hash {
    const fn length(self) -> u64 {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

/// Reads the entries of an index.
struct Entries<R> {
    reader: R,
    /// How many bytes are read.
    at: u64,
    length: u64,
    /// The bytes of a hash.
    hash: u64,
}

impl<R: BufRead> Entries<R> {
    fn read(mut self) -> io::Result<Index> {
        if &self.bytes()? != b"DIRC" {
            return Err(unknown());
        }
        let version = self.number()?;
        if !(2..=4).contains(&version) {
            return Err(unknown());
        }
        let mut paths: Vec<Box<[u8]>> = Vec::new();
        let mut path = Vec::new();
        for _ in 0..self.number()? {
            let mode = self.entry(version, &mut path)?;
            let matters = matches!(mode & TYPE, LINK | COMMIT) || is_manifest(&path);
            // A path in conflict is listed for each side of it.
            if matters && paths.last().is_none_or(|last| **last != *path) {
                paths.push(path.as_slice().into());
            }
        }
        self.extensions()?;
        paths.is_sorted().then_some(Index { paths }).ok_or_else(unknown)
    }

    /// Reads an entry's path over that of the one before, and gives its mode.
    fn entry(&mut self, version: u32, path: &mut Vec<u8>) -> io::Result<u32> {
        let begin = self.at;
        self.skip(24)?;
        let mode = self.number()?;
        self.skip(12 + self.hash)?;
        let flags = u16::from_be_bytes(self.bytes()?);
        if flags & EXTENDED != 0 {
            self.skip(2)?;
        }
        if version == 4 {
            let kept =
                u64::try_from(path.len()).ok().and_then(|length| length.checked_sub(self.varint().ok()?));
            path.truncate(kept.and_then(|kept| usize::try_from(kept).ok()).ok_or_else(unknown)?);
        } else {
            path.clear();
        }
        self.at += self.reader.read_until(0, path)? as u64;
        if path.pop() != Some(0) || path.is_empty() {
            return Err(unknown());
        }
        if version < 4 {
            // Filled up with zeros to a multiple of eight.
            for _ in 0..(8 - (self.at - begin) % 8) % 8 {
                if self.bytes::<1>()? != [0] {
                    return Err(unknown());
                }
            }
        }
        Ok(mode)
    }

    /// Passes over what follows the entries. An extension that must be understood, such as the link to the rest of a
    /// split index, begins with a small letter.
    fn extensions(&mut self) -> io::Result<()> {
        while self.length.saturating_sub(self.at) > self.hash {
            let name: [u8; 4] = self.bytes()?;
            // Folders that are not checked out; there is nothing to read of them.
            if name[0].is_ascii_lowercase() && &name != b"sdir" {
                return Err(unknown());
            }
            let size = self.number()?;
            self.skip(size.into())?;
        }
        if self.length == self.at + self.hash { Ok(()) } else { Err(unknown()) }
    }

    /// A number of as many bytes as it needs, by the encoding of pack files.
    fn varint(&mut self) -> io::Result<u64> {
        let [mut byte] = self.bytes()?;
        let mut value = u64::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            [byte] = self.bytes()?;
            value = value.checked_add(1).and_then(|value| value.checked_mul(0x80)).ok_or_else(unknown)?;
            value |= u64::from(byte & 0x7f);
        }
        Ok(value)
    }

    fn number(&mut self) -> io::Result<u32> {
        Ok(u32::from_be_bytes(self.bytes()?))
    }

    fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        self.at += N as u64;
        Ok(bytes)
    }

    fn skip(&mut self, count: u64) -> io::Result<()> {
        let skipped = io::copy(&mut (&mut self.reader).take(count), &mut io::sink())?;
        self.at += skipped;
        if skipped == count { Ok(()) } else { Err(unknown()) }
    }
}

fn unknown() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "this is no index of git that podsec can read")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An index as git writes it, of paths and modes, with what follows the entries.
    fn index(version: u32, entries: &[(&str, u32)], after: &[u8]) -> Vec<u8> {
        let mut bytes = b"DIRC".to_vec();
        bytes.extend(version.to_be_bytes());
        bytes.extend(u32::try_from(entries.len()).unwrap().to_be_bytes());
        let mut last = "";
        for (path, mode) in entries {
            let begin = bytes.len();
            bytes.extend([7; 24]);
            bytes.extend(mode.to_be_bytes());
            bytes.extend([7; 12 + 20]);
            // Version 3 is there for the further flags.
            let flags: &[u8] = if version == 3 { &[0x40, 1, 0x20, 0] } else { &[0, 1] };
            bytes.extend(flags);
            if version == 4 {
                let shared = path.bytes().zip(last.bytes()).take_while(|(one, other)| one == other).count();
                bytes.push(u8::try_from(last.len() - shared).unwrap());
                bytes.extend(&path.as_bytes()[shared..]);
                bytes.push(0);
                last = path;
            } else {
                bytes.extend(path.as_bytes());
                let length = bytes.len() - begin;
                bytes.extend(vec![0; 8 - length % 8]);
            }
        }
        bytes.extend(after);
        bytes.extend([9; 20]);
        bytes
    }

    fn read(bytes: &[u8]) -> io::Result<Index> {
        Entries { reader: bytes, at: 0, length: bytes.len() as u64, hash: 20 }.read()
    }

    const ENTRIES: [(&str, u32); 6] = [
        ("README.md", 0o100_644),
        ("a/b.yaml", 0o100_644),
        ("a/b.yaml", 0o100_644),
        ("a/bc/d.json", 0o100_755),
        ("link", 0o120_000),
        ("module", 0o160_000),
    ];

    #[test]
    fn every_version_lists_what_can_matter() {
        for version in 2..=4 {
            let index = read(&index(version, &ENTRIES, b"TREE\0\0\0\x02xy")).unwrap();
            let paths: Vec<_> = index.paths.iter().map(|path| str::from_utf8(path).unwrap()).collect();
            assert_eq!(paths, ["a/b.yaml", "a/bc/d.json", "link", "module"], "{version}");
            assert!(index.has(b"a/b.yaml") && !index.has(b"a/b") && !index.has(b"README.md"));
            assert!(index.has_below(b"a") && index.has_below(b"a/bc") && !index.has_below(b"a/b"));
        }
        assert_eq!(read(&index(2, &[], b"")).unwrap(), Index::default());
    }

    #[test]
    fn what_is_not_understood_is_no_index() {
        let good = index(2, &ENTRIES, b"");
        for bad in [
            &b""[..],
            b"DIRC",
            &good[..good.len() - 1],
            &[&good[..], b"x"].concat(),
            &[b"XXXX", &good[4..]].concat(),
            &index(5, &ENTRIES, b""),
            &index(2, &ENTRIES, b"link\0\0\0\0"),
            &index(2, &[("b.yaml", 0), ("a.yaml", 0)], b""),
        ] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
        assert!(read(&index(2, &ENTRIES, b"sdir\0\0\0\0")).is_ok());
    }

    #[test]
    fn an_index_that_is_not_there_lists_nothing() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Index::open(&folder.path().join("index"), Hash::Sha1).unwrap(), Index::default());
        assert!(Index::open(folder.path(), Hash::Sha256).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(version in 0_u32..6, count in 0_u32..4, rest in prop::collection::vec(any::<u8>(), 0..400)) {
            let head = [b"DIRC".as_slice(), &version.to_be_bytes(), &count.to_be_bytes()].concat();
            _ = (read(&rest), read(&[head, rest].concat()));
        }
    }
}
