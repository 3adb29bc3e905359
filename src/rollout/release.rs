//! What becomes of a mode that no profile governs any more.

use jiff::Timestamp;

use super::{
    Completeness, FreezeReason, Namespace, NamespacePlan, Profiles, Settings, Verdict, decision::Situation,
    plan::plan, resolution::Standing,
};
use crate::{api::ReleasePolicy, standards::Mode};

/// Why keys are kept, in the name of `podsec-retained`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RetainReason {
    /// The profile is gone or stopped setting the mode, and its release policy is Retain.
    Policy,
    /// The namespace no longer matches the profile. A tenant can relabel: that must not remove anything.
    Left,
    /// The labels were written under an earlier CRD: that the profile is gone says nothing.
    EarlierCrd,
    /// Removing would weaken, and the controller runs with `--never-weaken`.
    NeverWeaken,
    /// The ledger does not say who wrote it.
    Unrecorded,
    /// Somebody else owns the level, too, and without its version it would say something else.
    Shared,
}

/// How podsec lets go of a mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Release {
    /// The keys stay, handed over to `podsec-retained`.
    Retain(RetainReason),
    /// The keys are withdrawn.
    Remove,
}

/// The plan by which podsec lets go of everything that it has on a namespace, as if all profiles had been deleted: by
/// what the notes there say of it. For a person who says so and has no controller.
pub fn let_go(namespace: &Namespace, now: Timestamp) -> NamespacePlan {
    let completeness = Completeness::Complete { crd_created: Timestamp::MIN };
    plan(namespace, &Profiles::new([], [], completeness), &Settings::default(), None, now)
}

/// How a mode that nobody governs is let go, or nothing when podsec has nothing there.
pub(super) fn release(mode: Mode, situation: &Situation<'_>) -> Option<Verdict> {
    let Situation { namespace, ledger, profiles, settings, .. } = situation;
    let author = ledger.profile_of(mode);
    if author.is_none() && namespace.owned_keys(mode).next().is_none() {
        return None;
    }
    if let Err(doubt) = profiles.complete() {
        return Some(Verdict::Freeze(FreezeReason::InDoubt(doubt)));
    }
    let Some(author) = author else {
        return Some(Verdict::Release(Release::Retain(RetainReason::Unrecorded)));
    };
    let how = match profiles.standing(author) {
        Standing::Deleted => {
            by_policy(profiles.policy_of_gone(author, ledger.on_release[mode.index()]), situation)
        }
        Standing::Listed(profile) if !profile.matches(namespace, settings) => {
            Release::Retain(RetainReason::Left)
        }
        Standing::Listed(profile) => by_policy(profile.release_policy, situation),
        Standing::Unreadable | Standing::Unlisted => {
            return Some(Verdict::Freeze(FreezeReason::Unreadable));
        }
    };
    let is_torn = how == Release::Remove && loses_its_version(mode, namespace);
    Some(Verdict::Release(if is_torn { Release::Retain(RetainReason::Shared) } else { how }))
}

/// Whether a level would stay, since somebody else owns it too, and its version go. The other way round nothing is lost: a
/// version without a level says nothing.
fn loses_its_version(mode: Mode, namespace: &Namespace) -> bool {
    let keys = mode.keys();
    let is_theirs = |key: &str| namespace.owners.foreign(key).is_some();
    is_theirs(keys.level) && namespace.label(keys.version).is_some() && !is_theirs(keys.version)
}

fn by_policy(policy: ReleasePolicy, situation: &Situation<'_>) -> Release {
    match policy {
        ReleasePolicy::Retain => Release::Retain(RetainReason::Policy),
        ReleasePolicy::Remove if situation.settings.never_weaken => {
            Release::Retain(RetainReason::NeverWeaken)
        }
        ReleasePolicy::Remove if !situation.written_under_this_crd() => {
            Release::Retain(RetainReason::EarlierCrd)
        }
        ReleasePolicy::Remove => Release::Remove,
    }
}
