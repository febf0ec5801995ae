//! `reins check`: everything that is wrong with a file.

use std::path::PathBuf;
use std::process::ExitCode;

use super::Desk;
use crate::config_file::ConfigFile;
use crate::failure::{Failure, WRONG_FILE};

/// Say all that is wrong with the file, with each line and how to mend it
///
/// Ends with status 0 where the file can be used, warnings or not, and with 2 where it cannot.
/// A variable that is not set is a warning here, and a problem for `reins serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Check {
    /// The file, in place of --config
    file: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  reins check
  reins check drafts/reins.toml";

// === impl Check ===

impl Check {
    pub(crate) fn run(self, desk: Desk<'_>) -> Result<ExitCode, Failure> {
        let Desk { config, machine, out } = desk;
        let config = self.file.map_or_else(|| config.clone(), ConfigFile::at);
        let (report, status) = match config.read(machine) {
            Ok(checked) => (checked.report, ExitCode::SUCCESS),
            Err(Failure::Wrong(report)) => (*report, ExitCode::from(WRONG_FILE)),
            Err(other) => return Err(other),
        };
        let colour = out.colours_answers();
        out.text(&report.render(colour))?;
        Ok(status)
    }
}
