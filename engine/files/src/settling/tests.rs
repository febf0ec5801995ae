//! Which texts are taken, and when.

use std::io;
use std::time::Duration;

use proptest::prelude::{Strategy, prop, prop_assert, proptest};

use super::{EXCHANGED, Found, READ_ANYWAY, RENAMED, REST, Settling, rest};
use crate::opened::Stamp;
use crate::road::Came;
use crate::watched::Standing;
use crate::{FileError, Text};

/// Time from one look to the next.
const LOOK: Duration = Duration::from_millis(100);

/// A file, as its writers leave it.
struct Scene {
    settling: Settling,
    now: Duration,
    text: &'static str,
    writes: i64,
    inode: u64,
    came: Came,
}

fn stamp(inode: u64, length: usize, writes: i64) -> Stamp {
    Stamp {
        id: (1, inode),
        length: u64::try_from(length).unwrap(),
        written: (writes, 0),
        changed: (writes, 0),
    }
}

impl Scene {
    /// A file whose first text was taken.
    fn new() -> Self {
        let settling = Settling::default();
        let (now, writes) = (Duration::ZERO, 0);
        let mut scene =
            Self { settling, now, text: "first", writes, inode: 1, came: Came::Renamed };
        assert_eq!(scene.taken_within(Duration::from_secs(1)), Some(RENAMED));
        scene
    }

    fn write(&mut self, text: &'static str) {
        (self.text, self.writes, self.came) = (text, self.writes + 1, Came::Stayed);
    }

    fn arrive(&mut self, text: &'static str, came: Came) {
        self.inode += 1;
        self.write(text);
        self.came = came;
    }

    fn look(&mut self) -> Standing {
        let text: Text = self.text.as_bytes().into();
        let stamp = stamp(self.inode, text.len(), self.writes);
        let mut read = || Ok(Some(text.clone()));
        let rest = rest(std::mem::replace(&mut self.came, Came::Stayed));
        let found = Found { stamp, rest, read: &mut read };
        let standing = self.settling.look(self.now, Ok(Some(found)));
        self.now += LOOK;
        standing
    }

    fn taken(&self) -> &str {
        str::from_utf8(self.settling.text().map_or(b"", |text| text)).unwrap()
    }

    /// When the text that is there is taken, looking every now and then for so long.
    fn taken_within(&mut self, most: Duration) -> Option<Duration> {
        let started = self.now;
        while self.now - started <= most {
            let at = self.now - started;
            let current = matches!(self.look(), Standing::Current);
            assert!(!current || self.taken() == self.text, "at {at:?}");
            if current {
                return Some(at);
            }
        }
        None
    }
}

#[test]
fn what_is_moved_into_place_is_taken_early_and_all_else_late() {
    for (came, expected) in [
        (Came::Renamed, RENAMED),
        (Came::Exchanged, EXCHANGED),
        (Came::Anew, REST),
        (Came::Stayed, REST),
    ] {
        let mut scene = Scene::new();
        scene.arrive("second", came);
        assert_eq!(scene.taken_within(REST * 2), Some(expected), "{came:?}");
    }
}

#[test]
fn a_file_that_is_written_on_after_it_was_moved_has_to_rest() {
    let mut scene = Scene::new();
    scene.arrive("half", Came::Exchanged);
    scene.look();
    scene.write("half and half");
    assert_eq!(scene.taken_within(REST * 2), Some(REST));
}

#[test]
fn a_move_in_the_middle_of_a_slow_write_is_taken_early() {
    let mut scene = Scene::new();
    scene.write("ha");
    assert_eq!(scene.taken_within(REST - LOOK), None);
    scene.arrive("whole", Came::Renamed);
    assert_eq!(scene.taken_within(REST), Some(RENAMED));
}

#[test]
fn what_changes_without_a_trace_is_found_all_the_same() {
    let mut scene = Scene::new();
    // As long as the first, and no time of the file has changed.
    scene.text = "other";
    while !matches!(scene.look(), Standing::Changing) {}
    assert_eq!((scene.now - LOOK, scene.taken()), (RENAMED + REST, "first"));
    scene.text = "again";
    assert_eq!(scene.taken_within(REST * 3), Some(REST * 2 - LOOK), "both readings must be alike");
    let taken = scene.now;
    while scene.now <= taken + REST {
        assert!(matches!(scene.look(), Standing::Current));
    }
    scene.text = "about";
    while matches!(scene.look(), Standing::Current) {}
    assert!(scene.now - taken - REST - READ_ANYWAY <= LOOK * 2, "half a minute later");
}

#[test]
fn a_text_that_comes_back_is_not_taken_anew() {
    let mut scene = Scene::new();
    let before = scene.settling.text().cloned().expect("a text");
    scene.write("half");
    scene.look();
    scene.arrive("first", Came::Renamed);
    assert_eq!(scene.taken_within(REST), Some(RENAMED));
    assert!(std::sync::Arc::ptr_eq(&before, scene.settling.text().expect("a text")));
}

fn missing() -> FileError {
    io::Error::from(io::ErrorKind::NotFound).into()
}

#[test]
fn a_file_that_is_missing_for_a_moment_is_being_replaced() {
    let mut scene = Scene::new();
    let seen: Vec<bool> = (0..25)
        .map(|_| {
            scene.now += LOOK;
            let standing = scene.settling.look(scene.now, Err(missing()));
            matches!(standing, Standing::Unreadable(_))
        })
        .collect();
    assert_eq!(seen.iter().position(|unreadable| *unreadable), Some(20), "two seconds");
    assert_eq!(scene.taken(), "first");
    assert!(matches!(scene.look(), Standing::Current), "it is back as it was");
    let mut fresh = Settling::default();
    assert!(matches!(fresh.look(LOOK, Err(missing())), Standing::Unreadable(_)), "at the start");
}

#[test]
fn a_file_that_changes_while_it_is_read_is_not_taken() {
    let mut scene = Scene::new();
    scene.arrive("second", Came::Renamed);
    for _ in 0..3 {
        let mut read = || Ok(None);
        let stamp = stamp(scene.inode, 6, scene.writes);
        let found = Found { stamp, rest: Duration::ZERO, read: &mut read };
        let standing = scene.settling.look(scene.now, Ok(Some(found)));
        assert!(matches!(standing, Standing::Changing));
    }
    assert_eq!(scene.taken(), "first");
}

/// Pieces of a text, each with the time in looks that its writer then pauses.
fn pauses() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(0_u32..20, 1..12)
}

proptest! {
    #[test]
    fn no_half_is_taken_whatever_its_writer_does(pauses in pauses(), anew in prop::bool::ANY) {
        let whole = "one two three four five six seven eight nine ten eleven twelve";
        let mut scene = Scene::new();
        let step = whole.len() / pauses.len();
        for (piece, pause) in pauses.iter().enumerate() {
            let end = if piece + 1 == pauses.len() { whole.len() } else { step * (piece + 1) };
            if anew && piece == 0 {
                scene.arrive(&whole[..end], Came::Anew);
            } else {
                scene.write(&whole[..end]);
            }
            for _ in 0..*pause {
                scene.look();
                prop_assert!(scene.taken() == "first" || scene.taken() == whole);
            }
        }
        let within = scene.taken_within(REST + LOOK);
        prop_assert!(within.is_some_and(|within| within <= REST));
    }
}
