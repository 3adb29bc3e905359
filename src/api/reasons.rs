//! The words by which programs tell what podsec says: reasons of conditions, of Events, and of reports.
//!
//! They are an interface: people write them into alerts and scripts. `docs/troubleshooting.md` explains each.

macro_rules! reasons {
    ($(#[$of_type:meta])* $name:ident { $($(#[$of_variant:meta])* $variant:ident,)* }) => {
        $(#[$of_type])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$of_variant])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($variant),)*
                }
            }
        }
    };
}

reasons! {
    /// Why a condition of a profile is as it is.
    ConditionReason {
        /// Ready: carried out.
        Reconciled,
        /// Ready: nothing is written, by `suspend: true`.
        Suspended,
        /// Ready: nothing is written, by the strategy.
        DryRun,
        /// Reconciling: namespaces are being looked at.
        Progressing,
        /// Reconciling: something failed and is tried again.
        ProgressingWithRetry,
        /// Stalled: the spec cannot be read.
        InvalidSpec,
        /// Stalled: podsec may write none of the namespaces.
        Forbidden,
        /// Stalled: there is nowhere to keep a soak.
        ReportsUnavailable,
        /// Compliant: nothing violates.
        NoViolations,
        /// Compliant: something violates.
        Violations,
        /// Compliant: podsec cannot tell.
        Inconclusive,
        /// Compliant: nothing was judged.
        NotJudged,
        /// Overlapping: no.
        NoOverlap,
        /// Overlapping: profiles of equal priority disagree.
        EqualPriority,
        /// Contested: no.
        NoFight,
        /// Contested: somebody keeps taking back what podsec writes.
        Fight,
        /// `RolloutHalted`: no.
        NotHalted,
        /// `RolloutHalted`: something broke after a raise.
        Breakage,
    }
}

reasons! {
    /// What an Event tells.
    EventReason {
        /// A mode became stricter.
        Raised,
        /// Enforce became stricter whatever that breaks.
        ForceRaised,
        /// `forceAfter` is near.
        RaiseAnnounced,
        /// A pod that violates came between the last look and the raise.
        RaisedOver,
        /// Somebody's change of enforce was taken back.
        Repaired,
        /// A mode was lowered.
        Weakened,
        /// A namespace without a label has an exemption.
        Exempted,
        /// Enforce is not as the profile asks.
        Held,
        /// The API server refuses pods since the raise.
        Broken,
        /// It does no longer.
        Mended,
        /// A label is left to whoever set it.
        LeftAlone,
        /// Somebody keeps taking back what podsec writes.
        Contested,
        /// Nobody does any more.
        Settled,
        /// Labels stay whatever any profile says.
        Frozen,
        /// Labels stay, and nobody governs them any more.
        Retained,
        /// The namespace stopped matching.
        Left,
        /// Labels were removed.
        Removed,
        /// The API server takes no write to the namespace.
        Unwritable,
    }
}

reasons! {
    /// Why a mode of a namespace is in its state, in its report and in a plan.
    StateReason {
        /// As the profile asks.
        InSync,
        /// Under an exemption.
        Exempt,
        /// Workloads violate what is planned.
        Violations,
        /// podsec cannot tell.
        Inconclusive,
        /// Clean, but not for long enough.
        Soaking,
        /// Something broke after a raise of the profile.
        RolloutHalted,
        /// As many were raised as the profile allows for a time.
        Batch,
        /// The API server has yet to be asked.
        LastLookDue,
        /// The API server says something else than podsec.
        LastLookDisagrees,
        /// The API server did not say.
        LastLookUnavailable,
        /// The API server enforces nothing there.
        ServerExempt,
        /// The API server does not take what podsec writes.
        Unwritable,
        /// Nothing was judged yet.
        NotJudged,
        /// The stricter label stays.
        WouldWeaken,
        /// It stays, by `--never-weaken`.
        NeverWeaken,
        /// It stays, since the list of profiles is in doubt.
        InDoubt,
        /// Somebody keeps taking back what podsec writes.
        Contested,
        /// A label is left to whoever set it.
        LeftAlone,
        /// The profile is suspended.
        Suspended,
        /// The profile is a dry run.
        DryRun,
        /// The profile that set the labels cannot be used.
        ProfileUnreadable,
        /// The profile that set the labels is not listed, and the list is in doubt.
        ProfileUnlisted,
        /// Nobody governs it any more; the labels stay.
        Retained,
        /// The namespace stopped matching; the labels stay.
        Left,
        /// Nobody governs it any more; the labels are removed.
        Removed,
        /// The namespace is protected.
        Protected,
    }
}
