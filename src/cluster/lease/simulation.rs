//! Several candidates, each with a clock of its own, an API server that takes its time, and everything that can go wrong
//! with both, in simulated time.

use std::collections::BTreeMap;

use proptest::{prelude::*, test_runner::TestCaseResult};

use super::*;

/// How far a clock may be off its rate, in thousandths: far more than any that works.
const DRIFT: u64 = 100;

/// Milliseconds of true time.
type Millis = u64;

#[derive(Clone, Debug)]
enum Request {
    Read,
    Write(Write, Record),
}

#[derive(Clone, Debug)]
enum Answer {
    Found(Option<(Record, String)>),
    Wrote(Record, String),
    Refused,
}

#[derive(Debug)]
enum Event {
    /// A candidate begins, unless one lives.
    Starts {
        node: usize,
    },
    /// A candidate looks what is to be done.
    Turn {
        node: usize,
        life: u32,
    },
    Arrives {
        node: usize,
        life: u32,
        call: u32,
        request: Request,
        sent: Moment,
        back: Option<Millis>,
    },
    Answered {
        node: usize,
        life: u32,
        call: u32,
        sent: Moment,
        answer: Answer,
    },
    GivenUp {
        node: usize,
        life: u32,
        call: u32,
        sent: Moment,
    },
    Mishap(Mishap),
}

#[derive(Clone, Copy, Debug)]
enum Mishap {
    /// It is killed, and another one started a second later.
    Killed(usize),
    /// It stands still for so long.
    Stopped(usize, Millis),
    /// The API server is away for so long.
    Away(Millis),
    /// Somebody annotates the Lease.
    Touched,
    /// The time of day of a machine jumps by so many seconds.
    Jumped(usize, i64),
}

#[derive(Debug)]
struct Node {
    candidate: Candidate,
    /// How fast its clock goes, in thousandths.
    rate: u64,
    /// What its clock shows at the beginning.
    offset: Millis,
    time_of_day: i64,
    life: u32,
    /// The call that is under way.
    call: Option<u32>,
    calls: u32,
    stopped_until: Millis,
    is_alive: bool,
}

impl Node {
    fn clock(&self, now: Millis) -> Moment {
        Duration::from_micros((self.offset + now) * self.rate)
    }

    /// The true time at which its clock shows this.
    fn when(&self, moment: Moment) -> Millis {
        let micros = u64::try_from(moment.as_micros()).unwrap();
        micros.div_ceil(self.rate).saturating_sub(self.offset)
    }

    fn leads(&self, now: Millis) -> bool {
        self.is_alive && self.candidate.leads_until().is_some_and(|until| self.clock(now) < until)
    }
}

/// How requests fare.
#[derive(Clone, Copy, Debug)]
struct Network {
    /// The longest way, one way.
    longest: Millis,
    /// How many of a thousand legs are lost.
    lost: u64,
}

struct World {
    now: Millis,
    nodes: Vec<Node>,
    lease: Option<(Record, u64)>,
    away_until: Millis,
    network: Network,
    agenda: BTreeMap<(Millis, u64), Event>,
    scheduled: u64,
    random: u64,
    /// Who led from when on.
    begun: Vec<(Millis, usize)>,
}

impl World {
    fn new(nodes: Vec<(u64, Millis)>, network: Network, random: u64) -> Self {
        let mut world = Self {
            now: 0,
            nodes: Vec::new(),
            lease: None,
            away_until: 0,
            network,
            agenda: BTreeMap::new(),
            scheduled: 0,
            random,
            begun: Vec::new(),
        };
        for (node, (rate, offset)) in nodes.into_iter().enumerate() {
            world.nodes.push(Node {
                candidate: Candidate::new(String::new(), Terms::default(), 0),
                rate,
                offset,
                time_of_day: 1_800_000_000,
                life: 0,
                call: None,
                calls: 0,
                stopped_until: 0,
                is_alive: false,
            });
            world.starts(node);
        }
        world
    }

    fn dice(&mut self, sides: u64) -> u64 {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % sides
    }

    fn at(&mut self, at: Millis, event: Event) {
        self.scheduled += 1;
        self.agenda.insert((at.max(self.now), self.scheduled), event);
    }

    fn starts(&mut self, node: usize) {
        let random = self.dice(u64::MAX);
        let it = &mut self.nodes[node];
        it.life += 1;
        it.candidate = Candidate::new(format!("{node}_{}", it.life), Terms::default(), random);
        (it.call, it.is_alive, it.stopped_until) = (None, true, 0);
        let life = it.life;
        self.at(self.now, Event::Turn { node, life });
    }

    fn dies(&mut self, node: usize, again: Millis) {
        let it = &mut self.nodes[node];
        it.is_alive = false;
        it.life += 1;
        self.at(self.now + again, Event::Starts { node });
    }

    /// Goes on to this time; no two ever lead.
    fn until(&mut self, end: Millis) -> TestCaseResult {
        while let Some(entry) = self.agenda.first_entry()
            && entry.key().0 <= end
        {
            let ((now, _), event) = entry.remove_entry();
            self.now = now;
            let led: Vec<_> = self.nodes.iter().map(|node| node.leads(now)).collect();
            self.happens(event);
            let begins =
                led.into_iter().enumerate().filter(|(node, led)| !led && self.nodes[*node].leads(now));
            let newly: Vec<_> = begins.map(|(node, _)| (now, node)).collect();
            self.begun.extend(newly);
            let leaders: Vec<_> = (0..self.nodes.len()).filter(|node| self.nodes[*node].leads(now)).collect();
            prop_assert!(leaders.len() <= 1, "at {} ms {:?} lead: {:#?}", now, leaders, self.nodes);
        }
        self.now = end;
        Ok(())
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Starts { node } => {
                if !self.nodes[node].is_alive {
                    self.starts(node);
                }
            }
            Event::Turn { node, life } => self.turn(node, life),
            Event::Arrives { node, life, call, request, sent, back } => {
                if self.now < self.away_until {
                    return;
                }
                let answer = self.serves(request);
                if let Some(back) = back {
                    self.at(self.now + back, Event::Answered { node, life, call, sent, answer });
                }
            }
            Event::Answered { node, life, call, sent, answer } => {
                let event = |answer| Event::Answered { node, life, call, sent, answer };
                if let Some(answer) = self.awake(node, answer, event) {
                    self.hears(node, life, call, sent, Some(answer));
                }
            }
            Event::GivenUp { node, life, call, sent } => {
                let event = |()| Event::GivenUp { node, life, call, sent };
                if self.awake(node, (), event).is_some() {
                    self.hears(node, life, call, sent, None);
                }
            }
            Event::Mishap(mishap) => self.goes_wrong(mishap),
        }
    }

    /// What is taken in now; what comes while a node stands still comes to it when it wakes.
    fn awake<T>(&mut self, node: usize, what: T, event: impl FnOnce(T) -> Event) -> Option<T> {
        let until = self.nodes[node].stopped_until;
        if self.now >= until {
            return Some(what);
        }
        self.at(until, event(what));
        None
    }

    fn turn(&mut self, node: usize, life: u32) {
        if self.awake(node, (), |()| Event::Turn { node, life }).is_none() {
            return;
        }
        let it = &self.nodes[node];
        if it.life != life || !it.is_alive || it.call.is_some() {
            return;
        }
        let moment = it.clock(self.now);
        match it.candidate.next(moment) {
            Step::Wait(due) => {
                let when = it.when(due).max(self.now + 1);
                self.at(when, Event::Turn { node, life });
            }
            Step::End(_) => self.dies(node, 1000),
            Step::Read => self.sends(node, moment, Request::Read),
            Step::Write(write) => {
                let time_of_day = it.time_of_day + i64::try_from(self.now / 1000).unwrap();
                let record = it.candidate.record(Timestamp::from_second(time_of_day).unwrap());
                self.sends(node, moment, Request::Write(write, record));
            }
        }
    }

    fn sends(&mut self, node: usize, sent: Moment, request: Request) {
        let Network { longest, lost } = self.network;
        let (there, back) = (self.dice(longest + 1), self.dice(longest + 1));
        let (is_lost, no_answer) = (self.dice(1000) < lost, self.dice(1000) < lost);
        let it = &mut self.nodes[node];
        it.calls += 1;
        it.call = Some(it.calls);
        let (life, call) = (it.life, it.calls);
        let gives_up = it.when(sent + Terms::default().request());
        if !is_lost {
            let back = (!no_answer).then_some(back);
            self.at(self.now + there, Event::Arrives { node, life, call, request, sent, back });
        }
        self.at(gives_up, Event::GivenUp { node, life, call, sent });
    }

    fn hears(&mut self, node: usize, life: u32, call: u32, sent: Moment, answer: Option<Answer>) {
        let it = &mut self.nodes[node];
        if it.life != life || it.call != Some(call) {
            return;
        }
        it.call = None;
        let moment = it.clock(self.now);
        match answer {
            None => it.candidate.failed(sent, moment),
            Some(Answer::Found(found)) => it.candidate.observed(moment, found),
            Some(Answer::Wrote(record, version)) => it.candidate.wrote(sent, moment, (record, version)),
            Some(Answer::Refused) => it.candidate.refused(moment),
        }
        self.at(self.now, Event::Turn { node, life });
    }

    fn serves(&mut self, request: Request) -> Answer {
        let version = self.lease.as_ref().map(|(_, version)| *version);
        match request {
            Request::Read => {
                let found = self.lease.clone();
                Answer::Found(found.map(|(record, version)| (record, version.to_string())))
            }
            Request::Write(write, record) => {
                let fits = match write {
                    Write::Create => version.is_none(),
                    Write::Replace(replaced) => {
                        version.is_some_and(|version| version.to_string() == replaced)
                    }
                };
                if !fits {
                    return Answer::Refused;
                }
                let version = version.unwrap_or_default() + 1;
                self.lease = Some((record.clone(), version));
                Answer::Wrote(record, version.to_string())
            }
        }
    }

    fn goes_wrong(&mut self, mishap: Mishap) {
        match mishap {
            Mishap::Killed(node) => self.dies(node % self.nodes.len(), 1000),
            Mishap::Stopped(node, length) => {
                let node = node % self.nodes.len();
                self.nodes[node].stopped_until = self.now + length;
            }
            Mishap::Away(length) => self.away_until = self.now + length,
            Mishap::Touched => {
                if let Some((_, version)) = &mut self.lease {
                    *version += 1;
                }
            }
            Mishap::Jumped(node, seconds) => {
                let node = node % self.nodes.len();
                self.nodes[node].time_of_day += seconds;
            }
        }
    }
}

fn mishaps() -> impl Strategy<Value = Vec<(Millis, Mishap)>> {
    let mishap = prop_oneof![
        (0..3_usize).prop_map(Mishap::Killed),
        (0..3_usize, 1..60_000_u64).prop_map(|(node, length)| Mishap::Stopped(node, length)),
        (1..60_000_u64).prop_map(Mishap::Away),
        Just(Mishap::Touched),
        (0..3_usize, -100_000..100_000_i64).prop_map(|(node, seconds)| Mishap::Jumped(node, seconds)),
    ];
    proptest::collection::vec((0..300_000_u64, mishap), 0..20)
}

fn clocks(drift: u64) -> impl Strategy<Value = Vec<(u64, Millis)>> {
    proptest::collection::vec((1000 - drift..=1000 + drift, 0..1_000_000_u64), 1..=3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever goes wrong, and however long requests take: no two lead at the same true time. And once nothing goes wrong
    /// any more, one leads.
    #[test]
    fn never_do_two_lead(
        clocks in clocks(DRIFT),
        mishaps in mishaps(),
        longest in 0..8_000_u64,
        lost in 0..300_u64,
        random: u64,
    ) {
        let mut world = World::new(clocks, Network { longest, lost }, random);
        for (at, mishap) in mishaps {
            world.at(at, Event::Mishap(mishap));
        }
        world.until(400_000)?;
        world.network = Network { longest: 50, lost: 0 };
        world.until(460_000)?;
        prop_assert_eq!(world.nodes.iter().filter(|node| node.leads(460_000)).count(), 1, "{:#?}", world.nodes);
    }

    /// Whoever is killed, at whatever moment: somebody else leads after the lease and one retry period at most, and the
    /// requests that this takes.
    #[test]
    fn a_leader_that_is_killed_is_followed_in_time(
        offsets in proptest::collection::vec(0..1_000_000_u64, 2..=3),
        killed_at in 30_000..40_000_u64,
        random: u64,
    ) {
        const WAY: Millis = 20;
        let clocks = offsets.into_iter().map(|offset| (1000, offset)).collect();
        let mut world = World::new(clocks, Network { longest: WAY, lost: 0 }, random);
        world.until(killed_at)?;
        let leader = (0..world.nodes.len()).find(|node| world.nodes[*node].leads(killed_at)).unwrap();
        prop_assert_eq!(world.begun.len(), 1, "nobody else ever led");
        world.dies(leader, 100_000);
        let most = Terms::LEASE + Terms::RETRY;
        let most = u64::try_from(most.as_millis()).unwrap() + 6 * WAY;
        world.until(killed_at + most)?;
        prop_assert!(world.nodes.iter().any(|node| node.leads(killed_at + most)), "{:#?}", world.nodes);
    }

    /// However long requests take that are answered in time: whoever leads goes on.
    #[test]
    fn a_slow_api_server_does_not_cost_the_lease(
        clocks in clocks(0),
        longest in 0..1_200_u64,
        random: u64,
    ) {
        let mut world = World::new(clocks, Network { longest, lost: 0 }, random);
        world.until(600_000)?;
        prop_assert_eq!(world.begun.len(), 1, "{:?}", world.begun);
    }
}
