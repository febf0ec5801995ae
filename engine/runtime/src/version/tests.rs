//! What an edit of the file changes, and what it leaves alone.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::date;
use reins_config::{File, Main, Purpose};

use super::{Parts, Stored, Version};

fn main_file(text: &str) -> Main {
    let file = File {
        path: Path::new("reins.toml"),
        text,
        purpose: Purpose::Serve,
        today: date(2026, 11, 21),
        variables: &|_| None,
        others: &[],
    };
    reins_config::read(&file).expect("a good file")
}

fn version(connection: &str, before: Option<&Version<()>>) -> Version<()> {
    let text = format!(
        "[organization]\nid = \"acme\"\n[[connection]]\nvendor = \"openai\"\n\
         key = \"stored\"\n{connection}\n"
    );
    let first = main_file(&text).first;
    let parts = Parts {
        file: "reins.toml".into(),
        organization: first.organization,
        snapshot: first.snapshot,
        stored: Stored::new(),
        before,
    };
    Version::ready(parts, &()).expect("upstreams")
}

#[test]
fn upstreams_are_kept_unless_their_connection_is_edited() {
    let first = version("timeout = \"7s\"", None);
    let second = version("timeout = \"7s\"\n[[agent]]\nname = \"a\"", Some(&first));
    assert!(Arc::ptr_eq(&first.upstreams[0], &second.upstreams[0]));
    let third = version("timeout = \"8s\"", Some(&second));
    assert!(!Arc::ptr_eq(&second.upstreams[0], &third.upstreams[0]));
}

#[test]
fn upstreams_of_a_declared_dialect_are_kept_as_long_as_it_says_the_same() {
    const OLLAMA: &str = include_str!("../../../../engine/config/dialects/ollama.toml");
    let first = version(OLLAMA, None);
    let second = version(&format!("{OLLAMA}\n[[agent]]\nname = \"a\""), Some(&first));
    assert!(
        Arc::ptr_eq(&first.upstreams[1], &second.upstreams[1]),
        "its pool of connections is kept"
    );
    let third = version(&OLLAMA.replace("num_predict", "max_tokens"), Some(&second));
    assert!(!Arc::ptr_eq(&second.upstreams[1], &third.upstreams[1]));
    assert!(Arc::ptr_eq(&second.upstreams[0], &third.upstreams[0]), "another connection's is kept");
}

#[test]
fn calls_keep_to_what_connection_and_server_say() {
    let version = version("timeout = \"7s\"", None);
    let text = "[[connection]]\nvendor = \"openai\"\n[server]\ndrain_timeout = \"3s\"\n\
                drain_max_bytes = 9\n";
    let terms = version.upstreams[0].terms(&main_file(text).process.server);
    assert_eq!(terms.headers_timeout, Duration::from_secs(7));
    assert_eq!((terms.drain_timeout, terms.drain_max), (Duration::from_secs(3), 9));
}
