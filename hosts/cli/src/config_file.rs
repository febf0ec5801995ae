//! The file: found by `--config`, read for commands that look at it.

use std::io;
use std::path::{Path, PathBuf};

use reins_config::{Checked, FILE_MAX, File, Purpose};

use crate::failure::Failure;
use crate::machine::Machine;

/// The file that holds where nobody names one.
const DEFAULT: &str = "reins.toml";

/// Which file.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ConfigFile {
    /// The file that says who may spend what [default: reins.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

// === impl ConfigFile ===

impl ConfigFile {
    pub(crate) const fn at(path: PathBuf) -> Self {
        Self { config: Some(path) }
    }

    pub(crate) fn path(&self) -> &Path {
        self.config.as_deref().unwrap_or_else(|| Path::new(DEFAULT))
    }

    /// Reads and checks the file, to look at: variables that are not set do not matter.
    pub(crate) fn read(&self, machine: &Machine) -> Result<Checked, Failure> {
        let path = self.path();
        let unreadable = |source| Failure::Unreadable { path: path.to_owned(), source };
        let bytes = reins_files::read(path, FILE_MAX).map_err(unreadable)?;
        let not_text = |error| io::Error::new(io::ErrorKind::InvalidData, error).into();
        let text = str::from_utf8(&bytes).map_err(|error| unreadable(not_text(error)))?;
        let file = File {
            path,
            text,
            purpose: Purpose::Check,
            today: machine.today(),
            variables: &*machine.variables,
        };
        reins_config::read(&file).map_err(|report| Failure::Wrong(Box::new(report)))
    }

    /// As [`ConfigFile::read`]; `None` where nobody named a file and there is none.
    pub(crate) fn read_if_there(&self, machine: &Machine) -> Result<Option<Checked>, Failure> {
        match self.read(machine) {
            Err(Failure::Unreadable { source, .. })
                if self.config.is_none() && source.is_missing() =>
            {
                Ok(None)
            }
            other => other.map(Some),
        }
    }
}
