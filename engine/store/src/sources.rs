//! Sources: the text of each version of policies and prices, kept once under the digest that
//! records name it with, so that what was in force for a call can be looked up later.

use reins_governor::Name;
use rusqlite::{Connection, OptionalExtension, params};

use crate::database::Database;
use crate::{Embedded, Reports, StoreError, schema};

/// What a source is a version of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// An organization's file: policies, budgets, prices of its own.
    File,
    /// The built-in price book.
    Prices,
}

/// One version, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What records call it.
    pub digest: String,
    /// What it is a version of.
    pub kind: SourceKind,
    /// The organization; `None` where it holds for all.
    pub organization: Option<Name>,
    /// The text.
    pub text: String,
}

// === impl SourceKind ===

impl SourceKind {
    const fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Prices => "prices",
        }
    }
}

// === impl Embedded ===

impl Embedded {
    /// Keeps sources whose version comes in force. One that is kept already stays as it is.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn keep_sources(&self, sources: Vec<Source>) -> Result<(), StoreError> {
        let database = self.core.database.clone();
        let first_us = self.core.clock.now().as_microsecond();
        aside(move || keep(&database, &sources, first_us)).await
    }
}

// === impl Reports ===

impl Reports {
    /// The text of the version that records call `digest`.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn source(&self, digest: &str) -> Result<Option<String>, StoreError> {
        let (database, digest) = (self.database.clone(), digest.to_owned());
        aside(move || Ok(text(&schema::reader(&database)?, &digest)?)).await
    }
}

fn keep(database: &Database, sources: &[Source], first_us: i64) -> Result<(), StoreError> {
    let conn = schema::side_writer_of(database)?;
    for Source { digest, kind, organization, text } in sources {
        let insert = "INSERT OR IGNORE INTO sources VALUES (?, ?, ?, ?, ?)";
        let organization = organization.as_ref().map(Name::as_str);
        conn.execute(insert, params![digest, kind.word(), organization, text, first_us])?;
    }
    Ok(())
}

fn text(conn: &Connection, digest: &str) -> rusqlite::Result<Option<String>> {
    let query = "SELECT text FROM sources WHERE digest = ?";
    conn.query_row(query, [digest], |row| row.get(0)).optional()
}

/// Runs what waits for the disk on a thread where no call is carried.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let ended = tokio::task::spawn_blocking(work).await;
    let broken = |error: tokio::task::JoinError| {
        StoreError::Damaged(format!("a task that waits for the disk broke off: {error}"))
    };
    ended.map_err(broken)?
}

#[cfg(test)]
mod tests {
    //! A version is kept once, whatever is kept under its digest later.
    use super::{Source, SourceKind};
    use crate::Reports;
    use crate::trial::{HandClock, open};

    #[tokio::test]
    async fn a_version_is_kept_once_and_read_beside_the_server() {
        let folder = tempfile::tempdir().unwrap();
        let clock = HandClock::at("2026-03-01T11:00:00Z");
        let store = open(folder.path(), &clock).await;
        for text in ["first", "second"] {
            let source = Source {
                digest: "v1".into(),
                kind: SourceKind::File,
                organization: Some("acme".into()),
                text: text.into(),
            };
            store.keep_sources(vec![source]).await.unwrap();
        }
        let reports = Reports::open(&folder.path().join("reins.db"), &*clock).unwrap();
        assert_eq!(reports.source("v1").await.unwrap().as_deref(), Some("first"));
        assert_eq!(reports.source("v2").await.unwrap(), None);
        store.close().await.unwrap();
    }
}
