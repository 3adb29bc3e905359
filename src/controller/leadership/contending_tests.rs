use http::{Method, Request, Response};
use jiff::{SignedDuration, Timestamp};
use kube::{Client, client::Body};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{super::standing::tests::Settable, *};

/// How an API server behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mood {
    #[default]
    Well,
    /// It has too much to do.
    Refusing(u16),
    /// It takes what is asked, and never answers.
    Hanging,
}

/// An API server that has one Lease.
#[derive(Debug, Default)]
struct Server {
    lease: Option<Value>,
    version: u64,
    writes: usize,
    mood: Mood,
}

impl Server {
    fn answer(&mut self, method: &Method, body: &[u8]) -> (u16, Value) {
        if let Mood::Refusing(code) = self.mood {
            return status(code);
        }
        let sent = || serde_json::from_slice::<Value>(body).unwrap();
        let is_new = match *method {
            Method::GET => return self.lease.clone().map_or_else(|| status(404), |lease| (200, lease)),
            Method::POST if self.lease.is_some() => return status(409),
            Method::POST => true,
            Method::PUT => {
                let Some(lease) = &self.lease else { return status(404) };
                if lease["metadata"]["resourceVersion"] != sent()["metadata"]["resourceVersion"] {
                    return status(409);
                }
                false
            }
            _ => panic!("{method}"),
        };
        self.writes += 1;
        self.set(sent());
        (if is_new { 201 } else { 200 }, self.lease.clone().unwrap())
    }

    fn set(&mut self, mut lease: Value) {
        self.version += 1;
        lease["metadata"]["resourceVersion"] = self.version.to_string().into();
        self.lease = Some(lease);
    }
}

fn status(code: u16) -> (u16, Value) {
    let reason = if code == 404 { "NotFound" } else { "Other" };
    let said = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "no", "reason": reason, "code": code,
    });
    (code, said)
}

/// A cluster in virtual time.
#[derive(Clone, Default)]
struct Stage(Arc<Mutex<Server>>);

/// A replica.
struct Replica {
    leadership: Leadership,
    clock: Arc<Settable>,
    resign: CancellationToken,
    claim: Arc<Mutex<Option<Watch>>>,
    running: JoinHandle<Ending>,
}

impl Stage {
    fn client(&self) -> Client {
        let server = Arc::clone(&self.0);
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = Arc::clone(&server);
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect_bytes().await.unwrap();
                let is_well = server.lock().mood != Mood::Hanging;
                // What hangs may have been done all the same.
                let (code, answer) = server.lock().answer(&parts.method, &body);
                if !is_well {
                    std::future::pending::<()>().await;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
                let answer =
                    Response::builder().status(code).body(Body::from(answer.to_string().into_bytes()));
                Ok::<_, std::convert::Infallible>(answer.unwrap())
            }
        });
        Client::new(service, "default")
    }

    fn replica(&self, name: &str) -> Replica {
        let clock = Arc::new(Settable::new());
        let leadership = Leadership::new(Arc::clone(&clock) as _);
        let place = Place { namespace: "podsec-system".into(), name: "podsec".into() };
        let api = Api::namespaced(self.client(), &place.namespace);
        let claim = Arc::new(Mutex::new(None));
        let claimed = Arc::clone(&claim);
        let terms = Terms::default();
        let contender = Contender::new(
            api,
            place,
            (terms, Candidate::new(name.into(), terms, 1)),
            leadership.clone(),
            Arc::new(move || *claimed.lock()),
        );
        let resign = CancellationToken::new();
        let running = tokio::spawn(contender.contend(resign.clone()));
        Replica { leadership, clock, resign, claim, running }
    }

    fn holder(&self) -> String {
        self.0.lock().lease.as_ref().unwrap()["spec"]["holderIdentity"].as_str().unwrap().to_owned()
    }

    fn has(&self, mood: Mood) {
        self.0.lock().mood = mood;
    }

    fn annotation(&self, key: &str) -> Option<Timestamp> {
        let server = self.0.lock();
        let lease = server.lease.as_ref()?;
        lease["metadata"]["annotations"][key].as_str()?.parse().ok()
    }
}

impl Replica {
    /// How long it takes until it leads.
    async fn leads_after(&self) -> Duration {
        let begun = Instant::now();
        let begins = timeout(Duration::from_mins(10), self.leadership.begins());
        begins.await.expect("it leads in the end").unwrap();
        begun.elapsed()
    }
}

async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn one_leads_and_renews_and_the_other_only_looks() {
    let stage = Stage::default();
    let first = stage.replica("first");
    assert!(first.leads_after().await < Duration::from_millis(100));
    let second = stage.replica("second");
    pass(600).await;
    assert!(first.leadership.holds() && !second.leadership.holds());
    assert_eq!(stage.holder(), "first");
    let writes = stage.0.lock().writes;
    assert!((300..=380).contains(&writes), "{writes} in ten minutes");
}

#[tokio::test(start_paused = true)]
async fn what_is_given_back_is_taken_without_waiting_for_it_to_run_out() {
    let stage = Stage::default();
    let first = stage.replica("first");
    first.leads_after().await;
    let second = stage.replica("second");
    pass(60).await;
    first.resign.cancel();
    assert!(second.leads_after().await <= Terms::RETRY + Duration::from_millis(100));
    assert_eq!(first.running.await.unwrap(), Ending::Released);
    assert!(!first.leadership.holds());
    pass(60).await;
    assert!(second.leadership.holds());
}

#[tokio::test(start_paused = true)]
async fn who_stands_by_goes_without_touching_the_lease() {
    let stage = Stage::default();
    let first = stage.replica("first");
    first.leads_after().await;
    let second = stage.replica("second");
    pass(60).await;
    second.resign.cancel();
    assert_eq!(second.running.await.unwrap(), Ending::Released);
    assert_eq!(stage.holder(), "first");
}

#[tokio::test(start_paused = true)]
async fn who_stands_by_goes_at_once_while_nothing_answers() {
    let stage = Stage::default();
    let first = stage.replica("first");
    first.leads_after().await;
    let second = stage.replica("second");
    pass(60).await;
    stage.has(Mood::Hanging);
    pass(3).await;
    let told = Instant::now();
    second.resign.cancel();
    assert_eq!(second.running.await.unwrap(), Ending::Released);
    assert!(told.elapsed() < Duration::from_millis(100), "{:?}", told.elapsed());
}

#[tokio::test(start_paused = true)]
async fn one_that_dies_is_followed_after_the_lease_and_a_retry_period_at_most() {
    let stage = Stage::default();
    let first = stage.replica("first");
    first.leads_after().await;
    let second = stage.replica("second");
    pass(61).await;
    first.running.abort();
    let took = second.leads_after().await;
    assert!(took <= Terms::LEASE + Terms::RETRY + Duration::from_millis(100), "{took:?}");
    assert!(took + Terms::RETRY + Duration::from_millis(100) >= Terms::LEASE, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_hangs_costs_the_lease_before_anybody_else_has_it() {
    let stage = Stage::default();
    let first = stage.replica("first");
    first.leads_after().await;
    let second = stage.replica("second");
    pass(60).await;
    stage.has(Mood::Hanging);
    let begun = Instant::now();
    assert_eq!(first.running.await.unwrap(), Ending::Expired);
    assert!(!first.leadership.holds());
    assert!(begun.elapsed() <= Terms::RENEW_DEADLINE, "{:?}", begun.elapsed());
    pass(300).await;
    assert!(!second.leadership.holds(), "it has not heard that it has it");
    stage.has(Mood::Well);
    assert!(second.leads_after().await <= Terms::LEASE + Terms::RETRY + Terms::default().request());
}

#[tokio::test(start_paused = true)]
async fn an_api_server_that_refuses_for_a_while_does_not_cost_the_lease() {
    for code in [429, 403, 500, 503] {
        let stage = Stage::default();
        let first = stage.replica("first");
        first.leads_after().await;
        pass(60).await;
        stage.has(Mood::Refusing(code));
        pass(7).await;
        stage.has(Mood::Well);
        pass(60).await;
        assert!(first.leadership.holds(), "after {code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_taken_away_is_noticed_at_the_next_renewal() {
    let stage = Stage::default();
    let first = stage.replica("first");
    first.leads_after().await;
    pass(60).await;
    {
        let mut server = stage.0.lock();
        let mut lease = server.lease.clone().unwrap();
        lease["spec"]["holderIdentity"] = "somebody".into();
        server.set(lease);
    }
    let begun = Instant::now();
    assert_eq!(first.running.await.unwrap(), Ending::Taken(Some("somebody".into())));
    assert!(begun.elapsed() <= Terms::RETRY + Duration::from_millis(100));
    assert_eq!(stage.holder(), "somebody");
}

#[tokio::test(start_paused = true)]
async fn what_others_write_into_the_lease_stays_and_costs_nothing() {
    let stage = Stage::default();
    let first = stage.replica("first");
    first.leads_after().await;
    for round in 0..20 {
        {
            let mut server = stage.0.lock();
            let mut lease = server.lease.clone().unwrap();
            lease["metadata"]["annotations"]["note"] = round.to_string().into();
            server.set(lease);
        }
        pass(3).await;
    }
    assert!(first.leadership.holds());
    let server = stage.0.lock();
    assert_eq!(server.lease.as_ref().unwrap()["metadata"]["annotations"]["note"], "19");
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_deleted_is_put_back_by_who_has_it() {
    let stage = Stage::default();
    let first = stage.replica("first");
    first.leads_after().await;
    let second = stage.replica("second");
    pass(60).await;
    stage.0.lock().lease = None;
    pass(60).await;
    assert_eq!(stage.holder(), "first");
    assert!(first.leadership.holds() && !second.leadership.holds());
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_costs_a_retry_period_and_not_the_lease() {
    let stage = Stage::default();
    let first = stage.replica("first");
    first.leads_after().await;
    let second = stage.replica("second");
    for seconds in [86_400, -172_800, 40] {
        pass(61).await;
        first.clock.set_by(seconds);
        second.clock.set_by(-seconds);
        assert!(!first.leadership.holds());
        tokio::time::sleep(Terms::RETRY + Duration::from_millis(100)).await;
        assert!(first.leadership.holds(), "after {seconds} s");
        assert!(!second.leadership.holds());
    }
}

#[tokio::test(start_paused = true)]
async fn the_lease_tells_the_next_one_who_watched() {
    let stage = Stage::default();
    let first = stage.replica("first");
    first.leads_after().await;
    assert_eq!(stage.annotation(crate::cluster::lease::WATCHED_SINCE), None, "it has not begun to");
    let since = first.leadership.now().time_of_day;
    for seconds in 0..60 {
        let until = since.checked_add(SignedDuration::from_secs(seconds)).unwrap();
        *first.claim.lock() = Some(Watch { since, until });
        pass(1).await;
    }
    let watch = *first.claim.lock();
    first.resign.cancel();
    assert_eq!(first.running.await.unwrap(), Ending::Released);

    let second = stage.replica("second");
    assert_eq!(second.leadership.begins().await, Ok(watch));
    // As long as it has nothing to say itself, the next one finds what it found.
    pass(20).await;
    second.running.abort();
    let third = stage.replica("third");
    assert_eq!(third.leadership.begins().await, Ok(watch));
}
