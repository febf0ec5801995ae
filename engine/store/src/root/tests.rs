//! The root secret is made once and derived from.

use std::os::unix::fs::PermissionsExt;

use super::RootSecret;
use crate::StoreError;

#[test]
fn it_is_made_on_first_use_and_only_its_owner_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("reins.db");
    let first = RootSecret::beside(&path).unwrap();
    let second = RootSecret::beside(&path).unwrap();
    assert_eq!(first.derive("label", "x"), second.derive("label", "x"));
    let file = folder.path().join("reins.db.secret");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
}

#[test]
fn two_stores_have_two() {
    let folder = tempfile::tempdir().unwrap();
    let one = RootSecret::beside(&folder.path().join("one")).unwrap();
    let two = RootSecret::beside(&folder.path().join("two")).unwrap();
    assert_ne!(one.derive("label", ""), two.derive("label", ""));
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
