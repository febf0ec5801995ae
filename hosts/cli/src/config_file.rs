//! The files: the main one found by `--config`, and those of further organizations beside it, read
//! for commands that look at them.

use std::io;
use std::path::{Path, PathBuf};

use reins_config::{
    Checked, FILE_MAX, File, Main, Organization, Other, Purpose, Rejected, read_beside,
};
use reins_files::{Contents, FileError};
use reins_governor::Name;

use crate::failure::Failure;
use crate::machine::Machine;

/// The file that holds where nobody names one.
const DEFAULT: &str = "reins.toml";

/// How the names of further organizations' files end.
const ENDING: &str = ".toml";

/// Which file.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ConfigFile {
    /// The file that says who may spend what [default: reins.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Which organization.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Of {
    /// The organization, by its id [default: the one of the main file]
    #[arg(long, value_name = "ID")]
    organization: Option<Name>,
}

/// The file of a further organization.
pub(crate) struct Further {
    pub(crate) path: PathBuf,
    pub(crate) read: Result<Checked, Unusable>,
}

/// Why such a file cannot be used.
pub(crate) enum Unusable {
    Unreadable(FileError),
    Wrong(Box<Rejected>),
}

// === impl Of ===

impl Of {
    /// The organization that is asked for, where `first` is the one of the main file.
    pub(crate) fn id<'a>(&'a self, first: &'a Organization) -> &'a Name {
        self.organization.as_ref().unwrap_or(&first.id)
    }
}

// === impl ConfigFile ===

impl ConfigFile {
    pub(crate) const fn at(path: PathBuf) -> Self {
        Self { config: Some(path) }
    }

    pub(crate) fn path(&self) -> &Path {
        self.config.as_deref().unwrap_or_else(|| Path::new(DEFAULT))
    }

    /// Reads and checks the main file, to look at: variables that are not set do not matter.
    pub(crate) fn main(&self, machine: &Machine) -> Result<Main, Failure> {
        let path = self.path();
        let unreadable = |source| Failure::Unreadable { path: path.to_owned(), source };
        let bytes = reins_files::read(path, FILE_MAX).map_err(unreadable)?;
        let text = text(&bytes).map_err(unreadable)?;
        let file = file(path, text, machine, &[]);
        reins_config::read(&file).map_err(|report| Failure::Wrong(Box::new(report)))
    }

    /// The main file, with the organization that is asked for in the place of its own.
    pub(crate) fn read(&self, of: &Of, machine: &Machine) -> Result<Main, Failure> {
        let main = self.main(machine)?;
        match &of.organization {
            Some(id) if *id != main.first.organization.id => {
                let first = self.organization(id, &main, machine)?;
                Ok(Main { first, ..main })
            }
            Some(_) | None => Ok(main),
        }
    }

    /// As [`ConfigFile::read`]; `None` where nobody named a file or an organization, and there is
    /// no file.
    pub(crate) fn read_if_there(
        &self,
        of: &Of,
        machine: &Machine,
    ) -> Result<Option<Main>, Failure> {
        match self.read(of, machine) {
            Err(Failure::Unreadable { source, .. })
                if self.config.is_none() && of.organization.is_none() && source.is_missing() =>
            {
                Ok(None)
            }
            other => other.map(Some),
        }
    }

    /// The file of a further organization.
    fn organization(&self, id: &Name, main: &Main, machine: &Machine) -> Result<Checked, Failure> {
        let mut known = vec![format!("`{}`", main.first.organization.id)];
        let mut unusable = Vec::new();
        for Further { path, read } in self.further(Some(&main.first), machine)? {
            match read {
                Ok(checked) if checked.organization.id == *id => return Ok(checked),
                Ok(checked) => known.push(format!("`{}`", checked.organization.id)),
                Err(Unusable::Wrong(wrong)) if wrong.organization.as_ref() == Some(id) => {
                    return Err(Failure::Wrong(Box::new(wrong.report)));
                }
                Err(Unusable::Wrong(_) | Unusable::Unreadable(_)) => unusable.push(path),
            }
        }
        let known = known.join(", ");
        Err(Failure::NoSuchOrganization { id: id.clone(), known, unusable })
    }

    /// Every file of a further organization, in alphabetic order: no two share an id or a key, nor
    /// with the one of the main file, where that can be used.
    pub(crate) fn further(
        &self,
        first: Option<&Checked>,
        machine: &Machine,
    ) -> Result<Vec<Further>, Failure> {
        let folder = self.path().with_file_name(reins_config::FOLDER);
        let names = reins_files::list(&folder, ENDING)
            .map_err(|source| Failure::Folder { path: folder.clone(), source })?;
        let mut found: Vec<Further> = Vec::new();
        for name in names {
            let path = folder.join(name);
            let first = first.map(|first| (self.path(), first));
            let good = found.iter().filter_map(|f| Some((f.path.as_path(), f.read.as_ref().ok()?)));
            let others: Vec<Other<'_>> = first
                .into_iter()
                .chain(good)
                .map(|(path, checked)| Other { path, organization: &checked.organization })
                .collect();
            let read = self.beside(&path, &others, machine);
            found.push(Further { path, read });
        }
        Ok(found)
    }

    fn beside(
        &self,
        path: &Path,
        others: &[Other<'_>],
        machine: &Machine,
    ) -> Result<Checked, Unusable> {
        let bytes = reins_files::read(path, FILE_MAX).map_err(Unusable::Unreadable)?;
        let text = text(&bytes).map_err(Unusable::Unreadable)?;
        read_beside(&file(path, text, machine, others), self.path()).map_err(Unusable::Wrong)
    }
}

fn text(bytes: &Contents) -> Result<&str, FileError> {
    let not_text = |error| io::Error::new(io::ErrorKind::InvalidData, error).into();
    str::from_utf8(bytes).map_err(not_text)
}

fn file<'a>(
    path: &'a Path,
    text: &'a str,
    machine: &'a Machine,
    others: &'a [Other<'a>],
) -> File<'a> {
    let (today, variables) = (machine.today(), &*machine.variables);
    File { path, text, purpose: Purpose::Check, today, variables, others }
}
