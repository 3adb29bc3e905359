//! Containers, with their ports and handlers.

use proptest::prelude::*;
use serde_json::json;

use super::{
    Lean,
    json::{Json, list, number_of, object, one_of, text},
    settings,
};

pub(super) fn container(lean: Lean) -> Json {
    let context = if lean == Lean::Tidy { 150 } else { 15 };
    object(vec![
        ("name", 300, text()),
        ("image", 1, text()),
        ("ports", 4, list(&port(lean), 3)),
        ("securityContext", context, settings::of_container(lean)),
        ("livenessProbe", 2, handler(lean)),
        ("readinessProbe", 2, handler(lean)),
        ("startupProbe", 2, handler(lean)),
        ("lifecycle", 3, object(vec![("postStart", 6, handler(lean)), ("preStop", 6, handler(lean))])),
    ])
}

fn port(lean: Lean) -> Json {
    let bad = number_of(&[80, 443, 8080, 9, 10, 65535, -1, 2_147_483_647, -2_147_483_648]);
    let host_port = lean.either(number_of(&[0]), bad);
    object(vec![("hostPort", 10, host_port), ("containerPort", 10, number_of(&[80, 443, 0, -5]))])
}

fn handler(lean: Lean) -> Json {
    let hosts = one_of(&["localhost", "127.0.0.1", "::1", "example.com", "2001:4860:4860::8888"]);
    let host = lean.either(Just(json!("")).boxed(), hosts);
    let target = object(vec![("host", 8, host), ("port", 8, number_of(&[80, 443]))]);
    let exec = object(vec![("command", 5, list(&text(), 2))]);
    object(vec![("httpGet", 8, target.clone()), ("tcpSocket", 4, target), ("exec", 1, exec)])
}
