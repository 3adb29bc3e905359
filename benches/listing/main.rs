//! What it takes to list the pods of a large cluster: processor time for each megabyte, and memory for each pod.
//!
//! `cargo bench --bench listing`. The API server is in this process and writes pods of about 11.5 kB without a network,
//! so that only reading them is measured; what it takes itself is measured beside and taken off. It prints, and fails on
//! nothing but a list that is not whole.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a bench prints, and fails by panicking")]

#[path = "../standards/pods.rs"]
mod pods;

use std::{convert::Infallible, fs, time::Duration};

use allocation_counter::measure;
use axum::body::Body as AnswerBody;
use futures::stream;
use http::{Request, Response};
use kube::{Client, client::Body};
use nix::sys::{
    resource::{Usage, UsageWho, getrusage},
    time::TimeVal,
};
use podsec::cluster::workloads::{Listing, Scope, list};

/// How many pods there are in a namespace, of how many applications.
const NAMESPACE: usize = 15;
const SHAPES: usize = 500;

/// How many pods come in one piece.
const PIECE: usize = 8;

const SIZES: [usize; 3] = [10_000, 50_000, 100_000];

/// The text of a pod around what differs from pod to pod.
struct Text {
    parts: Vec<String>,
}

impl Text {
    fn new(json: &str) -> Self {
        let marked = json
            .replace(r#""name":"orders-api-6d8f7b9c5d-x2m4k""#, "\"name\":\"orders-api-6d8f7b9c5d-\u{1}\"")
            .replace(r#""namespace":"orders""#, "\"namespace\":\"team-\u{2}\"")
            .replace(r#"{"name":"orders-api","image""#, "{\"name\":\"orders-api-\u{3}\",\"image\"");
        Self { parts: marked.split_inclusive(['\u{1}', '\u{2}', '\u{3}']).map(ToOwned::to_owned).collect() }
    }

    fn write(&self, number: usize, to: &mut Vec<u8>) {
        for part in &self.parts {
            let (text, value) = match part.chars().next_back() {
                Some('\u{1}') => (&part[..part.len() - 1], number),
                Some('\u{2}') => (&part[..part.len() - 1], number / NAMESPACE),
                Some('\u{3}') => (&part[..part.len() - 1], number / NAMESPACE % SHAPES),
                _ => {
                    to.extend_from_slice(part.as_bytes());
                    continue;
                }
            };
            to.extend_from_slice(text.as_bytes());
            to.extend_from_slice(format!("{value:06}").as_bytes());
        }
    }
}

/// The pieces of a list of so many pods.
fn pieces(pods: usize) -> impl Iterator<Item = Vec<u8>> + Send + 'static {
    let texts: Vec<_> = self::pods::all()
        .into_iter()
        .filter(|sample| sample.name.starts_with("large"))
        .map(|sample| Text::new(&sample.json))
        .collect();
    let head =
        br#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":["#.to_vec();
    let body = (0..pods).step_by(PIECE).map(move |first| {
        let mut piece = Vec::with_capacity(13_000 * PIECE);
        for number in first..pods.min(first + PIECE) {
            if number > 0 {
                piece.push(b',');
            }
            if let Some(text) = texts.get(number / NAMESPACE % texts.len()) {
                text.write(number, &mut piece);
            }
        }
        piece
    });
    std::iter::once(head).chain(body).chain(std::iter::once(b"]}\n".to_vec()))
}

fn server(pods: usize) -> Client {
    let service = tower::service_fn(move |request: Request<Body>| {
        let pods = if request.uri().path() == "/api/v1/pods" { pods } else { 0 };
        let body = AnswerBody::from_stream(stream::iter(pieces(pods).map(Ok::<_, Infallible>)));
        std::future::ready(Ok::<_, Infallible>(Response::new(body)))
    });
    Client::new(service, "default")
}

fn processor_time() -> Duration {
    let usage: Usage = getrusage(UsageWho::RUSAGE_SELF).expect("the usage of this process");
    let duration = |time: TimeVal| {
        let whole = u64::try_from(time.tv_sec()).unwrap_or_default();
        Duration::from_secs(whole) + Duration::from_micros(u64::try_from(time.tv_usec()).unwrap_or_default())
    };
    duration(usage.user_time()) + duration(usage.system_time())
}

/// The most memory that this process ever had, in KiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}

fn listed(pods: usize) -> Listing {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let listing = runtime.block_on(async { list(&server(pods), &Scope::All, |_| {}).await });
    assert!(listing.problems.is_empty() && listing.pods() == pods, "a whole list");
    listing
}

/// What a number is in thousandths, and so on, of another.
fn share(number: u64, of: u64) -> f64 {
    let exact = |number: u64| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    exact(number) / exact(of)
}

fn main() {
    println!(
        "{:>8} {:>6} {:>12} {:>8} {:>9} {:>11}",
        "pods", "MB", "processor s", "ms a MB", "peak MiB", "held B each"
    );
    for pods in SIZES {
        let start = processor_time();
        let bytes: u64 = pieces(pods).map(|piece| piece.len() as u64).sum();
        let own = processor_time().saturating_sub(start);
        let start = processor_time();
        let mut listing = None;
        let cost = measure(|| listing = Some(listed(pods)));
        let taken = processor_time().saturating_sub(start).saturating_sub(own);
        println!(
            "{pods:>8} {:>6} {:>12.2} {:>8.2} {:>9.1} {:>11.0}",
            bytes / 1_000_000,
            taken.as_secs_f64(),
            taken.as_secs_f64() * 1e6 / share(bytes, 1000),
            share(peak(), 1024),
            share(cost.bytes_current.unsigned_abs(), pods as u64),
        );
        drop(listing);
    }
}
