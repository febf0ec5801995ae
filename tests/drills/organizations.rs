//! Two organizations in one process, with the same names of keys, agents and sessions: whatever
//! becomes of one's file and callers, no figure of the other moves.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use reins_governor::Usd;
use serde_json::Value;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{MissedTickBehavior, interval};

use crate::rig::{
    Answer, Ask, BETA_KEY, Inside, Site, Speech, Wire, call, get, sized, text, until,
};

/// Clients of the organization that is left alone, each with a call every so often.
const CLIENTS: usize = 4;
const CALL_EVERY: Duration = Duration::from_millis(15);
/// Clients that flood the other one: together ten times what its limit lets through.
const FLOODERS: usize = 4;
const FLOOD_EVERY: Duration = Duration::from_millis(8);
const LIMIT: u64 = 50;
/// What both budgets allow a month.
const BUDGET: Usd = Usd::from_cents(100_000);

const BUDGETS: &str = "[[budget]]\nname = \"all\"\nscope = { organization = \"*\" }\n\
     limit_usd = \"1000\"\nwindow = \"monthly\"\n[[budget]]\nname = \"bot, a day\"\n\
     scope = { agent = \"bot\" }\nlimit_usd = \"1000\"\nwindow = \"daily\"\n";

/// The other organization's file: in another zone, before a vendor of its own.
fn beta(vendor: SocketAddr, version: u64) -> String {
    format!(
        "[organization]\nid = \"beta\"\ntimezone = \"Asia/Tokyo\"\nunknown_agents = \"register\"\n\
         [[key]]\nname = \"drill\"\nvalue_env = \"BETA_KEY\"\n\
         [[limit]]\nscope = {{ organization = \"beta\" }}\ncalls_per_second = {LIMIT}\n\
         [[connection]]\nvendor = \"openai\"\nbase_url = \"http://{vendor}/v1\"\n\
         key_env = \"VENDOR_KEY\"\nretries = 0\n{BUDGETS}\
         [[policy]]\nname = \"says\"\n[[policy.rule]]\nname = \"says\"\naction = \"warn\"\n\
         message = \"version {version}\"\nwhen = {{ models = [\"*\"] }}\n"
    )
}

/// A call by the same agent in the same session, of whichever organization.
fn ask() -> Ask {
    let ask = Speech::OpenAi.ask(20, false).script("latency_ms=20");
    ask.with("x-reins-agent", "bot").with("x-reins-session", "s")
}

fn of_beta(ask: Ask) -> Ask {
    ask.with("authorization", &format!("Bearer {BETA_KEY}"))
}

/// Calls at a steady pace until told to stop: how many ended with which status, and how long each
/// took.
async fn client(
    gateway: SocketAddr,
    ask: Ask,
    every: Duration,
    stop: Arc<AtomicBool>,
) -> (BTreeMap<u16, u64>, Vec<Duration>) {
    let mut wire = Wire::open(gateway).await.unwrap();
    let (mut statuses, mut took) = (BTreeMap::new(), Vec::new());
    let mut pace = interval(every);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !stop.load(Ordering::Relaxed) {
        pace.tick().await;
        let begun = Instant::now();
        let Answer { status, whole, .. } = wire.call(&ask).await.expect("an answer");
        assert!(whole, "an answer of {status} broke off");
        took.push(begun.elapsed());
        *statuses.entry(status).or_insert(0) += 1;
    }
    (statuses, took)
}

/// Several clients at once.
struct Load {
    clients: JoinSet<(BTreeMap<u16, u64>, Vec<Duration>)>,
    stop: Arc<AtomicBool>,
}

impl Load {
    fn begin(gateway: SocketAddr, ask: &Ask, (number, every): (usize, Duration)) -> Self {
        let (mut clients, stop) = (JoinSet::new(), Arc::new(AtomicBool::new(false)));
        for _ in 0..number {
            clients.spawn(client(gateway, ask.clone(), every, Arc::clone(&stop)));
        }
        Self { clients, stop }
    }

    /// How many ended with which status, and the 99th percentile of how long they took.
    async fn end(self) -> (BTreeMap<u16, u64>, Duration) {
        self.stop.store(true, Ordering::Relaxed);
        let (mut all, mut took) = (BTreeMap::new(), Vec::new());
        for (statuses, times) in self.clients.join_all().await {
            statuses.into_iter().for_each(|(s, number)| *all.entry(s).or_insert(0) += number);
            took.extend(times);
        }
        took.sort_unstable();
        (all, took[took.len() * 99 / 100])
    }
}

/// What `/readyz` says of a file.
async fn row(gateway: SocketAddr, file: &str) -> Option<Value> {
    let page = get(gateway, "/readyz").await.json();
    let files = page["files"].as_array().unwrap().clone();
    files.into_iter().find(|row| row["file"] == *file)
}

async fn version_of(gateway: SocketAddr, file: &str) -> String {
    row(gateway, file).await.unwrap()["policy_version"].to_string()
}

const BETA: &str = "organizations/beta.toml";

/// Writes the other organization's file, and waits until it is in force.
async fn edit(site: &Site, gateway: SocketAddr, text: &str) {
    let before = row(gateway, BETA).await.map(|row| row["policy_version"].clone());
    site.write_beside("beta", text);
    until("the edit is in force", async || {
        let now = row(gateway, BETA).await.map(|row| row["policy_version"].clone());
        now != before && now.is_some_and(|version| version.is_string())
    })
    .await;
}

/// A stream of four seconds of the other organization, once its limit lets one through.
async fn stream(gateway: SocketAddr) -> JoinHandle<Answer> {
    let slow = Speech::OpenAi.ask(100, true).script("chunks=50 gap_ms=80 output=60");
    let slow = of_beta(slow.with("x-reins-agent", "bot").with("x-reins-session", "s"));
    loop {
        let slow = slow.clone();
        let running = tokio::spawn(async move { call(gateway, &slow).await.expect("an answer") });
        tokio::time::sleep(Duration::from_millis(200)).await;
        if !running.is_finished() {
            return running;
        }
    }
}

/// Removes it, while a stream of its runs, and waits until its calls are refused. The stream.
async fn remove(site: &Site, gateway: SocketAddr) -> Answer {
    let running = stream(gateway).await;
    fs::remove_file(site.beside("beta")).unwrap();
    until("it is not served", async || row(gateway, BETA).await.is_none()).await;
    let refused = call(gateway, &of_beta(ask())).await.unwrap();
    assert_eq!(refused.status, 403, "{refused:?}");
    let body = String::from_utf8_lossy(&refused.body);
    assert!(body.contains("`beta` is not served here"), "{body}");
    assert!(!running.is_finished(), "the stream ended before its organization was gone");
    running.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_one_moves_the_other() {
    let (site, theirs) = (Site::new(BUDGETS).await, Site::bare().await);
    site.write_beside("beta", &beta(theirs.vendor(), 0));
    let gateway = Inside::start(&site).await;
    let address = gateway.address;
    let alone = Load::begin(address, &ask(), (CLIENTS, CALL_EVERY));
    tokio::time::sleep(sized(Duration::from_secs(4), Duration::from_secs(30))).await;
    let (alone_statuses, alone_p99) = alone.end().await;
    let ours = version_of(address, "reins.toml").await;

    let load = Load::begin(address, &ask(), (CLIENTS, CALL_EVERY));
    let flood = Load::begin(address, &of_beta(ask()), (FLOODERS, FLOOD_EVERY));
    let edits = sized(10, 100);
    for version in 1..=edits {
        if version % 5 == 0 {
            site.write_beside("beta", &beta(theirs.vendor(), version).replace("warn", "wran"));
        }
        edit(&site, address, &beta(theirs.vendor(), version)).await;
    }
    let stream = remove(&site, address).await;
    assert!(stream.status == 200 && stream.whole, "{stream:?}");
    edit(&site, address, &beta(theirs.vendor(), edits + 1)).await;
    let (flooded, _) = flood.end().await;
    let (statuses, p99) = load.end().await;

    let kept = gateway.kept(&site).await;
    let charged = async |of| kept.totals_of(of).await.charged.nanos();
    let (acme, beta) = (charged("acme").await, charged("beta").await);
    assert_eq!((acme, beta), (site.billed().await, theirs.billed().await));
    assert_eq!(kept.session_of("beta", "s").await.0, beta, "a session of the other's name");
    assert_eq!(kept.session("s").await.0, acme, "a session of the other's name");
    let back = until_served(address).await;
    let left = back.headers["x-reins-budget-remaining"].to_str().unwrap().parse::<Usd>().unwrap();
    let spent = gateway.kept(&site).await.totals_of("beta").await.charged;
    assert_eq!((left, spent.nanos()), (BUDGET.saturating_sub(spent), theirs.billed().await));
    assert_eq!(version_of(address, "reins.toml").await, ours);
    println!(
        "organizations: {edits} edits, a removal and a return of one under {flooded:?}, billed and \
         charged {}; the other's calls {statuses:?}, billed and charged {}, p99 {p99:?}, alone \
         {alone_p99:?}",
        text(beta),
        text(acme)
    );
    for statuses in [&statuses, &alone_statuses] {
        assert!(statuses.keys().eq(&[200]), "{statuses:?}");
    }
    assert!(flooded[&429] > flooded[&200], "it was not flooded: {flooded:?}");
    assert!(!flooded.contains_key(&401) && !flooded.contains_key(&503), "{flooded:?}");
    let most = alone_p99.mul_f64(sized(3.0, 1.5));
    assert!(p99 <= most, "{p99:?}, alone {alone_p99:?}");
    gateway.stop().await;
}

/// A call of the other organization that is within its limit.
async fn until_served(gateway: SocketAddr) -> Answer {
    loop {
        let answer = call(gateway, &of_beta(ask())).await.unwrap();
        match answer.status {
            200 => return answer,
            429 => tokio::time::sleep(Duration::from_millis(20)).await,
            _ => panic!("{answer:?}"),
        }
    }
}

/// Whatever lies in the folder, the process starts, and no key that may be one of it is called
/// wrong.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_good_file_stops_no_other() {
    let (site, theirs) = (Site::new(BUDGETS).await, Site::bare().await);
    site.write_beside("broken", "[organization\n");
    site.write_beside("twin", &beta(theirs.vendor(), 0).replace("\"beta\"", "\"acme\""));
    fs::create_dir(site.beside("folder")).unwrap();
    let made = Command::new("mkfifo").arg(site.beside("pipe")).status();
    assert!(made.unwrap().success());
    fs::write(site.beside("beta").with_file_name(".beta.toml.swp"), "half").unwrap();
    let gateway = Inside::start(&site).await;
    let address = gateway.address;
    for (name, state, why) in [
        ("broken", "refused", "1 problems, the first in line 1"),
        ("twin", "refused", "(organization.id)"),
        ("folder", "unreadable", "it is a folder"),
        ("pipe", "unreadable", "it is a named pipe"),
    ] {
        let row = row(address, &format!("organizations/{name}.toml")).await.expect(name);
        assert_eq!(row["state"], state, "{row}");
        assert!(row["reason"].as_str().unwrap().contains(why), "{row}");
    }
    assert_eq!(call(address, &ask()).await.unwrap().status, 200);
    for key in ["rns_test_of_whichever_0123456789", "a-key-of-another-form"] {
        let ask = ask().with("authorization", &format!("Bearer {key}"));
        assert_eq!(call(address, &ask).await.unwrap().status, 503, "{key}");
    }
    let bare = Ask { headers: Vec::new(), ..ask() };
    assert_eq!(call(address, &bare).await.unwrap().status, 401);
    for name in ["broken", "twin", "pipe"] {
        fs::remove_file(site.beside(name)).unwrap();
    }
    fs::remove_dir(site.beside("folder")).unwrap();
    site.write_beside("beta", &beta(theirs.vendor(), 1));
    until("all is good", async || {
        let page = get(address, "/readyz").await.json();
        page["files"].as_array().unwrap().iter().all(|row| row["state"] == "in_force")
    })
    .await;
    let unknown = ask().with("authorization", "Bearer rns_test_of_whichever_0123456789");
    until("a wrong key is wrong", async || call(address, &unknown).await.unwrap().status == 401)
        .await;
    assert_eq!(call(address, &of_beta(ask())).await.unwrap().status, 200);
    println!(
        "organizations: 4 files that are none or wrong beside a good one: 0 keys called wrong"
    );
    gateway.stop().await;
}
