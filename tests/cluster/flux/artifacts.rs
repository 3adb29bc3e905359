//! Archives of manifests, served on 127.0.0.1.

use std::{
    collections::HashMap,
    fmt::Write as _,
    io::Write as _,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::{Path, State},
    routing::get,
};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

type Files = Arc<Mutex<HashMap<String, Vec<u8>>>>;

/// What is served, for as long as the test's runtime lasts.
pub(super) struct Artifacts {
    address: SocketAddr,
    files: Files,
}

/// An archive that is served.
pub(super) struct Artifact {
    pub(super) revision: String,
    digest: String,
    path: String,
    url: String,
    size: usize,
}

impl Artifacts {
    /// Begins to serve.
    pub(super) async fn serve() -> Self {
        let files = Files::default();
        let router = Router::new().route("/{name}", get(file)).with_state(files.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, files }
    }

    /// Serves files as the next revision of a source.
    pub(super) fn put(&self, source: &str, files: &[(&str, &str)]) -> Artifact {
        let archive = archive(files);
        let digest = hex(&Sha256::digest(&archive));
        let (path, size) = (format!("{source}-{digest}.tar.gz"), archive.len());
        self.files.lock().unwrap().insert(path.clone(), archive);
        let url = format!("http://{}/{path}", self.address);
        let revision = format!("main@sha1:{}", &digest[..40]);
        Artifact { revision, digest: format!("sha256:{digest}"), path, url, size }
    }
}

impl Artifact {
    /// What stands in the status of a `GitRepository`.
    pub(super) fn status(&self) -> Value {
        let Self { revision, digest, path, url, size } = self;
        json!({
            "revision": revision, "digest": digest, "path": path, "url": url, "size": size,
            "lastUpdateTime": "2026-01-01T00:00:00Z",
        })
    }
}

async fn file(Path(name): Path<String>, State(files): State<Files>) -> Result<Vec<u8>, http::StatusCode> {
    files.lock().unwrap().get(&name).cloned().ok_or(http::StatusCode::NOT_FOUND)
}

fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    let mut compressed = GzEncoder::new(Vec::new(), Compression::fast());
    compressed.write_all(&archive.into_inner().unwrap()).unwrap();
    compressed.finish().unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
