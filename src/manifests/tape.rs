//! A document as a flat row of nodes, each with its place.

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use super::{Place, Value, merge::Merges};

/// How deep flow and block collections may nest, each.
const DEPTH: usize = 255;

/// How deep all may nest, aliases written out.
const DEPTH_WITH_ALIASES: usize = 2 * DEPTH;

/// How long a mapping key may be without a `?`, in characters. YAML says 1,024; JSON knows no such limit.
const KEY_LENGTH: usize = 1 << 20;

/// YAML that cannot be read, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// Where, within the text that was read.
    pub place: Place,
    /// What is the matter.
    pub message: String,
}

/// One node. Texts stand one after the other in [`Tape::text`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) line: u32,
    pub(super) column: u32,
    /// Of a scalar: where its text begins.
    pub(super) from: u32,
    /// Of a scalar: where its text ends. Of a collection: the node after its last. Of an alias: the node it stands for.
    pub(super) to: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A scalar whose type follows from its text.
    Plain,
    /// A scalar that is text whatever it looks like: quoted, a block, or tagged.
    Text,
    /// Binary data, which podsec does not decode.
    Binary,
    Sequence,
    Mapping,
    Alias,
}

/// The nodes of one document, in the order in which they were written. It is meant to be used again for the next one,
/// so that its memory is that of the largest.
#[derive(Debug, Default)]
pub struct Tape {
    pub(super) nodes: Vec<Node>,
    pub(super) text: String,
    /// The anchored nodes, by the parser's number for the anchor.
    anchors: Vec<Anchor>,
    /// How many nodes there are with every alias written out, and how many of those stem from aliases.
    expanded: u64,
    by_alias: u64,
    pub(super) merges: Merges,
}

#[derive(Clone, Copy, Debug)]
struct Anchor {
    id: usize,
    node: u32,
    /// How large it is, aliases written out; `None` while it is being read.
    extent: Option<Extent>,
}

/// How large a node is, aliases written out.
#[derive(Clone, Copy, Debug)]
struct Extent {
    /// The number of its nodes.
    size: u64,
    /// How many collections stand in each other, itself included.
    depth: usize,
}

/// The events of one document.
pub(super) struct Events<'s> {
    parser: Parser<'s, StrInput<'s>>,
}

impl<'s> Events<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        let options = granit_parser::options! {
            emit_comments: false,
            simple_key_max_lookahead: KEY_LENGTH,
            flow_nesting_limit: DEPTH,
            block_nesting_limit: DEPTH,
        };
        Self { parser: Parser::new_from_str_with_options(source, options) }
    }

    /// The next event; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<(Event<'s>, Span)>, SyntaxError> {
        self.parser.next_event().transpose().map_err(|error| SyntaxError::from(&error))
    }

    /// The next event, which must be there.
    pub(super) fn expect(&mut self) -> Result<(Event<'s>, Span), SyntaxError> {
        self.next()?
            .ok_or_else(|| SyntaxError { place: Place::default(), message: "the document ends early".into() })
    }
}

impl From<&ScanError> for SyntaxError {
    fn from(error: &ScanError) -> Self {
        let marker = error.marker();
        Self { place: Place::new(narrow(marker.line()), narrow(marker.col()) + 1), message: error.info() }
    }
}

impl Tape {
    /// Forgets the nodes, and keeps the memory for the next ones.
    pub(super) fn clear(&mut self) {
        self.nodes.clear();
        self.text.clear();
        self.anchors.clear();
        self.expanded = 0;
        self.by_alias = 0;
        self.merges.clear();
    }

    /// Where the tape ends now, to [`rewind`](Self::rewind) to.
    pub(super) fn mark(&self) -> Mark {
        Mark { nodes: self.nodes.len(), text: self.text.len() }
    }

    /// Forgets what came after the mark, unless an alias may refer to it.
    pub(super) fn rewind(&mut self, mark: Mark) {
        if self.anchors.is_empty() {
            self.nodes.truncate(mark.nodes);
            self.text.truncate(mark.text);
            self.merges.clear();
        }
    }

    /// The node at an index.
    pub(super) fn value(&self, index: u32) -> Value<'_> {
        Value::new(self, index)
    }

    /// Opens a collection, to be closed by [`close`](Self::close).
    pub(super) fn open(&mut self, kind: Kind, span: &Span) -> Result<u32, SyntaxError> {
        let Place { line, column } = Place::of(span);
        self.push(Node { kind, line, column, from: 0, to: 0 })
    }

    /// Closes a collection: what was read since it was opened is in it.
    pub(super) fn close(&mut self, index: u32) {
        let end = narrow(self.nodes.len());
        if let Some(node) = self.nodes.get_mut(index as usize) {
            node.to = end;
        }
    }

    /// Reads the node that an event begins, with all that is in it.
    pub(super) fn read(
        &mut self,
        events: &mut Events<'_>,
        first: (Event<'_>, Span),
    ) -> Result<u32, SyntaxError> {
        let mut open: Vec<Open> = Vec::new();
        let mut next = first;
        let mut root = None;
        loop {
            let (event, span) = &next;
            if matches!(event, Event::SequenceEnd | Event::MappingEnd) {
                if let Some(Open { node, anchor, before, depth }) = open.pop() {
                    self.close(node);
                    let size = self.expanded - before;
                    if let Some(anchor) = anchor.and_then(|anchor| self.anchors.get_mut(anchor)) {
                        anchor.extent = Some(Extent { size, depth });
                    }
                    if let Some(around) = open.last_mut() {
                        around.depth = around.depth.max(depth + 1);
                    }
                }
            } else {
                let before = self.expanded;
                let (node, depth) = self.node(event, span)?;
                root.get_or_insert(node);
                if open.len() + depth > DEPTH_WITH_ALIASES {
                    let message = "its aliases nest too deeply".into();
                    return Err(SyntaxError { place: Place::of(span), message });
                }
                if let Some(around) = open.last_mut() {
                    around.depth = around.depth.max(depth + 1);
                }
                let anchor = self.anchor(event, node);
                if matches!(event, Event::SequenceStart(..) | Event::MappingStart(..)) {
                    open.push(Open { node, anchor, before, depth: 1 });
                }
            }
            match root {
                Some(root) if open.is_empty() => return Ok(root),
                _ => next = events.expect()?,
            }
        }
    }

    /// Adds a node, and says how deep what it stands for is.
    fn node(&mut self, event: &Event<'_>, span: &Span) -> Result<(u32, usize), SyntaxError> {
        let place = Place::of(span);
        let node = |kind| Node { kind, line: place.line, column: place.column, from: 0, to: 0 };
        match event {
            // In `{?a: b}` kubectl reads the key a, and others `?a`.
            Event::Scalar(text, ScalarStyle::Plain, _, _) if text.starts_with('?') => Err(SyntaxError {
                place,
                message: "begins with ?, which not all read alike: put quotes around it".into(),
            }),
            Event::Scalar(text, style, _, tag) => {
                let from = narrow(self.text.len());
                self.text.push_str(text);
                let kind = scalar_kind(*style, tag.as_deref());
                Ok((self.push(Node { from, to: narrow(self.text.len()), ..node(kind) })?, 0))
            }
            Event::SequenceStart(..) => Ok((self.push(node(Kind::Sequence))?, 1)),
            Event::MappingStart(..) => Ok((self.push(node(Kind::Mapping))?, 1)),
            Event::Alias(id) => {
                let (target, Extent { size, depth }) = self.target(*id, place)?;
                self.expanded = self.expanded.saturating_add(size);
                self.by_alias = self.by_alias.saturating_add(size);
                self.check_aliases(place)?;
                Ok((self.push(Node { to: target, ..node(Kind::Alias) })?, depth))
            }
            _ => Err(SyntaxError { place, message: "a value is missing here".into() }),
        }
    }

    fn push(&mut self, node: Node) -> Result<u32, SyntaxError> {
        let place = Place::new(node.line, node.column);
        let index = u32::try_from(self.nodes.len()).ok().filter(|_| u32::try_from(self.text.len()).is_ok());
        let index = index
            .ok_or_else(|| SyntaxError { place, message: "the document is too large (4 GiB)".into() })?;
        self.nodes.push(node);
        self.expanded = self.expanded.saturating_add(1);
        Ok(index)
    }

    /// Notes the anchor of a node, and gives its position among the anchors.
    fn anchor(&mut self, event: &Event<'_>, node: u32) -> Option<usize> {
        let (id, extent) = match event {
            Event::Scalar(_, _, id, _) => (*id, Some(Extent { size: 1, depth: 0 })),
            Event::SequenceStart(_, id, _) | Event::MappingStart(_, id, _) => (*id, None),
            _ => return None,
        };
        (id > 0).then(|| {
            self.anchors.push(Anchor { id, node, extent });
            self.anchors.len() - 1
        })
    }

    fn target(&self, id: usize, place: Place) -> Result<(u32, Extent), SyntaxError> {
        // The parser counts anchors upwards.
        let position = self.anchors.binary_search_by_key(&id, |anchor| anchor.id);
        match position.ok().and_then(|position| self.anchors.get(position)) {
            Some(Anchor { node, extent: Some(extent), .. }) => Ok((*node, *extent)),
            _ => Err(SyntaxError { place, message: "the alias stands for a value that contains it".into() }),
        }
    }

    /// Refuses a document that is small only because its aliases are not written out, by go-yaml's measure: of up to
    /// 400,000 nodes 99% may stem from aliases, of 4,000,000 and more 10%.
    fn check_aliases(&self, place: Place) -> Result<(), SyntaxError> {
        const FEW: u64 = 400_000;
        const MANY: u64 = 4_000_000;
        if self.by_alias <= 100 || self.expanded <= 1000 {
            return Ok(());
        }
        // In thousandths.
        let allowed = 990 - 890 * (self.expanded.clamp(FEW, MANY) - FEW) / (MANY - FEW);
        if u128::from(self.by_alias) * 1000 > u128::from(self.expanded) * u128::from(allowed) {
            return Err(SyntaxError { place, message: "its aliases stand for too much".into() });
        }
        Ok(())
    }
}

/// A collection that is being read.
struct Open {
    node: u32,
    /// The position of its anchor among the anchors.
    anchor: Option<usize>,
    /// The number of nodes before it, aliases written out.
    before: u64,
    /// How many collections stand in each other in it so far, itself included.
    depth: usize,
}

/// A point on a tape.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    nodes: usize,
    text: usize,
}

fn scalar_kind(style: ScalarStyle, tag: Option<&Tag>) -> Kind {
    match tag {
        None if style == ScalarStyle::Plain => Kind::Plain,
        None => Kind::Text,
        // yq and go-yaml write `!!merge <<:`.
        Some(tag) if format!("{}{}", tag.handle(), tag.suffix()) == "tag:yaml.org,2002:merge" => Kind::Plain,
        Some(tag) => match tag.core_suffix() {
            Some("int" | "float" | "bool" | "null" | "timestamp") => Kind::Plain,
            Some("binary") => Kind::Binary,
            _ => Kind::Text,
        },
    }
}

/// A count as the tape keeps it. What is beyond is refused before it is used.
pub(super) fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
