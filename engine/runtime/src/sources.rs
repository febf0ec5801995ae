//! Sources: the text of a version is kept before calls are judged by it, so that a decision on
//! record can be computed again.

use reins_files::Contents;
use reins_governor::Snapshot;
use reins_store::{Embedded, Source, SourceKind, StoreError};

use crate::version::Version;

/// Keeps the texts that records of `version` will name.
pub(crate) async fn keep<P>(
    store: &Embedded,
    version: &Version<P>,
    text: &Contents,
) -> Result<(), StoreError> {
    let Snapshot { version, organization, prices, .. } = &*version.snapshot;
    let file = Source {
        digest: version.to_string(),
        kind: SourceKind::File,
        organization: Some(organization.clone()),
        text: String::from_utf8_lossy(text).into_owned(),
    };
    let prices = Source {
        digest: prices.version().to_string(),
        kind: SourceKind::Prices,
        organization: None,
        text: reins_prices::builtin_text(),
    };
    store.keep_sources(vec![file, prices]).await
}
