//! `reins serve`: the gateway as a process.

mod counters;
mod signals;

use std::process::ExitCode;
use std::sync::Arc;

use reins_gateway::{Gateway, Log};
use reins_runtime::{Accepted, Start};

use self::signals::Signals;
use super::Desk;
use crate::failure::Failure;

/// Let calls through, within their budgets and rules
///
/// Prints one line, `listening on ADDRESS`, once calls can come. Changes to the file take effect
/// while serving, once it is whole; a wrong file never replaces a good one.
///
/// SIGTERM, SIGQUIT or Ctrl-C stops it in order: calls in flight may end, new ones are refused, and
/// what was spent is in the store. A second signal ends it at once; what was in flight is then
/// presumed to have cost what was set aside. SIGHUP has the file checked again, with the keys that
/// the store keeps for vendors now; other signals do nothing.
///
/// The log goes to stderr, one JSON object a line. No call waits for it: lines that stderr does not
/// take are lost, and counted on `/metrics`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Serve {
    /// Start although entries of the store's journal are missing, and go on without them
    ///
    /// What is missing is named at a start without this. What is left of the journal is put aside.
    #[arg(long)]
    accept_loss: bool,
    /// Start although the store's secret is lost: keys that were made under it end
    ///
    /// The vendors' keys that the store kept are removed. Make the keys anew, with
    /// `reins key create` and `reins connection key`.
    #[arg(long)]
    accept_lost_secret: bool,
}

/// What is logged without `REINS_LOG`.
const LOG: &str = "info";

const EXAMPLES: &str = "\
Environment:
  REINS_LOG     what is logged: error, warn, info, debug, or by part: reins_gateway=debug,info
  REINS_SECRET  what keys are sealed with, in place of the file beside the store

Examples:
  reins serve
  reins serve --config /etc/reins/reins.toml 2>>/var/log/reins.log";

// === impl Serve ===

impl Serve {
    pub(crate) async fn run(self, desk: Desk<'_>) -> Result<ExitCode, Failure> {
        let levels = desk.machine.variable("REINS_LOG");
        // Dropped last: it writes what is left in its queue.
        let _log = Log::install(levels.as_deref().unwrap_or(LOG).parse()?)?;
        let metrics = counters::install()?;
        let mut signals = Signals::install()?;
        let start = Start {
            config: desk.config.path().to_owned(),
            variables: Arc::clone(&desk.machine.variables),
            clock: Arc::clone(&desk.machine.clock),
            accepted: Accepted { loss: self.accept_loss, lost_secret: self.accept_lost_secret },
        };
        // As a task: a start that blocks its thread must not block the signals.
        let starting = tokio::spawn(Gateway::start(start, Some(metrics)));
        let gateway = tokio::select! {
            started = starting => started.map_err(Failure::Start)??,
            () = signals.told_to_stop() => return Ok(ExitCode::SUCCESS),
        };
        let again = gateway.check_again();
        signals.at_hangup(move || again.notify_one());
        desk.out.announce(format!("listening on {}", gateway.address()));
        gateway.run(signals.stop()).await?;
        Ok(ExitCode::SUCCESS)
    }
}
