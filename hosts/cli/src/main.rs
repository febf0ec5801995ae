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
    use_small_pages();
    commands::Reins::parse().run(&machine::Machine::this())
}

/// Memory in pages of 4 KiB. The allocator gives each thread memory of its own and asks for pages
/// of 2 MiB, of which small threads use a few KiB: they made 20 MiB of the 38 that a server had at
/// its start. Without them calls a second were the same, and streams 4 % fewer in a pair of runs,
/// which is within their range (`reins bench`).
fn use_small_pages() {
    #[cfg(target_os = "linux")]
    // WHY: a kernel that cannot do this has no large pages.
    rustix::thread::disable_transparent_huge_pages(true).unwrap_or_default();
}
