//! Watching the file: a good new version takes over while calls are in flight, a bad one never.

use std::sync::Arc;
use std::time::Duration;

use reins_config::{ServerLimits, Settings};
use reins_files::Contents;
use reins_governor::Snapshot;
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};

use crate::desk::{Desk, Live};
use crate::serve::{ServeError, Start, check, keep_sources, stored, tell_warnings};
use crate::versions::Versions;

/// How often the file is checked again although it did not change: prices change with the day.
const CHECK_AGAIN: Duration = Duration::from_secs(15 * 60);

/// How soon a version is checked again that was refused since the store could not be read.
const TRY_AGAIN: Duration = Duration::from_secs(10);

/// How often the state of the file is read: a poll that hangs causes no change.
const STATE_EVERY: Duration = Duration::from_secs(1);

/// Watches the file until the task is ended.
pub(crate) async fn watch(desk: Arc<Desk>, start: Start, mut versions: Versions) {
    let mut again = interval_at(Instant::now() + CHECK_AGAIN, CHECK_AGAIN);
    let mut state = interval(STATE_EVERY);
    state.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut checked = versions.file.contents();
    loop {
        let asked = tokio::select! {
            () = versions.file.changed() => false,
            _ = state.tick() => false,
            () = versions.check_again.notified() => true,
            _ = again.tick() => true,
        };
        versions.log_readable();
        let contents = versions.file.contents();
        if asked || !Arc::ptr_eq(&contents, &checked) {
            let outcome = next(&desk, &start, &contents).await;
            if matches!(outcome, Err(ServeError::Store(_))) {
                again.reset_after(TRY_AGAIN);
            }
            versions.checked(&outcome);
            checked = contents;
        }
    }
}

/// Puts contents in force if they are another version and a good one, and answers its name. A
/// version that is refused has changed nothing.
async fn next(
    desk: &Desk,
    start: &Start,
    contents: &Contents,
) -> Result<Option<Arc<str>>, ServeError> {
    let before = desk.live.load_full();
    let checked = check(start, contents).await?;
    let fields = fixed(&before.settings, &checked.settings);
    if !fields.is_empty() {
        return Err(ServeError::NeedsRestart { fields });
    }
    let stored = stored(&desk.secrets, &checked.settings).await?;
    let live = Live::ready(checked.settings, Arc::new(checked.snapshot), &stored, Some(&before))
        .map_err(ServeError::Lines)?;
    if is_same(&live, &before) {
        return Ok(None);
    }
    tell_warnings(&checked.report);
    keep_sources(&desk.store, &live, contents).await?;
    let organization = &live.settings.organization.id;
    let keys = desk.registry.declaration(organization, live.declared()).await?;
    // Nothing fails from here on.
    let version = Arc::clone(&live.snapshot.version);
    desk.live.store(Arc::new(live));
    keys.take_effect();
    Ok(Some(version))
}

/// Whether the rules, the prices and the vendors' keys are the same.
fn is_same(now: &Live, before: &Live) -> bool {
    let version = |s: &Snapshot| (Arc::clone(&s.version), Arc::clone(s.prices.version()));
    let lines = now.lines.iter().zip(&before.lines);
    version(&now.snapshot) == version(&before.snapshot)
        && lines.into_iter().all(|(now, before)| Arc::ptr_eq(now, before))
}

/// The fields that differ and cannot change while a process runs.
fn fixed(old: &Settings, new: &Settings) -> Vec<&'static str> {
    let mut fields = Vec::new();
    let mut compare = |name, same: bool| {
        if !same {
            fields.push(name);
        }
    };
    compare("listen", old.listen == new.listen);
    compare("store", old.store == new.store);
    compare("durability", old.durability == new.durability);
    compare("organization.id", old.organization.id == new.organization.id);
    let (old, new): (&ServerLimits, &ServerLimits) = (&old.server, &new.server);
    compare("server.header_timeout", old.header_timeout == new.header_timeout);
    compare("server.idle_timeout", old.idle_timeout == new.idle_timeout);
    compare("server.shutdown_timeout", old.shutdown_timeout == new.shutdown_timeout);
    compare("server.max_connections", old.max_connections == new.max_connections);
    compare("server.max_calls", old.max_calls == new.max_calls);
    compare("server.max_bodies_bytes", old.max_bodies_bytes == new.max_bodies_bytes);
    compare("server.drain_max_calls", old.drain.max_calls == new.drain.max_calls);
    fields
}

#[cfg(test)]
mod tests {
    //! Which edits need a restart.
    use std::path::Path;

    use jiff::civil::date;
    use reins_config::{File, Purpose, Settings};

    use super::fixed;

    fn settings(head: &str, id: &str, server: &str) -> Settings {
        let text = format!(
            "{head}\n[organization]\nid = \"{id}\"\n[[connection]]\nvendor = \"openai\"\n\
             [server]\n{server}\n"
        );
        let file = File {
            path: Path::new("reins.toml"),
            text: &text,
            purpose: Purpose::Serve,
            today: date(2026, 11, 21),
            variables: &|_| None,
        };
        reins_config::read(&file).expect("a good file").settings
    }

    #[test]
    fn fields_of_the_process_are_named_and_no_others() {
        let before = settings("", "acme", "");
        for (head, id, server, expected) in [
            ("listen = \"127.0.0.1:1\"", "acme", "", "listen"),
            ("store = \"sqlite:other.db\"", "acme", "", "store"),
            ("durability = \"process\"", "acme", "", "durability"),
            ("", "other", "", "organization.id"),
            ("", "acme", "header_timeout = \"7s\"", "server.header_timeout"),
            ("", "acme", "idle_timeout = \"7s\"", "server.idle_timeout"),
            ("", "acme", "shutdown_timeout = \"7s\"", "server.shutdown_timeout"),
            ("", "acme", "max_connections = 7", "server.max_connections"),
            ("", "acme", "max_calls = 7", "server.max_calls"),
            ("", "acme", "max_bodies_bytes = 700000000", "server.max_bodies_bytes"),
            ("", "acme", "drain_max_calls = 7", "server.drain_max_calls"),
        ] {
            assert_eq!(fixed(&before, &settings(head, id, server)), [expected]);
        }
        let free = "max_body_bytes = 7\nbody_timeout = \"7s\"\ndrain_max_bytes = 7\n\
                    drain_timeout = \"7s\"";
        assert!(fixed(&before, &settings("", "acme", free)).is_empty());
        let two = settings("listen = \"127.0.0.1:1\"", "other", "");
        assert_eq!(fixed(&before, &two), ["listen", "organization.id"]);
    }
}
