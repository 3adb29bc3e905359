//! Listing what runs in a cluster.

use std::time::Duration;

use futures::{StreamExt as _, stream};
use kube::Client;
use parking_lot::Mutex;

use super::{
    BrokenAnswer, Listing, Observed, Problem, Progress, ReadError, Resource, Scope,
    pages::{Age, Manner, Pages, Piece},
};
use crate::{
    assessment::{Inventory, Shapes},
    cluster::backoff::listing_delay,
};

/// How many lists are read at a time when each is of all namespaces. One keeps a processor busy.
const WHOLE_LISTS: usize = 3;

/// How many are read at a time when each is of one namespace, and most of the time goes by waiting.
const SMALL_LISTS: usize = 16;

/// How often a list is asked for before it counts as failed.
const TRIES: u32 = 4;

/// How often it may end in silence, each time after a long wait.
const SILENCES: u32 = 2;

/// After so many lists in a row without any answer the API server is taken to be away, and no other is asked for.
const UNANSWERED: u32 = 3;

/// The longest that an API server may ask to be left in peace.
const LONGEST_REST: Duration = Duration::from_secs(30);

/// What one list is of.
type Target<'a> = (Resource, Option<&'a str>);

/// Lists what runs, or may run, in the namespaces of a scope.
///
/// It never fails as a whole: what could not be read is among [`Listing::problems`], and the inventories that may lack
/// something for it say so. An answer is waited for as long as something comes; what is refused for the moment, or
/// breaks, is asked for again a few times, unless nothing answers at all. `progress` is told of every piece that comes.
pub async fn list(client: &Client, scope: &Scope, progress: impl Fn(Progress) + Send + Sync) -> Listing {
    let (targets, at_a_time): (Vec<Target<'_>>, _) = match scope {
        Scope::All => (Resource::ALL.map(|resource| (resource, None)).to_vec(), WHOLE_LISTS),
        Scope::Named(names) => {
            let of_kind = |resource| names.iter().map(move |name| (resource, Some(name.as_str())));
            (Resource::ALL.into_iter().flat_map(of_kind).collect(), SMALL_LISTS)
        }
    };
    let reader = Reader {
        client,
        shapes: Mutex::default(),
        found: Mutex::new(Found {
            listing: Listing::default(),
            progress: Progress { lists: targets.len(), ..Progress::default() },
        }),
        silence: Silence::default(),
        tell: &progress,
    };
    if let Scope::Named(names) = scope {
        let empty = names.iter().map(|name| (name.clone(), Inventory::default()));
        reader.found.lock().listing.inventories.extend(empty);
    }
    let reads = targets.iter().enumerate().map(|(index, target)| {
        let read = reader.read(*target);
        async move { (index, read.await) }
    });
    let mut ended: Vec<_> =
        stream::iter(reads.collect::<Vec<_>>()).buffer_unordered(at_a_time).collect().await;
    ended.sort_by_key(|(index, _)| *index);
    let ended = targets.iter().zip(ended).map(|(target, (_, end))| (*target, end));
    conclude(reader, ended)
}

/// Notes how each of the lists ended.
fn conclude<'a>(
    reader: Reader<'_>,
    ended: impl Iterator<Item = (Target<'a>, Result<String, ReadError>)>,
) -> Listing {
    let mut listing = reader.found.into_inner().listing;
    listing.shapes = reader.shapes.into_inner();
    for ((resource, namespace), end) in ended {
        match (end, namespace) {
            (Ok(version), None) => drop(listing.versions.insert(resource, version)),
            (Ok(_), Some(_)) => {}
            (Err(error), namespace) => {
                for (name, inventory) in &mut listing.inventories {
                    if namespace.is_none_or(|namespace| namespace == name) {
                        inventory.miss(resource.name());
                    }
                }
                let namespace = namespace.map(ToOwned::to_owned);
                listing.problems.push(Problem { resource, namespace, error });
            }
        }
    }
    listing
}

/// What is found by all lists together.
struct Found {
    listing: Listing,
    progress: Progress,
}

struct Reader<'a> {
    client: &'a Client,
    shapes: Mutex<Shapes>,
    found: Mutex<Found>,
    silence: Silence,
    tell: &'a (dyn Fn(Progress) + Send + Sync),
}

impl Reader<'_> {
    /// Reads one list, with a few tries; gives the version that it is of.
    async fn read(&self, target: Target<'_>) -> Result<String, ReadError> {
        let end = if self.silence.is_total() { Err(ReadError::Unasked) } else { self.ask(target).await };
        self.advance(|progress| progress.lists_done += 1);
        end
    }

    async fn ask(&self, target: Target<'_>) -> Result<String, ReadError> {
        let mut manner = Manner::Whole;
        let (mut failures, mut silences) = (0, 0);
        let mut was_answered = false;
        let end = loop {
            let mut pages = Pages::new(self.client, &self.shapes, target, &Age::Any, manner);
            let mut taken = 0;
            let error = match self.take_all(&mut pages, &mut taken).await {
                Ok(version) => break Ok(version),
                Err(error) => error,
            };
            was_answered |= pages.has_begun() || !is_silence(&error);
            failures += 1;
            silences += u32::from(matches!(error, ReadError::Silent(_)));
            let again = failures < TRIES && silences < SILENCES && !self.silence.is_total();
            let wait = wait_after(&error, failures).filter(|_| again);
            let Some(wait) = wait else { break Err(error) };
            tracing::debug!(list = target.0.name(), namespace = target.1, %error, "a list is asked for again");
            if pages.has_begun() {
                manner = Manner::Paged;
            }
            self.forget(target, taken);
            tokio::time::sleep(wait).await;
        };
        self.silence.ended(end.is_ok() || was_answered);
        end
    }

    async fn take_all(&self, pages: &mut Pages<'_>, taken: &mut usize) -> Result<String, ReadError> {
        loop {
            match pages.next().await? {
                Piece::Objects(objects, bytes) => {
                    *taken += objects.len();
                    let count = objects.len();
                    self.take(objects);
                    self.advance(|progress| {
                        progress.objects += count;
                        progress.bytes += bytes as u64;
                    });
                }
                Piece::End(version) => return Ok(version),
            }
        }
    }

    fn take(&self, objects: Vec<(String, Observed)>) {
        let inventories = &mut self.found.lock().listing.inventories;
        for (namespace, observed) in objects {
            observed.put_into(inventories.entry(namespace).or_default());
        }
    }

    /// Lets go of what a list brought that broke: it may be gone by the time of the next.
    fn forget(&self, (resource, namespace): Target<'_>, taken: usize) {
        let mut found = self.found.lock();
        let inventories = found.listing.inventories.iter_mut();
        for (_, inventory) in
            inventories.filter(|(name, _)| namespace.is_none_or(|concerned| concerned == *name))
        {
            resource.retain_in(inventory, |_| false);
        }
        found.progress.objects -= taken;
    }

    fn advance(&self, change: impl FnOnce(&mut Progress)) {
        let mut found = self.found.lock();
        change(&mut found.progress);
        let progress = found.progress;
        drop(found);
        (self.tell)(progress);
    }
}

/// How many lists in a row have ended without any answer.
#[derive(Debug, Default)]
struct Silence(Mutex<u32>);

impl Silence {
    /// Notes that a list has ended, one way or the other.
    fn ended(&self, was_answered: bool) {
        let mut unanswered = self.0.lock();
        *unanswered = if was_answered { 0 } else { unanswered.saturating_add(1) };
    }

    /// Whether the API server is away.
    fn is_total(&self) -> bool {
        *self.0.lock() >= UNANSWERED
    }
}

/// How long to wait before a list is asked for again that failed so many times; nothing when that would be in vain.
fn wait_after(error: &ReadError, failures: u32) -> Option<Duration> {
    let own = listing_delay(failures);
    match error {
        // 410: the moment that the pages are of is too long ago.
        ReadError::Refused { code: 410 | 429 | 500.., retry_after, .. } => {
            Some(own.max(retry_after.unwrap_or_default().min(LONGEST_REST)))
        }
        ReadError::Broken(BrokenAnswer::Early | BrokenAnswer::NoList(_)) | ReadError::Silent(_) => Some(own),
        ReadError::Failed(error) if is_of_the_connection(error) => Some(own),
        ReadError::Refused { .. }
        | ReadError::Broken(BrokenAnswer::TooLarge | BrokenAnswer::Unidentified(_))
        | ReadError::Failed(_)
        | ReadError::Unasked => None,
    }
}

/// Whether nothing came of the API server.
fn is_silence(error: &ReadError) -> bool {
    match error {
        ReadError::Silent(_) => true,
        ReadError::Failed(error) => is_of_the_connection(error),
        ReadError::Refused { .. } | ReadError::Broken(_) | ReadError::Unasked => false,
    }
}

fn is_of_the_connection(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Service(_) | kube::Error::HyperError(_))
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
