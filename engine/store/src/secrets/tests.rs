//! Secrets open where they were put, and nowhere else.

use std::path::Path;

use super::{SecretName, Secrets};
use crate::{RootSecret, Secret, StoreError};

const ROOT: &str = "0123456789abcdef0123456789abcdef";

fn name(organization: &str, connection: &str, field: &str) -> SecretName {
    SecretName {
        organization: organization.into(),
        connection: connection.into(),
        field: field.into(),
    }
}

async fn opened(folder: &Path, root: &str) -> Secrets {
    let root = RootSecret::given(root).unwrap();
    Secrets::open(&folder.join("reins.db"), root).await.unwrap()
}

async fn get(secrets: &Secrets, name: &SecretName) -> Result<Option<String>, StoreError> {
    Ok(secrets.get(name).await?.map(|secret| secret.expose().to_owned()))
}

#[tokio::test]
async fn a_secret_is_given_back_and_listed_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = opened(folder.path(), ROOT).await;
    let ours = name("acme", "openai", "key");
    assert_eq!(get(&secrets, &ours).await.unwrap(), None);
    secrets.put(&ours, &Secret::new("sk-1".into())).await.unwrap();
    secrets.put(&ours, &Secret::new("sk-2".into())).await.unwrap();
    assert_eq!(get(&secrets, &ours).await.unwrap().as_deref(), Some("sk-2"));
    assert_eq!(secrets.list("acme").await.unwrap(), [ours]);
    assert_eq!(secrets.list("other").await.unwrap(), []);
}

#[tokio::test]
async fn a_secret_that_was_moved_or_changed_does_not_open() {
    let changes = [
        "UPDATE secrets SET organization = 'evil'",
        "UPDATE secrets SET connection = 'evil'",
        "UPDATE secrets SET field = 'evil'",
        "UPDATE secrets SET key_version = 2",
        "UPDATE secrets SET nonce = randomblob(12)",
        "UPDATE secrets SET nonce = randomblob(3)",
        "UPDATE secrets SET sealed = zeroblob(20)",
        "UPDATE secrets SET sealed = x''",
    ];
    for change in changes {
        let folder = tempfile::tempdir().unwrap();
        let secrets = opened(folder.path(), ROOT).await;
        secrets.put(&name("acme", "openai", "key"), &Secret::new("sk".into())).await.unwrap();
        sqlx::raw_sql(change).execute(&secrets.pool).await.unwrap();
        for organization in ["acme", "evil"] {
            let [moved] = &*secrets.list(organization).await.unwrap() else { continue };
            let opened = secrets.get(moved).await;
            assert!(matches!(opened, Err(StoreError::Sealed { .. })), "{change}");
        }
    }
}

#[tokio::test]
async fn another_root_secret_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let ours = name("acme", "openai", "key");
    let secrets = opened(folder.path(), ROOT).await;
    secrets.put(&ours, &Secret::new("sk".into())).await.unwrap();
    let theirs = opened(folder.path(), &ROOT.replace('0', "1")).await;
    assert!(matches!(theirs.get(&ours).await, Err(StoreError::Sealed { .. })));
}

#[test]
fn no_two_names_are_bound_to_the_same_bytes() {
    let names = [name("a", "bc", "d"), name("ab", "c", "d"), name("a", "b", "cd")];
    let mut bound: Vec<_> = names.iter().map(|name| name.bound_to(1)).collect();
    bound.push(names[0].bound_to(2));
    bound.sort();
    bound.dedup();
    assert_eq!(bound.len(), 4);
}
