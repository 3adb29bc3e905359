//! What keeps a replica from writing that does not lead: a client through which nothing else is written.

use http::{Method, Request, Response};
use kube::{Client, client::Body};

use super::standing::Leadership;

/// A write that was not sent, or whose answer is not waited for any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this replica does not lead at the moment")]
struct NotLeading;

/// A client that reads as the given one, and writes only while this replica leads: each write is checked against the
/// clocks just before it is sent, and dropped when leadership ends before its answer comes.
///
/// All writes of the controller go through here, so that none can be forgotten. What was handed to the network when the
/// process was stopped may still arrive: for namespaces the version that each write replaces keeps that from doing harm.
pub(in super::super) fn fenced(client: Client, leadership: Leadership) -> Client {
    let namespace = client.default_namespace().to_owned();
    let service = tower::service_fn(move |request: Request<Body>| {
        let (client, leadership) = (client.clone(), leadership.clone());
        async move { pass(&client, &leadership, request).await }
    });
    Client::new(service, namespace)
}

async fn pass(
    client: &Client,
    leadership: &Leadership,
    request: Request<Body>,
) -> Result<Response<Body>, Box<dyn std::error::Error + Send + Sync>> {
    if request.method() == Method::GET {
        return Ok(client.send(request).await?);
    }
    if !leadership.holds() {
        return Err(NotLeading.into());
    }
    tokio::select! {
        biased;
        _ = leadership.ends() => Err(NotLeading.into()),
        answer = client.send(request) => Ok(answer?),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use k8s_openapi::api::core::v1::Namespace;
    use kube::{
        Api,
        api::{DeleteParams, Patch, PatchParams, PostParams},
    };
    use tokio::time::Duration;

    use super::{
        super::standing::{Ending, tests::Settable},
        *,
    };

    const LASTS: Duration = Duration::from_secs(10);

    /// A client whose requests are counted and answered after a while.
    fn counted(after: Duration) -> (Client, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        let counting = Arc::clone(&count);
        let service = tower::service_fn(move |_: Request<Body>| {
            counting.fetch_add(1, Ordering::Relaxed);
            async move {
                tokio::time::sleep(after).await;
                let object = r#"{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}"#;
                Ok::<_, std::convert::Infallible>(Response::new(Body::from(object.as_bytes().to_vec())))
            }
        });
        (Client::new(service, "default"), count)
    }

    fn leadership() -> Leadership {
        Leadership::new(Arc::new(Settable::new()))
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_leader_writes_and_anybody_reads() {
        let (client, count) = counted(Duration::ZERO);
        let leadership = leadership();
        let api: Api<Namespace> = Api::all(fenced(client, leadership.clone()));
        let writes = async || {
            let body = Patch::Merge(serde_json::json!({}));
            let namespace = Namespace::default();
            [
                api.patch("a", &PatchParams::default(), &body).await.is_ok(),
                api.create(&PostParams::default(), &namespace).await.is_ok(),
                api.replace("a", &PostParams::default(), &namespace).await.is_ok(),
                api.delete("a", &DeleteParams::default()).await.is_ok(),
            ]
        };
        assert_eq!(writes().await, [false; 4]);
        assert!(api.get("a").await.is_ok());
        assert_eq!(count.load(Ordering::Relaxed), 1);
        leadership.renewed(leadership.now(), LASTS, None);
        assert_eq!(writes().await, [true; 4]);
        tokio::time::advance(LASTS).await;
        assert_eq!(writes().await, [false; 4]);
        assert_eq!(count.load(Ordering::Relaxed), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_is_under_way_when_leadership_ends_is_dropped() {
        let (client, _) = counted(Duration::from_mins(1));
        let leadership = leadership();
        let api: Api<Namespace> = Api::all(fenced(client, leadership.clone()));
        for is_told in [false, true] {
            leadership.renewed(leadership.now(), LASTS, None);
            let begun = tokio::time::Instant::now();
            let params = DeleteParams::default();
            let deleting = api.delete("a", &params);
            let telling = async {
                tokio::time::sleep(Duration::from_secs(1)).await;
                if is_told {
                    leadership.over(Ending::Expired);
                }
            };
            let (deleted, ()) = tokio::join!(deleting, telling);
            let text = deleted.unwrap_err().to_string();
            assert!(text.contains(&NotLeading.to_string()), "{text}");
            assert_eq!(begun.elapsed(), if is_told { Duration::from_secs(1) } else { LASTS });
        }
    }
}
