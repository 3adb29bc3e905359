//! Documents for programs, which are whole before they are written.

use std::io::{self, Write};

use clap::ValueEnum;
use serde::Serialize;

use super::{json::pretty, yaml::yaml};

/// How a document is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Notation {
    Json,
    /// What JSON says, in its words.
    Yaml,
}

impl Notation {
    /// Writes a document.
    pub(in crate::cli) fn write(self, out: &mut dyn Write, document: &impl Serialize) -> io::Result<()> {
        match self {
            Self::Json => writeln!(out, "{}", pretty(document, 0)?),
            Self::Yaml => write!(out, "{}", yaml(document)?),
        }
    }
}

/// A format of what is a table, or one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum TableOrDocument {
    /// For people.
    Table,
    /// For programs.
    Json,
    /// The same as YAML.
    Yaml,
}

impl TableOrDocument {
    /// How the document is written, unless people are to read it.
    pub(in crate::cli) const fn notation(self) -> Option<Notation> {
        match self {
            Self::Table => None,
            Self::Json => Some(Notation::Json),
            Self::Yaml => Some(Notation::Yaml),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_notations_say_the_same() {
        let document = serde_json::json!({"a": [{"b": "yes"}, {"b": "\u{1b}"}], "c": {}, "d": null});
        let written = |notation: Notation| {
            let mut out = Vec::new();
            notation.write(&mut out, &document).unwrap();
            String::from_utf8(out).unwrap()
        };
        let (json, yaml) = (written(Notation::Json), written(Notation::Yaml));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), document);
        assert_eq!(serde_saphyr::from_str::<serde_json::Value>(&yaml).unwrap(), document);
        assert!(json.ends_with("}\n") && yaml.ends_with("null\n"), "{json}{yaml}");
    }
}
