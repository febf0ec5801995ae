//! The binary `reins`: arguments in, a status out.

mod commands;

mod bench;
mod demo;

mod config_file;
mod kept;

mod failure;
mod machine;
mod out;
mod table;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

/// A call makes hundreds of small allocations, and several threads make them at once.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    commands::Reins::parse().run(&machine::Machine::this())
}
