//! What may be decided about one mode of one namespace, and why.

use std::sync::Arc;

use jiff::Timestamp;

use super::{ActiveExemption, Contest, release::Release};
use crate::standards::{LevelVersion, Mode};

/// Why a write lowers what is effective. There is no other cause for which podsec does so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WeakenCause {
    /// The profile that wrote the value now asks for less.
    Edited,
    /// The profile that wrote the value has an exemption for the namespace.
    Exempted,
    /// The profile that wrote the value was deleted, or stopped setting the mode, with `releasePolicy: Remove`.
    Removed,
    /// The profile that governs now has `allowWeakening: true`.
    Allowed,
    /// A stricter foreign value meets `conflictPolicy: Force`.
    Forced,
    /// audit or warn, which refuse nothing, follow their profile.
    Advisory,
}

/// What a write does to what is effective.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// Nothing: podsec comes to own, or spells out, what holds already.
    Own,
    /// It becomes stricter.
    Raise,
    /// It becomes stricter although that breaks something, or may: the profile's `forceAfter` has come.
    ForcedRaise,
    /// What somebody lowered, removed or made unreadable is put back.
    Repair,
    /// It becomes weaker.
    Weaken(WeakenCause),
}

/// Why enforce is not as the profile asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum HoldReason {
    /// The strategy asks for judged workloads, and nothing has judged them.
    NotJudged,
    /// Workloads violate what it would be raised to.
    Violations {
        /// How many.
        workloads: usize,
    },
    /// podsec cannot tell whether a workload violates what it would be raised to.
    Inconclusive {
        /// The workloads of which it cannot tell.
        workloads: usize,
        /// The first of what may be missing from what was looked at.
        missing: Option<String>,
    },
    /// No workload violates it, but not for long enough.
    Soaking {
        /// Since when no workload does, as far as somebody watched.
        since: Timestamp,
        /// When that is long enough.
        until: Timestamp,
    },
    /// Raises of the profile are halted. Why is told in its status: that is of another tenant's namespace.
    RolloutHalted,
    /// As many namespaces were raised as the profile allows for a time.
    Batch {
        /// When the next one may be.
        until: Timestamp,
    },
    /// The API server has yet to be asked by a dry run; see [`NamespacePlan::look`](super::NamespacePlan::look).
    LastLookDue,
    /// The API server says of the pods something else than podsec.
    LastLookDisagrees {
        /// What.
        detail: String,
    },
    /// The API server could not be asked.
    LastLookUnavailable {
        /// Why.
        reason: String,
    },
    /// The API server is configured to enforce nothing in the namespace.
    ServerExempt,
    /// Somebody takes it again and again, and podsec waits before it puts it back the next time.
    Contested {
        /// The field manager; empty where none is on record.
        manager: String,
        /// Until when.
        until: Timestamp,
    },
    /// Writing would weaken, and nobody said so.
    WouldWeaken,
    /// Writing would weaken, and the controller runs with `--never-weaken`.
    NeverWeaken,
    /// Writing would weaken, and the list of profiles is in doubt.
    InDoubt(&'static str),
}

/// Why a mode is left as it is, whatever any profile says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FreezeReason {
    /// The profile that wrote it is suspended.
    Suspended,
    /// The profile that wrote it became a dry run.
    DryRun,
    /// The profile that wrote it cannot be read or cannot work.
    Unreadable,
    /// The profile that wrote it is not in the list, and the list is in doubt.
    Unlisted,
    /// It should be let go, and the list of profiles is in doubt.
    InDoubt(&'static str),
}

/// Why a label that somebody else set to another value is left to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LeaveReason {
    /// `conflictPolicy: Yield` leaves everything.
    Yield,
    /// `KeepStricter` keeps what is stricter than what the profile asks, or as strict by an older version.
    Stricter,
    /// A known reconciler sets it, and podsec never had it.
    Reconciler,
}

/// What is to be done about a mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing: values and ownership are right.
    InSync,
    /// Both keys are written.
    Write {
        /// The value.
        value: LevelVersion,
        /// What that does.
        change: Change,
    },
    /// The present value stays; what podsec owns of it, it goes on owning.
    Hold(HoldReason),
    /// The value is left to whoever set it; what podsec owned of the pair is handed over at its present value.
    LeaveAlone {
        /// The field manager that last set it.
        last_set_by: String,
        /// The key it set.
        key: &'static str,
        /// Why it is theirs.
        reason: LeaveReason,
    },
    /// Nothing is written or let go.
    Freeze(FreezeReason),
    /// No profile governs the mode any more.
    Release(Release),
}

/// What it does to others when podsec lets go of a mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LettingGo {
    /// Nothing that is known of.
    #[default]
    Harmless,
    /// It may break a Kustomization of Flux's: see [`wording::flux_trap`](super::wording::flux_trap).
    MayBreakFlux,
}

/// The plan for one mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModePlan {
    /// The mode.
    pub mode: Mode,
    /// The profile that governs it; while frozen or released, the one that wrote it. Empty when nobody knows.
    pub profile: String,
    /// Whether a profile governs the mode.
    pub governed: bool,
    /// Whether the namespace is protected.
    pub protected: bool,
    /// What is effective now.
    pub present: LevelVersion,
    /// Whether `present` is only the API server's default as the controller was told, since there is no label.
    pub assumed: bool,
    /// What the profile asks for here.
    pub planned: Option<LevelVersion>,
    /// The exemption that holds here. Boxed: there are three of these for each namespace, and few exemptions.
    pub exemption: Option<Box<ActiveExemption>>,
    /// What is to be done.
    pub verdict: Verdict,
    /// Where what is written is less than what is planned: why it is no more.
    pub partly: Option<HoldReason>,
    /// When the namespace is raised even if it violates, since `forceAfter` says so. Not told earlier than 14 days ahead.
    pub forced_at: Option<Timestamp>,
    /// The fight about it, if there is one.
    pub contest: Option<Arc<Contest>>,
    /// Whose value podsec had overwritten, where it lets go: that is gone.
    pub former: Option<String>,
    /// What letting go of it does to others.
    pub letting_go: LettingGo,
}

impl ModePlan {
    /// Why the mode is not as planned, also once the verdict is carried out.
    pub const fn held(&self) -> Option<&HoldReason> {
        match &self.verdict {
            Verdict::Hold(reason) => Some(reason),
            _ => self.partly.as_ref(),
        }
    }
}
