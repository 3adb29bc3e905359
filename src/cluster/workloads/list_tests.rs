use std::{collections::BTreeSet, sync::Arc};

use tokio::time::Instant;

use super::*;
use crate::cluster::workloads::answer::IDLE;
use crate::cluster::workloads::testing::{Reply, list_of, pod, server};

/// A server that lists nothing but what is said of a path, one reply after the other; the last one stays.
fn scripted(
    path: &str,
    replies: Vec<Reply>,
) -> (Client, impl Fn() -> Vec<String>, super::super::testing::Asked) {
    let (path, mut replies) = (path.to_owned(), replies.into_iter());
    let of_path = path.clone();
    let mut last = None;
    let (client, asked) = server(move |uri| {
        if uri.split('?').next() != Some(path.as_str()) {
            return Some(Reply::of(list_of("1", &[])));
        }
        last = replies.next().or_else(|| last.take());
        last.clone()
    });
    let counted = asked.clone();
    let of_it = move || {
        let all = counted.uris();
        all.into_iter().filter(|uri| uri.split('?').next() == Some(of_path.as_str())).collect()
    };
    (client, of_it, asked)
}

async fn listed(client: &Client) -> Listing {
    list(client, &Scope::All, |_| {}).await
}

fn names(listing: &mut Listing, namespace: &str) -> (usize, Vec<String>) {
    let inventory = listing.take(namespace);
    (inventory.pods(), inventory.missing().map(ToOwned::to_owned).collect())
}

fn problems(listing: &Listing) -> Vec<String> {
    listing.problems.iter().map(ToString::to_string).collect()
}

#[tokio::test(start_paused = true)]
async fn everything_is_asked_for_once_and_whole() {
    let (client, asked) = server(|uri| {
        let items = if uri.starts_with("/api/v1/pods") {
            vec![pod("a", "p", "5"), pod("b", "p", "6")]
        } else {
            vec![]
        };
        Some(Reply::of(list_of("7", &items)))
    });
    let mut listing = listed(&client).await;
    let expected: BTreeSet<_> =
        Resource::ALL.iter().map(|resource| format!("{}?resourceVersion=0", resource.path(None))).collect();
    let uris = asked.uris();
    assert_eq!(uris.len(), expected.len());
    assert_eq!(uris.into_iter().collect::<BTreeSet<_>>(), expected);
    assert_eq!(problems(&listing), Vec::<String>::new());
    assert_eq!(listing.versions.len(), Resource::ALL.len());
    assert!(listing.versions.values().all(|version| version == "7"));
    assert_eq!((listing.pods(), listing.shapes.len()), (2, 1));
    assert_eq!(names(&mut listing, "a"), (1, vec![]));
    assert_eq!(names(&mut listing, "nowhere"), (0, vec![]));
}

#[tokio::test(start_paused = true)]
async fn named_namespaces_are_asked_for_one_by_one() {
    let (client, asked) = server(|uri| {
        Some(if uri.contains("/namespaces/b/") {
            Reply::refused(403, "pods is forbidden")
        } else if uri.contains("/namespaces/a/pods") {
            Reply::of(list_of("7", &[pod("a", "p", "5")]))
        } else {
            Reply::of(list_of("7", &[]))
        })
    });
    let scope = Scope::Named(["a", "b"].map(ToOwned::to_owned).into());
    let mut listing = list(&client, &scope, |_| {}).await;
    assert_eq!(asked.uris().len(), 2 * Resource::ALL.len());
    assert!(asked.uris().contains(&"/apis/batch/v1/namespaces/a/jobs?resourceVersion=0".to_owned()));
    let problems = problems(&listing);
    assert_eq!(problems.len(), Resource::ALL.len());
    assert_eq!(problems[0], "cannot list pods in namespace b: pods is forbidden");
    assert!(listing.versions.is_empty());
    assert_eq!(names(&mut listing, "a"), (1, vec![]));
    let mut all = Resource::ALL.map(|resource| resource.name().to_owned());
    all.sort();
    assert_eq!(names(&mut listing, "b"), (0, all.to_vec()));
}

#[tokio::test(start_paused = true)]
async fn a_name_cannot_lead_elsewhere() {
    let (client, asked) = server(|_| Some(Reply::refused(404, "not found")));
    let scope = Scope::Named(["../../x?y=".to_owned()].into());
    list(&client, &scope, |_| {}).await;
    assert_eq!(asked.uris()[0], "/api/v1/namespaces/..%2F..%2Fx%3Fy%3D/pods?resourceVersion=0");
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_read_is_missing_everywhere_and_asked_for_once() {
    for code in [401, 403, 404] {
        let (client, of_jobs, _) =
            scripted("/apis/batch/v1/jobs", vec![Reply::refused(code, "no jobs for you")]);
        let mut listing = listed(&client).await;
        assert_eq!(of_jobs().len(), 1);
        assert_eq!(problems(&listing), ["cannot list jobs: no jobs for you"]);
        assert_eq!(listing.problems[0].error.code(), Some(code));
        assert_eq!(names(&mut listing, "anywhere"), (0, vec!["jobs".to_owned()]));
        assert!(!listing.versions.contains_key(&listing.problems[0].resource));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_the_moment_is_asked_for_again_when_the_server_says() {
    let whole = Reply::of(list_of("7", &[pod("a", "p", "5")]));
    let (client, of_pods, asked) = scripted(
        "/api/v1/pods",
        vec![
            Reply::refused(429, "too many requests").retry_after(20),
            Reply::refused(500, "etcdserver: leader changed"),
            whole,
        ],
    );
    let begun = Instant::now();
    let mut listing = listed(&client).await;
    assert_eq!((of_pods().len(), listing.problems.len()), (3, 0));
    assert!(begun.elapsed() >= Duration::from_secs(20), "{:?}", asked.pauses());
    assert_eq!(names(&mut listing, "a"), (1, vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_for_good_is_not_asked_for_ever() {
    let (client, of_pods, _) =
        scripted("/api/v1/pods", vec![Reply::refused(503, "apiserver not ready").retry_after(100_000)]);
    let begun = Instant::now();
    let mut listing = listed(&client).await;
    assert_eq!(of_pods().len(), TRIES as usize);
    assert!(begun.elapsed() < LONGEST_REST * TRIES);
    assert_eq!(problems(&listing), ["cannot list pods: apiserver not ready"]);
    assert_eq!(names(&mut listing, "a"), (0, vec!["pods".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_breaks_is_read_anew_in_pages() {
    let text = list_of("7", &[pod("a", "gone", "5"), pod("a", "kept", "5")]);
    let (half, _) = text.split_at(text.len() - 9);
    let page = |more: &str, name: &str| {
        let list = serde_json::json!({"metadata": {"resourceVersion": "8", "continue": more}, "items": [pod("a", name, "5")]});
        Reply::of(list.to_string())
    };
    let (client, of_pods, _) =
        scripted("/api/v1/pods", vec![Reply::of(half).then_breaks(), page("b+c", "kept"), page("", "new")]);
    let mut listing = listed(&client).await;
    assert_eq!(
        of_pods(),
        ["/api/v1/pods?resourceVersion=0", "/api/v1/pods?limit=500", "/api/v1/pods?limit=500&continue=b%2Bc"]
    );
    assert_eq!(problems(&listing), Vec::<String>::new());
    assert_eq!(listing.versions[&Resource::Pods], "8");
    let inventory = listing.take("a");
    let expected = {
        let mut expected = Inventory::default();
        for name in ["kept", "new"] {
            let text = pod("a", name, "5").to_string();
            let read = crate::cluster::workloads::reading::read(
                Resource::Pods,
                text.as_bytes(),
                &mut listing.shapes,
            );
            read.unwrap().1.put_into(&mut expected);
        }
        expected
    };
    assert_eq!(format!("{inventory:?}"), format!("{expected:?}"));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_ends_early_is_never_a_short_one() {
    let text = list_of("7", &[pod("a", "p", "5"), pod("a", "q", "5")]);
    for length in [0, 1, text.len() / 2, text.len() - 2, text.len() - 1] {
        let (client, of_pods, _) = scripted("/api/v1/pods", vec![Reply::of(&text[..length])]);
        let mut listing = listed(&client).await;
        let asked = of_pods();
        assert_eq!(asked.len(), TRIES as usize);
        assert!(asked[0].ends_with("resourceVersion=0") && asked[1].ends_with("limit=500"), "{asked:?}");
        assert_eq!(problems(&listing), ["cannot list pods: the answer ended early"]);
        assert_eq!(names(&mut listing, "a").1, ["pods"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_may_take_long_as_long_as_something_comes() {
    let text = list_of("7", &[pod("a", "p", "5")]);
    let slow = |seconds| {
        let pause = Duration::from_secs(seconds);
        let (first, last) = text.split_at(100);
        let mut reply = Reply::of("");
        for piece in first.split_inclusive(|_| true) {
            reply = reply.then(piece).then_nothing(pause);
        }
        reply.then(last)
    };
    let (client, of_pods, _) = scripted("/api/v1/pods", vec![slow(IDLE.as_secs() - 1)]);
    let listing = listed(&client).await;
    assert_eq!((of_pods().len(), problems(&listing).len()), (1, 0));
    let (client, of_pods, _) = scripted("/api/v1/pods", vec![slow(IDLE.as_secs() + 1)]);
    let listing = listed(&client).await;
    assert_eq!(of_pods().len(), SILENCES as usize);
    assert_eq!(problems(&listing), ["cannot list pods: nothing came for 30 s"]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_given_up() {
    let (client, asked) = server(|_| None);
    let mut listing = listed(&client).await;
    // Those that are begun while the first come to their end are not tried again.
    let begun = UNANSWERED as usize * SILENCES as usize + WHOLE_LISTS - 1;
    assert!(asked.uris().len() <= begun, "{:?}", asked.uris());
    let is_unasked = |problem: &&Problem| matches!(problem.error, ReadError::Unasked);
    assert_eq!(listing.problems.len(), Resource::ALL.len());
    assert!(listing.problems.iter().filter(is_unasked).count() >= 4, "{:?}", problems(&listing));
    let last = "cannot list replicationcontrollers: not asked for, since the API server answers no list";
    assert_eq!(problems(&listing).last().unwrap(), last);
    assert_eq!(names(&mut listing, "anywhere").1.len(), Resource::ALL.len(), "missing like all others");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_be_reached_is_given_up() {
    let names: BTreeSet<_> = (0..100).map(|number| format!("n{number}")).collect();
    for (scope, lists, at_a_time) in [
        (Scope::All, Resource::ALL.len(), WHOLE_LISTS),
        (Scope::Named(names.clone()), Resource::ALL.len() * names.len(), SMALL_LISTS),
    ] {
        let asked = Arc::new(Mutex::new(0));
        let counted = Arc::clone(&asked);
        let service = tower::service_fn(move |_: http::Request<kube::client::Body>| {
            *counted.lock() += 1;
            let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
            std::future::ready(Err::<http::Response<kube::client::Body>, _>(refused))
        });
        let listing = list(&Client::new(service, "default"), &scope, |_| {}).await;
        assert_eq!(listing.problems.len(), lists);
        let asked = *asked.lock();
        assert!(asked <= (at_a_time + UNANSWERED as usize - 1) * TRIES as usize, "{asked}");
        assert!(problems(&listing)[0].ends_with("connection refused"), "{}", problems(&listing)[0]);
    }
}

#[test]
fn any_answer_shows_that_the_server_is_there() {
    let silence = Silence::default();
    for was_answered in [false, false, true, false, false] {
        silence.ended(was_answered);
        assert!(!silence.is_total());
    }
    silence.ended(false);
    assert!(silence.is_total());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_is_not_away() {
    for code in [403, 404, 429] {
        let (client, asked) = server(move |_| Some(Reply::refused(code, "no")));
        let listing = listed(&client).await;
        assert!(asked.uris().len() >= Resource::ALL.len());
        assert!(listing.problems.iter().all(|problem| problem.error.code() == Some(code)));
    }
}

#[tokio::test(start_paused = true)]
async fn one_object_without_a_name_makes_the_list_incomplete_and_hides_no_other() {
    let mut nameless = pod("a", "p", "5");
    nameless["metadata"]["name"] = serde_json::Value::Null;
    let (client, of_pods, _) =
        scripted("/api/v1/pods", vec![Reply::of(list_of("7", &[nameless, pod("a", "q", "5")]))]);
    let mut listing = listed(&client).await;
    assert_eq!(of_pods().len(), 1);
    assert_eq!(
        problems(&listing),
        ["cannot list pods: an object cannot be told from others: metadata.name is missing"]
    );
    assert_eq!(names(&mut listing, "a"), (1, vec!["pods".to_owned()]));
}

#[tokio::test(start_paused = true)]
async fn progress_is_told_as_it_is_made() {
    let (client, _) = server(|uri| {
        let items = if uri.starts_with("/api/v1/pods") {
            vec![pod("a", "p", "5"), pod("b", "p", "6")]
        } else {
            vec![]
        };
        Some(Reply::of(list_of("7", &items)))
    });
    let told = Arc::new(Mutex::new(Vec::new()));
    list(&client, &Scope::All, |progress| told.lock().push(progress)).await;
    let told = told.lock();
    assert!(told.iter().all(|progress| progress.lists == Resource::ALL.len()));
    let last = told.last().unwrap();
    assert_eq!((last.objects, last.lists_done), (2, Resource::ALL.len()));
    assert!(last.bytes > 0);
    assert!(told.is_sorted_by_key(|progress| (progress.lists_done, progress.bytes)));
}

#[test]
fn a_listing_can_be_made_in_the_background() {
    fn is_sent<T: Send>(_: T) {}
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _inside = runtime.enter();
    let (client, _) = server(|_| None);
    is_sent(async move { list(&client, &Scope::All, |_| {}).await });
}
