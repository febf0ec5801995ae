//! The registry of keys cannot be read: known keys stay in force, the pages show it, and a version
//! that is refused for it leaves the declared keys of the last one alone.

use crate::rig::{Outside, Site, Speech, call, get, until};

const BUDGET: &str = "[[budget]]\nname = \"all\"\nscope = { organization = \"acme\" }\n\
     limit_usd = \"1000\"\nwindow = \"monthly\"\n";
const KEY: &str = "[[key]]\nname = \"drill\"\nvalue_env = \"REINS_KEY\"\n";

/// Takes the table of keys away, or puts it back, and has servers read the keys again.
fn rename_keys(site: &Site, from: &str, to: &str) {
    let database = rusqlite::Connection::open(site.store()).unwrap();
    let changed = "UPDATE meta SET value = value + 1 WHERE name = 'keys_version'";
    database.execute_batch(&format!("ALTER TABLE {from} RENAME TO {to}; {changed};")).unwrap();
}

async fn status(gateway: &Outside) -> u16 {
    call(gateway.address, &Speech::OpenAi.ask(10, false)).await.unwrap().status
}

/// Whether the keys are current, on both pages.
async fn sees(gateway: &Outside) -> (bool, bool) {
    let page = get(gateway.address, "/readyz").await;
    assert_eq!(page.status, 200, "{page:?}");
    let metrics = get(gateway.address, "/metrics").await.body;
    let gauge = String::from_utf8_lossy(&metrics).contains("\nreins_keys_current 1\n");
    (page.json()["keys_current"].as_bool().unwrap(), gauge)
}

async fn file(gateway: &Outside) -> String {
    get(gateway.address, "/readyz").await.json()["file"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_cannot_be_read_stay_in_force() {
    let site = Site::bare().await;
    let head = site.head("process");
    site.write(&format!("{head}{BUDGET}"));
    let gateway = Outside::start(&site).await;
    assert_eq!((sees(&gateway).await, status(&gateway).await), ((true, true), 200));
    rename_keys(&site, "keys", "away");
    until("it is shown", async || sees(&gateway).await == (false, false)).await;
    assert_eq!(status(&gateway).await, 200);
    // A version without the key is refused, since keys cannot be read; then one that is wrong.
    for text in [format!("{}{BUDGET}", head.replace(KEY, "")), "wrong".to_owned()] {
        let before = file(&gateway).await;
        site.write(&text);
        until("it is looked at", async || file(&gateway).await != before || before == "refused")
            .await;
        until("it is refused", async || file(&gateway).await == "refused").await;
        assert_eq!(status(&gateway).await, 200);
    }
    rename_keys(&site, "away", "keys");
    until("keys are read again", async || sees(&gateway).await == (true, true)).await;
    assert_eq!(status(&gateway).await, 200, "a version that was refused took its key away");
    println!("blind: keys that cannot be read stay in force, and the pages show it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_the_store_refused_comes_into_force_when_it_can() {
    let site = Site::bare().await;
    let head = site.head("process");
    site.write(&format!("{head}{BUDGET}"));
    let gateway = Outside::start(&site).await;
    rename_keys(&site, "keys", "away");
    site.write(&format!("{}{BUDGET}", head.replace(KEY, "")));
    until("it is refused", async || file(&gateway).await == "refused").await;
    assert_eq!(status(&gateway).await, 200);
    rename_keys(&site, "away", "keys");
    until("it is in force", async || file(&gateway).await == "in_force").await;
    assert_eq!(status(&gateway).await, 401);
}
