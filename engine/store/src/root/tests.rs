//! The root secret is made once and derived from.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use reins_governor::{Clock, Environment};

use super::RootSecret;
use crate::trial::HandClock;
use crate::{NewKey, Pins, Registry, Secret, SecretName, Secrets, StoreError};

/// The secret of the store in `folder`, without one in the environment.
fn secret(folder: &Path) -> Result<RootSecret, StoreError> {
    RootSecret::of_store(&folder.join("reins.db"), |_| None)
}

/// What a store has that depends on its secret.
async fn keep_a_key(folder: &Path) {
    let (path, clock) = (folder.join("reins.db"), HandClock::at("2026-03-01T11:00:00Z"));
    let registry = Registry::open(&path, &secret(folder).unwrap(), clock).await.unwrap();
    let new = NewKey {
        organization: "acme".into(),
        name: "ci".into(),
        environment: Environment::Live,
        pins: Pins::default(),
        expires: None,
    };
    registry.create(new).await.unwrap();
}

async fn keep_a_vendors_key(folder: &Path) {
    let secrets = Secrets::open(&folder.join("reins.db"), secret(folder).unwrap()).await.unwrap();
    let name = SecretName {
        organization: "acme".into(),
        connection: "openai".into(),
        field: "key".into(),
    };
    secrets.put(&name, &Secret::new("sk-1".into())).await.unwrap();
}

#[test]
fn it_is_made_on_first_use_and_only_its_owner_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let first = secret(folder.path()).unwrap();
    let second = secret(folder.path()).unwrap();
    assert_eq!(first.derive("label", "x"), second.derive("label", "x"));
    let file = folder.path().join("reins.db.secret");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let drafts =
        |entry: &fs::DirEntry| entry.file_name().into_string().unwrap().contains("secret.");
    let left = fs::read_dir(folder.path()).unwrap().map(Result::unwrap);
    assert_eq!(left.filter(drafts).count(), 0, "nothing else is left");
}

#[test]
fn one_that_others_can_read_is_narrowed() {
    let folder = tempfile::tempdir().unwrap();
    let first = secret(folder.path()).unwrap();
    let file = folder.path().join("reins.db.secret");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(secret(folder.path()).unwrap().derive("label", ""), first.derive("label", ""));
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn two_stores_have_two() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [one, two] = folders.each_ref().map(|folder| secret(folder.path()).unwrap());
    assert_ne!(one.derive("label", ""), two.derive("label", ""));
}

#[test]
fn a_store_without_anything_secret_takes_another() {
    let folder = tempfile::tempdir().unwrap();
    let first = secret(folder.path()).unwrap();
    fs::remove_file(folder.path().join("reins.db.secret")).unwrap();
    let second = secret(folder.path()).unwrap();
    assert_ne!(first.derive("label", ""), second.derive("label", ""));
}

#[tokio::test]
async fn a_secret_that_is_gone_is_missed_and_not_replaced() {
    for vendors in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        if vendors {
            keep_a_vendors_key(folder.path()).await;
        } else {
            keep_a_key(folder.path()).await;
        }
        let file = folder.path().join("reins.db.secret");
        let bytes = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        let missed = secret(folder.path());
        assert!(matches!(missed, Err(StoreError::NoSecret { .. })), "{missed:?}");
        assert!(!file.exists(), "a new one was made");
        fs::write(&file, [7; 40]).unwrap();
        let other = secret(folder.path());
        assert!(matches!(other, Err(StoreError::OtherSecret { .. })), "{other:?}");
        fs::write(&file, bytes).unwrap();
        secret(folder.path()).unwrap();
    }
}

#[tokio::test]
async fn another_secret_in_the_environment_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    keep_a_key(folder.path()).await;
    let path = folder.path().join("reins.db");
    let other = RootSecret::of_store(&path, |_| Some("x".repeat(32)));
    assert!(matches!(other, Err(StoreError::OtherSecret { .. })), "{other:?}");
}

#[tokio::test]
async fn a_lost_secret_is_replaced_when_that_is_accepted_and_what_it_made_ends() {
    let folder = tempfile::tempdir().unwrap();
    keep_a_key(folder.path()).await;
    keep_a_vendors_key(folder.path()).await;
    fs::remove_file(folder.path().join("reins.db.secret")).unwrap();
    let (path, clock) = (folder.path().join("reins.db"), HandClock::at("2026-03-02T11:00:00Z"));
    let root = RootSecret::replacing_lost(&path, |_| None, clock.now()).unwrap();
    let again = secret(folder.path()).unwrap();
    assert_eq!(
        root.derive("label", ""),
        again.derive("label", ""),
        "it is the store's from now on"
    );
    let registry =
        Registry::open(&path, &root, Arc::clone(&clock) as Arc<dyn Clock>).await.unwrap();
    let keys = registry.list().await.unwrap();
    assert_eq!(keys.iter().map(|key| key.revoked).collect::<Vec<_>>(), [Some(clock.now())]);
    assert_eq!(Secrets::open(&path, root).await.unwrap().list("acme").await.unwrap(), []);
}

#[test]
fn each_purpose_has_a_key_of_its_own() {
    let root = RootSecret::given("0123456789abcdef0123456789abcdef").unwrap();
    let keys = [root.derive("a", "b"), root.derive("ab", ""), root.derive("a", "c")];
    assert!(keys[0] != keys[1] && keys[0] != keys[2] && keys[1] != keys[2]);
}

#[test]
fn a_short_one_is_refused() {
    let short = RootSecret::given("  too short  ");
    assert!(matches!(short, Err(StoreError::WeakRoot(9))), "{short:?}");
}
