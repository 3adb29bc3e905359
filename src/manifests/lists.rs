//! The objects of a document: lists are unwrapped, and what is no object is told apart.

use granit_parser::{Event, Span};

use super::{
    DecodeError, Found, Identity, Object, Place, Problem, Tape, Value,
    tape::{Events, Kind},
};

/// How deep lists may stand in lists.
const LISTS: usize = 16;

/// Reads the objects of a part of a text.
pub(super) struct Reader<'r, 's> {
    tape: &'r mut Tape,
    events: Events<'s>,
    /// Where the part begins.
    begin: Place,
}

/// What the outside of a list says of those of its items that say nothing themselves.
#[derive(Debug, Default)]
struct Outside {
    api_version: Option<String>,
    kind: Option<String>,
}

impl Outside {
    const fn is_complete(&self) -> bool {
        self.api_version.is_some() && self.kind.is_some()
    }
}

/// What was found among the items of a list.
#[derive(Debug, Default)]
struct Items {
    /// Whether there are any.
    any: bool,
    /// Whether there are objects, or what was meant to be one.
    objects: bool,
    /// The first that is of no kind.
    of_no_kind: Option<Place>,
    /// Those that are kept until it is known what the outside says of them, and all that come after them: `apiVersion`
    /// and `kind` may stand after the items.
    waiting: Vec<u32>,
}

impl Items {
    /// Gives an item, or what is in it.
    fn give(&mut self, item: Value<'_>, outside: &Outside, begin: Place, found: &mut impl FnMut(Found<'_>)) {
        each(item, outside, begin, LISTS, &mut |next| match next {
            Found::Other(place) => _ = self.of_no_kind.get_or_insert(place),
            next => {
                self.objects = true;
                found(next);
            }
        });
    }
}

impl<'r, 's> Reader<'r, 's> {
    pub(super) const fn new(tape: &'r mut Tape, events: Events<'s>, begin: Place) -> Self {
        Self { tape, events, begin }
    }

    /// Gives all objects. A problem that ends the reading is an error; its place is within the part.
    pub(super) fn documents(&mut self, found: &mut impl FnMut(Found<'_>)) -> Result<(), Problem> {
        while let Some((event, span)) = self.events.next()? {
            self.tape.clear();
            match event {
                Event::MappingStart(..) => self.mapping(&span, found)?,
                Event::SequenceStart(..) => self.sequence(&span, found)?,
                Event::Scalar(..) => {
                    let root = self.tape.read(&mut self.events, (event, span))?;
                    let root = self.tape.value(root);
                    if !root.is_null() {
                        return Err(problem(root, "is text and no Kubernetes object"));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A mapping, which is an object or a list. The items of a list are given as they come, and not kept.
    fn mapping(&mut self, span: &Span, found: &mut impl FnMut(Found<'_>)) -> Result<(), Problem> {
        let root = self.tape.open(Kind::Mapping, span)?;
        let mut outside = Outside::default();
        let mut items = Items::default();
        loop {
            let first = self.events.expect()?;
            if matches!(first.0, Event::MappingEnd) {
                break;
            }
            let key = self.tape.read(&mut self.events, first)?;
            let key = self.tape.value(key).text().map(ToOwned::to_owned);
            let first = self.events.expect()?;
            if key.as_deref() == Some("items") && matches!(first.0, Event::SequenceStart(..)) {
                self.items(&first.1, &outside, &mut items, found)?;
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
        check_items(root)?;
        if !items.any {
            if is_headless(root)? {
                return Err(problem(root, "looks like a workload, and has neither apiVersion nor kind"));
            }
            each(root, &Outside::default(), self.begin, LISTS, found);
            return Ok(());
        }
        for item in std::mem::take(&mut items.waiting) {
            items.give(self.tape.value(item), &outside, self.begin, found);
        }
        let says = |field: &str| Ok::<_, DecodeError>(root.get(field)?.filter(|value| !value.is_null()));
        match items.of_no_kind {
            _ if says("kind")?.is_none() && says("apiVersion")?.is_some() => Err(no_kind(root)),
            Some(place) if items.objects || says("kind")?.is_some() => {
                Err(Problem { place, message: "the item has no kind".into() })
            }
            Some(_) => {
                found(Found::Other(root.place()));
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// A list that is the whole document. kubectl takes none, but what made it may be asked to judge it.
    fn sequence(&mut self, span: &Span, found: &mut impl FnMut(Found<'_>)) -> Result<(), Problem> {
        let mut items = Items::default();
        let outside = Outside { api_version: Some(String::new()), kind: Some(String::new()) };
        self.items(span, &outside, &mut items, found)?;
        match items.of_no_kind {
            Some(place) if items.objects => Err(Problem { place, message: "the item has no kind".into() }),
            None if items.objects => Ok(()),
            _ => {
                found(Found::Other(Place::of(span)));
                Ok(())
            }
        }
    }

    /// The items of a list, up to its end.
    fn items(
        &mut self,
        span: &Span,
        outside: &Outside,
        items: &mut Items,
        found: &mut impl FnMut(Found<'_>),
    ) -> Result<(), Problem> {
        let list = self.tape.open(Kind::Sequence, span)?;
        loop {
            let first = self.events.expect()?;
            if matches!(first.0, Event::SequenceEnd) {
                self.tape.close(list);
                return Ok(());
            }
            items.any = true;
            let mark = self.tape.mark();
            let index = self.tape.read(&mut self.events, first)?;
            let item = self.tape.value(index);
            if !items.waiting.is_empty() || (!outside.is_complete() && says_nothing(item)) {
                items.waiting.push(index);
                continue;
            }
            items.give(item, outside, self.begin, found);
            self.tape.rewind(mark);
        }
    }
}

/// Whether an item leaves it to the outside of its list what it is, as those of a typed list (a `PodList`, say) do.
fn says_nothing(item: Value<'_>) -> bool {
    let says = |field| !matches!(item.get(field), Ok(None));
    !says("kind") && !says("apiVersion")
}

/// Refuses what is a list to some and an object to others.
fn check_items(root: Value<'_>) -> Result<(), Problem> {
    // It is an error if `items` is there twice.
    let Some(items) = root.get("items")?.filter(|items| !items.is_null()) else { return Ok(()) };
    let is_list = root.get("kind")?.and_then(Value::text).is_some_and(|kind| kind.ends_with("List"));
    if is_list && items.items().is_none() {
        return Err(problem(items, format!("items must be a list, and is {}", items.what())));
    }
    if !is_list && root.get("spec")?.is_some() {
        return Err(problem(items, "items makes this a list to kubectl, and its kind does not"));
    }
    Ok(())
}

/// Gives an object, or each of a list.
fn each(value: Value<'_>, outside: &Outside, begin: Place, depth: usize, found: &mut dyn FnMut(Found<'_>)) {
    let mut tell = |Problem { place, message }| {
        found(Found::Problem(Problem { place: place.after(begin), message }));
    };
    match object(value, outside) {
        Ok(None) => found(Found::Other(value.place())),
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
                            Found::Other(place) => found(Found::Problem(Problem {
                                place: place.after(begin),
                                message: "the item has no kind".into(),
                            })),
                            next => found(next),
                        });
                    }
                }
                Ok(Some(items)) if items.clone().next().is_some() => {
                    tell(problem(value, format!("has more than {LISTS} lists in lists")));
                }
                Ok(_) => found(Found::Object(object, begin)),
                Err(error) => tell(error.into()),
            }
        }
        Err(problem) => tell(problem),
    }
}

/// A value as an object; none if it is none of Kubernetes'.
fn object<'t>(value: Value<'t>, outside: &'t Outside) -> Result<Option<Object<'t>>, Problem> {
    let (kind, api_version) = if let Some(kind) = text(value, "kind", "kind")? {
        (Some(kind), text(value, "apiVersion", "apiVersion")?)
    } else if is_meant_as_object(value)? {
        return Err(no_kind(value));
    } else {
        // The items of a typed list (a PodList, say) say nothing of their kind.
        let kind = outside.kind.as_deref().filter(|_| value.is_mapping());
        let kind = kind.and_then(|kind| kind.strip_suffix("List")).filter(|kind| !kind.is_empty());
        (kind, outside.api_version.as_deref())
    };
    let Some(kind) = kind else { return Ok(None) };
    let metadata = value.get("metadata")?;
    let field = |field: &str| {
        metadata.map_or(Ok(None), |metadata| text(metadata, field, &format!("metadata.{field}")))
    };
    let name = field("name")?;
    let name = if name.is_some() { name } else { field("generateName")? };
    let identity = Identity { api_version, kind, namespace: field("namespace")?, name };
    Ok(Some(Object { identity, value }))
}

/// The text of a field, unless that is empty.
fn text<'t>(value: Value<'t>, field: &str, path: &str) -> Result<Option<&'t str>, Problem> {
    let Some(value) = value.get(field)?.filter(|value| !value.is_null()) else { return Ok(None) };
    let wrong = || {
        let hint = if value.scalar().is_some() { "; put quotes around it" } else { "" };
        problem(value, format!("{path} must be text, and is {}{hint}", value.what()))
    };
    value.text().ok_or_else(wrong).map(|text| Some(text).filter(|text| !text.is_empty()))
}

/// Whether a mapping without a kind was probably meant to have one.
fn is_meant_as_object(value: Value<'_>) -> Result<bool, Problem> {
    let has = |field: &str| Ok::<_, Problem>(value.get(field)?.is_some_and(|value| !value.is_null()));
    let has_body = has("metadata")? || has("spec")?;
    Ok(match value.get("apiVersion")?.filter(|version| !version.is_null()) {
        // Helm's Chart.yaml has an apiVersion and no kind.
        Some(version) if version.text().is_some() => !(has("name")? && has("version")? && !has_body),
        // Other tools count their versions.
        Some(_) => has_body,
        None => false,
    })
}

/// Whether a document has the body of a workload, and nothing that says so.
fn is_headless(root: Value<'_>) -> Result<bool, Problem> {
    for field in ["kind", "apiVersion"] {
        if root.get(field)?.is_some_and(|value| !value.is_null()) {
            return Ok(false);
        }
    }
    let Some(spec) = root.get("spec")?.filter(|_| matches!(root.get("metadata"), Ok(Some(_)))) else {
        return Ok(false);
    };
    let has = |field: &str| spec.get(field).is_ok_and(|value| value.is_some());
    Ok(["containers", "template", "jobTemplate"].into_iter().any(has))
}

fn no_kind(value: Value<'_>) -> Problem {
    let key = value.entry("apiVersion").ok().flatten().map(|(key, _)| key);
    let place = key.unwrap_or(value).place();
    Problem { place, message: "has an apiVersion and no kind: every object needs both".into() }
}

fn problem(value: Value<'_>, message: impl Into<String>) -> Problem {
    Problem { place: value.place(), message: message.into() }
}
