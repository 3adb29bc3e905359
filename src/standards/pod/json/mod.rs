//! Reading JSON of which little is looked at.
//!
//! A check reads a twentieth of a pod, so that a reader's time is that of passing over the rest. The reader here declines
//! whatever is wrong or rare, and `serde_json` has the last word on it; so it need not explain itself.
//!
//! What is passed over is checked ([`check`]), or only measured ([`count`]): then its brackets outside of strings are
//! counted, 64 bytes at a time. Of JSON, which is all that an API server writes, both give exactly what `serde_json`
//! gives. Of text that is not JSON, counting may give a pod where that gives an error; it is not for text from elsewhere.

mod check;
mod count;
mod reader;
mod text;

use serde::Deserialize;

use super::Pod;
use reader::{Reader, Unread};

/// Reads a value from JSON, and gives what [`serde_json::from_str`] gives, sooner.
pub(super) fn from_text<'de, T: Deserialize<'de>>(text: &'de str) -> serde_json::Result<T> {
    alone(text.as_bytes(), Unread::Checked).map_or_else(|| serde_json::from_str(text), Ok)
}

/// Reads a value from the JSON that an API server answered with, and gives what [`serde_json::from_slice`] gives, sooner:
/// for a type that looks at little of it. Of text that is not JSON it may give a value where `serde_json` gives an error;
/// what is read of it is checked in any case, and only what is passed over is not.
///
/// # Errors
///
/// Those of `serde_json`.
pub fn from_served<'de, T: Deserialize<'de>>(text: &'de [u8]) -> serde_json::Result<T> {
    alone(text, Unread::Counted).map_or_else(|| serde_json::from_slice(text), Ok)
}

/// What the reader makes of a text by itself. `None` when that is wrong, or rare.
fn alone<'de, T: Deserialize<'de>>(text: &'de [u8], unread: Unread) -> Option<T> {
    let mut reader = Reader::new(text, unread);
    T::deserialize(&mut reader).ok().filter(|_| reader.is_at_end())
}

impl<'a> Pod<'a> {
    /// Reads a pod as [`from_served`] does.
    ///
    /// # Errors
    ///
    /// Those of `serde_json`.
    pub fn from_served(text: &'a [u8]) -> serde_json::Result<Self> {
        from_served(text)
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fmt::Debug};

    use proptest::prelude::*;
    use serde::de::IgnoredAny;
    use serde_json::Value;

    use super::*;

    /// What the reader makes of a text by itself.
    fn alone<'de, T: Deserialize<'de>>(text: &'de [u8]) -> Option<T> {
        let mut reader = Reader::new(text);
        T::deserialize(&mut reader).ok().filter(|_| reader.is_at_end())
    }

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(rename_all = "camelCase", default)]
    struct Slim<'a> {
        #[serde(borrow)]
        text: Option<std::borrow::Cow<'a, str>>,
        flag: bool,
        number: i64,
        small: u8,
        fraction: f64,
        list: Vec<Option<u32>>,
        pair: (u8, String),
        map: BTreeMap<String, Value>,
        one_of: Choice,
        unit: (),
        char: char,
        wrapped: Wrapped,
    }

    #[derive(Debug, Default, Deserialize, PartialEq)]
    enum Choice {
        #[default]
        One,
        Other(u8),
    }

    #[derive(Debug, Default, Deserialize, PartialEq)]
    struct Wrapped(i8);

    fn is_the_same<'de, T: Deserialize<'de> + Debug + PartialEq>(text: &'de str) {
        let ours = from_served::<T>(text.as_bytes()).map_err(|error| error.to_string());
        let theirs = serde_json::from_slice::<T>(text.as_bytes()).map_err(|error| error.to_string());
        assert_eq!(ours, theirs, "{text}");
    }

    #[test]
    fn what_is_read_is_what_serde_json_reads() {
        let keys =
            ["text", "flag", "number", "small", "fraction", "list", "pair", "map", "oneOf", "unit", "char"];
        let values = [
            "null",
            "true",
            "false",
            "truth",
            "nul",
            "0",
            "-0",
            "00",
            "-1",
            "7",
            "255",
            "256",
            "1.5",
            "1e3",
            "-",
            "1.",
            "999999999999999999",
            "9223372036854775807",
            "9223372036854775808",
            "1e999",
            "\"\"",
            "\"x\"",
            "\"One\"",
            "\"\\u0041\\\"\"",
            "\"\\ud83d\\ude00\"",
            "\"\\ud83d\"",
            "\"a\tb\"",
            "\"open",
            "[]",
            "[1,null]",
            "[1,]",
            "[,]",
            "[1 2]",
            "[1,\"b\"]",
            "[1,\"b\",3]",
            "{}",
            "{\"a\":[{\"b\":1.0}]}",
            "{\"a\":1,}",
            "{\"Other\":1}",
            "{1:2}",
            "{\"a\" 1}",
            "",
        ];
        for key in keys.into_iter().chain(["wrapped"]) {
            for value in values {
                is_the_same::<Slim<'_>>(&format!("{{\"{key}\":{value}}}"));
                is_the_same::<Slim<'_>>(&format!(" {{ \"{key}\" :\n{value} , \"flag\":true}}\t"));
                is_the_same::<BTreeMap<String, Value>>(&format!("{{\"{key}\":{value}}} x"));
            }
        }
        is_the_same::<Slim<'_>>("{\"\\u0066lag\":true}");
        is_the_same::<Slim<'_>>("{\"flag\":true}}");
        is_the_same::<Slim<'_>>("[]");
    }

    #[test]
    fn it_goes_no_deeper_than_serde_json() {
        for depth in [1, 126, 127, 128, 129, 100_000] {
            is_the_same::<Value>(&format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(alone::<IgnoredAny>(deep.as_bytes()).is_some());
    }

    #[test]
    fn what_the_reader_takes_for_itself() {
        let text = r#"{"metadata":{"annotations":{"a":"\"{"}},"spec":{"containers":[{"name":"é","ports":[{"hostPort":80}]}],
            "volumes":[{"name":"v","emptyDir":{}}],"securityContext":{"runAsUser":-1,"runAsNonRoot":null}},"status":{}}"#;
        assert_eq!(alone::<Pod<'_>>(text.as_bytes()), Some(Pod::from_json(text).unwrap()));
    }

    #[test]
    fn a_text_that_ends_early_is_refused() {
        let text = r#"{"status":{"a":["}]","\\\"",{}]},"spec":{"hostPID":true,"containers":[{"name":"c"}]}}"#;
        for length in 0..text.len() {
            assert!(Pod::from_served(&text.as_bytes()[..length]).is_err(), "{}", &text[..length]);
        }
        assert!(Pod::from_served(text.as_bytes()).unwrap().spec.host_pid);
    }

    #[test]
    fn a_string_that_is_read_is_utf_8() {
        assert!(Pod::from_served(b"{\"spec\":{\"containers\":[{\"name\":\"\xff\"}]}}").is_err());
    }

    fn json() -> impl Strategy<Value = Value> {
        let text = "([a-z]{0,20}|[\"\\\\{}\\[\\]:,]{0,6}|[\\x00-\\x1f]|\\PC{0,4}){0,8}";
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            text.prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 60, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(text, inner, 0..6)
                    .prop_map(|object| Value::Object(object.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_value_is_passed_over_to_its_end(value in json(), pretty in any::<bool>(), before in 0..70_usize) {
            let text = if pretty { format!("{value:#}") } else { value.to_string() };
            // Wherever it stands among the blocks, and whatever follows.
            let whole = format!("{}{text},}}]\"", " ".repeat(before));
            prop_assert_eq!(skip::value(whole.as_bytes(), before), Some(before + text.len()));
        }

        #[test]
        fn a_value_is_read_as_serde_json_reads_it(value in json(), pretty in any::<bool>()) {
            let text = if pretty { format!("{value:#}") } else { value.to_string() };
            prop_assert_eq!(
                from_served::<Value>(text.as_bytes()).unwrap(),
                serde_json::from_slice::<Value>(text.as_bytes()).unwrap()
            );
        }
    }
}
