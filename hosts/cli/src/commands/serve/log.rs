//! The log: JSON lines on stderr.

use std::io;

use tracing_subscriber::EnvFilter;

use crate::failure::Failure;
use crate::machine::Machine;

/// What is logged where nobody says.
const DEFAULT: &str = "info";

/// Sends all that is told from now on to stderr, as far as `REINS_LOG` lets it through.
pub(crate) fn install(machine: &Machine) -> Result<(), Failure> {
    let filter = machine.variable("REINS_LOG");
    let filter: EnvFilter = filter.as_deref().unwrap_or(DEFAULT).parse()?;
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .init();
    Ok(())
}
