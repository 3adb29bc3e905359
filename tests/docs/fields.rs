//! The pages of `docs/reference/`: every field of a custom resource, as its CRD has it.

use std::{env, fmt::Write as _, fs};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionNames, JSONSchemaProps, JSONSchemaPropsOrArray,
    JSONSchemaPropsOrBool,
};
use podsec::api::{profile_crd, report_crd};

use crate::{read, root};

/// Set, it has the pages written before they are looked at; `make reference` does.
const WRITE: &str = "PODSEC_WRITE_REFERENCE";

const PROFILE: &str = "The resource `clusterpodsecurityprofiles.podsec.dev`, short name `cpsp`, has no namespace. [The \
                       profile](../profile.md)\ntells with examples what the fields do together, and \
                       [status](../status.md) how the status is read. `kubectl explain cpsp.spec`\nprints the \
                       descriptions that stand here.\n\nThe API server refuses what a type or a bound here does not \
                       allow, and names the field. The schema has no defaults: where\na field is absent it stays \
                       absent, and podsec takes what is told as its default.";

const REPORT: &str = "The resource `podsecurityreports.podsec.dev`, short name `psr`, stands in the namespace that it \
                      is about. [Reports](../reports.md)\ntells how it is read. `kubectl explain psr` prints the \
                      descriptions that stand here. podsec alone writes it.";

/// What a page tells, and of what.
fn pages() -> [(&'static str, String); 2] {
    [
        ("docs/reference/profile.md", Page::of(&profile_crd(), PROFILE)),
        ("docs/reference/report.md", Page::of(&report_crd(), REPORT)),
    ]
}

#[test]
fn the_reference_says_what_the_definitions_say() {
    for (file, page) in pages() {
        if env::var_os(WRITE).is_some() {
            fs::write(root(file), &page).unwrap();
        }
        assert!(read(file) == page, "{file} is stale; refresh it: make reference");
    }
}

/// A user who leaves a field out is told what that means.
#[test]
fn every_choice_of_a_profile_has_a_default() {
    let page = read("docs/reference/profile.md");
    let rows = page.lines().take_while(|line| *line != "## status").filter(|line| line.starts_with("| `"));
    let choices: Vec<_> = rows
        .filter(|row| {
            ["| string", "| integer", "| boolean", "| one of"].iter().any(|kind| row.contains(kind))
        })
        .collect();
    assert!(choices.len() > 15, "{choices:#?}");
    for row in choices {
        assert!(row.contains(", required |") || row.contains("; default "), "{row}");
    }
}

/// A page that comes to be.
struct Page {
    text: String,
    /// The rules of the API server, by what they are about.
    rules: Vec<(String, String, String)>,
}

impl Page {
    fn of(crd: &CustomResourceDefinition, about: &str) -> String {
        let CustomResourceDefinitionNames { kind, .. } = &crd.spec.names;
        let version = &crd.spec.versions[0];
        let schema = version.schema.as_ref().unwrap().open_api_v3_schema.as_ref().unwrap();
        let written = "Written by `make reference` from the types in src/api. Change those.";
        let description = prose(schema.description.as_deref().unwrap(), &[]);
        let api = format!("`apiVersion: {}/{}`, `kind: {kind}`.", crd.spec.group, version.name);
        let mut page = Self {
            text: format!("<!-- {written} -->\n\n# {kind}: every field\n\n{description} {api}\n\n{about}\n"),
            rules: Vec::new(),
        };
        page.sections(schema);
        page.rules();
        page.text
    }

    /// One section for each object of which the fields are told, from the top down.
    fn sections(&mut self, root: &JSONSchemaProps) {
        self.collect_rules("", root);
        let mut objects = Vec::new();
        objects_below("", root, &mut objects);
        let mut sections: Vec<(Vec<String>, String)> = Vec::new();
        for (path, object) in objects {
            let table = table(&path, object);
            match sections.iter_mut().find(|(_, known)| *known == table) {
                Some((paths, _)) => paths.push(path),
                None => sections.push((vec![path], table)),
            }
        }
        for (paths, table) in sections {
            let title = if paths[0].is_empty() { "Top level".to_owned() } else { paths.join(", ") };
            write!(self.text, "\n## {title}\n\n{table}").unwrap();
        }
    }

    fn collect_rules(&mut self, path: &str, schema: &JSONSchemaProps) {
        for rule in schema.x_kubernetes_validations.iter().flatten() {
            let field = rule.field_path.as_deref().unwrap_or_default();
            let message = rule.message.as_deref().unwrap();
            let message = message.strip_prefix(&format!("{path}{field}")).unwrap_or(message).trim_start();
            let about = if path.is_empty() { "the whole".to_owned() } else { format!("`{path}`") };
            let message = match field.strip_prefix('.') {
                Some(field) => format!("{field} {message}"),
                None => message.to_owned(),
            };
            self.rules.push((about, message, rule.rule.clone()));
        }
        for (name, below) in children(path, schema) {
            self.collect_rules(&name, below);
        }
    }

    /// What the API server is asked beside types and bounds, in its own words.
    fn rules(&mut self) {
        self.text.push_str(
            "\n## Rules\n\nWhat types and bounds cannot say the API server checks by rules in \
             [CEL](https://kubernetes.io/docs/reference/using-api/cel/), in which\n`self` is what stands in front \
             of the colon.\n",
        );
        let mut rules: Vec<(Vec<String>, String, String)> = Vec::new();
        for (place, message, rule) in self.rules.drain(..) {
            match rules.iter_mut().find(|(_, said, known)| (said, known) == (&message, &rule)) {
                Some((places, ..)) => places.push(place),
                None => rules.push((vec![place], message, rule)),
            }
        }
        for (places, message, rule) in rules {
            let (places, message) = (places.join(", "), prose(&message, &[]));
            write!(self.text, "\n{places}: {message}\n\n```text\n{rule}\n```\n").unwrap();
        }
    }
}

/// The objects with fields of their own, each before those within it.
fn objects_below<'a>(
    path: &str,
    schema: &'a JSONSchemaProps,
    found: &mut Vec<(String, &'a JSONSchemaProps)>,
) {
    // What every object of Kubernetes has, in the words of Kubernetes.
    if path == "metadata" {
        return;
    }
    if schema.properties.is_some() {
        found.push((path.to_owned(), schema));
    }
    for (name, below) in children(path, schema) {
        objects_below(&name, below, found);
    }
}

/// What lies below, by its path.
fn children<'a>(path: &str, schema: &'a JSONSchemaProps) -> Vec<(String, &'a JSONSchemaProps)> {
    let dot = if path.is_empty() { "" } else { "." };
    let fields =
        schema.properties.iter().flatten().map(|(name, field)| (format!("{path}{dot}{name}"), field));
    let items = items(schema).map(|items| (format!("{path}[]"), items));
    fields.chain(items).chain(values(schema).map(|values| (format!("{path}[]"), values))).collect()
}

fn items(schema: &JSONSchemaProps) -> Option<&JSONSchemaProps> {
    match &schema.items {
        Some(JSONSchemaPropsOrArray::Schema(items)) => Some(items),
        _ => None,
    }
}

/// The values of a map.
fn values(schema: &JSONSchemaProps) -> Option<&JSONSchemaProps> {
    match &schema.additional_properties {
        Some(JSONSchemaPropsOrBool::Schema(values)) => Some(values),
        _ => None,
    }
}

/// The fields of an object.
fn table(path: &str, object: &JSONSchemaProps) -> String {
    let mut table = "| field | type | |\n| --- | --- | --- |\n".to_owned();
    for (name, field) in object.properties.iter().flatten() {
        if path.is_empty() && name == "metadata" {
            continue;
        }
        let is_required = object.required.iter().flatten().any(|required| required == name);
        let description = field.description.as_deref().unwrap_or_default();
        let (description, default) = without_default(description);
        let mut kind = kind(field);
        if is_required {
            kind.push_str(", required");
        }
        if let Some(default) = default {
            write!(kind, "; default {}", quoted_default(default, field)).unwrap();
        }
        let place = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let mut told = vec![prose(description, &choices(field))];
        told.extend(bounds(field));
        told.extend(messages(&place, field));
        writeln!(table, "| `{name}` | {kind} | {} |", told.join(" ")).unwrap();
    }
    table
}

/// A description, and the default that its last sentence tells.
fn without_default(description: &str) -> (&str, Option<&str>) {
    match description.rsplit_once(" Default ") {
        Some((before, default)) if default.ends_with('.') => (before, Some(default.trim_end_matches('.'))),
        _ => (description, None),
    }
}

/// A default that is one word is a value; others are told in words.
fn quoted_default(default: &str, field: &JSONSchemaProps) -> String {
    let is_value = !default.contains(' ') && default != "never";
    if is_value { format!("`{default}`") } else { prose(default, &choices(field)) }
}

/// The values that a field may have.
fn choices(field: &JSONSchemaProps) -> Vec<String> {
    let text = |value: &k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::JSON| {
        value.0.as_str().map(ToOwned::to_owned)
    };
    field.enum_.iter().flatten().filter_map(text).collect()
}

/// What a field holds, in a word.
fn kind(field: &JSONSchemaProps) -> String {
    let choices: Vec<_> = choices(field).iter().map(|value| format!("`{value}`")).collect();
    if let [first @ .., last] = choices.as_slice() {
        return format!("one of {} or {last}", first.join(", "));
    }
    if let Some(items) = items(field) {
        return format!("list of {}s", kind(items));
    }
    if let Some(values) = values(field) {
        return format!("map of {}s", kind(values));
    }
    match (field.type_.as_deref().unwrap(), field.format.as_deref()) {
        ("string", Some("date-time")) => "string (RFC 3339 time)".to_owned(),
        (kind, _) => kind.to_owned(),
    }
}

/// The bounds of a field, and of what it is a list or a map of, in sentences.
fn bounds(field: &JSONSchemaProps) -> Vec<String> {
    let mut told = Vec::new();
    told.extend(range(field.min_items, field.max_items).map(|range| format!("{range} items.")));
    told.extend(range(None, field.max_properties).map(|range| format!("{range} entries.")));
    told.extend(numbers(field));
    // How long a time may be that podsec writes is of no account.
    if choices(field).is_empty() && field.format.is_none() {
        told.extend(texts(field));
    }
    if let Some(each) = items(field).or_else(|| values(field)) {
        told.extend(texts(each).map(|text| format!("Each: {}{}", text[..1].to_lowercase(), &text[1..])));
    }
    told.extend(field.pattern.as_ref().map(|pattern| format!("Matches `{}`.", pattern.replace('|', r"\|"))));
    if let Some(keys) = &field.x_kubernetes_list_map_keys {
        told.push(format!("No two have the same `{}`.", keys.join("`, `")));
    }
    if field.x_kubernetes_list_type.as_deref() == Some("set") {
        told.push("Each stands there once.".to_owned());
    }
    told
}

fn numbers(field: &JSONSchemaProps) -> Option<String> {
    // What an unsigned integer may be anyway is not told.
    let max = field.maximum.filter(|max| *max < f64::from(u32::MAX));
    match (field.minimum, max) {
        (Some(min), Some(max)) => Some(format!("From {min} to {max}.")),
        (None, Some(max)) => Some(format!("At most {max}.")),
        _ => None,
    }
}

fn texts(field: &JSONSchemaProps) -> Option<String> {
    Some(format!("{} characters.", range(field.min_length, field.max_length)?))
}

fn range(min: Option<i64>, max: Option<i64>) -> Option<String> {
    match (min, max) {
        (Some(min), Some(max)) => Some(format!("{min} to {max}")),
        (None, Some(max)) => Some(format!("At most {max}")),
        (Some(min), None) => Some(format!("At least {min}")),
        (None, None) => None,
    }
}

/// What the rules about a field say.
fn messages(place: &str, field: &JSONSchemaProps) -> Vec<String> {
    let own = field.x_kubernetes_validations.iter().flatten().filter(|rule| rule.field_path.is_none());
    let each = items(field).or_else(|| values(field));
    let of_each = each.into_iter().flat_map(|each| each.x_kubernetes_validations.iter().flatten());
    // What an object's rule says of one of its fields, the field's description says.
    let of_each = of_each.filter(|rule| rule.field_path.is_none());
    let say = |message: &str| {
        let rest = message.strip_prefix(place).unwrap_or(message);
        let (subject, rest) = match rest.strip_prefix("[]") {
            Some(rest) => ("Each ", rest.trim_start()),
            None => ("", rest.trim_start()),
        };
        let said = prose(rest, &[]);
        let said =
            if subject.is_empty() { format!("{}{}", said[..1].to_uppercase(), &said[1..]) } else { said };
        format!("{subject}{said}.")
    };
    own.chain(of_each).map(|rule| say(rule.message.as_deref().unwrap())).collect()
}

/// A text of the schema as Markdown: names and values that stand in it are set as such.
fn prose(text: &str, values: &[String]) -> String {
    let words = text.split(' ').map(|word| {
        let bare = word.trim_matches(|c: char| !(c.is_alphanumeric() || c == '*'));
        let has_hump = bare.chars().all(char::is_alphanumeric)
            && bare.chars().zip(bare.chars().skip(1)).any(|(a, b)| a.is_lowercase() && b.is_uppercase());
        if bare == "*" || has_hump || values.iter().any(|value| value == bare) {
            word.replacen(bare, &format!("`{bare}`"), 1)
        } else {
            word.replace('*', r"\*").replace('|', r"\|").replace('<', r"\<").replace('_', r"\_")
        }
    });
    words.collect::<Vec<_>>().join(" ")
}
