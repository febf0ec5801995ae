//! What can go wrong with what is kept.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::loss::Loss;

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process serves from this store.
    #[error(
        "the store `{}` is in use by another server: stop that one, or name another store",
        .0.display()
    )]
    InUse(PathBuf),
    /// The store was written by a later version.
    #[error(
        "the store `{}` has schema version {found}, and this Reins knows versions up to {known}: \
         use a Reins at least as new as the one that wrote it",
        .path.display()
    )]
    TooNew {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// The store was written by a version that was never released.
    #[error(
        "the store `{}` has schema version {found}, of a Reins before the first release, and \
         cannot be read: it was left as it was; move it and the files beside it that begin with \
         its name to another folder, and start with a new store, or use the Reins that wrote it",
        .path.display()
    )]
    TooOld {
        /// The database.
        path: PathBuf,
        /// Its version.
        found: i64,
    },
    /// The store must be brought up to date first, which needs it for itself.
    #[error(
        "the store `{}` was written by an earlier version and is in use: start this version of \
         the server once, then try again",
        .0.display()
    )]
    NeedsUpgrade(PathBuf),
    /// There is no store.
    #[error(
        "there is no store at `{}`: start the server once, or name another store",
        .0.display()
    )]
    Missing(PathBuf),
    /// The file is no database.
    #[error("`{}` is no database: name another store", .0.display())]
    NoDatabase(PathBuf),
    /// The database of another program.
    #[error(
        "`{}` is a database, and not one of Reins: it was left as it is; name another store",
        .0.display()
    )]
    Foreign(PathBuf),
    /// The database has other names.
    #[error(
        "the store `{}` has more than one name (hard links), and its write-ahead log only one: \
         remove the other names, which `find / -samefile` lists",
        .0.display()
    )]
    SeveralNames(PathBuf),
    /// A write-ahead log without its database.
    #[error(
        "the store `{}` is new or empty, and `{}` is the write-ahead log of another database: put \
         that database back, or remove the log",
        .path.display(),
        .log.display()
    )]
    LogAlone {
        /// The database.
        path: PathBuf,
        /// The log.
        log: PathBuf,
    },
    /// Others can read a file, and its mode cannot be changed.
    #[error(
        "`{}` can be read by others and its mode cannot be changed: run `chown` for the user that \
         Reins runs as, or `chmod 600`",
        .path.display()
    )]
    OpenToOthers {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The journal lacks entries, or belongs to another database.
    #[error(
        "{0}. Put the database and the journal back that belong together, or go on without what is \
         missing: `reins serve --accept-loss`, once"
    )]
    Lost(Box<Loss>),
    /// The root secret that keys and vendors' keys depend on is gone.
    #[error(
        "the secret `{}` is gone, and the store's {depends} depend on it: put it back, or set \
         REINS_SECRET as it was; if it is lost, `reins serve --accept-lost-secret`, once, ends \
         those keys",
        .path.display()
    )]
    NoSecret {
        /// Where it was.
        path: PathBuf,
        /// What depends on it.
        depends: String,
    },
    /// The root secret is not the one that keys and vendors' keys were made under.
    #[error(
        "the secret is another one than the store's {depends} were made under: put `{}` back as it \
         was, or set REINS_SECRET as it was; if the old one is lost, `reins serve \
         --accept-lost-secret`, once, ends those keys",
        .path.display()
    )]
    OtherSecret {
        /// Where it ought to be.
        path: PathBuf,
        /// What depends on it.
        depends: String,
    },
    /// A file cannot be used.
    #[error("cannot use `{}`: check that the folder exists and may be written to", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The database could not be asked, or a key or secret not be written.
    #[error("the store's database failed")]
    Database(#[from] sqlx::Error),
    /// Entries could not be written to the database.
    #[error("the store's database could not be written")]
    Folding(#[from] rusqlite::Error),
    /// Something kept cannot be read back.
    #[error("the store holds something that cannot be read: {0}")]
    Damaged(String),
    /// A secret cannot be opened with this root secret.
    #[error(
        "the secret of connection `{connection}` cannot be opened: the root secret is another one \
         than it was stored under, or the store was changed by hand"
    )]
    Sealed {
        /// Whose secret.
        connection: String,
    },
    /// The root secret is too short to protect anything.
    #[error("the root secret has {0} bytes: give at least 32, such as `openssl rand -hex 32`")]
    WeakRoot(usize),
    /// No random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
    /// No such key.
    #[error("there is no key `{0}`: `reins key list` shows them")]
    NoSuchKey(String),
    /// Another key of this name works.
    #[error(
        "the key `{id}` has the name `{name}`, and works: rotate or revoke it, or choose another \
         name, since budgets and spend of a key go by its name"
    )]
    NameTaken {
        /// The name.
        name: String,
        /// The key that has it.
        id: String,
    },
    /// A key of another organization has the same value.
    #[error(
        "the key `{name}` of `{organization}` has the value of a key of `{other}`, so that a call \
         with it could be of either: give each organization keys of its own"
    )]
    ValueTaken {
        /// The name of the key that was declared.
        name: String,
        /// The organization it was declared in.
        organization: String,
        /// The organization that has a key of this value.
        other: String,
    },
    /// The key no longer works, so it cannot be rotated.
    #[error("the key `{0}` is revoked or expired: create a new one")]
    KeyEnded(String),
}

impl StoreError {
    /// Whether the operation can be retried: another process holds the database, or one of its
    /// files cannot be opened. Nothing was written then.
    pub(crate) fn is_passing(&self) -> bool {
        let Self::Folding(rusqlite::Error::SqliteFailure(error, _)) = self else { return false };
        matches!(error.code, ErrorCode::DatabaseBusy | ErrorCode::CannotOpen)
    }

    /// A failure of the system on `path`.
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }
}
