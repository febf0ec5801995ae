//! The ways that a call or a file can go wrong with a secret in it.

use super::{CALLER, MISTYPED, PASSED, PROMPT, WRITTEN};
use crate::rig::{Ask, Speech};

/// A call with the prompt, and the caller's key.
pub(crate) fn ask(path: &str, stream: bool) -> Ask {
    let speech = if path.ends_with("messages") { Speech::Anthropic } else { Speech::OpenAi };
    let body = String::from_utf8(speech.ask(50, stream).body).unwrap();
    let ask = Ask::of(path, body.replace("say something", PROMPT));
    ask.with("authorization", &format!("Bearer {CALLER}"))
}

/// The same with something else in its body.
fn altered(from: &str, to: &str) -> Ask {
    let ask = ask("/v1/chat/completions", false);
    let body = String::from_utf8(ask.body.clone()).unwrap();
    assert!(body.contains(from), "{body}");
    Ask { body: body.replacen(from, to, 1).into(), ..ask }
}

/// What the pretend vendor is told to do.
const SCRIPTS: [&str; 16] = [
    "",
    "status=400",
    "status=401",
    "status=429",
    "status=500",
    "status=529",
    "hang=1",
    "reset=before",
    "reset=mid",
    "cut=2",
    "usage=missing",
    "usage=negative",
    "usage=string",
    "gzip=1",
    "split=1 crlf=1",
    "model=gpt-4o-mini",
];

/// Bodies that are refused, each with the prompt in a place where it does not belong.
fn bodies() -> Vec<Ask> {
    let text = |text: &str| format!("\"{PROMPT}{text}\"");
    vec![
        altered("\"max_tokens\":50", &format!("\"max_tokens\":{}", text(""))),
        altered("\"stream\":false", &format!("\"stream\":{}", text(""))),
        altered("{", &format!("{{\"model\":{},", text(""))),
        altered("{", &format!("{{\"n\":{},", text(""))),
        altered("{", &format!("{{\"{PROMPT}\":1,\"{PROMPT}\":1,")),
        altered("{", &format!("{{{PROMPT}:1,")),
        altered("}]", &format!("}}]{PROMPT}")),
        altered("\"user\"", &text("")),
        altered("\"user\"", &format!("{{\"{PROMPT}\":[{PROMPT}]}}")),
        altered("\"content\":", &format!("\"content\":[{{\"type\":\"{PROMPT}\"}}],\"x\":")),
        altered("\"messages\"", &format!("\"stream_options\":{},\"messages\"", text(""))),
        Ask { body: PROMPT.into(), ..ask("/v1/chat/completions", false) },
        Ask { body: PROMPT.repeat(2_000).into(), ..ask("/v1/chat/completions", false) },
        ask("/v1/messages", false).with("content-encoding", "gzip"),
    ]
}

/// Keys and names where they do not belong.
fn heads() -> Vec<Ask> {
    let ask = || ask("/v1/chat/completions", false);
    let passed = ask().with("x-vendor-key", PASSED);
    let named = |name: &str, value: &str| ask().with(name, value);
    vec![
        named("authorization", &format!("Bearer {MISTYPED}")),
        named("authorization", &format!("Basic {MISTYPED}")),
        named("authorization", MISTYPED),
        named("authorization", &format!("Bearer {PASSED}")),
        named("authorization", &format!("Bearer {PASSED}")).with("x-reins-key", CALLER),
        named("authorization", &format!("Bearer {PASSED}")).with("x-reins-key", MISTYPED),
        named("x-api-key", CALLER),
        named("x-api-key", PASSED),
        named("x-reins-metadata", &format!("{{\"a\":{CALLER}}}")),
        named("x-reins-metadata", CALLER),
        named("x-vendor", "nobody"),
        named("x-vendor", "nowhere"),
        named("idempotency-key", "once"),
        named("idempotency-key", "once"),
        named("x-reins-agent", "blocked"),
        named("x-reins-agent", "poor"),
        named("x-reins-agent", "hasty"),
        named("x-reins-agent", "hasty"),
        named("x-reins-agent", "hasty"),
        passed.clone(),
        Ask { path: "/passed/v1/chat/completions".to_owned(), ..passed },
        Ask { path: "/passed/v1/chat/completions".to_owned(), ..ask() },
        Ask { path: "/nowhere/v1/chat/completions".to_owned(), ..ask() },
        Ask { path: format!("/v1/chat/completions?key={CALLER}&p={PROMPT}"), ..ask() },
        Ask { path: format!("/v1/files?key={CALLER}&p={PROMPT}"), ..ask() },
        altered("gpt-4o", "gpt-without-a-price"),
    ]
}

/// Every request that is well-formed HTTP.
pub(crate) fn requests() -> Vec<Ask> {
    let mut all = [bodies(), heads()].concat();
    for stream in [false, true] {
        for path in ["/real/v1/chat/completions", "/v1/messages"] {
            for script in SCRIPTS {
                let fitting = path.ends_with("completions") || !script.starts_with("model");
                all.extend(fitting.then(|| ask(path, stream).script(script)));
            }
        }
    }
    for path in ["/v1/messages/count_tokens", "/anthropic/v1/messages/count_tokens"] {
        all.push(Ask { path: path.to_owned(), ..ask("/v1/messages", false) });
    }
    all
}

/// Requests that are no HTTP.
pub(crate) fn broken() -> Vec<Vec<u8>> {
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nconnection: close\r\n\
         authorization: Bearer {CALLER}\r\n"
    );
    [
        format!("{head}x y: z\r\n\r\n"),
        format!("{head}content-length: {CALLER}\r\n\r\n"),
        format!("{head}transfer-encoding: {CALLER}\r\n\r\n"),
        format!("{CALLER} / HTTP/1.1\r\nconnection: close\r\n\r\n"),
        format!("GET /{CALLER} HTTP/9.9\r\n\r\n"),
        format!("{head}content-length: 9999\r\nconnection: close\r\n\r\n{{\"model\":\"{PROMPT}"),
        format!("{head}transfer-encoding: chunked\r\n\r\n{PROMPT}"),
    ]
    .map(String::into_bytes)
    .to_vec()
}

/// Files with a key written where it must not be, or where a name was meant.
pub(crate) fn wrong_files(good: &str) -> Vec<String> {
    let first = "key_env = \"VENDOR_KEY\"";
    let with = |to: &str| good.replacen(first, to, 1);
    let keys = [
        format!("key = \"{WRITTEN}\""),
        format!("key_env = \"{WRITTEN}\""),
        format!("api_key = \"{WRITTEN}\""),
        format!("key_env = \"VENDOR_KEY\"\nbase_url = \"https://{WRITTEN}@example.com/v1\""),
        format!("key = {WRITTEN}"),
        format!("key = \"{WRITTEN}"),
        format!("key = [\"{WRITTEN}\"]"),
    ];
    let mut all: Vec<String> = keys.iter().map(|key| with(key)).collect();
    all.push(good.replacen("value_env = \"REINS_KEY\"", &format!("value = \"{WRITTEN}\""), 1));
    all.push(good.replacen("value_env = \"REINS_KEY\"", "value_env = \"SPACED\"", 1));
    all.push(good.replacen("value_env = \"REINS_KEY\"", &format!("value_env = \"{WRITTEN}\""), 1));
    assert!(all.iter().all(|text| text != good));
    all
}
