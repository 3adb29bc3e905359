//! What was written, and by whom: the API server's audit log.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Seek as _, SeekFrom};
use std::path::Path;

use serde_json::{Value, json};

use crate::error::{Doing as _, Error};

const POLICY: &str = "audit-policy.json";
const LOG: &str = "audit.log";

/// Writes the policy, and returns the API server's arguments for it. Events are of the Metadata level, which
/// has the request's URI (and so `dryRun`), and of requests that write only.
pub(crate) fn arguments(folder: &Path) -> Result<Vec<String>, Error> {
    let verbs = ["create", "update", "patch", "delete", "deletecollection"];
    let policy = json!({
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [{"level": "Metadata", "verbs": verbs}, {"level": "None"}],
    });
    let path = folder.join(POLICY);
    fs::write(&path, policy.to_string()).doing(|| format!("write {}", path.display()))?;
    Ok(vec![
        format!("--audit-policy-file={}", path.display()),
        format!("--audit-log-path={}", folder.join(LOG).display()),
        // Not in batches: an event is there when its request is done.
        String::from("--audit-log-mode=blocking"),
        // Megabytes up to which it is one file: whoever reads it looks for no others.
        String::from("--audit-log-maxsize=100000"),
    ])
}

/// How long the log is, in bytes.
pub(crate) fn length(folder: &Path) -> u64 {
    fs::metadata(folder.join(LOG)).map_or(0, |metadata| metadata.len())
}

/// Calls `each` with the events from a byte of the log on, one after the other, so that a long log needs no memory.
pub(crate) fn since(folder: &Path, begin: u64, mut each: impl FnMut(Value)) -> Result<(), Error> {
    let path = folder.join(LOG);
    let doing = || format!("read {}", path.display());
    let mut file = File::open(&path).doing(doing)?;
    file.seek(SeekFrom::Start(begin)).doing(doing)?;
    let mut lines = BufReader::new(file);
    let mut line = String::new();
    while lines.read_line(&mut line).doing(doing)? > 0 {
        if let Ok(event) = serde_json::from_str(&line) {
            each(event);
        }
        line.clear();
    }
    Ok(())
}

/// The events so far. A line that is not complete yet is left for the next look.
pub(crate) fn events(folder: &Path) -> Result<Vec<Value>, Error> {
    let path = folder.join(LOG);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        text => text.doing(|| format!("read {}", path.display()))?,
    };
    let complete = text.rsplit_once('\n').map_or("", |(complete, _)| complete);
    Ok(complete.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_line_is_no_event() {
        let folder = tempfile::tempdir().unwrap();
        assert!(events(folder.path()).unwrap().is_empty());
        fs::write(folder.path().join(LOG), "{\"verb\":\"create\"}\n{\"verb\":\"pat").unwrap();
        assert_eq!(events(folder.path()).unwrap(), [json!({"verb": "create"})]);
    }

    #[test]
    fn what_was_there_before_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(length(folder.path()), 0);
        fs::write(folder.path().join(LOG), "{\"verb\":\"create\"}\n").unwrap();
        let begin = length(folder.path());
        let text = "{\"verb\":\"create\"}\n{\"verb\":\"patch\"}\n{\"verb\":\"del";
        fs::write(folder.path().join(LOG), text).unwrap();
        let mut seen = Vec::new();
        since(folder.path(), begin, |event| seen.push(event)).unwrap();
        assert_eq!(seen, [json!({"verb": "patch"})]);
    }
}
