//! The life of a key.

use std::path::PathBuf;
use std::sync::Arc;

use reins_governor::{Clock, Environment, KeyId, Name, Unidentified};

use super::{Registry, Rotation};
use crate::trial::HandClock;
use crate::{DeclaredKey, NewKey, Pins, RootSecret, Secret, StoreError, declared_id};

const ROOT: &str = "0123456789abcdef0123456789abcdef";
const DAY: i64 = 86_400;

struct Desk {
    _folder: tempfile::TempDir,
    path: PathBuf,
    clock: Arc<HandClock>,
    registry: Registry,
}

async fn desk() -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let (path, clock) = (folder.path().join("reins.db"), HandClock::at("2026-03-01T11:00:00Z"));
    let registry = opened(&path, ROOT, &clock).await;
    Desk { _folder: folder, path, clock, registry }
}

async fn opened(path: &std::path::Path, root: &str, clock: &Arc<HandClock>) -> Registry {
    let root = RootSecret::given(root).unwrap();
    Registry::open(path, &root, Arc::clone(clock) as Arc<dyn Clock>).await.unwrap()
}

fn new(name: &'static str) -> NewKey {
    NewKey {
        organization: "acme".into(),
        name: name.into(),
        environment: Environment::Live,
        pins: Pins { agent: Some("bot".into()), ..Pins::default() },
        expires: None,
    }
}

#[tokio::test]
async fn a_key_is_known_until_it_is_revoked() {
    let desk = desk().await;
    let created = desk.registry.create(new("ci")).await.unwrap();
    let value = created.value.expose();
    assert_eq!(desk.registry.identify(value).unwrap().id, created.key.id);
    assert_eq!(desk.registry.identify(value).unwrap().pins.agent.as_deref(), Some("bot"));
    let other = value.replace("rns_live_", "rns_live_x");
    assert_eq!(desk.registry.identify(&other).unwrap_err(), Unidentified::Unknown);
    desk.registry.revoke(&created.key.id).await.unwrap();
    assert_eq!(desk.registry.identify(value).unwrap_err(), Unidentified::Unknown);
}

#[tokio::test]
async fn a_key_looks_like_one_and_is_nowhere_in_the_store() {
    let desk = desk().await;
    let created = desk.registry.create(new("ci")).await.unwrap();
    let value = created.value.expose();
    assert!(value.starts_with("rns_live_") && value.len() == 9 + 43, "{value}");
    assert_eq!(*created.key.masked, format!("rns_live_****{}", value.split_at(48).1));
    assert!(created.key.id.0.starts_with("key_") && created.key.id.0.len() == 30);
    assert!(!format!("{created:?}").contains(value));
    for file in std::fs::read_dir(desk.path.parent().unwrap()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap_or_default();
        let found = bytes.windows(value.len()).any(|window| window == value.as_bytes());
        assert!(!found, "the key is in {}", path.display());
    }
}

#[tokio::test]
async fn an_expired_key_is_unknown_from_that_instant() {
    let desk = desk().await;
    let expires = Some("2026-03-01T11:01:00Z".parse().unwrap());
    let created = desk.registry.create(NewKey { expires, ..new("ci") }).await.unwrap();
    desk.clock.turn(59);
    desk.registry.identify(created.value.expose()).unwrap();
    desk.clock.turn(1);
    desk.registry.identify(created.value.expose()).unwrap_err();
}

#[tokio::test]
async fn a_rotated_key_works_for_another_day_or_not_at_all() {
    for (rotation, still) in [(Rotation::Overlap, true), (Rotation::Now, false)] {
        let desk = desk().await;
        let old = desk.registry.create(new("ci")).await.unwrap();
        let fresh = desk.registry.rotate(&old.key.id, rotation).await.unwrap();
        assert_eq!(fresh.key.pins, old.key.pins);
        desk.registry.identify(fresh.value.expose()).unwrap();
        assert_eq!(desk.registry.identify(old.value.expose()).is_ok(), still);
        desk.clock.turn(DAY - 1);
        assert_eq!(desk.registry.identify(old.value.expose()).is_ok(), still);
        desk.clock.turn(1);
        desk.registry.identify(old.value.expose()).unwrap_err();
        desk.registry.identify(fresh.value.expose()).unwrap();
        let again = desk.registry.rotate(&old.key.id, rotation).await;
        assert!(matches!(again, Err(StoreError::KeyEnded(_))), "{again:?}");
    }
}

#[tokio::test]
async fn a_rotation_never_makes_a_key_last_longer() {
    let desk = desk().await;
    let expires = Some("2026-03-01T12:00:00Z".parse().unwrap());
    let old = desk.registry.create(NewKey { expires, ..new("ci") }).await.unwrap();
    let fresh = desk.registry.rotate(&old.key.id, Rotation::Overlap).await.unwrap();
    desk.clock.turn(3_600);
    desk.registry.identify(old.value.expose()).unwrap_err();
    desk.registry.identify(fresh.value.expose()).unwrap_err();
}

#[tokio::test]
async fn keys_are_listed_with_their_last_use() {
    let desk = desk().await;
    let first = desk.registry.create(new("first")).await.unwrap();
    desk.clock.turn(10);
    desk.registry.create(new("second")).await.unwrap();
    desk.registry.identify(first.value.expose()).unwrap();
    let keys = desk.registry.list().await.unwrap();
    let seen: Vec<_> = keys.iter().map(|key| (&*key.name, key.used)).collect();
    let used = "2026-03-01T11:00:10Z".parse().unwrap();
    assert_eq!(seen, [("first", Some(used)), ("second", None)]);
}

#[tokio::test]
async fn what_was_read_earlier_is_not_put_over_what_was_read_later() {
    let desk = desk().await;
    let theirs = opened(&desk.path, ROOT, &desk.clock).await;
    // Somebody has read that there are no keys, and is slow to say so.
    let earlier = desk.registry.inner.look().await.unwrap();
    let slow = async {
        while theirs.list().await.unwrap().is_empty() {}
        for _ in 0..50 {
            theirs.list().await.unwrap();
        }
        earlier.know();
    };
    let (created, ()) = tokio::join!(desk.registry.create(new("ci")), slow);
    desk.registry.identify(created.unwrap().value.expose()).unwrap();
}

#[tokio::test]
async fn a_key_revoked_by_another_process_is_refused_soon() {
    let desk = desk().await;
    desk.registry.watch();
    let theirs = opened(&desk.path, ROOT, &desk.clock).await;
    let created = theirs.create(new("ci")).await.unwrap();
    let value = created.value.expose();
    until(|| desk.registry.identify(value).is_ok()).await;
    theirs.revoke(&created.key.id).await.unwrap();
    until(|| desk.registry.identify(value).is_err()).await;
    assert!(desk.registry.sees_changes());
}

/// Waits for a thing that a task brings about, and fails after two seconds without it.
async fn until(come: impl Fn() -> bool) {
    let come = async {
        while !come() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(2), come).await.unwrap();
}

#[tokio::test]
async fn a_declared_key_is_known_as_long_as_it_is_declared() {
    let desk = desk().await;
    let declared = DeclaredKey { key: new("ci"), value: Secret::new("any text at all".into()) };
    desk.registry.declare(&"acme".into(), vec![declared]).await.unwrap();
    let key = desk.registry.identify("any text at all").unwrap();
    assert_eq!((&*key.id.0, &*key.masked), ("key_acme/ci", "****"));
    desk.registry.create(new("other")).await.unwrap();
    desk.registry.identify("any text at all").unwrap();
    desk.registry.declare(&"acme".into(), vec![]).await.unwrap();
    desk.registry.identify("any text at all").unwrap_err();
}

#[tokio::test]
async fn of_two_keys_of_one_name_that_are_made_at_once_one_is() {
    let desk = desk().await;
    let theirs = opened(&desk.path, ROOT, &desk.clock).await;
    let (ours, theirs) = tokio::join!(desk.registry.create(new("ci")), theirs.create(new("ci")));
    let made = [ours, theirs].into_iter().filter(Result::is_ok).count();
    assert_eq!(made, 1);
    let elsewhere = NewKey { organization: "other".into(), ..new("ci") };
    desk.registry.create(elsewhere).await.unwrap();
}

#[tokio::test]
async fn a_name_is_free_once_its_keys_have_ended() {
    let desk = desk().await;
    let expires = Some("2026-03-01T11:01:00Z".parse().unwrap());
    desk.registry.create(NewKey { expires, ..new("ci") }).await.unwrap();
    let taken = desk.registry.create(new("ci")).await.unwrap_err();
    assert!(matches!(taken, StoreError::NameTaken { .. }), "{taken:?}");
    desk.clock.turn(60);
    let second = desk.registry.create(new("ci")).await.unwrap();
    let third = desk.registry.rotate(&second.key.id, Rotation::Overlap).await.unwrap();
    assert_eq!(third.key.name, second.key.name);
    desk.registry.revoke(&third.key.id).await.unwrap();
    desk.registry.create(new("ci")).await.unwrap_err();
    desk.clock.turn(DAY);
    desk.registry.create(new("ci")).await.unwrap();
}

#[tokio::test]
async fn a_key_is_known_as_ours_whatever_became_of_it() {
    let desk = desk().await;
    let plain = |text: &str| Secret::new(text.into());
    let declared = |name, text| DeclaredKey { key: new(name), value: plain(text) };
    let both = vec![declared("a", "any text at all"), declared("b", "another/text==")];
    desk.registry.declare(&"acme".into(), both).await.unwrap();
    desk.registry.declare(&"acme".into(), vec![declared("a", "any text at all")]).await.unwrap();
    let created = desk.registry.create(new("ci")).await.unwrap();
    desk.registry.revoke(&created.key.id).await.unwrap();
    let expired = NewKey { expires: Some("2020-01-01T00:00:00Z".parse().unwrap()), ..new("old") };
    let expired = desk.registry.create(expired).await.unwrap();
    let others = NewKey { organization: "other".into(), ..new("ci") };
    let others = desk.registry.create(others).await.unwrap();
    let made = [&created, &expired, &others].map(|made| made.value.expose());
    for key in [&made[..], &["any text at all", "another/text=="]].concat() {
        assert!(desk.registry.discloses_key(format!("a=1; key={key}").as_bytes()), "{key}");
        let declared_no_more = key == "another/text==";
        assert_eq!(desk.registry.knows(key), !declared_no_more, "{key}");
    }
    assert!(!desk.registry.discloses_key(b"sk-proj-of-the-vendor"));
    assert!(!desk.registry.knows("sk-proj-of-the-vendor"));
}

#[tokio::test]
async fn another_root_secret_knows_no_key() {
    let desk = desk().await;
    let created = desk.registry.create(new("ci")).await.unwrap();
    let theirs = opened(&desk.path, &ROOT.replace('0', "1"), &desk.clock).await;
    theirs.identify(created.value.expose()).unwrap_err();
}

#[tokio::test]
async fn an_unknown_id_is_said_to_be_unknown() {
    let desk = desk().await;
    let revoked = desk.registry.revoke(&KeyId("key_x".into())).await.unwrap_err();
    let rotated = desk.registry.rotate(&KeyId("key_x".into()), Rotation::Now).await.unwrap_err();
    for error in [revoked, rotated] {
        assert_eq!(error.to_string(), "there is no key `key_x`: `reins key list` shows them");
    }
}

#[tokio::test]
async fn keys_that_cannot_be_declared_leave_those_before_alone() {
    let desk = desk().await;
    let declared = |value: &str| DeclaredKey { key: new("ci"), value: Secret::new(value.into()) };
    desk.registry.declare(&"acme".into(), vec![declared("before")]).await.unwrap();
    desk.registry.inner.pool.close().await;
    desk.registry.declare(&"acme".into(), vec![declared("after")]).await.unwrap_err();
    desk.registry.inner.know(Vec::new());
    desk.registry.identify("before").unwrap();
    desk.registry.identify("after").unwrap_err();
}

fn declared_of(organization: &'static str, name: &'static str, value: &str) -> DeclaredKey {
    let key = NewKey { organization: organization.into(), ..new(name) };
    DeclaredKey { key, value: Secret::new(value.into()) }
}

#[tokio::test]
async fn an_organization_declares_its_own_keys_and_no_others() {
    let desk = desk().await;
    let (acme, umbrella) = (Name::from("acme"), Name::from("umbrella"));
    let declare = async |of: &Name, value: &str| {
        desk.registry.declare(of, vec![declared_of("elsewhere", "ci", value)]).await.unwrap();
    };
    declare(&acme, "a key of acme").await;
    declare(&umbrella, "a key of umbrella").await;
    let of = |value: &str| desk.registry.identify(value).map(|key| key.id.0.to_string());
    assert_eq!(of("a key of acme").unwrap(), "key_acme/ci");
    assert_eq!(of("a key of umbrella").unwrap(), "key_umbrella/ci");
    let key = desk.registry.identify("a key of umbrella").unwrap();
    assert_eq!(key.organization, umbrella, "whatever the key said of itself");
    declare(&acme, "another key of acme").await;
    desk.registry.declare(&umbrella, vec![]).await.unwrap();
    of("a key of acme").unwrap_err();
    of("another key of acme").unwrap();
    of("a key of umbrella").unwrap_err();
    assert!(desk.registry.discloses_key(b"a key of umbrella"), "it stays a secret");
}

#[tokio::test]
async fn one_value_is_never_the_key_of_two_organizations() {
    let desk = desk().await;
    let umbrella = "umbrella".into();
    let declare = async |of: &Name, value: &str| {
        desk.registry.declare(of, vec![declared_of("acme", "ci", value)]).await
    };
    declare(&"acme".into(), "the same text").await.unwrap();
    let made = desk.registry.create(new("made")).await.unwrap();
    declare(&umbrella, "its own").await.unwrap();
    for value in ["the same text", made.value.expose()] {
        let refused = declare(&umbrella, value).await.unwrap_err().to_string();
        assert_eq!(
            refused,
            "the key `ci` of `umbrella` has the value of a key of `acme`, so that a call with it \
             could be of either: give each organization keys of its own"
        );
        assert_eq!(&*desk.registry.identify(value).unwrap().organization, "acme");
    }
    desk.registry.identify("its own").unwrap();
    desk.registry.declare(&"acme".into(), vec![]).await.unwrap();
    declare(&umbrella, "the same text").await.unwrap();
}

#[test]
fn no_two_declared_keys_have_the_same_id() {
    let names = ["a", "a/b", "b", "b/c", "a%2Fb", "%", "/", "c", "a_b", "_"].map(Name::from);
    let mut ids = std::collections::HashSet::new();
    for organization in &names {
        for name in &names {
            assert!(ids.insert(declared_id(organization, name)), "{organization} {name}");
        }
    }
    assert_eq!(&*declared_id(&"acme".into(), &"ci/cd".into()).0, "key_acme/ci/cd");
}
