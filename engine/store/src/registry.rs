//! The registry: which keys there are, and whose a key that somebody shows is.
//!
//! A key is looked up by its HMAC under a pepper that is not in the database: whoever steals the
//! one without the other can neither use nor guess a key. Servers hold all keys in an immutable
//! map, and read it anew when another process changes one.

mod disclosed;
mod kept;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use hashbrown::HashMap;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use reins_governor::{Clock, KeyId, Name, Unidentified, has_key_form};
use sha2::Sha256;
use sqlx::SqlitePool;
use tokio::sync::{Mutex as AsyncMutex, MutexGuard};
use tokio::task::JoinHandle;
use ulid::Ulid;
use zeroize::Zeroizing;

use self::disclosed::{Declared, Finder};
use crate::key::{DeclaredKey, Key, NewKey, Secret, generate, masked};
use crate::root::{RootSecret, random};
use crate::{StoreError, schema};

/// What the pepper is derived for.
const PEPPER_LABEL: &str = "reins key pepper 1";
/// How often a server looks whether keys have changed: a quarter of the promised second.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Looks from one note of when keys were used to the next: ten seconds.
const LOOKS_PER_NOTE: u64 = 40;
/// How long a key goes on working beside the one that took its place.
const OVERLAP: SignedDuration = SignedDuration::from_hours(24);

/// Every key of a store.
pub struct Registry {
    inner: Arc<Inner>,
    watcher: Mutex<Option<JoinHandle<()>>>,
}

/// A key that was just made. It is shown now and never again.
#[derive(Debug)]
pub struct Created {
    /// What it is.
    pub key: Key,
    /// The key itself.
    pub value: Secret,
}

/// Whether a key that is rotated goes on working for a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// It does.
    Overlap,
    /// It does not.
    Now,
}

struct Inner {
    pepper: Hmac<Sha256>,
    known: ArcSwap<Known>,
    declared: Mutex<Declared>,
    pool: SqlitePool,
    /// Held from reading the keys until they are known, so that no reader who began earlier puts
    /// what it read over what a later one did.
    reading: AsyncMutex<()>,
    clock: Arc<dyn Clock>,
    /// The last look at the database failed.
    blind: AtomicBool,
}

/// Every key, as of the last look.
#[derive(Default)]
struct Known {
    /// Keys by the digest of each. A digest is evenly spread and cannot be chosen by a caller.
    keys: HashMap<Digest, Entry>,
    /// Finds declared keys in what goes to others.
    finder: Finder,
}

type Digest = [u8; 32];

/// What a reader found, and that no other is reading.
struct Look<'a> {
    inner: &'a Inner,
    kept: Vec<(Digest, Key)>,
    _alone: MutexGuard<'a, ()>,
}

/// Keys of the configuration that can take the place of those it had before. Until this is dropped,
/// no other change of keys is taken in.
#[must_use = "dropped, it changes nothing"]
pub struct Declaration<'a> {
    look: Look<'a>,
    organization: Name,
    keys: Vec<DeclaredKey>,
}

struct Entry {
    key: Arc<Key>,
    /// The last second it was used in, since the last note.
    used: AtomicI64,
}

// === impl Registry ===

impl Registry {
    /// Opens the registry of the store at `path`, beside a running server or alone.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn open(
        path: &Path,
        root: &RootSecret,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let pepper = keyed(&root.derive(PEPPER_LABEL, ""));
        let inner = Arc::new(Inner {
            pepper,
            known: ArcSwap::default(),
            declared: Mutex::default(),
            pool: schema::side_writer(path).await?,
            reading: AsyncMutex::default(),
            clock,
            blind: AtomicBool::new(false),
        });
        inner.read().await?;
        Ok(Self { inner, watcher: Mutex::new(None) })
    }

    /// The connection that keys are read and written through.
    pub(crate) fn pool(&self) -> SqlitePool {
        self.inner.pool.clone()
    }

    /// Takes over what other processes change, within a second, until this is dropped.
    pub fn watch(&self) {
        let watcher = tokio::spawn(watch(Arc::clone(&self.inner)));
        if let Some(before) = self.watcher.lock().replace(watcher) {
            before.abort();
        }
    }

    /// Whose key `shown` is.
    ///
    /// # Errors
    /// When nobody's, or no longer: which of the two is not told.
    pub fn identify(&self, shown: &str) -> Result<Arc<Key>, Unidentified> {
        let known = self.inner.known.load();
        let entry = known.keys.get(&self.inner.digest(shown)).ok_or(Unidentified::Unknown)?;
        let now = self.inner.clock.now();
        if !entry.key.works(now) {
            return Err(Unidentified::Unknown);
        }
        if entry.used.load(Ordering::Relaxed) < now.as_second() {
            entry.used.store(now.as_second(), Ordering::Relaxed);
        }
        Ok(Arc::clone(&entry.key))
    }

    /// Whether `shown` is a key of ours: by its form, or because it is known here, whether it works
    /// or no longer, and whosever it is.
    #[must_use]
    pub fn knows(&self, shown: &str) -> bool {
        has_key_form(shown) || self.inner.known.load().keys.contains_key(&self.inner.digest(shown))
    }

    /// Whether a key of ours stands in `text`: no such text may go to a vendor.
    ///
    /// One pass over the text, however many keys are declared.
    #[must_use]
    pub fn discloses_key(&self, text: &[u8]) -> bool {
        self.inner.known.load().finder.discloses(text)
    }

    /// Whether changes by other processes are seen: if not, a revoked key may still work here.
    #[must_use]
    pub fn sees_changes(&self) -> bool {
        !self.inner.blind.load(Ordering::Relaxed)
    }

    /// Takes in the keys that the configuration has of `organization`, in place of those it had
    /// before; those of other organizations stay. One that has the name of a key that was made
    /// shares its budgets, and is logged.
    ///
    /// # Errors
    /// When one has the value of a key of another organization, or the store cannot be read.
    pub async fn declare(
        &self,
        organization: &Name,
        keys: Vec<DeclaredKey>,
    ) -> Result<(), StoreError> {
        self.declaration(organization, keys).await.map(Declaration::take_effect)
    }

    /// Does all of [`Registry::declare`] that can fail, and changes nothing yet.
    ///
    /// # Errors
    /// As there.
    pub async fn declaration(
        &self,
        organization: &Name,
        mut keys: Vec<DeclaredKey>,
    ) -> Result<Declaration<'_>, StoreError> {
        let organization = organization.clone();
        for declared in &mut keys {
            declared.key.organization = organization.clone();
        }
        self.inner.note_used().await?;
        let declaration = Declaration { look: self.inner.look().await?, organization, keys };
        declaration.check_values()?;
        Ok(declaration)
    }

    /// Makes a key. Its name is unique in its organization among the keys that work: budgets,
    /// limits and spend of a key go by its name.
    ///
    /// # Errors
    /// When another key of this name works, or the store cannot be written.
    pub async fn create(&self, new: NewKey) -> Result<Created, StoreError> {
        let created = self.inner.make(new)?;
        let digest = self.inner.digest(created.value.expose());
        kept::add(&self.inner.pool, &created.key, &digest).await?;
        self.inner.read().await?;
        Ok(created)
    }

    /// Every key that was made, in the order of their making, and every declared one.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn list(&self) -> Result<Vec<Key>, StoreError> {
        self.inner.read().await?;
        let known = self.inner.known.load();
        let keys = known.keys.values().map(|entry| Key::clone(&entry.key));
        let mut keys: Vec<Key> = keys.collect();
        keys.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
        Ok(keys)
    }

    /// Makes a key like `id`, with its name, which stops working now or in a day.
    ///
    /// # Errors
    /// When there is no such key, or it no longer works.
    pub async fn rotate(&self, id: &KeyId, rotation: Rotation) -> Result<Created, StoreError> {
        let old = kept::find(&self.inner.pool, id).await?;
        let now = self.inner.clock.now();
        if !old.works(now) || old.rotated_to.is_some() {
            return Err(StoreError::KeyEnded(id.to_string()));
        }
        let end = match rotation {
            Rotation::Now => now,
            Rotation::Overlap => now.saturating_add(OVERLAP).unwrap_or(Timestamp::MAX),
        };
        let ends = old.expires.map_or(end, |expires| expires.min(end));
        let Key { organization, name, environment, pins, expires, .. } = old;
        let created = self.inner.make(NewKey { organization, name, environment, pins, expires })?;
        let digest = self.inner.digest(created.value.expose());
        kept::replace(&self.inner.pool, id, ends, &created.key, &digest).await?;
        self.inner.read().await?;
        Ok(created)
    }

    /// Ends a key at once.
    ///
    /// # Errors
    /// When there is no such key.
    pub async fn revoke(&self, id: &KeyId) -> Result<(), StoreError> {
        kept::revoke(&self.inner.pool, id, self.inner.clock.now()).await?;
        self.inner.read().await
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        if let Some(watcher) = self.watcher.lock().take() {
            watcher.abort();
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").field("keys", &self.inner.known.load().keys.len()).finish()
    }
}

// === impl Inner ===

impl Inner {
    fn digest(&self, key: &str) -> Digest {
        let mut mac = self.pepper.clone();
        mac.update(key.as_bytes());
        mac.finalize().into_bytes().into()
    }

    fn make(&self, new: NewKey) -> Result<Created, StoreError> {
        let NewKey { organization, name, environment, pins, expires } = new;
        let value = generate(environment)?;
        let created = self.clock.now();
        let key = Key {
            id: KeyId(Name::kept(format!("key_{}", ulid(created)?))),
            organization,
            name,
            masked: masked(value.expose()).into(),
            environment,
            pins,
            created,
            expires,
            revoked: None,
            used: None,
            rotated_to: None,
        };
        Ok(Created { key, value })
    }

    /// Reads every key anew.
    async fn read(&self) -> Result<(), StoreError> {
        self.note_used().await?;
        self.look().await.map(Look::know)
    }

    async fn look(&self) -> Result<Look<'_>, StoreError> {
        let alone = self.reading.lock().await;
        let kept = kept::all(&self.pool).await?;
        Ok(Look { inner: self, kept, _alone: alone })
    }

    fn know(&self, kept: Vec<(Digest, Key)>) {
        let declared = self.declared.lock();
        let in_file = declared.all().map(|one| (self.digest(one.value.expose()), one.known()));
        let entry =
            |(digest, key)| (digest, Entry { key: Arc::new(key), used: AtomicI64::new(i64::MIN) });
        let keys = kept.into_iter().chain(in_file).map(entry).collect();
        self.known.store(Arc::new(Known { keys, finder: declared.finder() }));
    }

    fn warn_of_shared_names(&self) {
        let (known, now) = (self.known.load(), self.clock.now());
        for declared in self.declared.lock().all().map(|one| &one.key) {
            let shares = |key: &Key| {
                let made = key.created != Timestamp::UNIX_EPOCH;
                let same =
                    (&key.organization, &key.name) == (&declared.organization, &declared.name);
                made && same && key.works(now)
            };
            if let Some(entry) = known.keys.values().find(|entry| shares(&entry.key)) {
                let (name, id) = (&declared.name, &entry.key.id);
                tracing::warn!(%name, %id, "a declared key and one that was made share a name, \
                    and so their budgets: revoke the one, or rename the other");
            }
        }
    }

    /// Notes when keys were used.
    async fn note_used(&self) -> Result<(), StoreError> {
        let known = self.known.load_full();
        let used = known.keys.values().filter_map(|entry| {
            let second = entry.used.swap(i64::MIN, Ordering::Relaxed);
            (second != i64::MIN).then(|| (entry.key.id.clone(), second))
        });
        let used: Vec<(KeyId, i64)> = used.collect();
        kept::note_used(&self.pool, &used).await
    }
}

// === impl Declaration ===

impl Declaration<'_> {
    /// Refuses a key whose value a key of another organization has, declared or made, whatever
    /// became of that: whose a call with it is must not depend on what was read last.
    fn check_values(&self) -> Result<(), StoreError> {
        let inner = self.look.inner;
        let declared = inner.declared.lock();
        for key in &self.keys {
            let value = key.value.expose();
            let digest = inner.digest(value);
            let made = self.look.kept.iter().filter(|(kept, _)| *kept == digest);
            let made = made.map(|(_, kept)| &kept.organization);
            let others = declared.all().filter(|other| other.value.expose() == value);
            let others = made.chain(others.map(|other| &other.key.organization));
            if let Some(other) = { others }.find(|other| **other != self.organization) {
                return Err(StoreError::ValueTaken {
                    name: key.key.name.to_string(),
                    organization: self.organization.to_string(),
                    other: other.to_string(),
                });
            }
        }
        Ok(())
    }

    /// From now on these keys of the configuration are known, and no others that it has of this
    /// organization.
    pub fn take_effect(self) {
        let inner = self.look.inner;
        inner.declared.lock().replace(self.organization, self.keys);
        self.look.know();
        inner.warn_of_shared_names();
    }
}

impl fmt::Debug for Declaration<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Declaration").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}

// === impl Look ===

impl Look<'_> {
    /// From now on these are the keys that are known.
    fn know(self) {
        self.inner.know(self.kept);
    }
}

/// Looks for changes until it is aborted. What fails is tried again: the keys known stay in force.
async fn watch(inner: Arc<Inner>) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    let mut seen = None;
    for look in 1_u64.. {
        ticks.tick().await;
        let outcome = look_for_changes(&inner, &mut seen, look.is_multiple_of(LOOKS_PER_NOTE));
        let outcome = outcome.await;
        inner.blind.store(outcome.is_err(), Ordering::Relaxed);
        if let Err(error) = outcome {
            let source = std::error::Error::source(&error);
            tracing::error!(%error, ?source, "keys are not read");
        }
    }
}

async fn look_for_changes(
    inner: &Inner,
    seen: &mut Option<kept::Version>,
    note: bool,
) -> Result<(), StoreError> {
    if note {
        inner.note_used().await?;
    }
    let version = kept::version(&inner.pool, *seen).await?;
    if seen.is_none_or(|seen| seen.keys != version.keys) {
        inner.read().await?;
    }
    *seen = Some(version);
    Ok(())
}

/// HMAC takes a key of one block; a shorter one is filled up with zeros, as its definition says.
fn keyed(key: &Digest) -> Hmac<Sha256> {
    let mut block = Zeroizing::new([0; 64]);
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    Hmac::new(&(*block).into())
}

/// A ULID of `now`.
fn ulid(now: Timestamp) -> Result<Ulid, StoreError> {
    let ms = u64::try_from(now.as_millisecond()).unwrap_or(0);
    let bytes = random::<16>()?;
    Ok(Ulid::from_parts(ms, u128::from_le_bytes(*bytes)))
}

#[cfg(test)]
mod tests;
