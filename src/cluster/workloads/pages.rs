//! One list, read to its end.

use kube::Client;
use parking_lot::Mutex;

use super::{
    BrokenAnswer, Observed, ReadError, Resource,
    answer::{Answer, FIRST, IDLE, ask, encoded},
    reading,
    splitter::Splitter,
};
use crate::assessment::Shapes;

/// How many objects are asked for at a time where all at once did not come through. As kubectl has it.
const PAGE: usize = 500;

/// How new a list has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// As new as the API server that answers has it in its watch cache; nobody else is asked.
    Any,
    /// Not older than a version that was seen before, and as new as that API server has it.
    NotOlderThan(String),
    /// As new as it gets.
    Newest,
}

/// How a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// All in one answer, which is what costs the API server and the network least.
    Whole,
    /// In pages of one moment. An API server gives no answer more than a minute: what a slow network does not carry
    /// in that time comes through in pages.
    Paged,
}

/// A list that is being read.
pub(super) struct Pages<'a> {
    client: &'a Client,
    shapes: &'a Mutex<Shapes>,
    resource: Resource,
    path: String,
    /// The query of the next page.
    query: Option<String>,
    page: Option<(Answer, Splitter)>,
    has_begun: bool,
    manner: Manner,
    unidentified: Option<BrokenAnswer>,
}

/// What a piece of a list brought.
pub(super) enum Piece {
    /// Objects, each with its namespace, and how many bytes they came in.
    Objects(Vec<(String, Observed)>, usize),
    /// It is at its end. It can be watched from this version.
    End(String),
}

impl<'a> Pages<'a> {
    pub(super) fn new(
        client: &'a Client,
        shapes: &'a Mutex<Shapes>,
        (resource, namespace): (Resource, Option<&str>),
        age: &Age,
        manner: Manner,
    ) -> Self {
        let query = match (manner, age) {
            // Only of the newest state pages are all of one moment on every version.
            (Manner::Paged, _) => format!("limit={PAGE}"),
            (Manner::Whole, Age::Any) => "resourceVersion=0".to_owned(),
            (Manner::Whole, Age::NotOlderThan(version)) => {
                format!("resourceVersion={}&resourceVersionMatch=NotOlderThan", encoded(version))
            }
            (Manner::Whole, Age::Newest) => String::new(),
        };
        let path = resource.path(namespace.map(encoded).as_deref());
        Self {
            client,
            shapes,
            resource,
            path,
            query: Some(query),
            page: None,
            has_begun: false,
            manner,
            unidentified: None,
        }
    }

    /// Whether an answer has begun to come.
    pub(super) const fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// The next piece. After an error nothing more comes.
    pub(super) async fn next(&mut self) -> Result<Piece, ReadError> {
        loop {
            if let Some(query) = self.query.take() {
                let uri = format!("{}?{query}", self.path);
                self.page = Some((ask(self.client, &uri, FIRST).await?, Splitter::default()));
                self.has_begun = true;
            }
            let Some((answer, splitter)) = &mut self.page else { return Err(BrokenAnswer::Early.into()) };
            if let Some(piece) = answer.next(IDLE).await? {
                let piece = piece.as_ref();
                let (mut objects, shapes) = (Vec::new(), &mut *self.shapes.lock());
                splitter.push(piece, |text| {
                    match reading::read(self.resource, text, shapes) {
                        Ok((namespace, observed)) => objects.push(((*namespace).to_owned(), observed)),
                        // What else there is can be read all the same.
                        Err(error) => drop(self.unidentified.get_or_insert(error)),
                    }
                    Ok::<_, BrokenAnswer>(())
                })?;
                return Ok(Piece::Objects(objects, piece.len()));
            }
            let Some((_, splitter)) = self.page.take() else { return Err(BrokenAnswer::Early.into()) };
            let envelope = splitter.finish()?;
            match (envelope.more, self.unidentified.take()) {
                (Some(token), unidentified) => {
                    self.unidentified = unidentified;
                    let limit = match self.manner {
                        Manner::Whole => String::new(),
                        Manner::Paged => format!("limit={PAGE}&"),
                    };
                    self.query = Some(format!("{limit}continue={}", encoded(&token)));
                }
                (None, Some(error)) => return Err(error.into()),
                (None, None) => return Ok(Piece::End(envelope.version)),
            }
        }
    }
}
