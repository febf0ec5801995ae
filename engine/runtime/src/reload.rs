//! Watching the files: a good new version takes over while calls are in flight, a bad one never,
//! and one organization's leaves all others as they are.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reins_config::{Checked, FOLDER, Main, Process, Report, ServerLimits};
use reins_files::Contents;
use reins_governor::Name;
use reins_store::StoreError;
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at};

use crate::check::{self, log_warnings, stored};
use crate::files::{ConfigFile, Files};
use crate::pools::Pools;
use crate::served::{Known, Served, declared};
use crate::sources;
use crate::version::{Parts, Version};
use crate::{Runtime, RuntimeError, Start};

/// How often files are checked again although they did not change: prices change with the day.
const CHECK_AGAIN: Duration = Duration::from_secs(15 * 60);

/// How soon a version is checked again that was refused since the store could not be read.
const TRY_AGAIN: Duration = Duration::from_secs(10);

/// How often the state of each file is read: a poll that hangs causes no change.
const STATE_EVERY: Duration = Duration::from_secs(1);

/// Watches the files of a runtime.
pub(crate) struct Reload<P: Pools> {
    pub(crate) runtime: Arc<Runtime<P>>,
    pub(crate) start: Start,
    pub(crate) files: Files,
}

/// One look at all files.
struct Round<'a, P: Pools> {
    runtime: &'a Runtime<P>,
    start: &'a Start,
    /// Whether something was refused since the store could not be read.
    store_failed: bool,
}

/// Which files a part of a round is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Due {
    /// Those with new contents.
    Changed,
    /// All.
    All,
    /// Those that were refused: what another organization had is free now.
    Refused,
}

// === impl Reload ===

impl<P: Pools> Reload<P> {
    /// Watches the files until the task is ended.
    pub(crate) async fn run(mut self) {
        let mut again = interval_at(Instant::now() + CHECK_AGAIN, CHECK_AGAIN);
        let mut state = interval(STATE_EVERY);
        state.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let check_again = Arc::clone(&self.files.check_again);
        loop {
            let asked = tokio::select! {
                () = self.files.changed() => false,
                _ = state.tick() => {
                    self.files.open_again();
                    false
                }
                () = check_again.notified() => true,
                _ = again.tick() => true,
            };
            if self.round(asked).await {
                again.reset_after(TRY_AGAIN);
            }
        }
    }

    /// Looks at all files once; at those that did not change only if `all` are asked for. Whether
    /// something was refused since the store could not be read.
    pub(crate) async fn round(&mut self, all: bool) -> bool {
        let Self { runtime, start, files } = self;
        let mut round = Round { runtime, start, store_failed: false };
        round.run(files, all).await;
        round.store_failed
    }
}

// === impl Round ===

impl<P: Pools> Round<'_, P> {
    /// Withdraws organizations whose files are gone, and puts new contents in force where they are
    /// good, until nothing moves any more.
    async fn run(&mut self, files: &mut Files, all: bool) {
        let mut moved = false;
        for gone in files.follow_folder() {
            moved |= self.withdraw(&gone).await;
        }
        files.main.log_readable();
        let mut due = if all { Due::All } else { Due::Changed };
        loop {
            moved |= self.main_file(&mut files.main, due).await;
            let names: Vec<OsString> = files.further.keys().cloned().collect();
            for name in names {
                if let Some(file) = files.further.get_mut(&name) {
                    moved |= self.further_file(file, due).await;
                }
            }
            if !std::mem::take(&mut moved) {
                break;
            }
            due = Due::Refused;
        }
        let unlisted = files.unlisted();
        let known = unlisted.as_ref().map(|_| Known::default());
        if self.reject(&FOLDER.into(), known).await
            && let Some(why) = unlisted
        {
            tracing::error!(file = FOLDER, why, "files of organizations are not read");
        }
    }

    /// Whether a version of the main file came into force.
    async fn main_file(&mut self, file: &mut ConfigFile, due: Due) -> bool {
        let Some(contents) = contents(file, due) else { return false };
        let served = self.runtime.served.load_full();
        let outcome = self.next_main(&served, &contents).await;
        let id = served.first().id().clone();
        self.conclude(file, outcome.map(|version| (id, version)), due)
    }

    /// Whether a version of a further file came into force.
    async fn further_file(&mut self, file: &mut ConfigFile, due: Due) -> bool {
        let unreadable = file.log_readable();
        let never = self.runtime.served.load().of_file(&file.path).is_none();
        if unreadable && never && !file.was_read() {
            self.reject(&file.state.name, Some(Known::default())).await;
        }
        let Some(contents) = contents(file, due) else { return false };
        let outcome = self.next_further(file, &contents).await;
        let outcome = match outcome {
            Ok(outcome) => Ok(outcome),
            Err((error, known)) => {
                if never {
                    self.reject(&file.state.name, Some(known)).await;
                }
                Err(error)
            }
        };
        self.conclude(file, outcome, due)
    }

    /// Notes what came of a check. Whether a version came into force.
    fn conclude(
        &mut self,
        file: &ConfigFile,
        outcome: Result<(Name, Option<Arc<str>>), RuntimeError>,
        due: Due,
    ) -> bool {
        match outcome {
            Ok((organization, version)) => {
                file.state.in_force(&organization, version.as_deref());
                version.is_some()
            }
            Err(error) => {
                self.store_failed |= is_passing(&error);
                file.state.refused(&error, due == Due::Refused);
                false
            }
        }
    }

    /// Puts contents of the main file in force if they are another version and a good one, and
    /// answers its name. A version that is refused has changed nothing.
    async fn next_main(
        &self,
        served: &Arc<Served<P::Pool>>,
        contents: &Contents,
    ) -> Result<Option<Arc<str>>, RuntimeError> {
        let before = served.first();
        let Main { process, first } = check::main_file(self.start, contents, Some(served)).await?;
        let mut fields = fixed(&served.process, &process);
        if first.organization.id != *before.id() {
            fields.push("organization.id");
        }
        if !fields.is_empty() {
            return Err(RuntimeError::NeedsRestart { fields });
        }
        let path = &self.start.config;
        let (version, report) = self.ready(path, first, Some(before)).await?;
        if version.is_like(before) {
            return Ok(None);
        }
        log_warnings(&path.display().to_string(), &report);
        sources::keep(&self.runtime.store, &version, contents).await?;
        let (name, version) = (Arc::clone(&version.snapshot.version), Arc::new(version));
        self.put(served.with_main(process, version), before.id()).await?;
        Ok(Some(name))
    }

    /// The same for the file of a further organization, whose id is answered as well.
    async fn next_further(
        &self,
        file: &ConfigFile,
        contents: &Contents,
    ) -> Result<(Name, Option<Arc<str>>), (RuntimeError, Known)> {
        let served = self.runtime.served.load_full();
        let checked = check::further_file(self.start, &file.path, contents, &served).await?;
        let id = checked.organization.id.clone();
        let in_force = served.of_file(&file.path);
        if in_force.is_some_and(|version| *version.id() != id) {
            let error = RuntimeError::NeedsRestart { fields: vec!["organization.id"] };
            return Err((error, Known::default()));
        }
        let keys = Some(checked.organization.keys.clone());
        let known = Known { organization: Some(id.clone()), keys };
        let put = async {
            let before = served.last_of(&id).map(|version| &**version);
            let (version, report) = self.ready(&file.path, checked, before).await?;
            if in_force.is_some_and(|before| version.is_like(before)) {
                return Ok(None);
            }
            log_warnings(&file.state.name, &report);
            sources::keep(&self.runtime.store, &version, contents).await?;
            let (name, version) = (Arc::clone(&version.snapshot.version), Arc::new(version));
            let next = Served::clone(&served).rejecting(&file.state.name, None).with(version);
            self.put(next, &id).await.map(|()| Some(name))
        };
        put.await.map(|version| (id, version)).map_err(|error| (error, known))
    }

    async fn ready(
        &self,
        file: &Path,
        checked: Checked,
        before: Option<&Version<P::Pool>>,
    ) -> Result<(Version<P::Pool>, Report), RuntimeError> {
        let Checked { organization, snapshot, report } = checked;
        let stored = stored(&self.runtime.secrets, &organization).await?;
        let file = file.to_owned();
        let parts = Parts { file, organization, snapshot, stored, before };
        let version = Version::ready(parts, &self.runtime.pools);
        Ok((version.map_err(RuntimeError::Upstreams)?, report))
    }

    /// These are served from now on, and `organization` has the keys that it has there.
    async fn put(&self, served: Served<P::Pool>, organization: &Name) -> Result<(), RuntimeError> {
        let (registry, before) = (&self.runtime.registry, self.runtime.served.load_full());
        let keys = served.keys();
        let now = |of: &Name| keys.get(of).cloned().unwrap_or_default();
        for (of, had) in before.keys().into_iter().filter(|(of, _)| *of != organization) {
            // A key that moved here from an organization which is not served.
            if had.iter().any(|key| !now(of).contains(key)) {
                registry.declare(of, declared(of, now(of))).await?;
            }
        }
        let keys = declared(organization, now(organization));
        let declaration = registry.declaration(organization, keys).await?;
        // Nothing fails from here on.
        self.runtime.served.store(Arc::new(served));
        declaration.take_effect();
        Ok(())
    }

    /// Takes in what is known of a file of which no version is in force, or that there is none.
    /// Whether that was not known before.
    async fn reject(&mut self, file: &Arc<str>, known: Option<Known>) -> bool {
        let served = self.runtime.served.load_full();
        if served.rejected(file) == known.as_ref() {
            return false;
        }
        let next = Served::clone(&served).rejecting(file, known.clone());
        let of = [known.as_ref(), served.rejected(file)].into_iter().flatten();
        let of = { of }.find_map(|known| known.organization.clone());
        let failed = match of {
            Some(organization) => self.put(next, &organization).await.err(),
            None => {
                self.runtime.served.store(Arc::new(next));
                None
            }
        };
        if let Some(error) = failed {
            // Its keys are not known then, which is as safe.
            self.store_failed |= is_passing(&error);
            let unknown = known.map(|_| Known::default());
            let next = Served::clone(&served).rejecting(file, unknown);
            self.runtime.served.store(Arc::new(next));
        }
        true
    }

    /// Withdraws the organization of a file that is gone. Its calls in flight end as any other.
    /// Whether there was one.
    async fn withdraw(&mut self, file: &ConfigFile) -> bool {
        let (served, name) = (self.runtime.served.load_full(), &*file.state.name);
        file.state.show(None);
        let Some(version) = served.of_file(&file.path) else {
            tracing::info!(file = name, "the file is gone");
            self.reject(&file.state.name, None).await;
            return false;
        };
        let organization = version.id();
        self.runtime.served.store(Arc::new(Served::clone(&served).without(organization)));
        let what = "the file is gone; its organization is not served any more";
        tracing::warn!(file = name, %organization, "{what}");
        true
    }
}

/// Whether the store could not be read, which may pass.
const fn is_passing(error: &RuntimeError) -> bool {
    matches!(error, RuntimeError::Store(why) if !matches!(why, StoreError::ValueTaken { .. }))
}

/// What is to be checked of a file, if anything is.
fn contents(file: &mut ConfigFile, due: Due) -> Option<Contents> {
    match due {
        Due::Changed => file.due(false),
        Due::All => file.due(true),
        Due::Refused => {
            let refused = file.state.is_refused();
            file.due(refused)
        }
    }
}

/// The fields that differ and cannot change while a process runs.
fn fixed(old: &Process, new: &Process) -> Vec<&'static str> {
    let mut fields = Vec::new();
    let mut compare = |name, same: bool| {
        if !same {
            fields.push(name);
        }
    };
    compare("listen", old.listen == new.listen);
    compare("store", old.store == new.store);
    compare("durability", old.durability == new.durability);
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
    use reins_config::{File, Process, Purpose};

    use super::fixed;

    fn process(head: &str, server: &str) -> Process {
        let text = format!("{head}\n[[connection]]\nvendor = \"openai\"\n[server]\n{server}\n");
        let file = File {
            path: Path::new("reins.toml"),
            text: &text,
            purpose: Purpose::Serve,
            today: date(2026, 11, 21),
            variables: &|_| None,
            others: &[],
        };
        reins_config::read(&file).expect("a good file").process
    }

    #[test]
    fn fields_of_the_process_are_named_and_no_others() {
        let before = process("", "");
        for (head, server, expected) in [
            ("listen = \"127.0.0.1:1\"", "", "listen"),
            ("store = \"sqlite:other.db\"", "", "store"),
            ("durability = \"process\"", "", "durability"),
            ("", "header_timeout = \"7s\"", "server.header_timeout"),
            ("", "idle_timeout = \"7s\"", "server.idle_timeout"),
            ("", "shutdown_timeout = \"7s\"", "server.shutdown_timeout"),
            ("", "max_connections = 7", "server.max_connections"),
            ("", "max_calls = 7", "server.max_calls"),
            ("", "max_bodies_bytes = 700000000", "server.max_bodies_bytes"),
            ("", "drain_max_calls = 7", "server.drain_max_calls"),
        ] {
            assert_eq!(fixed(&before, &process(head, server)), [expected]);
        }
        let free = "max_body_bytes = 7\nbody_timeout = \"7s\"\ndrain_max_bytes = 7\n\
                    drain_timeout = \"7s\"";
        assert!(fixed(&before, &process("", free)).is_empty());
        let two = process("listen = \"127.0.0.1:1\"", "max_calls = 7");
        assert_eq!(fixed(&before, &two), ["listen", "server.max_calls"]);
    }
}
