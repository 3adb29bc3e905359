//! Cutting a list into its items while it comes.

use serde_json::{Map, Value};

use crate::standards::pod::Extent;

/// How large an object may be. What etcd stores of one is limited to 1.5 MiB by default, of which the text may be six
/// times as long where it has characters that JSON escapes.
pub(super) const LARGEST: usize = 16 << 20;

/// How much of a list may stand outside of its items: kind, version, and what went wrong if it is no list.
const LARGEST_ENVELOPE: usize = 1 << 20;

/// What is kept between items of what a large one took.
const KEPT: usize = 64 << 10;

/// What came is not what was asked for, or not all of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokenAnswer {
    /// It ended before its end.
    #[error("the answer ended early")]
    Early,
    /// It is something else than a list.
    #[error("the answer is no list: {0}")]
    NoList(String),
    /// An object in it is too large to be one.
    #[error("an object is larger than {} MiB", LARGEST >> 20)]
    TooLarge,
    /// An object in it does not say which one it is.
    #[error("an object cannot be told from others: {0}")]
    Unidentified(String),
}

/// What a list says besides its items.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Envelope {
    /// The version as of which it is, and from which it can be watched.
    pub(super) version: String,
    /// Where it goes on, if it is not all.
    pub(super) more: Option<String>,
}

/// Cuts the text of a list, which comes in pieces, into its items.
///
/// All that stands outside of the items is kept and read in the end, so that a list which is cut off anywhere, or is
/// not one, is found to be so: the brackets and commas between the items here, and the rest by a JSON reader.
#[derive(Debug)]
pub(super) struct Splitter {
    envelope: Vec<u8>,
    place: Place,
    /// Whether the next byte of the envelope belongs to a string, and to an escape in it.
    in_string: bool,
    escaped: bool,
    /// How many brackets are open in the envelope.
    depth: u32,
    /// Where in the envelope the last string begins and ends.
    last_string: (usize, usize),
    /// What has come of an item that is not all there.
    held: Vec<u8>,
    extent: Extent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Outside,
    /// Before the first item, or the end of an empty list.
    First,
    /// Behind an item.
    Behind,
    /// Behind a comma.
    Next,
    /// Within an item.
    Within,
}

impl Default for Splitter {
    fn default() -> Self {
        Self {
            envelope: Vec::new(),
            place: Place::Outside,
            in_string: false,
            escaped: false,
            depth: 0,
            last_string: (0, 0),
            held: Vec::new(),
            extent: Extent::after_opening(),
        }
    }
}

impl Splitter {
    /// Takes the next piece, and hands on each item that ends in it.
    pub(super) fn push<E: From<BrokenAnswer>>(
        &mut self,
        mut piece: &[u8],
        mut item: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        while let [byte, rest @ ..] = piece {
            if self.place == Place::Within {
                let Some(end) = self.extent.end_in(piece) else { return Ok(self.hold(piece)?) };
                let (last, behind) = piece.split_at_checked(end).unwrap_or((piece, &[]));
                self.hold(last)?;
                item(&self.held)?;
                self.held.clear();
                self.held.shrink_to(KEPT);
                (self.place, piece) = (Place::Behind, behind);
                continue;
            }
            if self.place == Place::Outside {
                self.outside(*byte)?;
                piece = rest;
                continue;
            }
            match (self.place, byte) {
                (_, b' ' | b'\n' | b'\r' | b'\t') => {}
                (Place::First | Place::Next, b'{') => {
                    self.extent = Extent::after_opening();
                    // An item that is all there need not be held.
                    if let Some(end) = self.extent.end_in(rest) {
                        let (whole, behind) = piece.split_at_checked(end + 1).unwrap_or((piece, &[]));
                        item(whole)?;
                        (self.place, piece) = (Place::Behind, behind);
                        continue;
                    }
                    self.place = Place::Within;
                    return Ok(self.hold(piece)?);
                }
                (Place::Behind, b',') => self.place = Place::Next,
                (Place::First | Place::Behind, b']') => {
                    self.envelope.push(b']');
                    self.place = Place::Outside;
                }
                _ => return Err(BrokenAnswer::NoList("an item is no object".into()).into()),
            }
            piece = rest;
        }
        Ok(())
    }

    fn hold(&mut self, part: &[u8]) -> Result<(), BrokenAnswer> {
        if self.held.len() + part.len() > LARGEST {
            return Err(BrokenAnswer::TooLarge);
        }
        self.held.extend_from_slice(part);
        Ok(())
    }

    /// Takes a byte from outside of the items.
    fn outside(&mut self, byte: u8) -> Result<(), BrokenAnswer> {
        if self.envelope.len() == LARGEST_ENVELOPE {
            return Err(BrokenAnswer::NoList("there is too much besides its items".into()));
        }
        self.envelope.push(byte);
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => {
                    self.in_string = false;
                    self.last_string.1 = self.envelope.len() - 1;
                }
                _ => {}
            }
            return Ok(());
        }
        match byte {
            b'"' => {
                self.in_string = true;
                self.last_string = (self.envelope.len(), self.envelope.len());
            }
            b'[' if self.depth == 1 && self.last_string() == b"items" => self.place = Place::First,
            b'{' | b'[' => self.depth = self.depth.saturating_add(1),
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        Ok(())
    }

    fn last_string(&self) -> &[u8] {
        let (start, end) = self.last_string;
        self.envelope.get(start..end).unwrap_or_default()
    }

    /// Says what was in the list besides its items, once nothing more comes.
    pub(super) fn finish(self) -> Result<Envelope, BrokenAnswer> {
        if self.place != Place::Outside {
            return Err(BrokenAnswer::Early);
        }
        let envelope: Map<String, Value> = serde_json::from_slice(&self.envelope).map_err(|error| {
            if error.is_eof() { BrokenAnswer::Early } else { BrokenAnswer::NoList(error.to_string()) }
        })?;
        let metadata = |field: &str| {
            let value = envelope.get("metadata")?.get(field)?.as_str()?;
            Some(value).filter(|value| !value.is_empty()).map(ToOwned::to_owned)
        };
        let has_items = match envelope.get("items") {
            // Of an empty list some servers write null.
            Some(Value::Null) => true,
            Some(Value::Array(rest)) => rest.is_empty(),
            _ => false,
        };
        match (has_items, metadata("resourceVersion")) {
            (true, Some(version)) => Ok(Envelope { version, more: metadata("continue") }),
            (true, None) => Err(BrokenAnswer::NoList("it has no resourceVersion".into())),
            (false, _) => {
                let message = envelope.get("message").and_then(Value::as_str);
                Err(BrokenAnswer::NoList(message.unwrap_or("it has no items").to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// The items of a text that comes in pieces, and what it says besides.
    fn split<'a>(
        pieces: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<(Vec<Vec<u8>>, Envelope), BrokenAnswer> {
        let mut items = Vec::new();
        let mut splitter = Splitter::default();
        for piece in pieces {
            splitter.push(piece, |item| {
                items.push(item.to_vec());
                Ok::<_, BrokenAnswer>(())
            })?;
        }
        splitter.finish().map(|envelope| (items, envelope))
    }

    fn whole(text: &str) -> Result<(Vec<Vec<u8>>, Envelope), BrokenAnswer> {
        split([text.as_bytes()])
    }

    #[test]
    fn items_are_found_wherever_the_rest_stands() {
        let version = Envelope { version: "7".into(), more: None };
        for text in [
            r#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[{"a":1},{"b":"]}"}]}"#,
            r#" { "items" : [ {"a":1} , {"b":"]}"} ] , "metadata" : { "resourceVersion" : "7" , "items":[1] } } "#,
            "{\"items\":[{\"a\":1},{\"b\":\"]}\"}],\n\"metadata\":{\"resourceVersion\":\"7\"},\"x\":[\"items\",[{}]]}\n",
        ] {
            let (items, envelope) = whole(text).unwrap();
            assert_eq!(items, [br#"{"a":1}"#.to_vec(), br#"{"b":"]}"}"#.to_vec()], "{text}");
            assert_eq!(envelope, version);
        }
    }

    #[test]
    fn an_empty_list_is_one() {
        for items in ["[]", "[ ]", "null"] {
            let text = format!(r#"{{"metadata":{{"resourceVersion":"7"}},"items":{items}}}"#);
            assert_eq!(whole(&text).unwrap().0.len(), 0, "{items}");
        }
    }

    #[test]
    fn a_list_that_goes_on_says_so() {
        let more = |token| {
            let text =
                format!(r#"{{"metadata":{{"resourceVersion":"7","continue":"{token}"}},"items":[{{}}]}}"#);
            whole(&text).unwrap().1.more
        };
        assert_eq!(more("abc").as_deref(), Some("abc"));
        assert_eq!(more(""), None);
    }

    #[test]
    fn what_is_no_list_is_an_error() {
        let status = json!({"kind": "Status", "metadata": {"resourceVersion": "7"}, "message": "too old"});
        assert_eq!(whole(&status.to_string()), Err(BrokenAnswer::NoList("too old".into())));
        for text in [
            "",
            "null",
            "[]",
            "<html>",
            r#"{"items":[{}]}"#,
            r#"{"metadata":{"resourceVersion":""},"items":[{}]}"#,
            r#"{"metadata":{"resourceVersion":"7"}}"#,
            r#"{"metadata":{"resourceVersion":"7"},"items":{}}"#,
            r#"{"metadata":{"resourceVersion":"7"},"items":[1]}"#,
            r#"{"metadata":{"resourceVersion":"7"},"items":[{},]}"#,
            r#"{"metadata":{"resourceVersion":"7"},"items":[{}{}]}"#,
            r#"{"metadata":{"resourceVersion":"7"},"items":[,{}]}"#,
            r#"{"metadata":{"resourceVersion":"7"},"items":[{}],}"#,
            r#"{"metadata":{"resourceVersion":"7"},"\u0069tems":[{}]}"#,
            r#"{"metadata":{"resourceVersion":"7"},"kind":"items"[{}]}"#,
            r#"{"metadata":{"resourceVersion":"7"},"items":[{}]}{}"#,
        ] {
            assert!(whole(text).is_err(), "{text}");
        }
    }

    #[test]
    fn nothing_is_held_beyond_all_measure() {
        let piece = vec![b' '; 1 << 20];
        let begin: &[u8] = br#"{"items":[{"a":""#;
        let endless = std::iter::once(begin).chain(std::iter::repeat(piece.as_slice()));
        assert_eq!(split(endless), Err(BrokenAnswer::TooLarge));
        let endless = std::iter::once(&begin[..1]).chain(std::iter::repeat(piece.as_slice()));
        assert!(matches!(split(endless), Err(BrokenAnswer::NoList(_))));
    }

    #[test]
    fn the_first_error_of_who_takes_the_items_ends_it() {
        let mut taken = 0;
        let pushed = Splitter::default().push(br#"{"items":[{},{},{}]"#, |_| {
            taken += 1;
            if taken == 2 { Err(BrokenAnswer::TooLarge) } else { Ok(()) }
        });
        assert_eq!((pushed, taken), (Err(BrokenAnswer::TooLarge), 2));
    }

    fn list() -> impl Strategy<Value = Value> {
        let text = "([a-z]{0,9}|[\"\\\\{}\\[\\]:,]{0,6}|[\\x00-\\x1f]|\\PC){0,6}";
        let scalar = || prop_oneof![any::<i32>().prop_map(Value::from), text.prop_map(Value::from)];
        let value = scalar().prop_recursive(3, 20, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(text, inner, 0..4)
                    .prop_map(|object| Value::Object(object.into_iter().collect())),
            ]
        });
        let item = prop::collection::btree_map(text, value, 0..5)
            .prop_map(|object| Value::Object(object.into_iter().collect()));
        let items = prop::collection::vec(item, 0..8);
        // The first comes before the items, the other behind them.
        (items, text, text).prop_map(|(items, before, behind)| {
            json!({"apiVersion": before, "items": items, "metadata": {"resourceVersion": "7", "selfLink": behind}})
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn however_it_comes_the_items_are_the_same(
            list in list(),
            pretty in any::<bool>(),
            lengths in prop::collection::vec(1..100_usize, 1..20),
        ) {
            let text = if pretty { format!("{list:#}") } else { list.to_string() };
            let mut rest = text.as_bytes();
            let mut lengths = lengths.into_iter().cycle();
            let pieces = std::iter::from_fn(|| {
                let (piece, behind) = rest.split_at(lengths.next().unwrap_or(1).min(rest.len()));
                rest = behind;
                (!piece.is_empty()).then_some(piece)
            });
            let (items, envelope) = split(pieces).unwrap();
            let read: Vec<Value> = items.iter().map(|item| serde_json::from_slice(item).unwrap()).collect();
            prop_assert_eq!(&Value::from(read), &list["items"]);
            prop_assert_eq!(envelope.version, "7");
        }

        #[test]
        fn cut_off_anywhere_it_is_an_error(list in list(), pretty in any::<bool>()) {
            let text = if pretty { format!("{list:#}") } else { list.to_string() };
            for length in 0..text.len() {
                prop_assert!(split([&text.as_bytes()[..length]]).is_err(), "{}", &text[..length.min(text.len())]);
            }
        }
    }
}
