//! Finding the configuration of Pod Security in what the API server is given.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::{
    manifests::{DecodeError, Documents, Found, Object, Objects, Place, Problem, Value},
    migration::admission_configuration::{API_VERSIONS, Configuration, KIND, PLUGIN, Written},
};

/// The versions of the API server's file in which plugins are configured.
const ADMISSION_VERSIONS: [&str; 2] = ["apiserver.config.k8s.io/v1", "apiserver.k8s.io/v1alpha1"];

/// What Pod Security is configured by.
#[derive(Debug)]
pub(super) struct Configured {
    /// The file that it stands in.
    pub(super) source: String,
    /// What else stands there.
    pub(super) notices: Vec<String>,
    /// What the API server makes of it, or every value that it refuses, with file, line and field.
    pub(super) checked: Result<Configuration, Vec<String>>,
}

/// Why there is nothing to import.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConfiguredError {
    /// A file.
    #[error("{file}: {source}")]
    Unreadable { file: String, source: io::Error },
    /// What stands somewhere in it.
    #[error("{file}:{place}: {message}")]
    Wrong { file: String, place: Place, message: String },
    /// It holds something else.
    #[error("{file}: holds no AdmissionConfiguration and no PodSecurityConfiguration")]
    None { file: String },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AdmissionConfiguration<'t> {
    #[serde(rename = "apiVersion")]
    _api_version: &'t str,
    #[serde(rename = "kind")]
    _kind: &'t str,
    plugins: Option<Vec<Plugin>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Plugin {
    name: Option<String>,
    path: Option<String>,
    configuration: Option<serde::de::IgnoredAny>,
}

/// What is found in a file.
enum Step {
    Done(Box<Configured>),
    /// The plugin's configuration is in another file.
    Elsewhere(PathBuf, Vec<String>),
}

/// Reads the configuration of Pod Security from a file, or for `-` from standard input.
///
/// # Errors
///
/// When a file cannot be read, or holds something else or more than one configuration.
pub(super) fn configured(path: &Path) -> Result<Configured, ConfiguredError> {
    match read(path, true)? {
        Step::Done(configured) => Ok(*configured),
        Step::Elsewhere(other, notices) => match read(&other, false)? {
            Step::Done(configured) => Ok(Configured { notices, ..*configured }),
            // Not followed a second time.
            Step::Elsewhere(..) => Err(ConfiguredError::None { file: other.display().to_string() }),
        },
    }
}

/// Reads a file, which may be of plugins or of Pod Security alone.
fn read(path: &Path, may_be_of_plugins: bool) -> Result<Step, ConfiguredError> {
    let is_stdin = path.as_os_str() == "-";
    let file = if is_stdin { "stdin".to_owned() } else { path.display().to_string() };
    let unreadable = |source| ConfiguredError::Unreadable { file: file.clone(), source };
    let reader: Box<dyn Read> =
        if is_stdin { Box::new(io::stdin().lock()) } else { Box::new(File::open(path).map_err(unreadable)?) };
    let mut documents = Documents::new(reader, Vec::new());
    let mut objects = Objects::default();
    let mut steps = Vec::new();
    while let Some(document) = documents.next().map_err(unreadable)? {
        let line = Place::new(document.line, 1);
        let text = document.text().map_err(|place| ConfiguredError::Wrong {
            file: file.clone(),
            place,
            message: "is not UTF-8".into(),
        })?;
        objects.read(text, &mut |found| {
            let wrong = |place: Place, message| ConfiguredError::Wrong { file: file.clone(), place, message };
            steps.push(match found {
                Found::Object(object, begin) => {
                    let at = At { file: &file, begin: begin.after(line) };
                    of_object(object, &at, path, may_be_of_plugins)
                }
                Found::Other(place) => {
                    Err(wrong(place.after(line), "this is no object with apiVersion and kind".into()))
                }
                Found::Problem(Problem { place, message }) => Err(wrong(place.after(line), message)),
            });
        });
    }
    let mut steps = steps.into_iter();
    match (steps.next(), steps.next()) {
        (None, _) => Err(ConfiguredError::None { file }),
        (Some(step), None) => step,
        (Some(step), Some(other)) => {
            step?;
            other?;
            let message = "the API server reads one object from a file, and here are more".to_owned();
            Err(ConfiguredError::Wrong { file, place: Place::default(), message })
        }
    }
}

/// Where an object stands.
struct At<'a> {
    file: &'a str,
    begin: Place,
}

impl At<'_> {
    fn wrong(&self, place: Place, message: impl Into<String>) -> ConfiguredError {
        ConfiguredError::Wrong {
            file: self.file.to_owned(),
            place: place.after(self.begin),
            message: message.into(),
        }
    }

    fn cannot_decode(&self, value: Value<'_>, error: &DecodeError) -> ConfiguredError {
        let path = error.path.trim_start_matches('.');
        let message =
            if path.is_empty() { error.message.clone() } else { format!("{path}: {}", error.message) };
        self.wrong(error.place.unwrap_or_else(|| value.place()), message)
    }
}

fn of_object(
    object: Object<'_>,
    at: &At<'_>,
    path: &Path,
    may_be_of_plugins: bool,
) -> Result<Step, ConfiguredError> {
    let version = object.identity.api_version.unwrap_or_default();
    let is_known = |versions: &[&str]| {
        let known = versions.contains(&version);
        let place = object.value.locate_field([crate::standards::Segment::Key("apiVersion")]);
        let message = format!("apiVersion: {version:?} is none that podsec reads ({})", versions.join(", "));
        if known { Ok(()) } else { Err(at.wrong(place, message)) }
    };
    match object.identity.kind {
        KIND => {
            is_known(&API_VERSIONS)?;
            of_pod_security(object.value, at, Vec::new())
        }
        "AdmissionConfiguration" if may_be_of_plugins => {
            is_known(&ADMISSION_VERSIONS)?;
            of_plugins(object.value, at, path)
        }
        kind => {
            let place = object.value.locate_field([crate::standards::Segment::Key("kind")]);
            Err(at.wrong(place, format!("kind: {kind:?} is not a configuration of Pod Security ({KIND})")))
        }
    }
}

fn of_pod_security(value: Value<'_>, at: &At<'_>, notices: Vec<String>) -> Result<Step, ConfiguredError> {
    let written: Written = value.decode().map_err(|error| at.cannot_decode(value, &error))?;
    let checked = written.check().map_err(|invalid| {
        let told = invalid.iter().map(|invalid| {
            let place = value.locate_field(invalid.field.segments());
            at.wrong(place, invalid.to_string()).to_string()
        });
        told.collect()
    });
    Ok(Step::Done(Box::new(Configured { source: at.file.to_owned(), notices, checked })))
}

/// The plugin's configuration, inline or in a file beside this one.
fn of_plugins(value: Value<'_>, at: &At<'_>, path: &Path) -> Result<Step, ConfiguredError> {
    let configuration: AdmissionConfiguration<'_> =
        value.decode().map_err(|error| at.cannot_decode(value, &error))?;
    let plugins = configuration.plugins.unwrap_or_default();
    let name = |plugin: &Plugin| plugin.name.clone().unwrap_or_default();
    let notices: Vec<_> = plugins
        .iter()
        .map(name)
        .filter(|name| name != PLUGIN)
        .map(|name| {
            format!(
                "{}: the plugin {name:?} has nothing to do with Pod Security, and stays where it is",
                at.file
            )
        })
        .collect();
    let mut ours = plugins.iter().enumerate().filter(|(_, plugin)| name(plugin) == PLUGIN);
    let Some((index, plugin)) = ours.next() else {
        return Err(at.wrong(
            value.place(),
            format!("plugins: {PLUGIN} is not among them, so it is as Kubernetes has it"),
        ));
    };
    let item =
        value.get("plugins").ok().flatten().and_then(|plugins| plugins.items()?.nth(index)).unwrap_or(value);
    if let Some((second, _)) = ours.next() {
        return Err(at.wrong(value.place(), format!("plugins[{second}]: {PLUGIN} is there twice")));
    }
    // Where both are there, the API server takes what is inline.
    if plugin.configuration.is_some() {
        let inline = item.get("configuration").ok().flatten().unwrap_or(item);
        return of_pod_security_inline(inline, at, notices);
    }
    match plugin.path.as_deref().filter(|path| !path.is_empty()) {
        Some(other) => {
            Ok(Step::Elsewhere(path.parent().unwrap_or_else(|| Path::new("")).join(other), notices))
        }
        None => Err(at.wrong(
            item.place(),
            format!(
                "plugins[{index}]: {PLUGIN} has neither configuration nor path, so it is as Kubernetes has it"
            ),
        )),
    }
}

/// What is inline must say what it is, as a file must.
fn of_pod_security_inline(
    value: Value<'_>,
    at: &At<'_>,
    notices: Vec<String>,
) -> Result<Step, ConfiguredError> {
    let said = |field| value.get(field).ok().flatten().and_then(Value::text).unwrap_or_default();
    if said("kind") != KIND || !API_VERSIONS.contains(&said("apiVersion")) {
        let message = format!(
            "configuration: apiVersion {:?}, kind {:?} is not a configuration of Pod Security ({KIND} of {})",
            said("apiVersion"),
            said("kind"),
            API_VERSIONS.join(", ")
        );
        return Err(at.wrong(value.place(), message));
    }
    of_pod_security(value, at, notices)
}
