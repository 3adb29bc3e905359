//! Fights: somebody takes back, again and again, what podsec wrote.
//!
//! A *take* is a foreign write that changes a label podsec owned. One is an accident, three in a row by one manager are a
//! fight, however slowly they come: Flux takes once an interval, and tells nobody. podsec answers a take at once as long
//! as takes come slower than one a minute. Faster ones it answers less often, so that two controllers cannot keep each
//! other and the API server busy; but a weaker value never stands longer than a minute.

use jiff::{SignedDuration, Timestamp};

use super::{
    Namespace, Writer,
    gate::{after, before},
};
use crate::standards::{LevelVersion, Mode};

/// So many takes in a row by one manager are a fight.
const FIGHT: u32 = 3;

/// Takes slower than this are answered at once.
const SLOW: SignedDuration = SignedDuration::from_mins(1);

/// So many takes that weaken are answered at once in one namespace; after that, one in the time above.
const BURST: i32 = 5;

/// The first and the longest pause before the answer to a take that weakens nothing.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(2);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// A manager that has not taken a label for so many times its longest pause so far has given up; but not before the
/// shortest of these times, and after the longest in any case. Takes that are no fight yet are remembered for the longest.
const PAUSES: i32 = 3;
const SHORTEST_SILENCE: SignedDuration = SignedDuration::from_mins(1);
const LONGEST_SILENCE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A take of one mode's labels, as it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Take {
    /// The field manager that last wrote what differs; empty where none is on record, as where a label was removed.
    pub manager: String,
    /// What podsec had left there.
    pub value: LevelVersion,
    /// Whether what is there now is weaker than that.
    pub weakens: bool,
    /// The label that they wrote last.
    pub key: &'static str,
}

/// Who takes a mode's labels from podsec, as a plan has to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contest {
    /// The field manager that took them last; empty where none is on record.
    pub manager: String,
    /// How often it did so in a row.
    pub takes: u32,
    /// When it did so last.
    pub last: Timestamp,
    /// When it counts as having given up, if it does not do so again.
    pub over: Timestamp,
    /// What podsec had left there, and puts back.
    pub value: LevelVersion,
    /// Whether what they set is weaker than that.
    pub weakens: bool,
    /// Until when podsec waits before it puts that back.
    pub answer: Option<Timestamp>,
}

impl Contest {
    /// Whether it is a fight.
    pub const fn is_fight(&self) -> bool {
        self.takes >= FIGHT
    }
}

/// The takes of one namespace's labels.
#[derive(Clone, Debug, Default)]
pub struct Contests {
    modes: [Option<Takes>; 3],
    /// When each of the next answers to what weakens comes free; see [`BURST`].
    free: Option<Timestamp>,
}

/// Takes in a row of one mode by one manager.
#[derive(Clone, Debug)]
struct Takes {
    take: Take,
    count: u32,
    last: Timestamp,
    longest_pause: SignedDuration,
    /// Whether the last one has yet to be answered.
    is_open: bool,
    answered: Option<Timestamp>,
    /// How long the answer to what weakens nothing waits.
    pause: SignedDuration,
}

impl Takes {
    /// How long the answer to a take waits that comes now and weakens nothing.
    fn next_pause(&self, now: Timestamp) -> SignedDuration {
        match self.answered {
            Some(answered) if now.duration_since(answered) < SLOW && self.pause.is_zero() => FIRST_PAUSE,
            Some(answered) if now.duration_since(answered) < SLOW => (self.pause * 2).min(LONGEST_PAUSE),
            _ => SignedDuration::ZERO,
        }
    }

    fn over(&self) -> Timestamp {
        let silence = if self.count < FIGHT { LONGEST_SILENCE } else { self.longest_pause * PAUSES };
        after(self.last, silence.clamp(SHORTEST_SILENCE, LONGEST_SILENCE))
    }
}

impl Contests {
    /// Notes what is seen of a mode's labels, which podsec had left at this value.
    ///
    /// A take counts once, however often it is seen; the next one counts after podsec has put its own back. Whoever is
    /// found to set what podsec has set has given up. Gives who took them, if this counts as a take.
    pub fn saw(
        &mut self,
        namespace: &Namespace,
        mode: Mode,
        left: LevelVersion,
        now: Timestamp,
    ) -> Option<Writer> {
        if let Some(take) = namespace.taken(mode, left) {
            let writer = Writer::of(&take.manager);
            return self.took(mode, take, now).then_some(writer);
        }
        let known = &mut self.modes[mode.index()];
        known.take_if(|takes| {
            let Take { manager, key, .. } = &takes.take;
            namespace.owners.of(key).iter().any(|owner| owner.manager == *manager)
        });
        if let Some(takes) = known {
            takes.is_open = false;
        }
        None
    }

    /// Notes a take; gives whether it counts.
    fn took(&mut self, mode: Mode, take: Take, now: Timestamp) -> bool {
        let known = &mut self.modes[mode.index()];
        // A name is free: whoever takes within a minute of the last take counts for the same, whatever they are called.
        let is_same = |takes: &Takes| {
            let is_quick = (SignedDuration::ZERO..SLOW).contains(&now.duration_since(takes.last));
            takes.take.manager == take.manager || is_quick
        };
        if let Some(takes) = known.as_mut().filter(|takes| takes.is_open && is_same(takes)) {
            takes.take = take;
            return false;
        }
        let in_a_row = known.as_ref().filter(|takes| is_same(takes) && now < takes.over());
        let (count, longest_pause) = in_a_row.map_or((0, SignedDuration::ZERO), |takes| {
            (takes.count, takes.longest_pause.max(now.duration_since(takes.last)))
        });
        // Whoever it is: two who take turns are answered no faster than one.
        let (answered, pause) = known
            .as_ref()
            .map_or((None, SignedDuration::ZERO), |takes| (takes.answered, takes.next_pause(now)));
        let takes =
            Takes { take, count: count + 1, last: now, longest_pause, is_open: true, answered, pause };
        *known = Some(takes);
        true
    }

    /// Notes that podsec put the labels of these modes back, or changed them, all in one write.
    pub fn answered(&mut self, modes: impl IntoIterator<Item = Mode>, now: Timestamp) {
        let mut is_answer = false;
        for mode in modes {
            if let Some(takes) = self.modes[mode.index()].as_mut().filter(|takes| takes.is_open) {
                (takes.is_open, takes.answered) = (false, Some(now));
                is_answer |= takes.take.weakens;
            }
        }
        if is_answer {
            let free = after(self.free(now).map_or(now, |free| free.max(now)), SLOW);
            self.free = Some(free.min(after(now, SLOW * BURST)));
        }
    }

    /// Notes that podsec leaves a mode's labels to whoever took them: there is nothing to fight about.
    pub fn conceded(&mut self, mode: Mode) {
        self.modes[mode.index()] = None;
    }

    /// Forgets whoever has given up.
    pub fn expire(&mut self, now: Timestamp) {
        for takes in &mut self.modes {
            takes.take_if(|takes| !takes.is_open && takes.over() <= now);
        }
    }

    /// Whether there is nothing to remember.
    pub fn is_empty(&self, now: Timestamp) -> bool {
        self.modes.iter().all(Option::is_none) && self.free(now).is_none_or(|free| free <= now)
    }

    /// When the last of the answers that were given comes free. One that is further away than all of them together was
    /// given before the clock was set back.
    fn free(&self, now: Timestamp) -> Option<Timestamp> {
        self.free.filter(|free| *free <= after(now, SLOW * BURST))
    }

    /// Who takes a mode's labels, if anybody does.
    pub fn of(&self, mode: Mode, now: Timestamp) -> Option<Contest> {
        let takes = self.modes[mode.index()].as_ref()?;
        let Take { manager, value, weakens, key: _ } = &takes.take;
        let answer = match weakens {
            true => self.next_answer(now),
            // Unless the clock was set back meanwhile.
            false => (takes.last <= now).then(|| after(takes.last, takes.pause)),
        };
        Some(Contest {
            manager: manager.clone(),
            takes: takes.count,
            last: takes.last,
            over: takes.over(),
            value: *value,
            weakens: *weakens,
            answer: answer.filter(|at| takes.is_open && *at > now),
        })
    }

    /// When a take that weakens may be answered: now, as long as fewer than a burst of answers were given in as many
    /// minutes.
    fn next_answer(&self, now: Timestamp) -> Option<Timestamp> {
        let at = before(self.free(now)?, SLOW * (BURST - 1));
        (at > now).then_some(at)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::testing, *};

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + milliseconds).unwrap()
    }

    const MINUTE: i64 = 60_000;

    fn take(manager: &str, weakens: bool) -> Take {
        Take {
            manager: manager.into(),
            value: "baseline:v1.37".parse().unwrap(),
            weakens,
            key: Mode::Enforce.keys().level,
        }
    }

    /// Somebody takes enforce at each of these times, and podsec answers as soon as it may before the next take.
    fn history(manager: &str, weakens: bool, times: &[i64]) -> (Contests, Vec<i64>) {
        let (mut contests, mut answers) = (Contests::default(), Vec::new());
        for (index, time) in times.iter().enumerate() {
            contests.took(Mode::Enforce, take(manager, weakens), at(*time));
            let due = contests.of(Mode::Enforce, at(*time)).unwrap().answer.unwrap_or_else(|| at(*time));
            if times.get(index + 1).is_none_or(|next| due < at(*next)) {
                contests.answered([Mode::Enforce], due);
                answers.push(due.as_millisecond() - at(0).as_millisecond());
            }
        }
        (contests, answers)
    }

    #[test]
    fn three_takes_in_a_row_by_one_manager_are_a_fight_however_slow() {
        let ten_minutes: Vec<_> = (0..3).map(|index| index * 10 * MINUTE).collect();
        let (mut contests, answers) = history("kustomize-controller", true, &ten_minutes);
        assert_eq!(answers, ten_minutes, "each is answered at once");
        let contest = contests.of(Mode::Enforce, at(21 * MINUTE)).unwrap();
        assert!(contest.is_fight());
        assert_eq!((contest.takes, contest.over), (3, at(50 * MINUTE)), "three intervals without a take");
        contests.expire(at(49 * MINUTE));
        assert!(contests.of(Mode::Enforce, at(49 * MINUTE)).is_some());
        contests.expire(at(50 * MINUTE));
        assert!(contests.of(Mode::Enforce, at(60 * MINUTE)).is_none());
    }

    #[test]
    fn another_manager_begins_anew_and_a_take_counts_once() {
        let mut contests = Contests::default();
        for (minute, manager) in [(0, "a"), (2, "a"), (4, "b"), (6, "a")] {
            let now = at(minute * MINUTE);
            contests.took(Mode::Warn, take(manager, true), now);
            contests.took(Mode::Warn, take(manager, true), now);
            contests.answered([Mode::Warn], now);
        }
        assert_eq!(contests.of(Mode::Warn, at(7 * MINUTE)).unwrap().takes, 1);
        assert_eq!(contests.of(Mode::Enforce, at(7 * MINUTE)), None);
        contests.conceded(Mode::Warn);
        assert!(contests.of(Mode::Enforce, at(60 * MINUTE)).is_none());
    }

    #[test]
    fn who_changes_names_does_not_hide_a_fight() {
        let mut contests = Contests::default();
        for (index, manager) in ["a", "b", "c"].into_iter().enumerate() {
            let now = at(i64::try_from(index).unwrap() * 10_000);
            contests.took(Mode::Enforce, take(manager, true), now);
            contests.took(Mode::Enforce, take("in between", true), now);
            contests.answered([Mode::Enforce], now);
        }
        let contest = contests.of(Mode::Enforce, at(30_000)).unwrap();
        assert_eq!((contest.takes, contest.manager.as_str()), (3, "in between"));
    }

    #[test]
    fn what_weakens_is_answered_five_times_and_then_once_a_minute() {
        let fast: Vec<_> = (0..2_000).map(|index| index * 100).collect();
        let (_, answers) = history("other", true, &fast);
        assert_eq!(answers[..5], [0, 100, 200, 300, 400]);
        assert_eq!(answers.len(), 5 + 4, "{answers:?}");
        assert!(answers[5..].windows(2).all(|pair| pair[1] - pair[0] <= MINUTE + 100), "{answers:?}");
    }

    #[test]
    fn what_is_taken_at_once_in_all_modes_is_answered_as_often_as_in_one() {
        let (mut contests, mut answers) = (Contests::default(), Vec::new());
        for index in 0..2_000 {
            let now = at(index * 100);
            for mode in Mode::ALL {
                contests.took(mode, take("other", true), now);
            }
            if Mode::ALL.iter().all(|mode| contests.of(*mode, now).unwrap().answer.is_none()) {
                contests.answered(Mode::ALL, now);
                answers.push(index * 100);
            }
        }
        assert_eq!(answers[..6], [0, 100, 200, 300, 400, MINUTE]);
        assert_eq!(answers.len(), 8, "{answers:?}");
    }

    #[test]
    fn what_weakens_nothing_is_answered_ever_more_slowly_up_to_an_hour() {
        // Taken back as soon as podsec has answered.
        let (mut contests, mut now, mut pauses) = (Contests::default(), at(0), Vec::new());
        for _ in 0..16 {
            contests.took(Mode::Enforce, take("argocd-controller", false), now);
            let due = contests.of(Mode::Enforce, now).unwrap().answer.unwrap_or(now);
            pauses.push(due.duration_since(now).as_secs());
            contests.answered([Mode::Enforce], due);
            now = due;
        }
        assert_eq!(pauses[..5], [0, 2, 4, 8, 16]);
        assert_eq!(pauses.last(), Some(&3600));
        let later = after(now, SLOW);
        contests.took(Mode::Enforce, take("argocd-controller", false), later);
        assert_eq!(contests.of(Mode::Enforce, later).unwrap().answer, None, "it has become slow");
    }

    #[test]
    fn whoever_sets_what_podsec_has_set_has_given_up() {
        let value: LevelVersion = "baseline:v1.37".parse().unwrap();
        let keys = Mode::Enforce.keys();
        let namespace = |level: &str, by: &str| {
            let labels = [("enforce-version", "v1.37")];
            let mut namespace = testing::namespace("a", &labels);
            testing::update(&mut namespace, by, "enforce", Some(level));
            namespace
        };
        let (git, podsec) =
            (namespace("privileged", "kustomize-controller"), namespace("baseline", "podsec"));
        let mut contests = Contests::default();
        for index in 0..3 {
            let now = at(index * MINUTE);
            assert_eq!(contests.saw(&git, Mode::Enforce, value, now), Some(Writer::Flux));
            assert_eq!(contests.saw(&git, Mode::Enforce, value, now), None, "it counts once");
            contests.answered([Mode::Enforce], now);
            contests.saw(&podsec, Mode::Enforce, value, now);
        }
        let contest = contests.of(Mode::Enforce, at(3 * MINUTE)).unwrap();
        assert!(contest.is_fight() && contest.manager == "kustomize-controller");
        contests.saw(&namespace("baseline", "kustomize-controller"), Mode::Enforce, value, at(3 * MINUTE));
        assert!(contests.of(Mode::Enforce, at(60 * MINUTE)).is_none());

        let mut removed = podsec;
        testing::update(&mut removed, "anybody", "enforce", None);
        let take = removed.taken(Mode::Enforce, value).unwrap();
        assert_eq!((take.manager.as_str(), take.weakens, take.key), ("", true, keys.level));
    }

    proptest! {
        #[test]
        fn what_is_weaker_stands_a_minute_at_most_and_the_answers_are_bounded(
            pauses in prop::collection::vec(1..200_000_i64, 1..80),
        ) {
            let mut now = 0;
            let times: Vec<_> = pauses.iter().map(|pause| { now += pause; now }).collect();
            let mut contests = Contests::default();
            let mut answers: Vec<i64> = Vec::new();
            for (index, time) in times.iter().enumerate() {
                contests.took(Mode::Enforce, take("m", true), at(*time));
                let due = contests.of(Mode::Enforce, at(*time)).unwrap().answer.unwrap_or_else(|| at(*time));
                prop_assert!(due.duration_since(at(*time)) <= SLOW);
                if times.get(index + 1).is_none_or(|next| due < at(*next)) {
                    contests.answered([Mode::Enforce], due);
                    answers.push(due.as_millisecond());
                }
            }
            for (index, first) in answers.iter().enumerate() {
                for window in [MINUTE, 10 * MINUTE] {
                    let within = answers[index..].iter().filter(|answer| **answer < first + window).count();
                    prop_assert!(i64::try_from(within).unwrap() <= i64::from(BURST) + window / MINUTE, "{within} in {window}");
                }
            }
        }
    }
}
