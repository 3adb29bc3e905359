//! How files are called in what is told of them.

use std::{fmt::Write, path::Path};

/// The name of a file, as text that stands for no other name, and as the bytes that it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::cli) struct FileName {
    text: String,
    /// Where the text is not the name itself.
    bytes: Option<Vec<u8>>,
}

impl FileName {
    /// What standard input is called.
    pub(in crate::cli) fn stdin() -> Self {
        Self { text: "stdin".into(), bytes: None }
    }

    /// The name as text. A byte that is no UTF-8 is written as in `\xff`, and a backslash twice.
    pub(in crate::cli) fn as_str(&self) -> &str {
        &self.text
    }

    /// The name itself.
    pub(in crate::cli) fn as_bytes(&self) -> &[u8] {
        self.bytes.as_deref().unwrap_or(self.text.as_bytes())
    }
}

impl From<&Path> for FileName {
    fn from(path: &Path) -> Self {
        let bytes = path.as_os_str().as_encoded_bytes();
        if let Some(text) = path.to_str().filter(|text| !text.contains('\\')) {
            return Self { text: text.to_owned(), bytes: None };
        }
        let mut text = String::with_capacity(bytes.len() + 16);
        for chunk in bytes.utf8_chunks() {
            text.push_str(&chunk.valid().replace('\\', "\\\\"));
            for byte in chunk.invalid() {
                // Writing to a string cannot fail.
                _ = write!(text, "\\x{byte:02x}");
            }
        }
        Self { text, bytes: Some(bytes.to_vec()) }
    }
}

#[cfg(test)]
mod tests {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    use super::*;

    #[test]
    fn a_text_stands_for_one_name() {
        for (bytes, text) in [
            (&b"a/b c.yaml"[..], "a/b c.yaml"),
            ("é\n.yaml".as_bytes(), "é\n.yaml"),
            (b"\xff.yaml", "\\xff.yaml"),
            (b"\\xff.yaml", "\\\\xff.yaml"),
            (b"\xc3\xff\\", "\\xc3\\xff\\\\"),
        ] {
            let name = FileName::from(Path::new(OsStr::from_bytes(bytes)));
            assert_eq!((name.as_str(), name.as_bytes()), (text, bytes));
        }
    }
}
