//! kubeconform, built from its Go module, with schemas made of Kubernetes' own description of its API: the usual ones
//! would be fetched over the network.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::{Map, Value, json};

/// The kinds in the corpus: their definitions, and what kubeconform calls their schemas.
const KINDS: [(&str, &str); 6] = [
    ("io.k8s.api.core.v1.Pod", "pod-v1"),
    ("io.k8s.api.apps.v1.Deployment", "deployment-apps-v1"),
    ("io.k8s.api.apps.v1.StatefulSet", "statefulset-apps-v1"),
    ("io.k8s.api.apps.v1.DaemonSet", "daemonset-apps-v1"),
    ("io.k8s.api.batch.v1.Job", "job-batch-v1"),
    ("io.k8s.api.batch.v1.CronJob", "cronjob-batch-v1"),
];

/// Where it is, and where its schemas are.
#[derive(Debug)]
pub(crate) struct Kubeconform {
    pub(crate) binary: PathBuf,
    pub(crate) schemas: String,
}

/// Builds it into a folder.
pub(crate) fn build(repository: &Path, folder: &Path) -> Result<Kubeconform, Box<dyn Error>> {
    let binary = folder.join("kubeconform");
    let module = repository.join("benches/check/kubeconform");
    let package = "github.com/yannh/kubeconform/cmd/kubeconform";
    go(&module, &["build", "-o", &binary.display().to_string(), package])?;
    let kubernetes =
        go(&repository.join("tests/control-plane"), &["list", "-m", "-f", "{{.Dir}}", "k8s.io/kubernetes"])?;
    let swagger = Path::new(kubernetes.trim()).join("api/openapi-spec/swagger.json");
    let swagger: Value = serde_json::from_slice(&fs::read(swagger)?)?;
    let schemas = folder.join("schemas");
    fs::create_dir_all(&schemas)?;
    for (definition, name) in KINDS {
        let schema = inlined(&json!({"$ref": format!("#/definitions/{definition}")}), &swagger);
        fs::write(schemas.join(format!("{name}.json")), serde_json::to_vec(&schema)?)?;
    }
    let schemas = format!("{}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json", schemas.display());
    Ok(Kubeconform { binary, schemas })
}

fn go(folder: &Path, arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    let output = Command::new("go").current_dir(folder).args(arguments).output()?;
    if !output.status.success() {
        return Err(format!("go {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// A schema with every reference written out, as kubeconform's usual "standalone" ones are.
fn inlined(schema: &Value, swagger: &Value) -> Value {
    match schema {
        Value::Object(fields) => {
            if let Some(reference) = fields.get("$ref").and_then(Value::as_str) {
                let target = swagger.pointer(reference.trim_start_matches('#')).unwrap_or(&Value::Null);
                return inlined(target, swagger);
            }
            if fields.get("format").is_some_and(|format| format == "int-or-string") {
                return json!({"oneOf": [{"type": "string"}, {"type": "integer"}]});
            }
            let fields = fields.iter().map(|(name, value)| (name.clone(), inlined(value, swagger)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(|item| inlined(item, swagger)).collect(),
        other => other.clone(),
    }
}
