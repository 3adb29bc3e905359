//! Documents as Kubernetes objects: JSON streams are read on, and what is neither JSON nor YAML is told.

use serde::de::IgnoredAny;

use super::{
    DecodeError, Place, SyntaxError, Tape, Value,
    lists::Reader,
    surrogates::mended,
    tape::{Events, narrow},
};

/// What an object says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity<'t> {
    /// Its `apiVersion`.
    pub api_version: Option<&'t str>,
    /// Its `kind`.
    pub kind: &'t str,
    /// The namespace that it names.
    pub namespace: Option<&'t str>,
    /// Its name, or what its name will begin with.
    pub name: Option<&'t str>,
}

/// A Kubernetes object in a document.
#[derive(Clone, Copy, Debug)]
pub struct Object<'t> {
    /// What it says it is.
    pub identity: Identity<'t>,
    /// All of it.
    pub value: Value<'t>,
}

/// Something that cannot be read, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What is the matter.
    pub message: String,
}

/// What is found in a document.
#[derive(Debug)]
pub enum Found<'t> {
    /// An object, and where its text begins: places within it are to be taken from there.
    Object(Object<'t>, Place),
    /// YAML or JSON that is no Kubernetes object, such as the values of a Helm chart. Its place is within the document.
    Other(Place),
    /// Something that could not be read. Its place is within the document.
    Problem(Problem),
}

/// Reads the objects of documents. It keeps its memory from one document to the next.
#[derive(Debug, Default)]
pub struct Objects {
    tape: Tape,
}

impl Objects {
    /// Gives every object of a document to `found`, in order.
    pub fn read(&mut self, text: &str, found: &mut impl FnMut(Found<'_>)) {
        let begin = marker(text);
        if !text[begin..].trim_start().starts_with('{') {
            if let Err(problem) = self.plain_yaml(text, found) {
                found(Found::Problem(problem));
            }
            return;
        }
        let mut stream = serde_json::Deserializer::from_str(&text[begin..]).into_iter::<IgnoredAny>();
        // How far the text is read, and the place of that.
        let mut at = begin;
        let mut place = Place::default();
        while let Some(next) = stream.next() {
            let value = at + blank(&text[at..]);
            place = place_in(&text[..value], if at == begin { 0 } else { at }).after(place);
            let result = match next {
                Ok(IgnoredAny) => {
                    at = begin + stream.byte_offset();
                    let result = self.yaml(&mended(&text[value..at]), place, found);
                    place = place_in(&text[..at], value).after(place);
                    result
                }
                // YAML may begin with a brace as well.
                Err(error) if at == begin => {
                    let result = self.plain_yaml(text, found);
                    result.map_err(|problem| {
                        if is_like_json(&text[value..]) { not_json(&error, text, begin) } else { problem }
                    })
                }
                Err(error) => Err(not_json(&error, text, begin)),
            };
            if let Err(problem) = result {
                return found(Found::Problem(problem));
            }
        }
    }

    /// Reads the objects of a text that is no JSON.
    fn plain_yaml(&mut self, text: &str, found: &mut impl FnMut(Found<'_>)) -> Result<(), Problem> {
        // To kubectl, whose YAML is 1.1, these end a line, and with it a comment; in YAML 1.2 they do not.
        let breaks = |at: &usize| text[*at..].starts_with(['\u{85}', '\u{2028}', '\u{2029}']);
        let begins = |at: &usize| text.is_char_boundary(*at);
        if let Some(at) = memchr::memchr2_iter(0xc2, 0xe2, text.as_bytes()).filter(begins).find(breaks) {
            let message = "has a character that ends a line to kubectl and to few others (U+0085, U+2028 or U+2029): \
                           write it as an escape in double quotes";
            return Err(Problem { place: place_in(&text[..at], 0), message: message.into() });
        }
        self.yaml(text, Place::default(), found)
    }

    /// Reads the objects of a part of a text that begins at a place. A problem that ends the reading is an error.
    fn yaml(&mut self, text: &str, begin: Place, found: &mut impl FnMut(Found<'_>)) -> Result<(), Problem> {
        let read = Reader::new(&mut self.tape, Events::new(text), begin).documents(found);
        read.map_err(|Problem { place, message }| Problem { place: place.after(begin), message })
    }
}

/// How many bytes of a text are the `---` that it begins with.
fn marker(text: &str) -> usize {
    let rest = text.strip_prefix("---").filter(|rest| rest.starts_with(char::is_whitespace));
    rest.map_or(0, |rest| text.len() - rest.len())
}

/// How many bytes of white space a text begins with.
fn blank(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// Whether what begins with a brace goes on as JSON does: with a key in quotes.
fn is_like_json(text: &str) -> bool {
    text.trim_start().strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with(['"', '}']))
}

/// The place of the end of a text, counted from one of its bytes.
fn place_in(text: &str, from: usize) -> Place {
    let text = &text[from..];
    let column = text.rsplit('\n').next().unwrap_or_default().chars().count();
    Place::new(narrow(text.matches('\n').count()) + 1, narrow(column) + 1)
}

/// What is wrong with JSON that begins at a byte of a text.
fn not_json(error: &serde_json::Error, text: &str, begin: usize) -> Problem {
    // At the beginning of a line the column is given as 0.
    let place = Place::new(narrow(error.line()), narrow(error.column().max(1)));
    let place = place.after(place_in(&text[..begin], 0));
    // The error's text ends with the place.
    let said = error.to_string();
    let message = said.split(" at line ").next().unwrap_or_default();
    Problem { place, message: format!("is no JSON: {message}") }
}

impl From<SyntaxError> for Problem {
    fn from(error: SyntaxError) -> Self {
        Self { place: error.place, message: error.message }
    }
}

impl From<DecodeError> for Problem {
    fn from(error: DecodeError) -> Self {
        Self { place: error.place.unwrap_or_default(), message: error.message }
    }
}
