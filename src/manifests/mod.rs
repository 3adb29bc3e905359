//! Reading manifests from files and standard input, with file and line.
//!
//! From paths to files ([`files`]), from bytes to documents ([`Documents`]), from documents to objects ([`Objects`]),
//! lists unwrapped, and from objects to pod templates ([`TemplatePaths`]). It reads files; it talks to no cluster and
//! judges nothing.
//!
//! YAML is what it costs, so a document is parsed once, into a flat tape of nodes ([`Tape`]) that is reused for the
//! next document. A node that nobody looks at costs its scan and nothing else, and every node knows its line. Scalars
//! are read as kubectl reads them (YAML 1.1: `yes` is a boolean and `010` is eight), because what kubectl makes of a
//! manifest is what the API server gets to see.
//!
//! Where appliers disagree about what a document says, it is refused: a key given twice is the last one to kubectl and
//! an error to others.

mod decode;
mod documents;
mod files;
mod git;
mod kinds;
mod lists;
mod merge;
mod objects;
mod scalar;
mod surrogates;
mod tape;
mod template;
mod value;

#[cfg(test)]
mod objects_tests;

pub use decode::DecodeError;
pub use documents::{Document, Documents};
pub use files::{Listed, Unreadable, files};
pub use objects::{Found, Identity, Object, Objects, Problem};
pub use scalar::Scalar;
pub use tape::{SyntaxError, Tape};
pub use template::{ParseTemplatePathError, Template, TemplatePath, TemplatePaths};
pub use value::{Place, Value};
