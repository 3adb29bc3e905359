//! The events of a watch, one a line.

use std::borrow::Cow;

use kube::core::Status;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{BrokenAnswer, Observed, ReadError, Resource, reading, splitter::LARGEST};
use crate::{
    assessment::Shapes,
    standards::pod::{Text, from_served},
};

/// How much of a buffer is kept from one line to the next.
const KEPT: usize = 64 << 10;

/// Cuts what comes into lines.
#[derive(Debug, Default)]
pub(super) struct Lines(Vec<u8>);

impl Lines {
    /// Takes the next piece, and hands on each line that ends in it. What follows the last one waits for the next piece;
    /// at the end of a watch it is an event that did not come whole.
    pub(super) fn push<E: From<BrokenAnswer>>(
        &mut self,
        mut piece: &[u8],
        mut line: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(end) = memchr::memchr(b'\n', piece) {
            let (last, behind) = piece.split_at(end);
            if self.0.is_empty() {
                line(last)?;
            } else {
                self.hold(last)?;
                line(&self.0)?;
                self.0.clear();
                self.0.shrink_to(KEPT);
            }
            piece = behind.get(1..).unwrap_or_default();
        }
        Ok(self.hold(piece)?)
    }

    fn hold(&mut self, part: &[u8]) -> Result<(), BrokenAnswer> {
        if self.0.len() + part.len() > LARGEST {
            return Err(BrokenAnswer::TooLarge);
        }
        self.0.extend_from_slice(part);
        Ok(())
    }
}

/// An event of a watch.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) change: Change,
    /// The version from which the watch goes on behind this event.
    pub(super) version: String,
}

/// What an event says.
#[derive(Debug)]
pub(super) enum Change {
    /// An object of a namespace is there, new or changed.
    Applied(String, Observed),
    /// The object of this namespace and name is gone.
    Removed(String, String),
    /// Nothing has happened up to now.
    Nothing,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Deserialize)]
struct Versioned<'a> {
    #[serde(borrow)]
    metadata: Version<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version<'a> {
    #[serde(borrow)]
    resource_version: Text<'a>,
}

/// Reads an event.
///
/// # Errors
///
/// When the API server says that the watch cannot go on, or nobody knows what it says.
pub(super) fn read(resource: Resource, line: &[u8], shapes: &mut Shapes) -> Result<Event, ReadError> {
    let odd = |error: serde_json::Error| BrokenAnswer::NoList(error.to_string());
    let Line { kind, object } = serde_json::from_slice(line).map_err(odd)?;
    let text = object.get().as_bytes();
    let change = match &*kind {
        "ADDED" | "MODIFIED" => {
            let (namespace, observed) = reading::read(resource, text, shapes)?;
            Change::Applied((*namespace).to_owned(), observed)
        }
        "DELETED" => {
            let (namespace, name) = reading::identify(text)?;
            Change::Removed((*namespace).to_owned(), (*name).to_owned())
        }
        "BOOKMARK" => Change::Nothing,
        "ERROR" => {
            let status: Status = serde_json::from_slice(text).map_err(odd)?;
            return Err(ReadError::Refused { code: status.code, message: status.message, retry_after: None });
        }
        other => return Err(BrokenAnswer::NoList(format!("an event of type {other:?}")).into()),
    };
    let Versioned { metadata } = from_served(text).map_err(odd)?;
    Ok(Event { change, version: (*metadata.resource_version).to_owned() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::workloads::testing::pod;

    fn event(kind: &str, object: &Value) -> Result<Event, ReadError> {
        let line = json!({"type": kind, "object": object}).to_string();
        read(Resource::Pods, line.as_bytes(), &mut Shapes::default())
    }

    #[test]
    fn an_event_says_what_happened_and_where_to_go_on() {
        let pod = pod("a", "p", "7");
        for kind in ["ADDED", "MODIFIED"] {
            let Event { change, version } = event(kind, &pod).unwrap();
            assert_eq!(version, "7");
            assert!(
                matches!(change, Change::Applied(namespace, observed) if namespace == "a" && observed.name() == "p")
            );
        }
        let Event { change, version } = event("DELETED", &pod).unwrap();
        assert_eq!(version, "7");
        assert!(matches!(change, Change::Removed(namespace, name) if namespace == "a" && name == "p"));
        let bookmark = json!({"kind": "Pod", "metadata": {"resourceVersion": "9", "creationTimestamp": null}, "spec": {"containers": null}});
        let Event { change, version } = event("BOOKMARK", &bookmark).unwrap();
        assert_eq!(version, "9");
        assert!(matches!(change, Change::Nothing));
    }

    #[test]
    fn an_error_is_what_the_server_says() {
        let status = json!({"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"});
        let error = event("ERROR", &status).unwrap_err();
        assert_eq!((error.code(), error.to_string().as_str()), (Some(410), "too old resource version"));
    }

    #[test]
    fn what_nobody_knows_is_an_error() {
        let nameless = json!({"metadata": {"namespace": "a", "uid": "u", "resourceVersion": "7"}});
        assert!(matches!(event("ADDED", &nameless), Err(ReadError::Broken(BrokenAnswer::Unidentified(_)))));
        assert!(matches!(event("DELETED", &nameless), Err(ReadError::Broken(BrokenAnswer::Unidentified(_)))));
        assert!(event("RENAMED", &pod("a", "p", "7")).is_err());
        assert!(event("BOOKMARK", &json!({"metadata": {}})).is_err());
        for line in ["", "{}", "null", r#"{"type":"ADDED"}"#, r#"{"type":"ADDED","object":{}"#] {
            assert!(read(Resource::Pods, line.as_bytes(), &mut Shapes::default()).is_err(), "{line}");
        }
    }

    #[test]
    fn no_line_is_held_beyond_all_measure() {
        let piece = vec![b' '; 1 << 20];
        let mut lines = Lines::default();
        let pushed = (0..).map(|_| lines.push(&piece, |_| Ok::<_, BrokenAnswer>(()))).find(Result::is_err);
        assert_eq!(pushed, Some(Err(BrokenAnswer::TooLarge)));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn however_they_come_the_lines_are_the_same(
            text in "[ab\n]{0,60}",
            lengths in prop::collection::vec(1..9_usize, 1..9),
        ) {
            let (mut lines, mut found) = (Lines::default(), Vec::new());
            let (mut rest, mut lengths) = (text.as_bytes(), lengths.into_iter().cycle());
            while !rest.is_empty() {
                let (piece, behind) = rest.split_at(lengths.next().unwrap_or(1).min(rest.len()));
                rest = behind;
                lines.push(piece, |line| {
                    found.push(String::from_utf8(line.to_vec()).unwrap());
                    Ok::<_, BrokenAnswer>(())
                }).unwrap();
            }
            let whole = text.rsplit_once('\n').map(|(whole, _)| whole.split('\n').collect::<Vec<_>>());
            prop_assert_eq!(found, whole.unwrap_or_default());
        }
    }
}
