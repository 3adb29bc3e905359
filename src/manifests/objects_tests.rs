//! What is read of documents: objects, lists, JSON, and what is broken.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::standards::Segment::{self, Index, Key};

/// Every object as JSON, and every problem as `line:column message`.
fn read(text: &str) -> Vec<Result<Json, String>> {
    let mut all = Vec::new();
    Objects::default().read(text, &mut |found| match found {
        Found::Object(object, _) => all.push(object.value.decode().map_err(|error| error.to_string())),
        Found::Other(_) => all.push(Ok(Json::Null)),
        Found::Problem(Problem { place, message }) => all.push(Err(format!("{place} {message}"))),
    });
    all
}

/// The kinds and names of the objects, as `Kind/name@line`.
fn names(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    Objects::default().read(text, &mut |found| match found {
        Found::Object(object, begin) => {
            let Identity { kind, name, .. } = object.identity;
            let line = object.value.place().after(begin).line;
            all.push(format!("{kind}/{}@{line}", name.unwrap_or_default()));
        }
        other => all.push(format!("{other:?}")),
    });
    all
}

/// The value of `a` in a document.
fn a(text: &str) -> Result<Json, String> {
    read(&format!("kind: K\n{text}")).remove(0).map(|mut object| object["a"].take())
}

#[test]
fn scalars_have_the_type_that_kubectl_gives_them() {
    let table = [
        ("a: yes", json!(true)),
        ("a: \"yes\"", json!("yes")),
        ("a: 'on'", json!("on")),
        ("a: 010", json!(8)),
        ("a: !!str 10", json!("10")),
        ("a: !!int \"10\"", json!(10)),
        ("a: !custom 10", json!("10")),
        ("a: ~", json!(null)),
        ("a:", json!(null)),
        ("a: |\n  true\n", json!("true\n")),
        ("a: >-\n  x\n  y\n", json!("x y")),
        ("a: [1, {b: no}]", json!([1, {"b": false}])),
        ("a: {yes: 1, 010: 2, null: 3, x: 4}", json!(null)),
        ("a: {yes: 1, 010: 2, 1.5: 3}", json!({"true": 1, "8": 2, "1.5": 3})),
        ("a: \"\\ud83d\\ude00\"", json!("😀")),
    ];
    for (text, expected) in table {
        match a(text) {
            Ok(value) => assert_eq!(value, expected, "{text}"),
            Err(error) => assert!(expected.is_null() && error.contains("key"), "{text}: {error}"),
        }
    }
}

#[test]
fn aliases_and_merge_keys_are_followed() {
    assert_eq!(a("x: &x {b: 1}\na: [*x, *x]").unwrap(), json!([{"b": 1}, {"b": 1}]));
    assert_eq!(a("x: &x {b: 1, c: 2}\na: {<<: *x, c: 3}").unwrap(), json!({"b": 1, "c": 3}));
    assert_eq!(a("x: &x {b: 1}\ny: &y {b: 2, c: 2}\na: {<<: [*x, *y]}").unwrap(), json!({"b": 1, "c": 2}));
    assert_eq!(a("a: {\"<<\": {b: 1}}").unwrap(), json!({"<<": {"b": 1}}));
}

#[test]
fn what_appliers_disagree_about_is_refused() {
    let twice = |text: &str| {
        let problem = read(text).remove(0).unwrap_err();
        assert!(problem.contains("is there twice"), "{problem}");
        problem
    };
    assert!(twice("kind: Pod\nkind: Service\n").starts_with("2:1"));
    assert!(twice("items: []\nkind: List\nitems: []").starts_with("3:1"));
    let of_metadata = "kind: Pod\nmetadata:\n  name: a\n  name: b\n";
    assert!(twice(of_metadata).starts_with("4:3"));
}

#[test]
fn aliases_that_stand_for_too_much_are_refused() {
    let level = |depth| format!("a{depth}: &a{depth} [{}]\n", format!("*a{}, ", depth - 1).repeat(10));
    let bomb: Vec<_> = (1..12).map(level).collect();
    let bomb = format!("kind: K\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n{}", bomb.concat());
    assert!(read(&bomb).remove(0).unwrap_err().contains("aliases stand for too much"));
    assert!(
        read("kind: K\na: &a [*a]")
            .remove(0)
            .unwrap_err()
            .starts_with("2:8 the alias stands for a value that contains it")
    );
    assert!(read("kind: K\na: *b").remove(0).unwrap_err().starts_with("2:4"));
}

#[test]
fn depth_is_bounded() {
    for (open, close) in [("[", "]"), ("{a: ", "}"), ("- ", "")] {
        let deep = format!("kind: K\na:\n  {}x{}", open.repeat(10_000), close.repeat(10_000));
        assert!(read(&deep).remove(0).is_err());
    }
    let block = (0..1000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect::<Vec<_>>().concat();
    assert!(read(&format!("kind: K\n{block}")).remove(0).is_err());
    let json = format!("{{\"kind\": {}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(read(&json).remove(0).is_err());
}

#[test]
fn aliases_do_not_nest_deeper_than_what_is_written_out_may() {
    let list = |depth: usize| format!("a{depth}: &a{depth} [*a{}]\n", depth - 1);
    let merge = |depth: usize| format!("a{depth}: &a{depth} {{<<: *a{}}}\n", depth - 1);
    for level in [&list as &dyn Fn(usize) -> String, &merge] {
        let chain = |length: usize| {
            let links: Vec<_> = (1..length).map(level).collect();
            // So much that the aliases are not the most of it.
            let filler = "x, ".repeat(20_000);
            format!("kind: K\nfiller: [{filler}]\na0: &a0 {{}}\n{}a: *a{}\n", links.concat(), length - 1)
        };
        assert!(read(&chain(500)).remove(0).is_ok());
        assert!(read(&chain(100_000)).remove(0).unwrap_err().contains("aliases nest too deeply"));
    }
}

#[test]
fn a_long_stream_of_json_keeps_its_lines() {
    let text = "{\"kind\": \"Pod\"} {\"kind\": \"Job\"}\n\n".repeat(20_000);
    let names = names(&format!("--- \n{text}"));
    assert_eq!((names.len(), names[39_999].as_str()), (40_000, "Job/@40000"));
}

#[test]
fn a_problem_of_one_item_hides_no_other() {
    let found = read("{kind: List, items: [{kind: [1]}, {kind: Pod}, {a: 1}]}");
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(found[0].as_ref().unwrap_err(), "1:29 kind must be text, and is a list");
    assert!(found[1].is_ok());
    assert_eq!(found[2].as_ref().unwrap_err(), "1:48 the item has no kind");
}

#[test]
fn documents_without_an_object_are_told_apart() {
    for nothing in ["", "\n\n", "# a comment\n", "---\n", "---\n# c\n...\n", "%YAML 1.1\n---\n", "null", "~"]
    {
        assert_eq!(read(nothing), [], "{nothing:?}");
    }
    for other in
        ["a: 1", "[1, 2]", "- op: replace", "{}", "{\"a\": 1}", "items: [{a: 1}]", "kind:\nitems: []"]
    {
        assert_eq!(read(other), [Ok(Json::Null)], "{other:?}");
    }
    for text in ["Error - no such chart", "\"text\"", "1"] {
        assert!(read(text)[0].as_ref().unwrap_err().contains("is text"), "{text:?}");
    }
    assert!(read("kind: [Pod]")[0].as_ref().unwrap_err().starts_with("1:7 kind must be text"));
}

#[test]
fn lists_are_unwrapped() {
    let list = "apiVersion: v1\nkind: List\nitems:\n- kind: Pod\n  metadata: {name: a}\n- kind: List\n  items:\n  - kind: Pod\n    metadata: {generateName: b-}\n";
    assert_eq!(names(list), ["Pod/a@4", "Pod/b-@8"]);
    let kubectl = "apiVersion: v1\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\nkind: List\nmetadata: {}\n";
    assert_eq!(names(kubectl), ["Pod/a@3"]);
    let typed =
        "{\"kind\": \"PodList\", \"apiVersion\": \"v1\", \"items\": [\n{\"metadata\": {\"name\": \"a\"}}]}";
    assert_eq!(names(typed), ["Pod/a@2"]);
    assert_eq!(read(typed)[0].as_ref().unwrap()["metadata"]["name"], "a");
    let with_anchors = "kind: List\nitems:\n- &p {kind: Pod, metadata: {name: a}}\n- *p\n";
    assert_eq!(names(with_anchors), ["Pod/a@3", "Pod/a@4"]);
}

#[test]
fn an_item_that_is_no_object_is_a_problem_of_the_list_alone() {
    let read = read("kind: List\nitems:\n- kind: Pod\n- just text\n- kind: Pod\n");
    assert!(read[0].is_ok() && read[1].is_ok(), "{read:?}");
    assert_eq!(read[2].as_ref().unwrap_err(), "4:3 the item has no kind");
}

#[test]
fn what_came_before_a_mistake_is_read() {
    let broken = read("kind: List\nitems:\n- kind: Pod\n- kind: [\n");
    assert!(broken[0].is_ok() && broken[1].is_err(), "{broken:?}");
    let json = read("{\"kind\": \"Pod\"}\n{\"kind\": \"Job\"}\n{\"kind\": ");
    assert!(json[0].is_ok() && json[1].is_ok(), "{json:?}");
    assert!(json[2].as_ref().unwrap_err().starts_with("3:9 is no JSON: EOF"), "{json:?}");
    let after_end = read("kind: Pod\n...\nkind: Job\n");
    assert_eq!(after_end.len(), 2, "{after_end:?}");
}

#[test]
fn json_is_read_as_json_and_flow_yaml_as_yaml() {
    assert_eq!(
        names("{\"kind\":\"Pod\",\"metadata\":{\"name\":\"a\"}} {\"kind\":\"Job\"}\n\n  {\"kind\":\"Job\"}"),
        ["Pod/a@1", "Job/@1", "Job/@3"]
    );
    assert_eq!(names("\t{\n\t\"kind\":\n\t\t\"Pod\"\n}"), ["Pod/@1"]);
    assert_eq!(names("{kind: Pod, metadata: {name: a}}"), ["Pod/a@1"]);
    assert!(read("{\"kind\": \"Pod\",}x")[1].as_ref().unwrap_err().contains("is no JSON"));
}

#[test]
fn where_fields_are_is_known() {
    let text = "kind: Pod\nspec:\n  containers:\n  - name: a\n    securityContext:\n      privileged: true\n  - name: b\n";
    Objects::default().read(text, &mut |found| {
        let Found::Object(object, _) = found else { panic!("{found:?}") };
        let place = |path: &[Segment<'static>]| object.value.locate_field(path.iter().copied());
        let context = [Key("spec"), Key("containers"), Index(0), Key("securityContext"), Key("privileged")];
        assert_eq!(place(&context), Place::new(6, 7));
        assert_eq!(place(&context[..3]), Place::new(4, 5));
        let other = [Key("spec"), Key("containers"), Index(1), Key("securityContext"), Key("privileged")];
        assert_eq!(place(&other), Place::new(7, 5), "the container, for want of the field");
        assert_eq!(place(&[Key("metadata"), Key("annotations")]), Place::new(1, 1));
    });
}

/// Any JSON that a Kubernetes object could hold.
fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        (-1000_i32..1000).prop_map(|number| Json::from(f64::from(number) / 8.0 + 0.01)),
        any::<String>().prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::hash_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Json::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn json_is_what_a_json_reader_makes_of_it(value in any_json(), is_pretty in any::<bool>()) {
        let value = json!({"kind": "K", "a": value});
        let text = if is_pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        prop_assert_eq!(read(&text), [Ok(value)]);
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        read(&text);
    }

    #[test]
    fn no_yaml_makes_it_panic(text in "([\\[\\]{}:,&*!|>?%@`\"' \n#a-c0-9.~<-]|kind: Pod\n|items:\n|- |---\n|\\.\\.\\.\n|<<: |\\\\u){0,60}") {
        read(&text);
        read(&format!("kind: List\nitems:\n{text}"));
    }
}
