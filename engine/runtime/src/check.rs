//! Checking what a file says, on a thread where no call is carried.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;
use reins_config::{
    Checked, File, Main, Organization, Other, Problem, Purpose, Rejected, Report, Secret, VendorKey,
};
use reins_files::Contents;
use reins_store::{SecretName, Secrets};

use crate::served::{Known, Served};
use crate::version::Stored;
use crate::{RuntimeError, Start};

/// The organizations of all other files, as they are in force.
struct Others(Vec<(PathBuf, Arc<Organization>)>);

/// Checks what the main file says, beside the organizations that are `served` by now.
pub(crate) async fn main_file<P>(
    start: &Start,
    text: &Contents,
    served: Option<&Served<P>>,
) -> Result<Main, RuntimeError> {
    let (start, text) = (start.clone(), Arc::clone(text));
    let others =
        served.map_or_else(|| Others(Vec::new()), |served| Others::of(served, &start.config));
    let checked = tokio::task::spawn_blocking(move || {
        let read = |file: &File<'_>| {
            reins_config::read(file).map_err(|report| RuntimeError::Wrong(Box::new(report)))
        };
        with_file(&start, &start.config, &text, &others, read)
    });
    checked.await.map_err(RuntimeError::Unchecked)?
}

/// Checks what the file of a further organization says.
///
/// # Errors
/// Why it cannot be used, and what is known of it all the same.
pub(crate) async fn further_file<P>(
    start: &Start,
    path: &Path,
    text: &Contents,
    served: &Served<P>,
) -> Result<Checked, (RuntimeError, Known)> {
    let (start, path, text) = (start.clone(), path.to_owned(), Arc::clone(text));
    let others = Others::of(served, &path);
    let checked = tokio::task::spawn_blocking(move || {
        let read = |file: &File<'_>| Ok(reins_config::read_beside(file, &start.config));
        with_file(&start, &path, &text, &others, read)
    });
    match checked.await.map_err(RuntimeError::Unchecked).flatten() {
        Ok(Ok(checked)) => Ok(checked),
        Ok(Err(rejected)) => {
            let Rejected { report, organization, keys } = *rejected;
            Err((RuntimeError::Wrong(Box::new(report)), Known { organization, keys }))
        }
        Err(error) => Err((error, Known::default())),
    }
}

fn with_file<T>(
    start: &Start,
    path: &Path,
    text: &[u8],
    others: &Others,
    read: impl FnOnce(&File<'_>) -> Result<T, RuntimeError>,
) -> Result<T, RuntimeError> {
    let text = str::from_utf8(text).map_err(|error| RuntimeError::Unreadable {
        path: path.to_owned(),
        source: io::Error::new(io::ErrorKind::InvalidData, error).into(),
    })?;
    read(&File {
        path,
        text,
        purpose: Purpose::Serve,
        today: start.clock.now().to_zoned(TimeZone::UTC).date(),
        variables: &|name| (start.variables)(name),
        others: &others.all(),
    })
}

// === impl Others ===

impl Others {
    /// All organizations but that of the file at `path`.
    fn of<P>(served: &Served<P>, path: &Path) -> Self {
        let others = served.versions().filter(|version| version.file != path);
        Self(
            others
                .map(|version| (version.file.clone(), Arc::clone(&version.organization)))
                .collect(),
        )
    }

    fn all(&self) -> Vec<Other<'_>> {
        self.0.iter().map(|(path, organization)| Other { path, organization }).collect()
    }
}

pub(crate) fn log_warnings(file: &str, report: &Report) {
    for warning in &report.warnings {
        let Problem { line, path, what, hint, .. } = warning;
        tracing::warn!(file, line, %path, %what, %hint, "in the file");
    }
}

/// The vendors' keys that the store keeps for an organization's connections.
pub(crate) async fn stored(
    secrets: &Secrets,
    organization: &Organization,
) -> Result<Stored, RuntimeError> {
    let mut found = Stored::new();
    for connection in organization.connections.iter().filter(|c| c.key == VendorKey::Stored) {
        let name = SecretName {
            organization: organization.id.to_string(),
            connection: connection.name.to_string(),
            field: "key".to_owned(),
        };
        match secrets.get(&name).await? {
            Some(key) => {
                let key = Secret::new(key.expose().to_owned());
                found.insert(connection.name.clone(), key);
            }
            None => {
                let (organization, connection) = (&organization.id, &connection.name);
                tracing::warn!(%organization, %connection, "the store has no key for it");
            }
        }
    }
    Ok(found)
}
