//! The check: what the books, the spend of each scope and the transactions say must be the same.

use reins_governor::{Fault, Usd};
use sqlx::SqlitePool;

use crate::{Embedded, StoreError};

/// How what is kept contradicts itself.
#[derive(Debug, thiserror::Error)]
pub enum Mismatch {
    /// The counters in memory do not add up.
    #[error("the books do not add up: {0}")]
    Books(String),
    /// A scope's spend is not the sum of its transactions.
    #[error("{scope} of `{organization}` spent ${spent}, and its transactions cost ${recorded}")]
    Spend {
        /// Which organization.
        organization: String,
        /// Whose.
        scope: String,
        /// By its slots.
        spent: Usd,
        /// By its transactions.
        recorded: Usd,
    },
    /// The store cannot be asked.
    #[error("the store cannot be checked")]
    Unreadable(#[from] StoreError),
    /// The store has stopped.
    #[error("the store has stopped")]
    Stopped(#[from] Fault),
}

// === impl Embedded ===

impl Embedded {
    /// Compares everything that is known in two ways.
    ///
    /// # Errors
    /// The first difference.
    pub async fn check(&self) -> Result<(), Mismatch> {
        self.flush().await?;
        self.core.live.lock().books.check().map_err(Mismatch::Books)?;
        kept(&self.core.reads).await
    }
}

/// Compares what each scope spent with the transactions that made it.
pub(crate) async fn kept(pool: &SqlitePool) -> Result<(), Mismatch> {
    let query = sqlx::query_as(
        "SELECT organization, kind, name, sum(spent), sum(recorded) FROM ( \
            SELECT organization, kind, name, nanos AS spent, 0 AS recorded FROM spend \
            UNION ALL SELECT organization, 'key', key, 0, cost_nanos FROM transactions \
            UNION ALL SELECT organization, 'session', session, 0, cost_nanos \
                FROM transactions WHERE session IS NOT NULL \
            UNION ALL SELECT organization, 'user', user, 0, cost_nanos \
                FROM transactions WHERE user IS NOT NULL \
            UNION ALL SELECT organization, 'agent', agent, 0, cost_nanos FROM transactions \
            UNION ALL SELECT organization, 'team', team, 0, cost_nanos \
                FROM transactions WHERE team IS NOT NULL \
            UNION ALL SELECT organization, 'organization', organization, 0, cost_nanos \
                FROM transactions) \
         GROUP BY organization, kind, name HAVING sum(spent) <> sum(recorded) LIMIT 1",
    );
    let first: Option<(String, String, String, i64, i64)> =
        query.fetch_optional(pool).await.map_err(StoreError::from)?;
    match first {
        None => Ok(()),
        Some((organization, kind, name, spent, recorded)) => Err(Mismatch::Spend {
            organization,
            scope: format!("{kind}={name}"),
            spent: usd(spent),
            recorded: usd(recorded),
        }),
    }
}

fn usd(nanos: i64) -> Usd {
    Usd::from_nanos(u64::try_from(nanos).unwrap_or(0))
}
