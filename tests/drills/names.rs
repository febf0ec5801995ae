//! A name server that does not answer: calls to its vendor fail, and calls to other vendors go on.

use std::fs;
use std::net::UdpSocket;
use std::process::Command;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::time::timeout;

use crate::rig::{Launch, Site, Speech, call, get, log, sized, until};

/// Calls whose vendor's name cannot be looked up: more than the 512 threads for blocking work.
const CALLS: usize = 600;
/// The address of the name server.
const SERVER: &str = "127.0.0.77";
/// How long a stream and its end may take on a busy machine.
const SOON: Duration = Duration::from_secs(5);

/// Whether a process may have its own `/etc/resolv.conf` on this machine.
fn may_mount() -> bool {
    let tried = Command::new("unshare").args(["-m", "mount", "--bind", "/etc", "/etc"]).output();
    tried.is_ok_and(|output| output.status.success())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_server_that_does_not_answer_holds_up_no_other_vendor() {
    let Ok(_server) = UdpSocket::bind((SERVER, 53)) else {
        println!("names: NOT RUN: a name server needs the right to its port");
        return;
    };
    if !may_mount() {
        println!("names: NOT RUN: a name server of its own needs the right to mount its file");
        return;
    }
    let site = Site::bare().await;
    let silent = "[[connection]]\nname = \"silent\"\nvendor = \"openai\"\n\
                  base_url = \"http://vendor.example.com/v1\"\nkey_env = \"VENDOR_KEY\"\n\
                  allow_private = true\nretries = 0\nmodels = [\"gpt-4o-mini\"]\n\
                  connect_timeout = \"60s\"\n";
    let budget = "[[budget]]\nname = \"all\"\nscope = { organization = \"acme\" }\n\
                  limit_usd = \"1000\"\nwindow = \"monthly\"\n";
    site.write(&format!("{}{silent}{budget}", site.head("process")));
    let servers = site.folder().join("resolv.conf");
    fs::write(&servers, format!("nameserver {SERVER}\noptions timeout:30 attempts:3\n")).unwrap();
    let shell = format!(
        "exec unshare -m sh -c 'mount --bind {} /etc/resolv.conf && exec \"$@\"' sh \"$@\"",
        servers.display()
    );
    let started = Launch::through(&site, &shell).start().await;
    let gateway = started.unwrap_or_else(|| panic!("{}", fs::read_to_string(log(&site)).unwrap()));
    let mut lost = Speech::OpenAi.ask(10, false);
    lost.path = "/silent/v1/chat/completions".to_owned();
    let address = gateway.address;
    let calls = tokio::spawn(async move {
        join_all((0..CALLS).map(|_| timeout(SOON * 4, call(address, &lost)))).await.len()
    });
    until("the calls wait for the name", async || {
        get(address, "/readyz").await.json()["calls_in_flight"].as_u64() >= Some(CALLS as u64)
    })
    .await;
    let mut slowest = Duration::ZERO;
    for _ in 0..sized(3, 100) {
        let started = Instant::now();
        let answer = call(address, &Speech::OpenAi.ask(20, true)).await.unwrap();
        assert!(answer.status == 200 && answer.whole, "{answer:?}");
        until("the stream has ended", async || {
            get(address, "/readyz").await.json()["calls_in_flight"].as_u64() <= Some(CALLS as u64)
        })
        .await;
        slowest = slowest.max(started.elapsed());
    }
    calls.abort();
    println!(
        "names: {CALLS} calls wait for a name server: streams of another vendor end within {} ms",
        slowest.as_millis()
    );
    assert!(slowest < SOON, "{slowest:?}");
}
