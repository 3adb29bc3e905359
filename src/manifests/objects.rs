//! Documents as Kubernetes objects: lists are unwrapped, JSON streams read on, and what is no object is told apart.

use granit_parser::Event;
use serde::de::IgnoredAny;

use super::{
    DecodeError, Place, SyntaxError, Tape, Value,
    tape::{Events, Kind},
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
        let marker = marker(text);
        let json = &text[marker..];
        if !json.trim_start().starts_with('{') {
            self.yaml(text, Place::default(), found);
            return;
        }
        let mut stream = serde_json::Deserializer::from_str(json).into_iter::<IgnoredAny>();
        let mut end = 0;
        while let Some(next) = stream.next() {
            match next {
                Ok(IgnoredAny) => {
                    let begin = end + blank(&json[end..]);
                    end = stream.byte_offset();
                    self.yaml(&json[begin..end], place_at(text, marker + begin), found);
                }
                Err(error) => {
                    let problem = json_problem(&error, place_at(text, marker));
                    // YAML may begin with a brace as well.
                    if end == 0 {
                        self.yaml_or(problem, text, found);
                    } else {
                        found(Found::Problem(problem));
                    }
                    return;
                }
            }
        }
    }

    /// Reads YAML; where that fails, it was JSON with a problem.
    fn yaml_or(&mut self, problem: Problem, text: &str, found: &mut impl FnMut(Found<'_>)) {
        let mut is_yaml = true;
        self.yaml(text, Place::default(), &mut |item| {
            is_yaml &= !matches!(item, Found::Problem(_));
            if is_yaml {
                found(item);
            }
        });
        if !is_yaml {
            found(Found::Problem(problem));
        }
    }

    fn yaml(&mut self, text: &str, begin: Place, found: &mut impl FnMut(Found<'_>)) {
        let mut reader = Reader { tape: &mut self.tape, events: Events::new(text), begin };
        if let Err(Problem { place, message }) = reader.documents(found) {
            found(Found::Problem(Problem { place: place.after(begin), message }));
        }
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

/// The place of a byte of a text.
fn place_at(text: &str, byte: usize) -> Place {
    let before = &text[..byte];
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count();
    Place::new(super::tape::narrow(line) + 1, super::tape::narrow(column) + 1)
}

fn json_problem(error: &serde_json::Error, begin: Place) -> Problem {
    let place =
        Place::new(super::tape::narrow(error.line()), super::tape::narrow(error.column())).after(begin);
    // The text ends with the place.
    let text = error.to_string();
    let message = text.split(" at line ").next().unwrap_or_default();
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
        Some(value) => match value.text() {
            Some(text) => Ok(Some(text).filter(|text| !text.is_empty())),
            None => Err(problem(
                value,
                format!("{field} must be text, and is {}; put quotes around it", value.what()),
            )),
        },
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
