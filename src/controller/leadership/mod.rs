//! Which replica leads: the one that holds the lease, as long as the clocks say that it does.
//!
//! | | |
//! | --- | --- |
//! | what is to be done about the lease | pure, in `cluster::lease` |
//! | doing it, on a thread and with a client of its own | [`contending`] |
//! | whether this replica leads right now | [`standing`], by the clocks of [`clock`] |
//! | that nothing is written otherwise | [`fence`] |

mod clock;
mod contending;
mod fence;
mod standing;

use std::{fmt, io, sync::Arc};

use k8s_openapi::api::coordination::v1::Lease;
use kube::{Api, Client, api::ObjectMeta};
use tokio_util::sync::{CancellationToken, DropGuard};

use self::contending::{Claim, Contender};
pub use self::{
    clock::{Clock, Reading, SystemClock},
    standing::Ending,
};
pub(super) use self::{fence::fenced, standing::Leadership};
use super::metrics::{Calls, counted};
use crate::cluster::{
    backoff::random,
    lease::{Candidate, Terms},
};

/// The longest name of a replica that is made part of its identity.
const LONGEST_NAME: usize = 128;

/// Where the lease is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl Place {
    fn metadata(&self) -> ObjectMeta {
        ObjectMeta {
            name: Some(self.name.clone()),
            namespace: Some(self.namespace.clone()),
            labels: Some([("app.kubernetes.io/name".to_owned(), "podsec".to_owned())].into()),
            ..ObjectMeta::default()
        }
    }

    fn lease(&self) -> Lease {
        Lease { metadata: self.metadata(), spec: None }
    }
}

/// An election to take part in.
pub struct Election {
    /// Where the lease is.
    pub place: Place,
    /// How long it lasts.
    pub terms: Terms,
    /// The name of this replica; what makes it unique is added.
    pub name: String,
    /// Makes the client that asks for the lease, which nothing else uses: so that neither a limit nor a connection that
    /// hangs costs the lease.
    pub client: Box<dyn FnOnce() -> kube::Result<Client> + Send>,
    /// What it is checked against.
    pub clock: Arc<dyn Clock>,
}

impl Election {
    /// The same, with the requests for the lease counted.
    pub(super) fn counting(self, calls: &Calls) -> Self {
        let (client, calls) = (self.client, calls.clone());
        Self { client: Box::new(move || Ok(counted(client()?, &calls))), ..self }
    }
}

impl fmt::Debug for Election {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, terms, name, client: _, clock } = self;
        let mut election = f.debug_struct("Election");
        election.field("place", place).field("terms", terms).field("name", name).field("clock", clock);
        election.finish_non_exhaustive()
    }
}

/// A part in an election. When it is dropped, the lease is no longer renewed, and runs out.
#[derive(Debug)]
pub(super) struct Candidacy {
    pub(super) leadership: Leadership,
    pub(super) terms: Terms,
    resign: CancellationToken,
    done: CancellationToken,
    _abandon: DropGuard,
}

impl Election {
    /// Takes part, on a thread of its own: whatever the others do, the lease is renewed.
    ///
    /// # Errors
    ///
    /// When there can be no thread.
    pub(super) fn begin(self, claim: Claim) -> io::Result<Candidacy> {
        let Self { place, terms, name, client, clock } = self;
        let leadership = Leadership::new(clock);
        let [resign, abandon, done] = [(); 3].map(|()| CancellationToken::new());
        let candidacy = Candidacy {
            leadership: leadership.clone(),
            terms,
            resign: resign.clone(),
            done: done.clone(),
            _abandon: abandon.clone().drop_guard(),
        };
        let identity = identity(&name);
        tracing::info!(lease = %place, identity, ?terms, "takes part in the election of a leader");
        let candidate = Candidate::new(identity, terms, random());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let log = tracing::dispatcher::get_default(Clone::clone);
        let contend = async move {
            let client = match client() {
                Ok(client) => client,
                Err(error) => return Ending::Unusable(error.to_string()),
            };
            let api = Api::namespaced(client, &place.namespace);
            Contender::new(api, place, (terms, candidate), leadership.clone(), claim).contend(resign).await
        };
        let told = candidacy.leadership.clone();
        std::thread::Builder::new().name("lease".into()).spawn(move || {
            let _done = done.drop_guard();
            tracing::dispatcher::with_default(&log, || {
                let ending = runtime.block_on(abandon.run_until_cancelled(contend));
                told.over(ending.unwrap_or(Ending::Released));
            });
        })?;
        Ok(candidacy)
    }
}

impl Candidacy {
    /// Gives the lease back. Whatever is to be written must have been.
    pub(super) async fn resign(&self) {
        self.resign.cancel();
        self.done.cancelled().await;
    }
}

/// A name that no other life of any replica has.
fn identity(name: &str) -> String {
    let name: String = name.chars().take(LONGEST_NAME).collect();
    format!("{name}_{:016x}", random())
}
