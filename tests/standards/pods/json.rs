//! JSON that may have nulls wherever the API server takes them.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

pub(super) type Json = BoxedStrategy<Value>;

/// An object. Each field has a weight against 10 for being absent and 1 for being `null`.
pub(super) fn object(fields: Vec<(&'static str, u32, Json)>) -> Json {
    let (keys, values): (Vec<_>, Vec<_>) = fields
        .into_iter()
        .map(|(key, weight, value)| {
            let value = prop_oneof![
                20 => Just(None),
                1 => Just(Some(Value::Null)),
                2 * weight => value.prop_map(Some),
            ];
            (key, value.boxed())
        })
        .unzip();
    values
        .prop_map(move |values| {
            let present =
                keys.iter().zip(values).filter_map(|(key, value)| Some(((*key).to_owned(), value?)));
            Value::Object(present.collect::<Map<_, _>>())
        })
        .boxed()
}

/// A list, seldom with a `null`.
pub(super) fn list(entry: &Json, most: usize) -> Json {
    let entry = prop_oneof![60 => entry.clone(), 1 => Just(Value::Null)];
    prop::collection::vec(entry, 0..=most).prop_map(Value::Array).boxed()
}

pub(super) fn boolean() -> Json {
    any::<bool>().prop_map(Value::from).boxed()
}

pub(super) fn text() -> Json {
    name().prop_map(Value::from).boxed()
}

/// A name: a short one that others are likely to have too, or what somebody hostile would choose.
pub(super) fn name() -> impl Strategy<Value = String> + Clone + use<> {
    let plain = prop::sample::select(&["a", "b", "c", "web"][..]);
    let odd = prop::sample::select(
        &[
            "",
            " ",
            "\"",
            "\\",
            "a, b",
            "é",
            "e\u{301}",
            "\u{1f600}",
            "\u{0}",
            "\u{1b}[31m",
            "\u{7}\u{8}\t\n\u{b}\u{c}\r",
            "\u{7f}\u{80}\u{9b}",
            "\u{a0}",
            "\u{ad}",
            "\u{200b}\u{200e}\u{202e}",
            "\u{2028}\u{2029}",
            "\u{fffd}\u{feff}\u{fffe}",
            "\u{378}",
            "\u{e000}",
            "\u{e0001}",
            "\u{10ffff}",
            "</script>&",
            "container",
        ][..],
    );
    let random = prop::collection::vec(any::<char>(), 0..4).prop_map(String::from_iter);
    prop_oneof![20 => plain.prop_map(str::to_owned), 4 => odd.prop_map(str::to_owned), 1 => random]
}

/// A string of these, seldom another one.
pub(super) fn one_of(values: &'static [&'static str]) -> Json {
    prop_oneof![25 => prop::sample::select(values).prop_map(Value::from), 1 => text()].boxed()
}

/// A number of these.
pub(super) fn number_of(values: &'static [i64]) -> Json {
    prop::sample::select(values).prop_map(|value| json!(value)).boxed()
}

/// An object without nulls; each field has a weight against 10 for being absent.
pub(super) fn whole(fields: Vec<(&'static str, u32, Json)>) -> Json {
    let (keys, values): (Vec<_>, Vec<_>) = fields
        .into_iter()
        .map(|(key, weight, value)| {
            (key, prop_oneof![10 => Just(None), weight => value.prop_map(Some)].boxed())
        })
        .unzip();
    values
        .prop_map(move |values| {
            let present =
                keys.iter().zip(values).filter_map(|(key, value)| Some(((*key).to_owned(), value?)));
            Value::Object(present.collect::<Map<_, _>>())
        })
        .boxed()
}
