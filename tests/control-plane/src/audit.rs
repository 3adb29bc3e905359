//! What was written, and by whom: the API server's audit log.

use std::fs;
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
    ])
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
}
