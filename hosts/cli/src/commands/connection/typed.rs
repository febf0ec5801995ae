//! Typing a secret: one line of stdin, which a terminal does not show.

use std::io::{self, BufRead, IsTerminal, Stdin};

use reins_governor::has_key_form;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::out::Out;

/// Reads a key from stdin; at a terminal, asks for it.
pub(crate) fn secret_line(stdin: &Stdin, out: &mut Out) -> Result<Zeroizing<String>, Failure> {
    let _silence = if stdin.is_terminal() {
        out.note("Paste the key and press Enter; it is not shown.")?;
        Some(Silence::on(stdin).map_err(Failure::Input)?)
    } else {
        None
    };
    let mut line = Zeroizing::new(String::new());
    stdin.lock().read_line(&mut line).map_err(Failure::Input)?;
    checked(&line)
}

/// The key in a line.
fn checked(line: &str) -> Result<Zeroizing<String>, Failure> {
    let key = line.trim();
    if key.is_empty() {
        return Err(Failure::NoKey);
    }
    if key.contains(|c: char| !c.is_ascii_graphic()) || key.contains(['"', '\'']) {
        return Err(Failure::NotAKey);
    }
    if has_key_form(key) {
        return Err(Failure::ReinsKey);
    }
    Ok(Zeroizing::new(key.to_owned()))
}

/// A terminal that shows nothing of what is typed, as long as this is there.
struct Silence<'a> {
    terminal: &'a Stdin,
    before: Termios,
}

// === impl Silence ===

impl<'a> Silence<'a> {
    fn on(terminal: &'a Stdin) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(terminal, OptionalActions::Now, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silence<'_> {
    fn drop(&mut self) {
        // WHY: a terminal that is gone needs no echo.
        tcsetattr(self.terminal, OptionalActions::Now, &self.before).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    //! What is taken for a key.
    use super::checked;
    use crate::failure::Failure;

    #[test]
    fn a_key_is_one_word() {
        assert_eq!(&*checked("  sk-proj-0123\r\n").expect("a key"), "sk-proj-0123");
        for line in ["", " \n"] {
            assert!(matches!(checked(line), Err(Failure::NoKey)), "`{line}`");
        }
        for line in ["\"sk-1\"\n", "sk 1", "sk-ä", "sk-\u{0}1"] {
            assert!(matches!(checked(line), Err(Failure::NotAKey)), "`{line}`");
        }
        assert!(matches!(checked("rns_live_0123\n"), Err(Failure::ReinsKey)));
    }
}
