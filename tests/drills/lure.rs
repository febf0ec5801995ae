//! Lures: addresses inside, headers that name another host, redirects. No connection is made to
//! where they lead, and no key is sent there.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use reins_gateway::ServeError;
use reins_runtime::RuntimeError;
use tokio::net::TcpListener;

use crate::rig::{Ask, Inside, KEY, Reply, Site, Speech, Tape, VENDOR_KEY, call, speak};

/// A door on every address of this machine that counts who comes through.
struct Trap {
    port: u16,
    caught: Arc<AtomicUsize>,
}

// === impl Trap ===

impl Trap {
    async fn open() -> Self {
        let listener = TcpListener::bind("[::]:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let caught = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&caught);
        tokio::spawn(async move {
            while let Ok(came) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                drop(came);
            }
        });
        Self { port, caught }
    }

    fn caught(&self) -> usize {
        self.caught.load(Ordering::SeqCst)
    }
}

/// This machine's names for itself, which lead to addresses of its own.
fn own_names() -> Vec<String> {
    let file = std::fs::read_to_string("/etc/hosts").unwrap();
    let lines = file.lines().map(|line| line.split('#').next().unwrap_or_default());
    let names = lines.flat_map(|line| line.split_whitespace().skip(1));
    let mut names: Vec<String> =
        names.filter(|name| *name != "localhost").map(str::to_owned).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Hosts that lead inside without looking so. `https`, since for a name in the clear the file must
/// say that the host is private.
fn inside_hosts() -> Vec<String> {
    let mut hosts: Vec<String> = [
        "localhost.",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "0",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[::]",
        "0.0.0.0",
        "169.254.169.254",
    ]
    .map(str::to_owned)
    .to_vec();
    hosts.extend(own_names());
    hosts
}

/// Tries one address; whether the file was refused already.
async fn lure(site: &Site, url: &str) -> bool {
    let head = site.head("process").replace(&format!("http://{}/v1", site.vendor()), url);
    assert!(head.contains(url));
    site.write(&head.replace("retries = 0", "retries = 0\nconnect_timeout = \"2s\""));
    let gateway = match Inside::try_start(site).await {
        Ok(gateway) => gateway,
        Err(ServeError::Runtime(RuntimeError::Wrong(_))) => return true,
        Err(error) => panic!("{url}: {error:?}"),
    };
    let answer = call(gateway.address, &Speech::OpenAi.ask(10, false)).await.unwrap();
    assert!(matches!(answer.status, 502 | 504), "{url}: {answer:?}");
    let text = String::from_utf8_lossy(&answer.body);
    assert!(!text.contains(VENDOR_KEY) && !text.contains(url), "{url}: {text}");
    gateway.stop().await;
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_lead_inside_are_not_followed() {
    let (site, trap) = (Site::bare().await, Trap::open().await);
    let (mut tried, mut refused_in_file) = (0, 0);
    for host in inside_hosts() {
        for private in ["", "\"\nallow_private = false\n#"] {
            let url = format!("https://{host}:{}/v1{private}", trap.port);
            // WHY: an address that is written out plainly is meant, unless the file forbids it.
            let plain = host.parse::<std::net::IpAddr>().is_ok() || host.starts_with("[::f");
            if plain && private.is_empty() {
                continue;
            }
            refused_in_file += usize::from(lure(&site, &url).await);
            tried += 1;
        }
    }
    println!(
        "lure: {tried} addresses that lead inside: {refused_in_file} refused in the file, the rest \
         when called; connections made: {}",
        trap.caught()
    );
    assert_eq!(trap.caught(), 0);
    assert!(refused_in_file < tried, "no call was made");
    // An address that is written out is meant: the door is one that could have been gone through.
    assert!(!lure(&site, &format!("https://127.0.0.1:{}/v1", trap.port)).await);
    assert!(trap.caught() > 0);
}

/// Heads of requests that name another host in every way there is.
fn games(vendor: SocketAddr, trap: &Trap) -> Vec<String> {
    let path = Speech::OpenAi.path();
    let other = format!("127.0.0.1:{}", trap.port);
    let target = |target: &str| format!("POST {target} HTTP/1.1\r\nhost: reins\r\n");
    let header = |line: &str| format!("POST {path} HTTP/1.1\r\nhost: reins\r\n{line}\r\n");
    let mut all = vec![
        format!("POST {path} HTTP/1.1\r\nhost: {other}\r\n"),
        format!("POST {path} HTTP/1.1\r\nhost: reins\r\nhost: {other}\r\n"),
        target(&format!("http://{other}{path}")),
        target(&format!("http://{vendor}@{other}{path}")),
        target(&format!("//{other}{path}")),
        target(&format!("/{other}{path}")),
        target(&format!("/http://{other}{path}")),
        target(&format!("/http:%2f%2f{other}/chat/completions")),
        target(&format!("{path}?@{other}/")),
        target(&format!("{path}?base_url=http://{other}")),
        target(&format!("{path}#@{other}/")),
        target(&format!("{path}\\@{other}/")),
        target(&format!("/v1/../../{other}/v1/chat/completions")),
        target(&format!("@{other}{path}")),
        format!("CONNECT {other} HTTP/1.1\r\nhost: {other}\r\n"),
    ];
    for name in [
        "x-forwarded-host",
        "x-forwarded-server",
        "forwarded",
        "x-original-url",
        "x-rewrite-url",
        "x-host",
        "x-vendor",
        "x-vendor-base-url",
        "x-reins-base-url",
        "x-vendor-host",
        "x-http-host-override",
        "proxy-connection",
        "location",
        "referer",
        "origin",
    ] {
        all.push(header(&format!("{name}: {other}")));
        all.push(header(&format!("{name}: http://{other}/v1")));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_name_another_host_are_not_followed() {
    let tape = Tape::playing(Reply::of("application/json", vec![Bytes::from("{}")])).await;
    let (site, trap) = (Site::bare().await, Trap::open().await);
    site.write(&Site::head_for(tape.address));
    let gateway = Inside::start(&site).await;
    let body = String::from_utf8(Speech::OpenAi.ask(10, false).body).unwrap();
    let (games, mut carried) = (games(tape.address, &trap), 0);
    for game in &games {
        let length = body.len();
        let raw = format!(
            "{game}authorization: Bearer {KEY}\r\nconnection: close\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        let said = speak(gateway.address, raw.as_bytes()).await;
        assert!(!said.contains(VENDOR_KEY), "{said}");
        for (headers, _) in tape.seen() {
            carried += 1;
            assert_eq!(headers["host"], tape.address.to_string(), "{game}");
            let port = trap.port.to_string();
            let known = ["location", "x-original-url", "x-rewrite-url", "x-host"];
            let named: Vec<_> = headers
                .iter()
                .filter(|(_, value)| value.to_str().is_ok_and(|value| value.contains(&port)))
                .map(|(name, _)| name.as_str())
                .filter(|name| !known.contains(name) && *name != "x-http-host-override")
                .collect();
            assert!(named.is_empty(), "{game}: {named:?}");
        }
    }
    println!(
        "lure: {} requests that name another host: {carried} went to the vendor, {} elsewhere",
        games.len(),
        trap.caught()
    );
    assert_eq!(trap.caught(), 0);
    assert!(carried > 10, "only {carried} were carried");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_not_followed() {
    let trap = Trap::open().await;
    let tape = Tape::playing(Reply::stream(Vec::new())).await;
    let site = Site::bare().await;
    site.write(&Site::head_for(tape.address));
    let gateway = Inside::start(&site).await;
    let mut redirects = 0;
    for status in [300, 301, 302, 303, 304, 305, 307, 308] {
        for location in ["http://127.0.0.1", "http://localhost", "//127.0.0.1", "http://[::1]"] {
            let mut reply = Reply::of("text/html", vec![Bytes::from("moved")]);
            reply.status = status;
            reply.headers.push(("location", format!("{location}:{}/v1/steal", trap.port)));
            tape.play(reply);
            let ask: Ask = Speech::OpenAi.ask(10, false);
            let answer = call(gateway.address, &ask).await.unwrap();
            assert_eq!(answer.status, 502, "{answer:?}");
            assert!(answer.header("location").is_none(), "{answer:?}");
            redirects += 1;
        }
    }
    let totals = gateway.kept(&site).await.totals().await;
    assert_eq!((totals.charged.nanos(), totals.held.nanos()), (0, 0));
    println!("lure: {redirects} redirects to this machine: 502 each, {} followed", trap.caught());
    assert_eq!(trap.caught(), 0);
    gateway.stop().await;
}
