//! What is to be done about one mode of one namespace, and why.

mod foreign;

use jiff::Timestamp;

use super::{
    ActiveExemption, Change, Contest, Evidence, FreezeReason, HoldReason, Ledger, LettingGo, ModePlan,
    Namespace, Profile, Profiles, Settings, Verdict, WeakenCause, Winner,
    gate::{Finding, Gate, Pass},
    release::{Release, release},
    resolution::Standing,
};
use crate::{
    api::{ConflictPolicy, ReleasePolicy, Strategy},
    standards::{LevelVersion, Mode, ModeKeys, Strictness},
};

/// What a decision looks at.
#[derive(Debug)]
pub(super) struct Situation<'a> {
    pub(super) namespace: &'a Namespace,
    pub(super) ledger: &'a Ledger,
    pub(super) profiles: &'a Profiles,
    pub(super) settings: &'a Settings,
    pub(super) evidence: Option<&'a Evidence<'a>>,
    pub(super) now: Timestamp,
}

/// The plan for a mode, and what the gate found where it was asked.
#[derive(Debug)]
pub(super) struct Decision {
    pub(super) plan: ModePlan,
    pub(super) asked: Option<Asked>,
}

/// What the gate found.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) finding: Finding,
    /// What the verdict would be if the API server were asked and agreed.
    pub(super) due: Option<Verdict>,
}

/// What is to be done about a governed mode.
struct Ruling {
    verdict: Verdict,
    asked: Option<Asked>,
}

impl From<Verdict> for Ruling {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, asked: None }
    }
}

/// The plan for a mode, or nothing when no profile governs it and podsec has nothing there.
pub(super) fn decide(mode: Mode, situation: &Situation<'_>) -> Option<Decision> {
    let Situation { namespace, ledger, profiles, settings, .. } = situation;
    let winner = profiles.winner(mode, namespace, ledger, settings);
    let (present, errors) = namespace.labelled(mode, &settings.server_defaults);
    let assumed = namespace.label(mode.keys().level).is_none();
    let author = ledger.profile_of(mode);
    let protected = settings.protects(&namespace.name);
    let plan = |profile: &str, governed, planned, exemption: Option<ActiveExemption>, ruling: Ruling| {
        let profile = profile.to_owned();
        let finding = ruling.asked.as_ref().map(|asked| &asked.finding);
        let (partly, forced_at) =
            finding.map_or((None, None), |finding| (finding.partly(), finding.forced_at));
        // Where podsec no longer puts anything back there is no fight.
        let fights =
            governed && matches!(ruling.verdict, Verdict::InSync | Verdict::Write { .. } | Verdict::Hold(_));
        let policy = winner.map(|winner| winner.profile.release_policy).filter(|_| governed);
        let may_be_removed =
            policy == Some(ReleasePolicy::Remove) || ruling.verdict == Verdict::Release(Release::Remove);
        let contest = namespace.contests[mode.index()].clone().filter(|contest| fights && contest.is_fight());
        let plan = ModePlan {
            mode,
            profile,
            governed,
            protected,
            present,
            assumed,
            planned,
            exemption: exemption.map(Box::new),
            verdict: ruling.verdict,
            partly,
            forced_at,
            former: ledger.taken_from[mode.index()].clone().filter(|_| !governed),
            contest,
            letting_go: if may_be_removed { beside_flux(mode, namespace) } else { LettingGo::Harmless },
        };
        Some(Decision { plan, asked: ruling.asked })
    };
    if let Some((author, reason)) =
        author.and_then(|name| Some((name, freeze(name, winner, situation.profiles)?)))
    {
        let winner = winner.filter(|winner| winner.profile.name == author);
        let planned = winner.and_then(|winner| winner.profile.asks(mode));
        return plan(author, winner.is_some(), planned, None, Verdict::Freeze(reason).into());
    }
    let Some(winner) = winner else {
        let verdict = release(mode, situation)?;
        return plan(author.unwrap_or_default(), false, None, None, verdict.into());
    };
    let exemption =
        winner.profile.exemption(&namespace.name, situation.now).filter(|_| mode == Mode::Enforce);
    let wanted = keep_pin(mode, winner.profile.wants(mode, exemption.as_ref())?, winner.profile, ledger);
    let (exempt, readable) = (exemption.is_some(), errors.is_empty());
    let ruling = Question { mode, situation, winner, wanted, present, readable, exempt }.answer();
    let ruling = wait_for_turn(mode, situation, ruling);
    plan(&winner.profile.name, true, Some(wanted), exemption, ruling)
}

/// What it does to Flux when a mode's labels are removed: something where Flux applies the namespace, and they go, since
/// nobody else owns them. Flux puts this label on whatever it applies.
fn beside_flux(mode: Mode, namespace: &Namespace) -> LettingGo {
    const APPLIED_BY_FLUX: &str = "kustomize.toolkit.fluxcd.io/name";
    let is_shared = namespace.shares_level(mode).is_some();
    let may_break = namespace.label(APPLIED_BY_FLUX).is_some() && !is_shared;
    if may_break { LettingGo::MayBreakFlux } else { LettingGo::Harmless }
}

/// What is put back to whoever takes it again and again waits for its turn.
fn wait_for_turn(mode: Mode, situation: &Situation<'_>, ruling: Ruling) -> Ruling {
    let Some(contest) = &situation.namespace.contests[mode.index()] else { return ruling };
    let Contest { manager, value: left, answer, .. } = &**contest;
    match (&ruling.verdict, answer) {
        (Verdict::Write { value, .. }, Some(until)) if value == left && *until > situation.now => {
            Verdict::Hold(HoldReason::Contested { manager: manager.clone(), until: *until }).into()
        }
        _ => ruling,
    }
}

/// A pin that follows the server never moves down by itself: what this profile has raised enforce to stays, whatever
/// the server, or the profile's status, says now.
fn keep_pin(mode: Mode, wanted: LevelVersion, profile: &Profile, ledger: &Ledger) -> LevelVersion {
    let is_author = ledger.profile_of(mode) == Some(profile.name.as_str());
    match ledger.enforced {
        Some(enforced)
            if mode == Mode::Enforce
                && is_author
                && profile.follows_server(mode)
                && enforced.level == wanted.level
                && enforced.version > wanted.version =>
        {
            enforced
        }
        _ => wanted,
    }
}

/// Whether the profile that wrote a mode keeps it as it is.
fn freeze(author: &str, winner: Option<Winner<'_>>, profiles: &Profiles) -> Option<FreezeReason> {
    let profile = match profiles.standing(author) {
        Standing::Unreadable => return Some(FreezeReason::Unreadable),
        Standing::Unlisted => return Some(FreezeReason::Unlisted),
        Standing::Deleted => return None,
        Standing::Listed(profile) => profile,
    };
    // Whoever wins while it keeps its rank is an active profile of higher rank, which would have taken the mode from it
    // all the same; and where it no longer has a say, it keeps nobody else from having one.
    if profile.is_active() || winner.is_some_and(|winner| winner.profile.is_active()) {
        return None;
    }
    Some(if profile.suspended { FreezeReason::Suspended } else { FreezeReason::DryRun })
}

/// What comes of a write that goes through the gate.
fn passing(pass: &Pass, wanted: LevelVersion, change: Change) -> Verdict {
    match pass {
        Pass::Open => Verdict::Write { value: wanted, change },
        Pass::Forced => Verdict::Write { value: wanted, change: Change::ForcedRaise },
        Pass::Partly(value, _) => Verdict::Write { value: *value, change: Change::Raise },
        Pass::Shut(reason) => Verdict::Hold(reason.clone()),
    }
}

/// One governed mode: what is there, and what its profile wants.
struct Question<'a> {
    mode: Mode,
    situation: &'a Situation<'a>,
    winner: Winner<'a>,
    wanted: LevelVersion,
    present: LevelVersion,
    readable: bool,
    exempt: bool,
}

impl Question<'_> {
    fn answer(&self) -> Ruling {
        if let Some(repair) = self.repair() {
            return repair.into();
        }
        if self.is_spelled_out() {
            return if self.is_owned() { Verdict::InSync } else { self.write(Change::Own) }.into();
        }
        let Some(key) = self.foreign_key() else { return self.on_free_keys() };
        if self.owns_what_is_there() {
            // What podsec owns together with somebody else and would not change anyway stays as it is.
            let ruling = self.on_free_keys();
            if matches!(ruling.verdict, Verdict::Hold(_)) {
                return ruling;
            }
        }
        self.against_foreign(key)
    }

    fn keys(&self) -> ModeKeys {
        self.mode.keys()
    }

    fn write(&self, change: Change) -> Verdict {
        Verdict::Write { value: self.wanted, change }
    }

    fn policy(&self) -> ConflictPolicy {
        self.winner.profile.conflict_policy
    }

    /// Whether both labels stand there as wanted.
    fn is_spelled_out(&self) -> bool {
        let namespace = self.situation.namespace;
        namespace.label(self.keys().level) == Some(self.wanted.level.as_str())
            && namespace.label(self.keys().version) == Some(self.wanted.version.to_string().as_str())
    }

    /// Whether podsec owns both keys by Apply, and no longer in the name of the manager that keeps released ones.
    fn is_owned(&self) -> bool {
        let namespace = self.situation.namespace;
        [self.keys().level, self.keys().version]
            .iter()
            .all(|key| namespace.owns(key) && !namespace.is_retained(key))
    }

    /// Nobody else stands in the way of the pair.
    fn on_free_keys(&self) -> Ruling {
        match self.wanted.compared_to(self.present) {
            Strictness::Same => self.write(Change::Own).into(),
            Strictness::Stricter => self.raise(),
            // A stricter label that nobody is on record for is not known to be any profile's doing.
            Strictness::Weaker if self.is_unrecorded() => Verdict::Hold(HoldReason::WouldWeaken).into(),
            Strictness::Weaker => match self.permission_to_weaken() {
                Some(WeakenCause::Edited | WeakenCause::Exempted) if !self.owns_what_is_there() => {
                    Verdict::Hold(HoldReason::WouldWeaken).into()
                }
                Some(cause) => self.weaken(cause),
                None => Verdict::Hold(HoldReason::WouldWeaken).into(),
            },
        }
    }

    /// Puts back what somebody lowered below the ledger's `enforced`, removed, or made unreadable. So is a version that
    /// alone was removed: without it the level moves with the server, which nobody asked for.
    ///
    /// Where the mode may be lowered to what is wanted, no further than that; but another version goes through the gate.
    /// Under `Yield` there is no other repair: whoever sets the label has it.
    fn repair(&self) -> Option<Verdict> {
        let Situation { ledger, settings, profiles, .. } = self.situation;
        if self.mode != Mode::Enforce {
            return None;
        }
        let enforced = ledger.enforced?;
        let is_gated = self.is_gated() && enforced.level == self.wanted.level;
        let may_be_put_back = !settings.never_weaken && profiles.complete().is_ok();
        let may_be_lower = may_be_put_back && !is_gated && self.permission_to_weaken().is_some();
        let value = match enforced.compared_to(self.wanted) {
            Strictness::Same => self.wanted,
            Strictness::Stricter if may_be_lower => self.wanted,
            Strictness::Weaker | Strictness::Stricter => enforced,
        };
        let yields = self.policy() == ConflictPolicy::Yield;
        let is_lowered = !yields && (!self.readable || self.present.is_weaker_than(value));
        let is_robbed = may_be_put_back && self.has_lost_its_version(value);
        if !is_lowered && !is_robbed {
            return None;
        }
        // What is to be raised further at once need not be written twice.
        let at_once = self.winner.strategy() == Strategy::Immediate && value.is_weaker_than(self.wanted);
        Some(Verdict::Write { value: if at_once { self.wanted } else { value }, change: Change::Repair })
    }

    /// Whether podsec's own level stands there at which `enforced` was, and no version beside it any more.
    fn has_lost_its_version(&self, enforced: LevelVersion) -> bool {
        let namespace = self.situation.namespace;
        let ModeKeys { level, version } = self.keys();
        let stands = namespace.owns(level) && self.present.level == enforced.level;
        stands && namespace.label(version).is_none() && self.present.compared_to(enforced) != Strictness::Same
    }

    /// Whether what the API server refuses may change only when the gate lets it. audit and warn refuse nothing.
    fn is_gated(&self) -> bool {
        self.mode == Mode::Enforce && self.winner.strategy() != Strategy::Immediate
    }

    fn raise(&self) -> Ruling {
        if self.is_gated() { self.ask_gate(Change::Raise) } else { self.write(Change::Raise).into() }
    }

    fn weaken(&self, cause: WeakenCause) -> Ruling {
        if self.situation.settings.never_weaken {
            return Verdict::Hold(HoldReason::NeverWeaken).into();
        }
        match self.situation.profiles.complete() {
            Err(doubt) => Verdict::Hold(HoldReason::InDoubt(doubt)).into(),
            // An older version of a level may refuse what a newer one lets pass.
            Ok(_) if self.is_gated() && self.wanted.level == self.present.level => {
                self.ask_gate(Change::Weaken(cause))
            }
            Ok(_) => self.write(Change::Weaken(cause)).into(),
        }
    }

    fn ask_gate(&self, change: Change) -> Ruling {
        let Some(evidence) = self.situation.evidence else {
            return Verdict::Hold(HoldReason::NotJudged).into();
        };
        let finding = Gate {
            situation: self.situation,
            evidence,
            winner: self.winner,
            exempt: self.exempt,
            present: self.present,
            target: self.wanted,
        }
        .ask();
        let verdict = passing(&finding.pass, self.wanted, change);
        let due = finding.due.as_ref().map(|pass| passing(pass, self.wanted, change));
        Ruling { verdict, asked: Some(Asked { finding, due }) }
    }

    /// Who said that this mode may be lowered from what podsec wrote, if anybody did.
    fn permission_to_weaken(&self) -> Option<WeakenCause> {
        if self.mode != Mode::Enforce {
            return Some(WeakenCause::Advisory);
        }
        let ledger = self.situation.ledger;
        let author = ledger.profile_of(self.mode);
        if author == Some(self.winner.profile.name.as_str()) {
            return Some(if self.exempt { WeakenCause::Exempted } else { WeakenCause::Edited });
        }
        if self.winner.profile.allow_weakening {
            return Some(WeakenCause::Allowed);
        }
        let (author, profiles) = (author?, self.situation.profiles);
        let removed = match profiles.standing(author) {
            Standing::Deleted => {
                let policy = profiles.policy_of_gone(author, ledger.on_release[self.mode.index()]);
                policy == ReleasePolicy::Remove && self.is_of_this_crd()
            }
            Standing::Listed(profile) => self.stopped_setting_the_mode(profile),
            Standing::Unreadable | Standing::Unlisted => false,
        };
        removed.then_some(WeakenCause::Removed)
    }

    fn stopped_setting_the_mode(&self, profile: &Profile) -> bool {
        profile.release_policy == ReleasePolicy::Remove
            && profile.asks(self.mode).is_none()
            && profile.matches(self.situation.namespace, self.situation.settings)
    }

    /// Whether the labels were written under the CRD that stands now: with a CRD, all its profiles are deleted,
    /// which is no wish of anybody's about any of them.
    fn is_of_this_crd(&self) -> bool {
        self.situation.written_under_this_crd()
    }
}

impl Situation<'_> {
    /// Whether podsec's labels were last written after the present CRD was created. Both times are whole seconds;
    /// within one second nobody can tell, and what nobody can tell is kept.
    pub(super) fn written_under_this_crd(&self) -> bool {
        self.profiles.complete().is_ok() && !self.is_of_an_earlier_crd()
    }

    /// Whether a CRD stands that is not known to be older than podsec's labels.
    pub(super) fn is_of_an_earlier_crd(&self) -> bool {
        let written = self.namespace.owners.written_by_podsec();
        self.profiles.crd_created().is_some_and(|created| written.is_none_or(|written| written <= created))
    }
}
