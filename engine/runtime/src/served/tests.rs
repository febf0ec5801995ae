//! What a change of one organization leaves alone, and how calls of one without a file are refused.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::date;
use reins_config::{File, Main, Purpose};
use reins_governor::{Name, Refusal};

use super::{Known, Served};
use crate::version::{Parts, Stored, Version};

/// The organization `id` with one key, and what its file says of the process.
fn main_file(id: &str, key: &str) -> Main {
    let text = format!(
        "[organization]\nid = \"{id}\"\n[[connection]]\nvendor = \"openai\"\nkey = \"stored\"\n\
         [[key]]\nname = \"ci\"\nvalue_env = \"KEY\"\n"
    );
    let file = File {
        path: Path::new("reins.toml"),
        text: &text,
        purpose: Purpose::Serve,
        today: date(2026, 11, 21),
        variables: &|_| Some(key.to_owned()),
        others: &[],
    };
    reins_config::read(&file).expect("a good file")
}

fn version(id: &str, key: &str) -> Arc<Version<()>> {
    let first = main_file(id, key).first;
    let parts = Parts {
        file: PathBuf::from(id),
        organization: first.organization,
        snapshot: first.snapshot,
        stored: Stored::new(),
        before: None,
    };
    Arc::new(Version::ready(parts, &()).expect("upstreams"))
}

const ACME_KEY: &str = "rns_live_of_acme_0123456789";
const BETA_KEY: &str = "rns_live_of_beta_0123456789";

fn both() -> (Served<()>, Arc<Version<()>>) {
    let acme = version("acme", ACME_KEY);
    let process = main_file("acme", ACME_KEY).process;
    let served = Served::new(process, Arc::clone(&acme));
    (served.with(version("beta", BETA_KEY)), acme)
}

fn code(served: &Served<()>, organization: &str) -> Option<&'static str> {
    served.of(&Name::kept(organization)).err().as_ref().map(Refusal::code)
}

/// Whose the keys are, as the registry takes them.
fn keys(served: &Served<()>) -> Vec<(String, String)> {
    let all = served.keys();
    let keys = all.iter().flat_map(|(of, keys)| keys.iter().map(move |key| (of, key)));
    keys.map(|(of, key)| (of.to_string(), key.value.expose().to_owned())).collect()
}

fn pair(of: &str, key: &str) -> (String, String) {
    (of.to_owned(), key.to_owned())
}

#[test]
fn a_change_of_one_leaves_the_version_of_another_the_same_object() {
    let (served, acme) = both();
    let is_same = |served: &Served<()>| {
        let kept = served.of(&"acme".into()).expect("it is served");
        Arc::ptr_eq(kept, &acme) && Arc::ptr_eq(served.first(), &acme)
    };
    assert!(is_same(&served));
    assert!(is_same(&served.clone().with(version("beta", BETA_KEY))));
    assert!(is_same(&served.clone().without(&"beta".into())));
    assert!(is_same(&served.rejecting(&"organizations/gamma.toml".into(), Some(Known::default()))));
}

#[test]
fn an_organization_that_is_gone_is_remembered_until_it_is_back() {
    let (served, _) = both();
    let beta = Arc::clone(served.of(&"beta".into()).expect("it is served"));
    let gone = served.without(&"beta".into());
    assert_eq!(code(&gone, "beta"), Some("forbidden"));
    assert!(gone.last_of(&"beta".into()).is_some_and(|last| Arc::ptr_eq(last, &beta)));
    assert_eq!(gone.not_served().collect::<Vec<_>>(), [&Name::from("beta")]);
    assert_eq!(keys(&gone), [pair("acme", ACME_KEY), pair("beta", BETA_KEY)]);
    let back = gone.with(beta);
    assert_eq!((code(&back, "beta"), back.not_served().count()), (None, 0));
}

#[test]
fn a_key_is_that_of_the_organization_which_is_served() {
    let (served, _) = both();
    let gone = served.without(&"beta".into()).with(version("gamma", BETA_KEY));
    assert_eq!(keys(&gone), [pair("acme", ACME_KEY), pair("gamma", BETA_KEY)]);
}

#[test]
fn callers_of_an_organization_whose_file_is_wrong_are_told_to_come_back() {
    let (served, _) = both();
    let file: Arc<str> = "organizations/gamma.toml".into();
    let known = |organization: Option<&'static str>, keys| Known {
        organization: organization.map(Name::from),
        keys,
    };
    for (what, gamma, delta, lacks_keys) in [
        (known(Some("gamma"), Some(vec![])), "service_unavailable", "forbidden", false),
        (known(Some("gamma"), None), "service_unavailable", "forbidden", true),
        (known(None, None), "service_unavailable", "service_unavailable", true),
    ] {
        let served = served.clone().rejecting(&file, Some(what));
        assert_eq!(code(&served, "acme"), None);
        assert_eq!((code(&served, "gamma"), code(&served, "delta")), (Some(gamma), Some(delta)));
        assert_eq!(served.lacks_keys(), lacks_keys);
        let mended = served.rejecting(&file, None);
        assert!(code(&mended, "gamma") == Some("forbidden") && !mended.lacks_keys());
    }
}
