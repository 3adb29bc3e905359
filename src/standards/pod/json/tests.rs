//! What is read, passed over and refused is what `serde_json` reads, passes over and refuses.

use std::{collections::BTreeMap, fmt::Debug};

use proptest::prelude::*;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::*;

const BOTH: [Unread; 2] = [Unread::Checked, Unread::Counted];

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
    let told = |read: serde_json::Result<T>| read.map_err(|error| error.to_string());
    let theirs = told(serde_json::from_slice(text.as_bytes()));
    assert_eq!(told(from_served(text.as_bytes())), theirs, "{text}");
    assert_eq!(told(from_text(text)), theirs, "{text}");
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
    assert!(alone::<IgnoredAny>(deep.as_bytes(), Unread::Counted).is_some());
    // That is rare enough to be left to `serde_json`.
    assert!(alone::<IgnoredAny>(deep.as_bytes(), Unread::Checked).is_none());
    assert!(from_text::<IgnoredAny>(&deep).is_ok());
}

#[test]
fn what_the_reader_takes_for_itself() {
    let text = r#"{"metadata":{"annotations":{"a":"\"{"}},"spec":{"containers":[{"name":"é","ports":[{"hostPort":80}]}],
        "volumes":[{"name":"v","emptyDir":{}}],"securityContext":{"runAsUser":-1,"runAsNonRoot":null}},"status":{}}"#;
    for unread in BOTH {
        assert_eq!(alone::<Pod<'_>>(text.as_bytes(), unread), Some(serde_json::from_str(text).unwrap()));
    }
}

#[test]
fn a_text_that_ends_early_is_refused() {
    let text = r#"{"status":{"a":["}]","\\\"",{}]},"spec":{"hostPID":true,"containers":[{"name":"c"}]}}"#;
    for length in 0..text.len() {
        assert!(Pod::from_served(&text.as_bytes()[..length]).is_err(), "{}", &text[..length]);
        assert!(Pod::from_json(&text[..length]).is_err(), "{}", &text[..length]);
    }
    assert!(Pod::from_served(text.as_bytes()).unwrap().spec.host_pid);
}

#[test]
fn a_string_that_is_read_is_utf_8() {
    assert!(Pod::from_served(b"{\"spec\":{\"containers\":[{\"name\":\"\xff\"}]}}").is_err());
}

/// Whether a text is taken for JSON of which nothing is read.
fn is_passed_over(text: &str) -> bool {
    let ours = alone::<IgnoredAny>(text.as_bytes(), Unread::Checked).is_some();
    assert_eq!(ours, serde_json::from_str::<IgnoredAny>(text).is_ok(), "{text:?}");
    ours
}

#[test]
fn what_is_passed_over_is_well_formed() {
    let good = [
        "0",
        "-0",
        "10",
        "1.50",
        "0e0",
        "-1.2E+30",
        "1e-9",
        "1e999",
        "true",
        "false",
        "null",
        r#""""#,
        r#""\"\\\/\b\f\n\r\t\u00e9\uD83d""#,
        "[]",
        "[1,[2],{}]",
        "{}",
        r#"{"":{"a":[]},"a":"b"}"#,
        " [ 1 , 2 ]\t",
        "\r\n{ \"a\" : { } , \"b\" : [ ] } ",
    ];
    for text in good {
        assert!(is_passed_over(text), "{text}");
    }
    let bad = [
        "",
        "-",
        "00",
        "01",
        "--1",
        "+1",
        "1.",
        ".5",
        "1e",
        "1e+",
        "1.e1",
        "0x1",
        "NaN",
        "tru",
        "truee",
        "nullnull",
        "True",
        r#"""#,
        r#""\"#,
        r#""\""#,
        r#""\x41""#,
        r#""\u12g4""#,
        r#""\u12""#,
        "\"a\tb\"",
        "'a'",
        "[",
        "]",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[1}",
        "[\"a\":1]",
        "{",
        "}",
        "{]",
        "{1:2}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\" 1}",
        "{\"a\":1,}",
        "{,\"a\":1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1]",
        "{\"a\"::1}",
        "1\u{b}",
        "\u{a0}1",
        "1 2",
        "{} x",
    ];
    for text in bad {
        assert!(!is_passed_over(text), "{text}");
    }
}

/// The text of a value of which a few characters are left out, doubled or replaced.
fn damaged() -> impl Strategy<Value = String> {
    let pieces = "{}[]:,\"\\ \n0123456789-+.eEtrufalsn/b\u{1}\u{e9}".chars().map(String::from);
    let pieces: Vec<_> = pieces.chain([String::new()]).collect();
    let damage = (any::<prop::sample::Index>(), prop::sample::select(pieces), any::<bool>());
    (json(), any::<bool>(), prop::collection::vec(damage, 0..4)).prop_map(|(value, pretty, damage)| {
        let text = if pretty { format!("{value:#}") } else { value.to_string() };
        let mut characters: Vec<_> = text.chars().map(String::from).collect();
        for (index, piece, is_added) in damage {
            let place = &mut characters[index.index(text.chars().count())];
            if is_added { place.push_str(&piece) } else { *place = piece }
        }
        characters.concat()
    })
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
        let (whole, first, rest) = (whole.as_bytes(), text.as_bytes()[0], before + 1);
        prop_assert_eq!(count::value(whole, first, rest), Some(before + text.len()));
        prop_assert_eq!(check::value(whole, first, rest, 127), Some(before + text.len()));
    }

    #[test]
    fn an_object_in_pieces_ends_where_it_ends(value in json(), lengths in prop::collection::vec(1..80_usize, 1..9)) {
        let text = serde_json::json!({"a": value}).to_string();
        let whole = format!("{text},}}]\"");
        let (mut extent, mut at) = (Extent::after_opening(), 1);
        let mut lengths = lengths.into_iter().cycle();
        let end = loop {
            let piece = &whole.as_bytes()[at..];
            let piece = &piece[..lengths.next().unwrap_or(1).min(piece.len())];
            prop_assert!(!piece.is_empty());
            match extent.end_in(piece) {
                Some(end) => break at + end,
                None => at += piece.len(),
            }
        };
        prop_assert_eq!(end, text.len());
    }

    #[test]
    fn what_is_passed_over_is_what_serde_json_passes_over(text in damaged()) {
        is_passed_over(&text);
    }

    #[test]
    fn a_value_is_read_as_serde_json_reads_it(text in damaged()) {
        is_the_same::<Value>(&text);
    }
}
