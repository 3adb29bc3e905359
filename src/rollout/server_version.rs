//! What `server` and `server-N` mean, given the API server versions seen.

use std::{collections::VecDeque, time::Duration};

use jiff::{SignedDuration, Timestamp};

use crate::{
    api::VersionSpec,
    standards::{NEWEST_MINOR, Version},
};

/// How long a version that was seen counts: control planes are upgraded one server at a time, and an answer may
/// come from any of them.
pub const VERSION_WINDOW: Duration = Duration::from_mins(15);

/// The minors that the API server gave as its own, over a time.
#[derive(Clone, Debug)]
pub struct ServerMinors {
    window: SignedDuration,
    seen: VecDeque<(Timestamp, u32)>,
    since: Option<Timestamp>,
}

impl ServerMinors {
    /// None yet. Each that is seen counts for so long.
    pub fn over(window: Duration) -> Self {
        let window = SignedDuration::try_from(window).unwrap_or(SignedDuration::MAX);
        Self { window, seen: VecDeque::new(), since: None }
    }

    /// Notes what the server said.
    pub fn observe(&mut self, now: Timestamp, minor: u32) {
        self.since.get_or_insert(now);
        self.seen.push_back((now, minor));
        while self.seen.front().is_some_and(|(at, _)| now.duration_since(*at) > self.window) {
            self.seen.pop_front();
        }
    }

    /// What is known now; nothing before the first answer.
    pub fn view(&self, now: Timestamp) -> Option<ServerView> {
        let minor = self.seen.iter().map(|(_, minor)| *minor).min()?;
        let watched_in_full = self.since.is_some_and(|since| now.duration_since(since) >= self.window);
        Some(ServerView { minor, watched_in_full })
    }
}

/// The API server's minor as it counts for pins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerView {
    /// The lowest minor seen in the time that counts, which is [`VERSION_WINDOW`].
    pub minor: u32,
    /// Whether the server was watched for all of them. Until then no pin moves up: another, older server may be
    /// there that has not answered yet.
    pub watched_in_full: bool,
}

/// What is known of a mode's version from before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pin {
    /// What the present spec stood for last.
    pub version: Option<Version>,
    /// Whether the author has put the present spec in the place of another one.
    pub edited: bool,
}

/// The version that a mode's labels are to carry.
///
/// `previous` is the version that this very `spec` stood for last, if known: it never moves down by itself (an
/// older server behind the same address is no wish of anybody's), and not up before the server was watched in full.
pub fn resolve_version(spec: VersionSpec, previous: Option<Version>, server: ServerView) -> Version {
    let behind = match spec {
        VersionSpec::Fixed(version) => return version,
        VersionSpec::Server { behind } => behind,
    };
    let resolved = Version::Minor(u64::from(server.minor.min(NEWEST_MINOR).saturating_sub(behind)));
    match previous {
        Some(pin @ Version::Minor(_)) if resolved < pin || !server.watched_in_full => pin,
        _ => resolved,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: VersionSpec = VersionSpec::Server { behind: 0 };

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(minutes * 60).unwrap()
    }

    fn view(minor: u32, watched_in_full: bool) -> ServerView {
        ServerView { minor, watched_in_full }
    }

    #[test]
    fn the_lowest_minor_of_the_last_15_minutes_counts() {
        let mut minors = ServerMinors::over(VERSION_WINDOW);
        assert_eq!(minors.view(at(0)), None);
        minors.observe(at(0), 36);
        minors.observe(at(5), 37);
        assert_eq!(minors.view(at(5)), Some(view(36, false)));
        minors.observe(at(16), 37);
        assert_eq!(minors.view(at(16)), Some(view(37, true)));
    }

    #[test]
    fn a_pin_never_moves_down_by_itself() {
        let pin = Some(Version::Minor(37));
        assert_eq!(resolve_version(SERVER, pin, view(36, true)), Version::Minor(37));
        assert_eq!(resolve_version(SERVER, None, view(36, true)), Version::Minor(36));
    }

    #[test]
    fn a_pin_moves_up_once_the_server_was_watched_in_full() {
        let pin = Some(Version::Minor(35));
        assert_eq!(resolve_version(SERVER, pin, view(36, false)), Version::Minor(35));
        assert_eq!(resolve_version(SERVER, pin, view(36, true)), Version::Minor(36));
    }

    #[test]
    fn never_newer_than_the_tables_and_never_below_zero() {
        assert_eq!(resolve_version(SERVER, None, view(99, true)), Version::Minor(u64::from(NEWEST_MINOR)));
        assert_eq!(
            resolve_version(VersionSpec::Server { behind: 2 }, None, view(36, true)),
            Version::Minor(34)
        );
        assert_eq!(
            resolve_version(VersionSpec::Server { behind: 99 }, None, view(36, true)),
            Version::Minor(0)
        );
        assert_eq!(
            resolve_version(VersionSpec::Fixed(Version::Latest), Some(Version::Minor(3)), view(36, true)),
            Version::Latest
        );
    }
}
