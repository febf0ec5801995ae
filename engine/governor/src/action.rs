//! The action: what was done to a call, in one word.

use std::fmt;

use crate::words::words;

/// What was done to a call, or would have been.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Action {
    /// Nothing: it went on as it was.
    #[default]
    Pass,
    /// Nothing, and a rule says so by name.
    Allow,
    /// It went on with a warning.
    Warn,
    /// It went on, marked for a later look.
    Flag,
    /// It went on with a cheaper model.
    Downgrade,
    /// It went on with a lower output cap.
    Clip,
    /// It was refused.
    Block,
}

// === impl Action ===

words!(Action {
    Pass = 0 "pass",
    Allow = 1 "allow",
    Warn = 2 "warn",
    Flag = 3 "flag",
    Downgrade = 4 "downgrade",
    Clip = 5 "clip",
    Block = 6 "block",
});

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
