//! A database has one server, whichever link leads to it and whichever file beside it was deleted.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::rig::{Kept, Launch, Outside, Site, Speech, call, log, registry, reopened, text};

const BUDGET: &str = "[[budget]]\nname = \"all\"\nscope = { organization = \"acme\" }\n\
     limit_usd = \"100000\"\nwindow = \"monthly\"\n";

/// A file that names the store of a site by another path.
fn other_file(site: &Site, store: &Path) -> std::path::PathBuf {
    let text = fs::read_to_string(site.file()).unwrap();
    let named = format!("store = \"sqlite:{}\"", store.display());
    let file = site.folder().join("other.toml");
    fs::write(&file, text.replace("store = \"sqlite:reins.db\"", &named)).unwrap();
    file
}

/// A second server is refused while the first one goes on, and the books stay whole.
async fn one_server(name: &str, another_way: impl AsyncFnOnce(&Site) -> std::path::PathBuf) {
    let site = Site::new(BUDGET).await;
    let first = Outside::start(&site).await;
    let ask = Speech::OpenAi.ask(50, false);
    assert_eq!(call(first.address, &ask).await.unwrap().status, 200);
    // Commands that read, or change keys, do not release the server's lock.
    Kept::of(&site).check().await;
    drop(registry(&site).await);
    let store = another_way(&site).await;
    let second = Launch::of(&site).on(&other_file(&site, &store)).start().await;
    assert!(second.is_none(), "{name}: two servers on one database");
    let told = fs::read_to_string(log(&site)).unwrap();
    assert!(told.contains("is in use by another server"), "{told}");
    assert_eq!(call(first.address, &ask).await.unwrap().status, 200);
    first.signal("-TERM");
    assert!(first.ended().await.success());
    // A second hard link would be refused at the next start.
    drop(fs::remove_file(site.folder().join("hard.db")));
    let (billed, (presumed, totals)) = (site.billed().await, reopened(&site).await);
    assert_eq!((totals.charged.nanos(), presumed), (billed, 0), "{name}");
    println!("links: {name}: the second server was refused; charged {}", text(billed));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_symbolic_link_is_the_database_it_leads_to() {
    one_server("a symbolic link to the database", async |site| {
        let link = site.folder().join("link.db");
        symlink(site.store(), &link).unwrap();
        link
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hard_link_is_the_database() {
    one_server("a hard link to the database", async |site| {
        let link = site.folder().join("hard.db");
        fs::hard_link(site.store(), &link).unwrap();
        link
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_linked_folder_is_the_folder() {
    one_server("a symbolic link to the folder", async |site| {
        let link = site.folder().join("elsewhere");
        symlink(site.folder(), &link).unwrap();
        link.join("reins.db")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_beside_the_database_may_be_deleted() {
    one_server("whatever looks like a lock is deleted", async |site| {
        for file in fs::read_dir(site.folder()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "lock") {
                fs::remove_file(path).unwrap();
            }
        }
        site.store()
    })
    .await;
}
