//! Watching the file: a good new version takes over while calls are in flight, a bad one never.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use notify::{Event, RecursiveMode, Watcher};
use reins_governor::Snapshot;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::desk::{Desk, Live};
use crate::serve::{ServeError, Start, read, stored, tell_warnings};

/// How long the file must be left alone before it is read: editors write in several steps.
const SETTLE: Duration = Duration::from_millis(50);

/// How often the file is read although nobody touched it: prices change with the day.
const PRICES_EVERY: Duration = Duration::from_secs(15 * 60);

/// Watches the file until the task is ended.
pub(crate) async fn watch(desk: Arc<Desk>, start: Start) {
    let changed = Arc::new(Notify::new());
    let told = Arc::clone(&changed);
    let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        if event.is_ok_and(|event| !event.kind.is_access()) {
            told.notify_one();
        }
    });
    // The folder, not the file: editors replace a file by another of the same name.
    let folder = start.config.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let watching = watcher.and_then(|mut watcher| {
        watcher.watch(folder, RecursiveMode::NonRecursive).map(|()| watcher)
    });
    let _watcher = match watching {
        Ok(watcher) => watcher,
        Err(error) => {
            tracing::error!(%error, "the file cannot be watched: changes need a restart");
            return;
        }
    };
    loop {
        if timeout(PRICES_EVERY, changed.notified()).await.is_ok() {
            sleep(SETTLE).await;
        }
        reload(&desk, &start).await;
    }
}

/// Reads the file again, and puts it in force if it is another and a good one.
async fn reload(desk: &Desk, start: &Start) {
    match next(desk, start).await {
        Ok(None) => {}
        Ok(Some(live)) => {
            let version = Arc::clone(&live.snapshot.version);
            desk.live.store(Arc::new(live));
            metrics::counter!("reins_versions_total", "outcome" => "in_force").increment(1);
            tracing::info!(%version, "a new version is in force");
        }
        Err(error) => {
            metrics::counter!("reins_versions_total", "outcome" => "refused").increment(1);
            tracing::error!(%error, "the new version is refused; the old one stays in force");
        }
    }
}

async fn next(desk: &Desk, start: &Start) -> Result<Option<Live>, ServeError> {
    let before = desk.live.load_full();
    let checked = read(&start.config, &start.variables, &*start.clock)?;
    let version = |s: &Snapshot| (Arc::clone(&s.version), Arc::clone(s.prices.version()));
    if version(&checked.snapshot) == version(&before.snapshot) {
        return Ok(None);
    }
    tell_warnings(&checked.report);
    if !same_house(&before.settings, &checked.settings) {
        tracing::warn!(
            "`listen`, `store`, `durability`, the organization's id and the limits of connections \
             take effect at the next start"
        );
    }
    let stored = stored(&desk.secrets, &checked.settings).await?;
    let live = Live::ready(checked.settings, Arc::new(checked.snapshot), &stored, Some(&before))
        .map_err(ServeError::Lines)?;
    desk.registry.declare(live.declared()).await?;
    Ok(Some(live))
}

fn same_house(old: &reins_config::Settings, new: &reins_config::Settings) -> bool {
    (old.listen, &old.store, old.durability, &old.organization.id)
        == (new.listen, &new.store, new.durability, &new.organization.id)
}
