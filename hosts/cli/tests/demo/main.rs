//! `reins demo` as people run it: into a pipe, and on a terminal.

// WHY: clippy lets the functions of a test stop on a surprise only where it sees that they are one.
#![cfg(test)]

mod pipe;
mod terminal;

use std::path::Path;
use std::process::Command;

/// `reins demo --fast`, with its temporary files in `folder`.
fn demo(folder: &Path) -> Command {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_reins"));
    demo.args(["demo", "--fast"]).env("TMPDIR", folder);
    demo
}

/// Nothing is left of a demo's temporary files.
#[track_caller]
fn assert_empty(folder: &Path) {
    let left: Vec<_> = std::fs::read_dir(folder).expect("the folder").collect();
    assert!(left.is_empty(), "{left:?}");
}
