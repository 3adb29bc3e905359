//! Profiles in files, read as the API server would accept them.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    api::{ClusterPodSecurityProfile, InvalidProfile, read_profile},
    manifests::{Documents, Found, Listed, Objects, Place, Problem, files},
};

/// Why a file says nothing of profiles.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProfileFileError {
    /// The file.
    #[error("{file}: {source}")]
    Unreadable { file: String, source: io::Error },
    /// A folder, or something in it.
    #[error("{file}: {reason}")]
    Walk { file: String, reason: String },
    /// Its syntax.
    #[error("{file}:{place}: {message}")]
    Syntax { file: String, place: Place, message: String },
    /// A profile that the API server would refuse.
    #[error("{file}: the profile {name:?} is invalid: {source}")]
    Invalid { file: String, name: String, source: InvalidProfile },
    /// No profile at all.
    #[error("{file}: holds no ClusterPodSecurityProfile")]
    None { file: String },
    /// Two of one name in one file.
    #[error("{file}: holds two profiles of the name {name:?}")]
    Twice { file: String, name: String },
    /// Two of one name in two files.
    #[error("{file}: holds a profile of the name {name:?}, and so does {other}")]
    TwiceInFiles { file: String, other: String, name: String },
}

/// The profiles of files, of folders, and for `-` of standard input.
///
/// # Errors
///
/// With the first thing that the API server would not take, and when two of them have one name, or a path has none.
pub(super) fn read_paths(paths: &[PathBuf]) -> Result<Vec<ClusterPodSecurityProfile>, ProfileFileError> {
    let mut all: Vec<(String, ClusterPodSecurityProfile)> = Vec::new();
    for path in paths {
        let before = all.len();
        for file in files(path) {
            let file = file.map_err(|unreadable| ProfileFileError::Walk {
                file: unreadable.path.display().to_string(),
                reason: unreadable.reason,
            })?;
            let Listed::File(file) = file else { continue };
            let shown = file.display().to_string();
            for profile in profiles_in(&file)? {
                if let Some((other, _)) = all.iter().find(|(_, known)| name(known) == name(&profile)) {
                    let (other, name) = (other.clone(), name(&profile).to_owned());
                    return Err(ProfileFileError::TwiceInFiles { file: shown, other, name });
                }
                all.push((shown.clone(), profile));
            }
        }
        if all.len() == before {
            return Err(ProfileFileError::None { file: path.display().to_string() });
        }
    }
    Ok(all.into_iter().map(|(_, profile)| profile).collect())
}

fn name(profile: &ClusterPodSecurityProfile) -> &str {
    profile.metadata.name.as_deref().unwrap_or_default()
}

fn profiles_in(file: &Path) -> Result<Vec<ClusterPodSecurityProfile>, ProfileFileError> {
    let shown = || file.display().to_string();
    let unreadable = |source| ProfileFileError::Unreadable { file: shown(), source };
    let values = if file.as_os_str() == "-" {
        read("stdin", io::stdin().lock())
    } else {
        read(&shown(), File::open(file).map_err(unreadable)?)
    }?;
    let mut profiles: Vec<ClusterPodSecurityProfile> = Vec::new();
    for value in values {
        let profile = read_profile(&value).map_err(|source| {
            let name = source.name.clone().unwrap_or_default();
            ProfileFileError::Invalid { file: shown(), name, source }
        })?;
        if profiles.iter().any(|other| name(other) == name(&profile)) {
            return Err(ProfileFileError::Twice { file: shown(), name: name(&profile).to_owned() });
        }
        profiles.push(profile);
    }
    Ok(profiles)
}

/// The objects in a stream that call themselves profiles.
fn read(shown: &str, reader: impl Read) -> Result<Vec<Value>, ProfileFileError> {
    let file = || shown.to_owned();
    let unreadable = |source| ProfileFileError::Unreadable { file: file(), source };
    let mut documents = Documents::new(reader, Vec::new());
    let mut objects = Objects::default();
    let mut values = Vec::new();
    let mut problem = None;
    while let Some(document) = documents.next().map_err(unreadable)? {
        let line = Place::new(document.line, 1);
        let text = document.text().map_err(|place| ProfileFileError::Syntax {
            file: file(),
            place,
            message: "is not UTF-8".into(),
        })?;
        objects.read(text, &mut |found| match found {
            Found::Object(object, begin) if object.identity.kind == "ClusterPodSecurityProfile" => {
                match object.value.decode::<Value>() {
                    Ok(value) => values.push(value),
                    Err(error) => {
                        let Problem { place, message } = error.into();
                        problem.get_or_insert_with(|| (place.after(begin).after(line), message));
                    }
                }
            }
            Found::Object(..) | Found::Other(_) => {}
            Found::Problem(Problem { place, message }) => {
                problem.get_or_insert_with(|| (place.after(line), message));
            }
        });
    }
    match problem {
        None => Ok(values),
        Some((place, message)) => Err(ProfileFileError::Syntax { file: file(), place, message }),
    }
}
