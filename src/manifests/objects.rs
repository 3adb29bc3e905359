//! Documents as Kubernetes objects: lists are unwrapped, JSON streams read on, and what is no object is told apart.

use granit_parser::Event;
use serde::de::IgnoredAny;

use super::{
    DecodeError, Place, SyntaxError, Tape, Value,
    tape::{Events, Kind, narrow},
};

/// How deep lists may stand in lists.
const LISTS: usize = 16;

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
    /// YAML or JSON that is no Kubernetes object, such as the values of a Helm chart.
    Other,
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
                    let result = self.yaml(&text[value..at], place, found);
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
        let mut reader = Reader { tape: &mut self.tape, events: Events::new(text), begin };
        let read = reader.documents(found);
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
    let place = Place::new(narrow(error.line()), narrow(error.column())).after(place_in(&text[..begin], 0));
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

struct Reader<'r, 's> {
    tape: &'r mut Tape,
    events: Events<'s>,
    begin: Place,
}

/// What the outside of a list says of those of its items that say nothing themselves.
#[derive(Debug, Default)]
struct Outside {
    api_version: Option<String>,
    kind: Option<String>,
}

impl Reader<'_, '_> {
    fn documents(&mut self, found: &mut impl FnMut(Found<'_>)) -> Result<(), Problem> {
        while let Some((event, span)) = self.events.next()? {
            self.tape.clear();
            match event {
                Event::MappingStart(..) => self.mapping(&span, found)?,
                Event::SequenceStart(..) | Event::Scalar(..) => {
                    let root = self.tape.read(&mut self.events, (event, span))?;
                    let root = self.tape.value(root);
                    if root.items().is_some() {
                        found(Found::Other);
                    } else if !root.is_null() {
                        return Err(problem(root, "is text and no Kubernetes object"));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A mapping, which is an object or a list. The items of a list are given as they come, and not kept.
    fn mapping(
        &mut self,
        span: &granit_parser::Span,
        found: &mut impl FnMut(Found<'_>),
    ) -> Result<(), Problem> {
        let root = self.tape.open(Kind::Mapping, span)?;
        let mut outside = Outside::default();
        // The items that are of no kind, and the place of the first.
        let mut of_no_kind: Option<Place> = None;
        // Whether there are no items: then it is an object, or a list of nothing.
        let mut is_empty = true;
        loop {
            let first = self.events.expect()?;
            if matches!(first.0, Event::MappingEnd) {
                break;
            }
            let key = self.tape.read(&mut self.events, first)?;
            let key = self.tape.value(key).text().map(ToOwned::to_owned);
            let first = self.events.expect()?;
            if key.as_deref() == Some("items") && matches!(first.0, Event::SequenceStart(..)) {
                let place = self.items(&first.1, &outside, &mut |item| {
                    is_empty = false;
                    found(item);
                })?;
                is_empty &= place.is_none();
                of_no_kind = of_no_kind.or(place);
                continue;
            }
            let value = self.tape.read(&mut self.events, first)?;
            let text = self.tape.value(value).text().map(ToOwned::to_owned);
            match key.as_deref() {
                Some("kind") => outside.kind = text,
                Some("apiVersion") => outside.api_version = text,
                _ => {}
            }
        }
        self.tape.close(root);
        let root = self.tape.value(root);
        // Refused if it is there twice.
        root.get("items")?;
        let is_list = root.get("kind")?.and_then(Value::text).is_some_and(|kind| kind.ends_with("List"));
        let items = root.get("items")?.filter(|items| !items.is_null());
        if let Some(items) = items {
            if is_list && items.items().is_none() {
                return Err(problem(items, format!("items must be a list, and is {}", items.what())));
            }
            if !is_list && root.get("spec")?.is_some() {
                return Err(problem(items, "items makes this a list to kubectl, and its kind does not"));
            }
        }
        if is_empty {
            each(root, &Outside::default(), self.begin, LISTS, found);
            return Ok(());
        }
        match (root.get("kind")?.filter(|kind| !kind.is_null()), of_no_kind) {
            (Some(_), Some(place)) => Err(Problem { place, message: "the item has no kind".into() }),
            (None, _) => {
                found(Found::Other);
                Ok(())
            }
            (Some(_), None) => Ok(()),
        }
    }

    /// The items of a list, up to its end. Gives the place of the first that is of no kind.
    fn items(
        &mut self,
        span: &granit_parser::Span,
        outside: &Outside,
        found: &mut impl FnMut(Found<'_>),
    ) -> Result<Option<Place>, Problem> {
        let list = self.tape.open(Kind::Sequence, span)?;
        let mut of_no_kind = None;
        loop {
            let first = self.events.expect()?;
            if matches!(first.0, Event::SequenceEnd) {
                self.tape.close(list);
                return Ok(of_no_kind);
            }
            let mark = self.tape.mark();
            let item = self.tape.read(&mut self.events, first)?;
            let item = self.tape.value(item);
            each(item, outside, self.begin, LISTS, &mut |next| match next {
                Found::Other => _ = of_no_kind.get_or_insert_with(|| item.place()),
                next => found(next),
            });
            self.tape.rewind(mark);
        }
    }
}

/// Gives an object, or each of a list.
fn each(value: Value<'_>, outside: &Outside, begin: Place, depth: usize, found: &mut dyn FnMut(Found<'_>)) {
    match object(value, outside) {
        Ok(None) => found(Found::Other),
        Ok(Some(object)) => {
            let items = value.get("items").map(|items| items.and_then(Value::items));
            match items {
                Ok(Some(items)) if depth > 0 && items.clone().next().is_some() => {
                    let outside = Outside {
                        api_version: object.identity.api_version.map(ToOwned::to_owned),
                        kind: Some(object.identity.kind.to_owned()),
                    };
                    for item in items {
                        each(item, &outside, begin, depth - 1, &mut |next| match next {
                            Found::Other => found(Found::Problem(Problem {
                                place: item.place().after(begin),
                                message: "the item has no kind".into(),
                            })),
                            next => found(next),
                        });
                    }
                }
                Ok(Some(items)) if items.clone().next().is_some() => found(Found::Problem(Problem {
                    place: value.place().after(begin),
                    message: format!("has more than {LISTS} lists in lists"),
                })),
                Ok(_) => found(Found::Object(object, begin)),
                Err(error) => {
                    let Problem { place, message } = error.into();
                    found(Found::Problem(Problem { place: place.after(begin), message }));
                }
            }
        }
        Err(Problem { place, message }) => {
            found(Found::Problem(Problem { place: place.after(begin), message }));
        }
    }
}

/// A value as an object; none if it has no kind.
fn object<'t>(value: Value<'t>, outside: &'t Outside) -> Result<Option<Object<'t>>, Problem> {
    let text = |field: &str, value: Option<Value<'t>>| match value {
        None => Ok(None),
        Some(value) if value.is_null() => Ok(None),
        Some(value) => {
            let wrong = || {
                let hint = if value.scalar().is_some() { "; put quotes around it" } else { "" };
                problem(value, format!("{field} must be text, and is {}{hint}", value.what()))
            };
            value.text().ok_or_else(wrong).map(|text| Some(text).filter(|text| !text.is_empty()))
        }
    };
    let mut kind = text("kind", value.get("kind")?)?;
    let mut api_version = text("apiVersion", value.get("apiVersion")?)?;
    if kind.is_none() && api_version.is_none() && value.is_mapping() {
        // The items of a typed list (a PodList, say) say nothing of their kind.
        kind = outside
            .kind
            .as_deref()
            .and_then(|kind| kind.strip_suffix("List"))
            .filter(|kind| !kind.is_empty());
        api_version = outside.api_version.as_deref();
    }
    let Some(kind) = kind else { return Ok(None) };
    let metadata = value.get("metadata")?;
    let field = |field: &str| -> Result<Option<&'t str>, Problem> {
        metadata.map_or(Ok(None), |metadata| text(&format!("metadata.{field}"), metadata.get(field)?))
    };
    let name = field("name")?;
    let name = if name.is_some() { name } else { field("generateName")? };
    let identity = Identity { api_version, kind, namespace: field("namespace")?, name };
    Ok(Some(Object { identity, value }))
}

fn problem(value: Value<'_>, message: impl Into<String>) -> Problem {
    Problem { place: value.place(), message: message.into() }
}
