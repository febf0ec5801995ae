//! Canaries: keys, a prompt and a completion that stand nowhere else, pushed through every way a
//! call, a file or a key can go; then every byte that Reins wrote is searched for them.

pub(crate) mod needle;
mod ways;

use std::fs;
use std::path::Path;

use bytes::Bytes;
use reins_governor::Environment;
use reins_store::{NewKey, Pins, Registry, RootSecret, Rotation, Secret, SecretName, Secrets};

use self::needle::{Needle, found_in};
use self::ways::{requests, wrong_files};
use crate::rig::{Answer, Launch, Outside, Reply, Site, Tape, call, get, log, speak, until};

/// What no file, page or message may show. The names are shown where one is found.
pub(crate) const VENDOR: &str = "sk-canary-V3nd0r+/Kk9QzX7wLmT4bRpY2nHs8";
pub(crate) const STORED: &str = "sk-canary-St0r3d+/Gg5WvC1eNfU6jDqA0iOl3";
pub(crate) const PASSED: &str = "sk-canary-P4ss3d+/Tt2EbM8rZxI7kVhS9uCw5";
pub(crate) const CALLER: &str = "rns_live_canaryC4ll3rJj6HdP0tQyB3mXnF8sRvLaK1eWuZo7";
pub(crate) const MISTYPED: &str = "rns_live_canaryM1styp3dXx4GkS7wNzE9qTcV2bHfUoD5iRmJy";
pub(crate) const PROMPT: &str = "canaryPr0mpt+/Ww8YsO3gBjK6xDvN1hQeI5uZ";
pub(crate) const COMPLETION: &str = "canaryC0mpl3t10n+/Rr7UcT2fLpA9nMyX4bSgJ6w";
pub(crate) const ROOT: &str = "canaryR00t+/Ee1VmF5kQzH8oCxD3tNuB7yGsP2jWiLr9aKb";
pub(crate) const WRITTEN: &str = "sk-canary-Wr1tt3n+/Oo6IqZ4hJvR9mTcE7sXbY2nKf";

/// The file: one connection of each kind, a rule that blocks, a budget that is soon spent.
fn file(site: &Site, tape: &Tape) -> String {
    let connection = |name: &str, vendor: &str, url: &str, key: &str| {
        format!(
            "[[connection]]\nname = \"{name}\"\nvendor = \"{vendor}\"\nbase_url = \"{url}\"\n\
             {key}\ntimeout = \"300ms\"\nidle_timeout = \"300ms\"\nmodels = [\"*\"]\n"
        )
    };
    let (tape, vendor) = (format!("http://{}/v1", tape.address), site.vendor());
    let connections = [
        connection("openai", "openai", &tape, "key_env = \"VENDOR_KEY\""),
        connection("stored", "openai", &tape, "key = \"stored\""),
        connection("passed", "openai", &tape, ""),
        connection("real", "openai", &format!("http://{vendor}/v1"), "key_env = \"VENDOR_KEY\""),
        connection(
            "anthropic",
            "anthropic",
            &format!("http://{vendor}"),
            "key_env = \"VENDOR_KEY\"",
        ),
        connection("nowhere", "openai", "http://127.0.0.1:9/v1", "key_env = \"VENDOR_KEY\""),
    ];
    format!(
        "listen = \"127.0.0.1:0\"\nstore = \"sqlite:reins.db\"\ndurability = \"process\"\n\
         [organization]\nid = \"acme\"\nunknown_agents = \"register\"\n\
         default_connection = \"openai\"\n\
         [[key]]\nname = \"canary\"\nvalue_env = \"REINS_KEY\"\n\
         [[limit]]\nscope = {{ agent = \"hasty\" }}\ncalls_per_second = 1\n\
         [[budget]]\nname = \"poor\"\nscope = {{ agent = \"poor\" }}\nlimit_usd = \"0.000001\"\n\
         window = \"monthly\"\n\
         [[budget]]\nname = \"all\"\nscope = {{ organization = \"acme\" }}\nlimit_usd = \"1000\"\n\
         window = \"monthly\"\n\
         [[policy]]\nname = \"rules\"\n[[policy.rule]]\nname = \"no\"\naction = \"block\"\n\
         when = {{ agents = [\"blocked\"] }}\n[[policy.rule]]\nname = \"hm\"\naction = \"warn\"\n\
         when = {{ agents = [\"warned\"] }}\n\
         [server]\nmax_body_bytes = 65536\nbody_timeout = \"300ms\"\n{}",
        connections.concat()
    )
}

fn launch(site: &Site) -> Launch {
    Launch::of(site)
        .with("REINS_KEY", CALLER)
        .with("VENDOR_KEY", VENDOR)
        .with("REINS_SECRET", ROOT)
        .with("SPACED", &format!("{WRITTEN} x"))
        .with("REINS_LOG", "trace")
}

/// What is played on the tape: an answer with the completion, or an error that repeats what it
/// should not know.
fn replies() -> Vec<Reply> {
    let echo =
        format!(r#"{{"error":{{"message":"{PROMPT} {VENDOR} {COMPLETION}","code":"{VENDOR}"}}}}"#);
    let whole = format!(
        r#"{{"id":"x","model":"gpt-4o","choices":[{{"index":0,"message":{{"role":"assistant","content":"{COMPLETION}"}}}}],"usage":{{"prompt_tokens":9,"completion_tokens":9}}}}"#
    );
    let absurd = whole.replace(":9}", &format!(":\"{COMPLETION}\"}}"));
    let other = whole.replace("gpt-4o", "gpt-unknown-to-all");
    let stream =
        format!("data: {whole}\n\ndata: {{\"error\":\"{COMPLETION}\"}}\n\ndata: [DONE]\n\n");
    let mut replies = vec![
        Reply::of("application/json", vec![Bytes::from(whole)]),
        Reply::of("application/json", vec![Bytes::from(absurd)]),
        Reply::of("application/json", vec![Bytes::from(other)]),
        Reply::of("text/html", vec![Bytes::from(COMPLETION)]),
        Reply::stream(vec![Bytes::from(stream.clone())]),
        Reply::stream(vec![Bytes::from(stream.replace("\n\n", ""))]),
    ];
    for status in [302, 400, 401, 403, 404, 413, 422, 429, 500, 502, 503, 529] {
        let mut reply = Reply::of("application/json", vec![Bytes::from(echo.clone())]);
        reply.status = status;
        if status == 302 {
            let location = format!("https://example.com/{COMPLETION}?key={VENDOR}");
            reply.headers.push(("location", location));
        }
        replies.push(reply);
    }
    replies
}

/// What keys and secrets go through beside a running server; the keys that were made.
async fn keys(site: &Site) -> Vec<Secret> {
    let root = || RootSecret::given(ROOT).unwrap();
    let clock = std::sync::Arc::new(reins_runtime::MachineClock::new());
    let registry = Registry::open(&site.store(), &root(), clock).await.unwrap();
    let made = registry
        .create(NewKey {
            organization: "acme".into(),
            name: "made".into(),
            environment: Environment::Live,
            pins: Pins::default(),
            expires: None,
        })
        .await
        .unwrap();
    let second = registry.rotate(&made.key.id, Rotation::Overlap).await.unwrap();
    let third = registry.rotate(&second.key.id, Rotation::Now).await.unwrap();
    registry.revoke(&third.key.id).await.unwrap();
    let secrets = Secrets::open(&site.store(), root()).await.unwrap();
    let name = |connection: &str| SecretName {
        organization: "acme".to_owned(),
        connection: connection.to_owned(),
        field: "key".to_owned(),
    };
    secrets.put(&name("stored"), &Secret::new(STORED.to_owned())).await.unwrap();
    vec![made.value, second.value, third.value]
}

/// All that the gateway said in its own words: refusals, and the heads of all answers.
fn said(answer: &Answer) -> Vec<u8> {
    let mut said = format!("{:?}", answer.headers).into_bytes();
    if answer.header("x-reins-action") == Some("block") {
        said.extend_from_slice(&answer.body);
    }
    said
}

/// Every file below a folder, but for the file that the user wrote.
fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if !path.ends_with("reins.toml") {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
}

async fn push_calls(gateway: &Outside, tape: &Tape, heard: &mut Vec<(String, Vec<u8>)>) -> usize {
    let mut calls = 0;
    for reply in replies() {
        tape.play(reply);
        for stream in [false, true] {
            for path in ["/v1/chat/completions", "/stored/v1/chat/completions"] {
                let ask = ways::ask(path, stream).with("x-reins-agent", "warned");
                let answer = call(gateway.address, &ask).await.unwrap();
                heard.push((format!("answer to {path}"), said(&answer)));
                calls += 1;
            }
        }
    }
    tape.play(replies().remove(0));
    for ask in requests() {
        if let Some(answer) = call(gateway.address, &ask).await {
            heard.push((format!("answer to {ask:?}"), said(&answer)));
        }
        calls += 1;
    }
    for raw in ways::broken() {
        heard.push((
            "answer to a broken request".to_owned(),
            speak(gateway.address, &raw).await.into(),
        ));
        calls += 1;
    }
    calls
}

/// Wrong files, while serving and at the start.
async fn push_files(site: &Site, gateway: &Outside, good: &str) -> usize {
    let wrong = wrong_files(good);
    for (number, text) in wrong.iter().enumerate() {
        site.write(text);
        let of = "file=\"reins.toml\",organization=\"acme\"";
        let line = format!("reins_versions_total{{{of},outcome=\"refused\"}} {}", number + 1);
        until(&format!("a wrong file is refused:\n{text}"), async || {
            let page = get(gateway.address, "/metrics").await;
            String::from_utf8_lossy(&page.body).contains(&line)
        })
        .await;
    }
    site.write(good);
    wrong.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_and_no_content_is_found_anywhere() {
    let tape = Tape::playing(replies().remove(0)).await;
    let site = Site::bare().await;
    let good = file(&site, &tape);
    site.write(&good);
    launch(&site).start().await.unwrap().kill();
    let made = keys(&site).await;
    let gateway = launch(&site).start().await.unwrap();
    let mut heard = Vec::new();
    let calls = push_calls(&gateway, &tape, &mut heard).await;
    let wrong = push_files(&site, &gateway, &good).await;
    for page in ["/metrics", "/readyz", "/healthz"] {
        heard.push((page.to_owned(), get(gateway.address, page).await.body.to_vec()));
    }
    files(site.folder(), &mut heard);
    gateway.signal("-TERM");
    assert!(gateway.ended().await.success());
    for text in wrong_files(&good) {
        site.write(&text);
        assert!(launch(&site).start().await.is_none(), "a wrong file was served");
    }
    files(site.folder(), &mut heard);
    let secrets = [VENDOR, STORED, PASSED, CALLER, MISTYPED, PROMPT, COMPLETION, ROOT, WRITTEN];
    let secrets = secrets.into_iter().chain(made.iter().map(Secret::expose));
    let needles: Vec<Needle> = secrets.flat_map(Needle::all_of).collect();
    let bytes: usize = heard.iter().map(|(_, bytes)| bytes.len()).sum();
    let found: Vec<String> =
        heard.iter().flat_map(|(what, hay)| found_in(what, hay, &needles)).collect();
    println!(
        "canary: {calls} calls, {wrong} wrong files, {} keys made; {} files, pages and answers \
         ({} MiB) searched for {} forms: {} found",
        made.len(),
        heard.len(),
        bytes >> 20,
        needles.len(),
        found.len()
    );
    assert!(found.is_empty(), "{} found:\n{}", found.len(), found.join("\n"));
    // What is searched is what was written: the names that calls may leave are there.
    let log = fs::read_to_string(log(&site)).unwrap();
    assert!(log.contains("the new version is refused") && log.contains("TRACE"));
    let journal = heard.iter().filter(|(what, _)| what.contains("journal"));
    assert!(
        journal
            .clone()
            .any(|(_, bytes)| found_in("", bytes, &[Needle::plain("warned")]).len() == 1)
    );
}
