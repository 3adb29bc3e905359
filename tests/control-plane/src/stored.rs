//! What etcd stores of a cluster, read and changed past its API server: by etcd's own JSON gateway.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use k8s_openapi::ByteString;
use serde_json::{Value, json};

use crate::error::{Doing as _, Error};

/// How long one answer may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Keys, and values as the gateway writes them (Base64): nobody reads them, they are compared and put back.
pub(crate) type Stored = BTreeMap<String, String>;

/// Everything whose key begins with `prefix`, which must end with a slash.
pub(crate) fn under(port: u16, prefix: &str) -> Result<Stored, Error> {
    // `0` is what follows upon `/`.
    let end = format!("{}0", prefix.trim_end_matches('/'));
    let answer = ask(port, "range", &json!({"key": base64(prefix), "range_end": base64(&end)}))?;
    let pairs = answer["kvs"].as_array().into_iter().flatten();
    Ok(pairs.filter_map(|pair| Some((text(&pair["key"])?, pair["value"].as_str()?.to_owned()))).collect())
}

/// Stores a value in place of what is there.
pub(crate) fn put(port: u16, key: &str, value: &str) -> Result<(), Error> {
    ask(port, "put", &json!({"key": base64(key), "value": value})).map(drop)
}

/// Removes a key.
pub(crate) fn delete(port: u16, key: &str) -> Result<(), Error> {
    ask(port, "deleterange", &json!({"key": base64(key)})).map(drop)
}

fn base64(text: &str) -> Value {
    json!(ByteString(text.as_bytes().to_vec()))
}

fn text(value: &Value) -> Option<String> {
    let bytes: ByteString = serde_json::from_value(value.clone()).ok()?;
    String::from_utf8(bytes.0).ok()
}

fn ask(port: u16, method: &str, body: &Value) -> Result<Value, Error> {
    let doing = || format!("ask etcd for {method}");
    let answer = post(port, method, &body.to_string()).doing(doing)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
    if !head.lines().next().unwrap_or_default().contains(" 200 ") {
        return Err(io::Error::other(answer)).doing(doing);
    }
    serde_json::from_str(body).map_err(io::Error::other).doing(doing)
}

/// HTTP/1.0, in which the answer ends with the connection.
fn post(port: u16, method: &str, body: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    let length = body.len();
    let request = format!("POST /v3/kv/{method} HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
