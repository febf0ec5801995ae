//! The commands, and the way from arguments to a status.

mod serve;

mod check;
mod price;

mod explain;
mod spend;

mod connection;
mod key;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::runtime::Builder;

use crate::config_file::ConfigFile;
use crate::failure::Failure;
use crate::machine::Machine;
use crate::out::Out;

/// Decides what agents may spend on models, before they spend it.
///
/// Reins stands between agents and the vendors of models. It sets the most that a call can cost
/// aside, asks the rules, lets the call through or refuses it, and charges what the call did cost.
#[derive(Debug, Parser)]
#[command(name = "reins", version, after_help = EXAMPLES, max_term_width = 100)]
pub(crate) struct Reins {
    #[command(flatten)]
    config: ConfigFile,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  reins check reins.toml          what is wrong with the file, all of it at once
  reins serve                     begin; agents change their base URL and their key
  reins key create --name ci      a key for one of them
  reins spend                     who has spent what, and what is left
  reins explain txn_01KBB1QW3J…   why a call was refused, changed or let through

Every command works beside a running server.";

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Check(check::Check),
    Price(price::Price),
    Spend(spend::Spend),
    Explain(explain::Explain),
    #[command(subcommand)]
    Key(key::Key),
    #[command(subcommand)]
    Connection(connection::Connection),
    Bench(crate::bench::Bench),
    Demo(crate::demo::Demo),
}

/// What a command works with.
pub(crate) struct Desk<'a> {
    pub(crate) config: &'a ConfigFile,
    pub(crate) machine: &'a Machine,
    pub(crate) out: &'a mut Out,
}

// === impl Reins ===

impl Reins {
    /// Does what the arguments say.
    pub(crate) fn run(self, machine: &Machine) -> ExitCode {
        let mut out = Out::new(machine);
        let serves = matches!(self.command, Command::Serve(_));
        let ended = self.run_with(machine, &mut out);
        let ended = ended.and_then(|status| Ok(out.flush().map(|()| status)?));
        ended.unwrap_or_else(|failure| {
            match failure.told(out.colours_notes()) {
                None => {}
                Some(told) if serves => out.last_note(told),
                // WHY: with stderr closed there is nobody to tell; the status still says it.
                Some(told) => out.note(told).unwrap_or_default(),
            }
            failure.status()
        })
    }

    fn run_with(self, machine: &Machine, out: &mut Out) -> Result<ExitCode, Failure> {
        let runtime = Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(Failure::Threads)?;
        let desk = Desk { config: &self.config, machine, out };
        let ended = runtime.block_on(self.command.run(desk));
        runtime.shutdown_background();
        ended
    }
}

// === impl Command ===

impl Command {
    async fn run(self, desk: Desk<'_>) -> Result<ExitCode, Failure> {
        match self {
            Self::Serve(serve) => serve.run(desk).await,
            Self::Check(check) => check.run(desk),
            Self::Price(price) => price.run(desk),
            Self::Spend(spend) => spend.run(desk).await,
            Self::Explain(explain) => explain.run(desk).await,
            Self::Key(key) => key.run(desk).await,
            Self::Connection(connection) => connection.run(desk).await,
            Self::Bench(bench) => bench.run(desk).await,
            Self::Demo(demo) => demo.run(desk).await,
        }
    }
}
