//! Watching the file: a good new version takes over while calls are in flight, a bad one never.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reins_config::{ServerLimits, Settings};
use reins_governor::Snapshot;
use tokio::time::sleep;

use crate::desk::{Desk, Live};
use crate::serve::{ServeError, Start, read, stored, tell_warnings};

/// How often the file is looked at: an edit is in force well within a second.
///
/// It is read and compared, rather than the system asked to tell: that tells of whole folders, and
/// where the store lies beside the file, of each write to its journal, several for every call.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How long the file must be left alone before it is read: editors write in several steps.
const SETTLE: Duration = Duration::from_millis(50);

/// Looks after which the file is read although nobody touched it, some fifteen minutes: prices
/// change with the day.
const LOOKS_PER_PRICES: u32 = 9000;

/// Watches the file until the task is ended.
pub(crate) async fn watch(desk: Arc<Desk>, start: Start) {
    let mut seen = None;
    for look in 1_u32.. {
        sleep(LOOK_EVERY).await;
        let touched = text(&start.config) != seen;
        if touched {
            sleep(SETTLE).await;
        }
        if touched || look.is_multiple_of(LOOKS_PER_PRICES) {
            seen = text(&start.config);
            reload(&desk, &start).await;
        }
    }
}

/// What the file says; nothing while an editor replaces it.
fn text(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
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
            "`listen`, `store`, `durability`, the organization's id, and what [server] says of \
             connections and of how much there may be at once take effect at the next start"
        );
    }
    let stored = stored(&desk.secrets, &checked.settings).await?;
    let live = Live::ready(checked.settings, Arc::new(checked.snapshot), &stored, Some(&before))
        .map_err(ServeError::Lines)?;
    desk.registry.declare(live.declared()).await?;
    Ok(Some(live))
}

fn same_house(old: &Settings, new: &Settings) -> bool {
    (old.listen, &old.store, old.durability, &old.organization.id, walls(&old.server))
        == (new.listen, &new.store, new.durability, &new.organization.id, walls(&new.server))
}

/// The limits that hold from the start to the end of a process.
const fn walls(limits: &ServerLimits) -> impl PartialEq {
    let times = (limits.header_timeout, limits.idle_timeout, limits.shutdown_timeout);
    let counts = (limits.max_connections, limits.max_calls, limits.drain.max_calls);
    (times, counts, limits.max_bodies_bytes)
}
