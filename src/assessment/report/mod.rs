//! What the report of a namespace says: what was judged there and what was planned, in the words of the custom resource.

mod change;
mod judgement;

use jiff::Timestamp;

pub use self::{
    change::{ReportChange, report_change},
    judgement::Judgement,
};
use crate::{
    api::{Breakage, Moment, ReportContent, ReportState, ReportedMode, Soak},
    standards::{LevelVersion, Mode, Strictness},
};

/// All that a report is made of.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// The modes that a profile governs or that podsec still has something of, each once.
    pub modes: Vec<ModeAccount>,
    /// What is said where there is no such mode.
    pub otherwise: Said,
    /// When the state changes next, if nothing else does.
    pub next_step: Option<Timestamp>,
    /// What became of the workloads; `None` when nothing was judged.
    pub judgement: Option<Judgement>,
    /// What the API server has refused since enforce was last raised.
    pub breakage: Option<Breakage>,
    /// What the gate has to remember.
    pub soak: Option<Soak>,
}

/// A state with its reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The state.
    pub state: ReportState,
    /// One word for machines.
    pub reason: String,
    /// Prose for people. Whatever tenants wrote in it is made harmless here.
    pub message: String,
}

/// What is said of a mode.
#[derive(Clone, Debug)]
pub struct ModeAccount {
    /// The mode.
    pub mode: Mode,
    /// The profile that governs it, or that wrote it; empty when nobody knows.
    pub profile: String,
    /// What is effective now.
    pub present: LevelVersion,
    /// Whether that is only what the API server takes in place of a label.
    pub assumed: bool,
    /// The labels as they stand, where the API server cannot read one of them.
    pub garbled: Option<String>,
    /// What the profile asks for.
    pub planned: Option<LevelVersion>,
    /// What has become of it.
    pub said: Said,
}

/// Makes a report, within its bounds. What did not change since the one before keeps its time.
pub fn report(account: Account, before: Option<&ReportContent>, now: Timestamp) -> ReportContent {
    let Account { modes, otherwise, next_step, judgement, breakage, soak } = account;
    let mut content = ReportContent { breakage, soak, ..ReportContent::default() };
    if let Some(judgement) = judgement {
        judgement.tell(&mut content);
    }
    let foremost = foremost(&modes);
    let whole = modes.iter().find(|mode| Some(mode.mode) == foremost).map_or(&otherwise, |mode| &mode.said);
    content.state = whole.state;
    content.reason.clone_from(&whole.reason);
    content.message.clone_from(&whole.message);
    content.next_step = next_step.map(whole_second_after);
    let since = before.filter(|before| before.state == content.state).and_then(|before| before.since);
    content.since = since.or_else(|| Some(Moment(Timestamp::from_second(now.as_second()).unwrap_or(now))));
    if let Some(enforce) = modes.iter().find(|mode| mode.mode == Mode::Enforce) {
        (content.summary.enforce, content.summary.planned) = shown(enforce);
    }
    for account in modes {
        let mode = account.mode;
        let is_told = Some(mode) == foremost || account.said.state == ReportState::InSync;
        *content.mode_mut(mode) = Some(reported(account, is_told));
    }
    content.within_bounds()
}

/// The mode whose state is that of the whole: enforce, or where that is as asked the first that is not.
fn foremost(modes: &[ModeAccount]) -> Option<Mode> {
    let by_rank = |mode: &&ModeAccount| (mode.said.state.is_as_asked(), mode.mode.index());
    modes.iter().min_by_key(by_rank).map(|mode| mode.mode)
}

/// A mode as the report has it; its reason is left out where the report as a whole tells it.
fn reported(account: ModeAccount, is_told: bool) -> ReportedMode {
    let ModeAccount { mode: _, profile, present, assumed, garbled, planned, said } = account;
    // Without a label the version says nothing: the level is what the server defaults to.
    let effective = if assumed { present.level.to_string() } else { present.to_string() };
    let (reason, message) = if is_told { Default::default() } else { (said.reason, said.message) };
    ReportedMode {
        assumed,
        message,
        planned,
        present: garbled.unwrap_or(effective),
        profile,
        reason,
        state: said.state,
    }
}

/// What enforce is and what it is to be, as columns show it: levels, with their versions where only these differ.
fn shown(enforce: &ModeAccount) -> (String, String) {
    let ModeAccount { present, planned, assumed, .. } = enforce;
    let Some(planned) = planned else { return (present.level.to_string(), String::new()) };
    if planned.level == present.level && planned.compared_to(*present) != Strictness::Same && !assumed {
        return (present.to_string(), planned.to_string());
    }
    (present.level.to_string(), planned.level.to_string())
}

/// A time as Kubernetes writes it: nobody looks too early.
fn whole_second_after(time: Timestamp) -> Moment {
    let second = time.as_second() + i64::from(time.subsec_nanosecond() > 0);
    Moment(Timestamp::from_second(second).unwrap_or(time))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assessment::{Inventory, testing};

    fn mode(mode: Mode, present: &str, planned: &str, state: ReportState) -> ModeAccount {
        ModeAccount {
            mode,
            profile: "apps".into(),
            present: present.parse().unwrap(),
            assumed: false,
            garbled: None,
            planned: Some(planned.parse().unwrap()),
            said: Said { state, reason: format!("{state:?}"), message: format!("{mode} is {state:?}") },
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn told(modes: &[ModeAccount]) -> ReportContent {
        report(Account { modes: modes.to_vec(), ..Account::default() }, None, at(0))
    }

    #[test]
    fn the_whole_is_enforce_unless_that_is_as_asked() {
        use ReportState::{Contested, Exempt, Held, InSync, Yielded};
        let of = |enforce, audit, warn| {
            let [enforce, audit, warn] = [(Mode::Enforce, enforce), (Mode::Audit, audit), (Mode::Warn, warn)]
                .map(|(of, state)| mode(of, "baseline", "restricted", state));
            // In whatever order they come.
            let content = told(&[warn, enforce, audit]);
            let modes = Mode::ALL.map(|mode| content.mode(mode).unwrap().message.clone());
            (content.state, content.message, modes.join(","))
        };
        assert_eq!(of(InSync, InSync, InSync), (InSync, "enforce is InSync".into(), ",,".into()));
        assert_eq!(
            of(Held, Contested, InSync),
            (Held, "enforce is Held".into(), ",audit is Contested,".into())
        );
        let yielded = (Yielded, "warn is Yielded".into(), "enforce is Exempt,,".into());
        assert_eq!(of(Exempt, InSync, Yielded), yielded);
    }

    #[test]
    fn without_a_mode_the_whole_is_what_is_said_otherwise() {
        let otherwise =
            Said { state: ReportState::Protected, reason: "Protected".into(), message: "why".into() };
        let content = report(Account { otherwise, ..Account::default() }, None, at(0));
        assert_eq!((content.state, &*content.message), (ReportState::Protected, "why"));
        assert_eq!(content.summary, crate::api::ReportSummary::default());
    }

    #[test]
    fn columns_show_levels_and_versions_only_where_these_alone_differ() {
        let shown = |present, planned| {
            let summary = told(&[mode(Mode::Enforce, present, planned, ReportState::Held)]).summary;
            format!("{} {}", summary.enforce, summary.planned)
        };
        assert_eq!(shown("baseline:v1.36", "restricted:v1.37"), "baseline restricted");
        assert_eq!(shown("baseline:v1.37", "baseline:v1.37"), "baseline baseline");
        assert_eq!(shown("baseline:v1.36", "baseline:v1.37"), "baseline:v1.36 baseline:v1.37");
        assert_eq!(shown("privileged:v1.36", "privileged:latest"), "privileged privileged");
    }

    #[test]
    fn what_the_server_assumes_has_no_version_and_what_is_garbled_is_shown_as_it_is() {
        let mut enforce = mode(Mode::Enforce, "privileged", "baseline:v1.37", ReportState::Held);
        enforce.assumed = true;
        let content = told(std::slice::from_ref(&enforce));
        assert_eq!(content.enforce.as_ref().unwrap().present, "privileged");
        assert!(content.enforce.unwrap().assumed);
        enforce.garbled = Some("\"base\u{1b}line\":\"\" (unreadable)".into());
        let present = told(&[enforce]).enforce.unwrap().present;
        assert_eq!(present, "\"base\\u{1b}line\":\"\" (unreadable)");
    }

    #[test]
    fn times_are_whole_seconds_and_the_state_keeps_its_own() {
        let late = Timestamp::new(1_800_000_000, 500_000_000).unwrap();
        let account = |state| Account {
            modes: vec![mode(Mode::Enforce, "baseline", "restricted", state)],
            next_step: Some(late),
            ..Account::default()
        };
        let first = report(account(ReportState::Held), None, late);
        assert_eq!((first.next_step, first.since), (Some(Moment(at(1))), Some(Moment(at(0)))));
        let second = report(account(ReportState::Held), Some(&first), at(9));
        assert_eq!(second, first);
        let third = report(account(ReportState::Soaking), Some(&second), at(9));
        assert_eq!(third.since, Some(Moment(at(9))));
    }

    #[test]
    fn a_clean_namespace_has_a_short_report() {
        let mut inventory = Inventory::default();
        inventory.insert_pod(testing::pod("p").observed());
        let workloads = inventory.workloads();
        let judge = testing::judge("restricted:v1.37");
        let cleanness = judge.cleanness(judge.policy().version, &workloads);
        let modes = Mode::ALL.map(|of| mode(of, "restricted:v1.37", "restricted:v1.37", ReportState::InSync));
        let judgement = Some(Judgement::new(&judge.assess(&workloads), cleanness));
        let content = report(Account { modes: modes.to_vec(), judgement, ..Account::default() }, None, at(0));
        let size = serde_json::to_vec(&content).unwrap().len();
        assert!(size < 1_000, "{size}");
    }
}
