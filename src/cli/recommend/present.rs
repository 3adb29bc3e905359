//! What the modes of namespaces are set to already: nothing weaker is recommended.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::{
    cluster::profiles::Listing,
    controller::{Changes, Preview},
    rollout::{Namespace, ServerView, Settings},
    standards::{LevelVersion, Mode, Policy},
};

/// The profiles that are there already.
#[derive(Debug)]
pub(super) struct Present {
    preview: Preview,
    /// The names that are taken.
    pub(super) names: BTreeSet<String>,
    /// Those that cannot be read: what they govern is not known.
    pub(super) unreadable: Vec<String>,
}

impl Present {
    /// Of a cluster whose API server is of this minor.
    pub(super) fn new(listing: Listing, minor: u32, settings: Settings) -> Self {
        let unreadable: Vec<_> = listing.unreadable.iter().map(|profile| profile.name.clone()).collect();
        let readable = listing.readable.iter().filter_map(|profile| profile.metadata.name.clone());
        let names = readable.chain(unreadable.iter().cloned()).collect();
        let server = ServerView { minor, watched_in_full: true };
        Self { preview: Preview::new(listing, Changes::default(), server, settings), names, unreadable }
    }
}

/// What a mode of a namespace is set to, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    /// A profile governs it.
    Governed { profile: String, asks: LevelVersion },
    /// No profile does, and there is a label.
    Labelled(LevelVersion),
}

/// What a mode of a namespace is set to; nothing where no profile governs it and there is no label that can be read.
pub(super) fn setting(
    present: Option<&Present>,
    mode: Mode,
    namespace: &Namespace,
    now: Timestamp,
) -> Option<Setting> {
    let governed = present.and_then(|Present { preview, .. }| {
        let winner = preview.profiles().winner(mode, namespace, &namespace.ledger(), preview.settings())?;
        let exemption = winner.profile.exemption(&namespace.name, now);
        let asks = winner.profile.wants(mode, exemption.as_ref())?;
        Some(Setting::Governed { profile: winner.profile.name.clone(), asks })
    });
    governed.or_else(|| {
        namespace.label(mode.keys().level)?;
        let (value, errors) = namespace.labelled(mode, &Policy::default());
        errors.is_empty().then_some(Setting::Labelled(value))
    })
}
