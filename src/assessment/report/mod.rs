//! What the report of a namespace says: what was judged there and what was planned, in the words of the custom resource.

mod change;
mod judgement;

use jiff::Timestamp;

pub use self::{
    change::{Imprint, ReportChange},
    judgement::{Judgement, verdict_counts},
};
use crate::{
    api::{
        Breakage, Moment, RefusedWorkload, ReportContent, ReportState, ReportedMode, Soak, whole_second,
        whole_second_after,
    },
    assessment::Broken,
    standards::{LevelVersion, Mode, Strictness},
};

/// How many refused workloads a report names.
const REFUSED: usize = 5;

/// All that a report is made of.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// What has become of the namespace as a whole.
    pub whole: Said,
    /// The mode that this is about, if it is one: its reason is not told twice.
    pub foremost: Option<Mode>,
    /// When the state changes next, if nothing else does.
    pub next_step: Option<Timestamp>,
    /// The modes that a profile governs or that podsec still has something of, each once.
    pub modes: Vec<ModeAccount>,
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

/// A state that a report says a namespace to be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateSince {
    /// The state.
    pub state: ReportState,
    /// Since when.
    pub since: Option<Moment>,
}

/// Makes a report, within its bounds. A state that is that of the report before keeps its time.
pub fn report(account: Account, before: Option<StateSince>, now: Timestamp) -> ReportContent {
    let Account { whole, foremost, next_step, modes, judgement, breakage, soak } = account;
    let mut content = ReportContent { breakage, soak, ..ReportContent::default() };
    if let Some(judgement) = judgement {
        judgement.tell(&mut content);
    }
    (content.state, content.reason, content.message) = (whole.state, whole.reason, whole.message);
    content.next_step = next_step.map(|next| Moment(whole_second_after(next)));
    let since = before.filter(|before| before.state == content.state).and_then(|before| before.since);
    content.since = since.or_else(|| Some(Moment(whole_second(now))));
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

/// What the API server has refused since enforce was last raised; `None` where it has nothing.
pub fn breakage<'a>(
    broken: impl IntoIterator<Item = Broken<'a>>,
    raised: Option<Timestamp>,
) -> Option<Breakage> {
    let mut broken = broken.into_iter();
    let named = broken.by_ref().take(REFUSED).map(|Broken { kind, workload, message, at: _, is_new: _ }| {
        RefusedWorkload { message: message.to_owned(), workload: judgement::workload(&kind, workload) }
    });
    let refused: Vec<_> = named.collect();
    let count = refused.len() + broken.count();
    let workloads = u32::try_from(count).unwrap_or(u32::MAX);
    (count > 0).then(|| Breakage { refused, since: raised.map(Moment), workloads })
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

/// What enforce is and what it is to be, as columns show it in few characters: levels, and the planned version alone
/// where nothing else is to change.
fn shown(enforce: &ModeAccount) -> (String, String) {
    let ModeAccount { present, planned, assumed, .. } = enforce;
    let is_version_only = |planned: &LevelVersion| {
        planned.level == present.level && planned.compared_to(*present) != Strictness::Same && !assumed
    };
    let planned = planned.map_or_else(String::new, |planned| {
        if is_version_only(&planned) { planned.version.to_string() } else { planned.level.to_string() }
    });
    (present.level.to_string(), planned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assessment::{Inventory, Kind, TemplateKind, testing};

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
        let foremost = modes.first().cloned().unwrap();
        let account = Account {
            whole: foremost.said,
            foremost: Some(foremost.mode),
            modes: modes.to_vec(),
            ..Account::default()
        };
        report(account, None, at(0))
    }

    #[test]
    fn a_mode_tells_its_reason_where_the_whole_does_not() {
        let [enforce, audit, warn] = [
            (Mode::Enforce, ReportState::Held),
            (Mode::Audit, ReportState::Yielded),
            (Mode::Warn, ReportState::InSync),
        ]
        .map(|(of, state)| mode(of, "baseline", "restricted", state));
        let content = told(&[enforce, warn, audit]);
        assert_eq!((content.state, &*content.message), (ReportState::Held, "enforce is Held"));
        let messages = Mode::ALL.map(|mode| content.mode(mode).unwrap().message.clone());
        assert_eq!(messages, ["", "audit is Yielded", ""]);
        let states = Mode::ALL.map(|mode| content.mode(mode).unwrap().state);
        assert_eq!(states, [ReportState::Held, ReportState::Yielded, ReportState::InSync]);
    }

    #[test]
    fn a_namespace_without_a_mode_has_a_state() {
        let whole = Said { state: ReportState::Protected, reason: "Protected".into(), message: "why".into() };
        let content = report(Account { whole, ..Account::default() }, None, at(0));
        assert_eq!((content.state, &*content.message), (ReportState::Protected, "why"));
        assert_eq!(content.summary, crate::api::ReportSummary::default());
    }

    #[test]
    fn breakage_is_counted_and_its_first_are_named() {
        assert_eq!(breakage([], None), None);
        let broken = ["a", "b", "c", "d", "e", "f", "g"].map(|workload| Broken {
            kind: Kind::Template(TemplateKind::Deployment),
            workload,
            at: at(1),
            message: "violates PodSecurity",
            is_new: false,
        });
        let told = breakage(broken, Some(at(0))).unwrap();
        assert_eq!((told.workloads, told.since), (7, Some(Moment(at(0)))));
        assert_eq!((told.refused.len(), &*told.refused[4].workload), (5, "Deployment/e"));
    }

    #[test]
    fn columns_show_levels_or_the_version_where_that_alone_is_to_change() {
        let shown = |present, planned| {
            let summary = told(&[mode(Mode::Enforce, present, planned, ReportState::Held)]).summary;
            format!("{} {}", summary.enforce, summary.planned)
        };
        assert_eq!(shown("baseline:v1.36", "restricted:v1.37"), "baseline restricted");
        assert_eq!(shown("baseline:v1.37", "baseline:v1.37"), "baseline baseline");
        assert_eq!(shown("baseline:v1.36", "baseline:v1.37"), "baseline v1.37");
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

    fn state_of(content: &ReportContent) -> StateSince {
        StateSince { state: content.state, since: content.since }
    }

    #[test]
    fn times_are_whole_seconds_and_the_state_keeps_its_own() {
        let late = Timestamp::new(1_800_000_000, 500_000_000).unwrap();
        let account = |state| Account {
            whole: Said { state, ..Said::default() },
            next_step: Some(late),
            ..Account::default()
        };
        let first = report(account(ReportState::Held), None, late);
        assert_eq!((first.next_step, first.since), (Some(Moment(at(1))), Some(Moment(at(0)))));
        let second = report(account(ReportState::Held), Some(state_of(&first)), at(9));
        assert_eq!(second, first);
        let third = report(account(ReportState::Soaking), Some(state_of(&second)), at(9));
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
