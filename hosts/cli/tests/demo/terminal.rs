//! On a terminal: a picture that is drawn over and over, and a terminal that is as it was.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::process::{ExitStatus, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use tempfile::TempDir;

use super::{assert_empty, demo};

/// What a program sends to ask where the cursor is, and the answer of a terminal.
const WHERE: &str = "\x1b[6n";
const HERE: &[u8] = b"\x1b[1;1R";
/// Shows the cursor again.
const CURSOR: &str = "\x1b[?25h";

/// A terminal of 110 × 40, as the person in front of it has it and as a program has it.
struct Pty {
    person: File,
    program: File,
}

// === impl Pty ===

impl Pty {
    fn open() -> Self {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&person).expect("it is ours");
        unlockpt(&person).expect("it opens");
        let name = ptsname(&person, Vec::new()).expect("it has a name");
        let name = OsStr::from_bytes(name.as_bytes());
        let program = File::options().read(true).write(true).open(name).expect("its other end");
        let size = Winsize { ws_row: 40, ws_col: 110, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&program, size).expect("it has a size");
        Self { person: File::from(person), program }
    }

    fn end(&self) -> Stdio {
        Stdio::from(OwnedFd::from(self.program.try_clone().expect("a descriptor")))
    }

    /// Whether keys are echoed and Ctrl-C is a signal, as before a program changed it.
    fn is_as_it_was(&self) -> bool {
        let modes = tcgetattr(&self.program).expect("it has modes").local_modes;
        modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG)
    }

    /// Runs a demo, and answers as a terminal does; once `word` is on the screen, presses `keys`.
    fn watch(&mut self, word: &str, keys: &[u8], folder: &TempDir) -> (ExitStatus, String) {
        let mut command = demo(folder.path());
        command.stdin(self.end()).stdout(self.end()).stderr(self.end());
        let mut child = command.spawn().expect("it starts");
        let mut person = self.person.try_clone().expect("a descriptor");
        let mut program = self.program.try_clone().expect("a descriptor");
        let status = std::thread::spawn(move || {
            let status = child.wait().expect("it ends");
            program.write_all(b"<end>").expect("the terminal is there");
            status
        });
        let mut seen = String::new();
        let (mut asked, mut pressed) = (0, false);
        while !seen.contains("<end>") {
            let mut some = [0; 4096];
            let length = person.read(&mut some).expect("something to see");
            seen.push_str(&String::from_utf8_lossy(&some[..length]));
            let asks = seen.matches(WHERE).count();
            (asked..asks).for_each(|_| person.write_all(HERE).expect("an answer"));
            asked = asks;
            if !pressed && seen.contains(word) {
                person.write_all(keys).expect("keys");
                pressed = true;
            }
        }
        (status.join().expect("a status"), seen)
    }
}

#[test]
fn draws_bars_and_gives_the_terminal_back() {
    let folder = TempDir::new().expect("a folder");
    let mut pty = Pty::open();
    let (status, seen) = pty.watch("support bot", b"x", &folder);
    assert!(status.success(), "{status}\n{seen}");
    for part in
        ["█", "▒", "the company", "night-batch", "in flight", "equal, to the nano-dollar", CURSOR]
    {
        assert!(seen.contains(part), "`{part}` is not in\n{seen}");
    }
    assert!(pty.is_as_it_was());
    assert_empty(folder.path());
}

#[test]
fn control_c_gives_the_terminal_back_and_leaves_nothing_behind() {
    let folder = TempDir::new().expect("a folder");
    let mut pty = Pty::open();
    let (status, seen) = pty.watch("support bot", b"\x03", &folder);
    assert_eq!(status.code(), Some(130), "{seen}");
    assert!(seen.contains("stopped") && seen.contains(CURSOR), "{seen}");
    assert!(pty.is_as_it_was());
    assert_empty(folder.path());
}
