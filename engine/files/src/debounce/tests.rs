//! Which contents are accepted, and when.

use std::io;
use std::time::Duration;

use proptest::prelude::{Strategy, prop, prop_assert, proptest};

use super::{Debounce, Found, REREAD, REST, REST_RELINKED, REST_RENAMED, rest};
use crate::open_file::Stamp;
use crate::path_watch::Change;
use crate::{Contents, FileError, FileState};

/// Time between two polls.
const POLL: Duration = Duration::from_millis(100);

/// A file as its writer left it.
struct Scene {
    debounce: Debounce,
    now: Duration,
    text: &'static str,
    writes: i64,
    inode: u64,
    change: Change,
}

fn stamp(inode: u64, length: usize, writes: i64) -> Stamp {
    Stamp {
        id: (1, inode),
        length: u64::try_from(length).unwrap(),
        modified: (writes, 0),
        changed: (writes, 0),
    }
}

impl Scene {
    /// A file whose first contents were accepted.
    fn new() -> Self {
        let debounce = Debounce::default();
        let (now, writes) = (Duration::ZERO, 0);
        let mut scene =
            Self { debounce, now, text: "first", writes, inode: 1, change: Change::Renamed };
        assert_eq!(scene.accepted_within(Duration::from_secs(1)), Some(REST_RENAMED));
        scene
    }

    fn write(&mut self, text: &'static str) {
        (self.text, self.writes, self.change) = (text, self.writes + 1, Change::None);
    }

    fn replace(&mut self, text: &'static str, change: Change) {
        self.inode += 1;
        self.write(text);
        self.change = change;
    }

    fn poll(&mut self) -> FileState {
        let contents: Contents = self.text.as_bytes().into();
        let stamp = stamp(self.inode, contents.len(), self.writes);
        let read = || Ok(Some(contents.clone()));
        let rest = rest(std::mem::replace(&mut self.change, Change::None));
        let found = Found { stamp, rest, read: &read };
        let state = self.debounce.poll(self.now, Ok(Some(found)));
        self.now += POLL;
        state
    }

    fn accepted(&self) -> &str {
        str::from_utf8(self.debounce.accepted().map_or(b"", |text| text)).unwrap()
    }

    /// After how long the contents are accepted, `None` if not within this time.
    fn accepted_within(&mut self, most: Duration) -> Option<Duration> {
        let started = self.now;
        while self.now - started <= most {
            let at = self.now - started;
            let current = matches!(self.poll(), FileState::Current);
            assert!(!current || self.accepted() == self.text, "at {at:?}");
            if current {
                return Some(at);
            }
        }
        None
    }
}

#[test]
fn what_is_renamed_into_place_is_accepted_early_and_all_else_late() {
    for (change, expected) in [
        (Change::Renamed, REST_RENAMED),
        (Change::Relinked, REST_RELINKED),
        (Change::Created, REST),
        (Change::None, REST),
    ] {
        let mut scene = Scene::new();
        scene.replace("second", change);
        assert_eq!(scene.accepted_within(REST * 2), Some(expected), "{change:?}");
    }
}

#[test]
fn a_file_that_is_written_on_after_it_was_moved_has_to_rest() {
    let mut scene = Scene::new();
    scene.replace("half", Change::Relinked);
    scene.poll();
    scene.write("half and half");
    assert_eq!(scene.accepted_within(REST * 2), Some(REST));
}

#[test]
fn a_move_in_the_middle_of_a_slow_write_is_accepted_early() {
    let mut scene = Scene::new();
    scene.write("ha");
    assert_eq!(scene.accepted_within(REST - POLL), None);
    scene.replace("whole", Change::Renamed);
    assert_eq!(scene.accepted_within(REST), Some(REST_RENAMED));
}

#[test]
fn a_change_that_leaves_the_stamp_alone_is_found() {
    let mut scene = Scene::new();
    // The same length and the same times.
    scene.text = "other";
    while !matches!(scene.poll(), FileState::Changing) {}
    assert_eq!((scene.now - POLL, scene.accepted()), (REST_RENAMED + REST, "first"));
    scene.text = "again";
    assert_eq!(
        scene.accepted_within(REST * 3),
        Some(REST * 2 - POLL),
        "both readings must be equal"
    );
    let accepted = scene.now;
    while scene.now <= accepted + REST {
        assert!(matches!(scene.poll(), FileState::Current));
    }
    scene.text = "about";
    while matches!(scene.poll(), FileState::Current) {}
    assert!(scene.now - accepted - REST - REREAD <= POLL * 2, "half a minute later");
}

#[test]
fn contents_that_come_back_are_not_accepted_again() {
    let mut scene = Scene::new();
    let before = scene.debounce.accepted().cloned().expect("contents");
    scene.write("half");
    scene.poll();
    scene.replace("first", Change::Renamed);
    assert_eq!(scene.accepted_within(REST), Some(REST_RENAMED));
    assert!(std::sync::Arc::ptr_eq(&before, scene.debounce.accepted().expect("contents")));
}

fn missing() -> FileError {
    io::Error::from(io::ErrorKind::NotFound).into()
}

#[test]
fn a_file_that_is_missing_for_a_moment_is_being_replaced() {
    let mut scene = Scene::new();
    let seen: Vec<bool> = (0..25)
        .map(|_| {
            scene.now += POLL;
            let state = scene.debounce.poll(scene.now, Err(missing()));
            matches!(state, FileState::Unreadable(_))
        })
        .collect();
    assert_eq!(seen.iter().position(|unreadable| *unreadable), Some(20), "two seconds");
    assert_eq!(scene.accepted(), "first");
    assert!(matches!(scene.poll(), FileState::Current), "it is back as it was");
    let mut fresh = Debounce::default();
    assert!(matches!(fresh.poll(POLL, Err(missing())), FileState::Unreadable(_)), "at the start");
}

#[test]
fn a_file_that_changes_while_it_is_read_is_not_accepted() {
    let mut scene = Scene::new();
    scene.replace("second", Change::Renamed);
    for _ in 0..3 {
        let read = || Ok(None);
        let stamp = stamp(scene.inode, 6, scene.writes);
        let found = Found { stamp, rest: Duration::ZERO, read: &read };
        let state = scene.debounce.poll(scene.now, Ok(Some(found)));
        assert!(matches!(state, FileState::Changing));
    }
    assert_eq!(scene.accepted(), "first");
}

/// Polls after each piece of a file that is written in pieces.
fn pauses() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(0_u32..20, 1..12)
}

proptest! {
    #[test]
    fn no_part_of_a_file_is_accepted(pauses in pauses(), anew in prop::bool::ANY) {
        let whole = "one two three four five six seven eight nine ten eleven twelve";
        let mut scene = Scene::new();
        let step = whole.len() / pauses.len();
        for (piece, pause) in pauses.iter().enumerate() {
            let end = if piece + 1 == pauses.len() { whole.len() } else { step * (piece + 1) };
            let part = whole.get(..end).unwrap_or(whole);
            if anew && piece == 0 {
                scene.replace(part, Change::Created);
            } else {
                scene.write(part);
            }
            for _ in 0..*pause {
                scene.poll();
                prop_assert!(scene.accepted() == "first" || scene.accepted() == whole);
            }
        }
        let within = scene.accepted_within(REST + POLL);
        prop_assert!(within.is_some_and(|within| within <= REST));
    }
}
