//! `reins check`: everything that is wrong with the files.

use std::path::PathBuf;
use std::process::ExitCode;

use super::Desk;
use crate::config_file::{ConfigFile, Further, Unusable};
use crate::failure::{Failure, WRONG_FILE};

/// Say all that is wrong with the files, with each line and how to mend it
///
/// The files are the main one and those of further organizations, organizations/*.toml beside it.
/// Ends with status 0 where all can be used, warnings or not, and with 2 where one cannot.
/// A variable that is not set is a warning here, and a problem for `reins serve`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Check {
    /// The main file, in place of --config
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
        let (main, first) = match config.main(machine) {
            Ok(main) => (Ok(()), Some(main.first)),
            Err(Failure::Wrong(report)) => (Err(report), None),
            Err(other) => return Err(other),
        };
        let colour = out.colours_answers();
        let first_report = first.as_ref().map(|first| &first.report);
        let mut shown: Vec<String> = Vec::new();
        shown.extend(first_report.or(main.as_ref().err().map(|r| &**r)).map(|r| r.render(colour)));
        let mut all_good = main.is_ok();
        for file in config.further(first.as_ref(), machine)? {
            all_good &= file.read.is_ok();
            shown.push(page(&file, colour));
        }
        out.text(&shown.join("\n"))?;
        Ok(if all_good { ExitCode::SUCCESS } else { ExitCode::from(WRONG_FILE) })
    }
}

/// What there is to say of a further organization's file.
fn page(file: &Further, colour: bool) -> String {
    match &file.read {
        Ok(checked) => checked.report.render(colour),
        Err(Unusable::Wrong(wrong)) => wrong.report.render(colour),
        Err(Unusable::Unreadable(why)) => {
            let path = file.path.display();
            format!("error: `{path}` cannot be read\n  because: {why}\n")
        }
    }
}
