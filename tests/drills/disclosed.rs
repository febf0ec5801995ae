//! A key of Reins never reaches a vendor: every form of key, in every place of a request, for
//! connections that have a key for their vendor and for those that lack one. What the vendor heard
//! is searched for all of them.

mod forms;
mod places;

use bytes::Bytes;

use self::forms::{Keys, STAYS, connections, file, launch};
use self::places::{Kind, Place, places};
use crate::canary::needle::{Needle, found_in};
use crate::rig::{Answer, Ask, Outside, Reply, Site, Speech, Tape, VENDOR_KEY, call, speak, until};

/// The vendor's own token that a caller brings.
const TOKEN: &str = "sk-ant-oat01-drill-0123456789abcdefghijklmnop";

/// Where the caller's own good key stands beside the one that is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beside {
    Nothing,
    ReinsKey,
    Authorization,
}

/// One call.
struct Try<'a> {
    place: &'a Place,
    beside: Beside,
    /// The status of a call with the key that is tried, where that does not work.
    refused: Option<u16>,
    /// Whether the connection has a key for its vendor.
    kept: bool,
}

// === impl Try ===

impl Try<'_> {
    /// The status it must have; `None` where an earlier call may decide it.
    fn expected(&self) -> Option<u16> {
        let sent = if self.kept { 200 } else { 400 };
        let named = self.place.name == "x-reins-key";
        Some(match (self.place.kind, self.beside) {
            (Kind::Repeatable, Beside::ReinsKey | Beside::Authorization) => return None,
            (Kind::Key, Beside::Nothing) => self.refused.unwrap_or(sent),
            (_, Beside::Nothing) => 401,
            (Kind::Target, Beside::ReinsKey | Beside::Authorization) => 400,
            (Kind::Key, Beside::Authorization) if named => self.refused.unwrap_or(sent),
            (_, Beside::ReinsKey | Beside::Authorization) => sent,
        })
    }

    /// Whether the answer has the status that it must have, and says which connection lacks a key.
    fn is_answered(&self, answer: &Answer, connection: &str) -> bool {
        let text = String::from_utf8_lossy(&answer.body);
        let named = text.contains(&format!("the connection `{connection}`"));
        self.expected().is_none_or(|status| status == answer.status)
            && (answer.status != 400 || self.place.kind == Kind::Target || named)
    }

    fn ask(&self, path: &str, speech: Speech, key: &str) -> Ask {
        let bare = Ask { headers: Vec::new(), path: path.to_owned(), ..speech.ask(10, false) };
        let ask = match self.beside {
            Beside::Nothing => bare,
            Beside::ReinsKey => bare.with("x-reins-key", STAYS),
            Beside::Authorization => bare.with("authorization", &format!("Bearer {STAYS}")),
        };
        self.place.put(ask, key)
    }

    /// Whether the good key would stand in the same header.
    fn collides(&self) -> bool {
        let name = match self.beside {
            Beside::Nothing => return false,
            Beside::ReinsKey => "x-reins-key",
            Beside::Authorization => "authorization",
        };
        self.place.name == name
    }
}

fn answer() -> Reply {
    let answer = r#"{"id":"x","model":"gpt-4o","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"x"}}],"usage":{"prompt_tokens":9,"completion_tokens":9}}"#;
    Reply::of("application/json", vec![Bytes::from(answer)])
}

/// Every call there is, with what was wrong about its answer.
async fn push(gateway: &Outside, keys: &Keys, wrong: &mut Vec<String>) -> usize {
    let (besides, connections) =
        ([Beside::Nothing, Beside::ReinsKey, Beside::Authorization], connections());
    let mut calls = 0;
    for place in places() {
        for (form, key, refused) in keys.all() {
            for connection in &connections {
                for beside in besides {
                    let tried = Try { place: &place, beside, refused, kept: connection.kept };
                    if tried.collides() {
                        continue;
                    }
                    let ask = tried.ask(&connection.path(), connection.speech, key);
                    let answer = call(gateway.address, &ask).await.unwrap();
                    if !tried.is_answered(&answer, &connection.name) {
                        let at = format!("{form} in {} beside {beside:?}", place.name);
                        wrong.push(format!("{at}, {}: {answer:?}", connection.name));
                    }
                    calls += 1;
                }
            }
        }
    }
    calls
}

/// Keys as the names of models, in a path that goes on to the vendor.
async fn push_paths(gateway: &Outside, keys: &Keys, wrong: &mut Vec<String>) -> usize {
    for (_, key, _) in keys.all() {
        let get = format!(
            "GET /kept/v1/models/{key} HTTP/1.1\r\nhost: reins\r\nconnection: close\r\n\
             authorization: Bearer {STAYS}\r\n\r\n"
        );
        let said = speak(gateway.address, get.as_bytes()).await;
        if !said.starts_with("HTTP/1.1 400") && !said.starts_with("HTTP/1.1 404") {
            wrong.push(format!("a key as the name of a model: {said}"));
        }
    }
    keys.all().len()
}

/// Waits until the server knows of each key what it must.
async fn known(gateway: &Outside, keys: &Keys) {
    for (name, key, refused) in keys.all() {
        let expected = refused.unwrap_or(200);
        let ask = Speech::OpenAi.ask(10, false).with("authorization", &format!("Bearer {key}"));
        let ask = Ask { path: "/kept/v1/chat/completions".to_owned(), ..ask };
        until(&format!("the {name} key is {expected}"), async || {
            let answer = call(gateway.address, &ask).await;
            answer.is_some_and(|answer| answer.status == expected)
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_of_ours_reaches_a_vendor() {
    let (site, tape) = (Site::bare().await, Tape::playing(answer()).await);
    site.write(&file(&tape, true));
    let gateway = launch(&site).start().await.unwrap();
    let keys = Keys::made(&site).await;
    // What a version takes out of the file stays a secret.
    site.write(&file(&tape, false));
    known(&gateway, &keys).await;
    let mut wrong = Vec::new();
    let calls =
        push(&gateway, &keys, &mut wrong).await + push_paths(&gateway, &keys, &mut wrong).await;
    let heard = tape.heard();
    let needles: Vec<Needle> =
        keys.all().into_iter().flat_map(|(_, key, _)| Needle::all_of(key)).collect();
    let found: Vec<String> =
        heard.iter().flat_map(|heard| found_in("heard", heard, &needles)).collect();
    println!(
        "disclosed: {calls} calls, {} forms of key in {} places, {} connections: the vendor heard \
         {} requests, and {} of our keys in them",
        keys.all().len(),
        places().len(),
        connections().len(),
        heard.len(),
        found.len()
    );
    assert!(found.is_empty(), "{} found:\n{}", found.len(), found.join("\n"));
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(heard.len() > calls / 8, "hardly anything was sent");
}

/// What the vendor is shown where all is well.
#[tokio::test(flavor = "multi_thread")]
async fn a_vendors_key_leaves_as_it_came() {
    let (site, tape) = (Site::bare().await, Tape::playing(answer()).await);
    site.write(&file(&tape, false));
    let gateway = launch(&site).start().await.unwrap();
    let kept = format!("Bearer {VENDOR_KEY}");
    let token = format!("Bearer {TOKEN}");
    let good = format!("Bearer {STAYS}");
    for (connection, headers, shown) in [
        ("kept", vec![("authorization", &*good)], ("authorization", &*kept)),
        ("kept", vec![("x-api-key", STAYS)], ("authorization", &kept)),
        ("kept", vec![("api-key", STAYS)], ("authorization", &kept)),
        ("kept", vec![("x-goog-api-key", STAYS)], ("authorization", &kept)),
        ("a-kept", vec![("x-api-key", STAYS)], ("x-api-key", VENDOR_KEY)),
        ("a-kept", vec![("authorization", &good)], ("x-api-key", VENDOR_KEY)),
        (
            "a-kept",
            vec![("x-reins-key", STAYS), ("authorization", &token)],
            ("authorization", &token),
        ),
        (
            "a-missing",
            vec![("x-reins-key", STAYS), ("authorization", &token)],
            ("authorization", &token),
        ),
        ("a-missing", vec![("x-reins-key", STAYS), ("x-api-key", TOKEN)], ("x-api-key", TOKEN)),
        ("a-missing", vec![("x-api-key", STAYS), ("x-vendor-key", TOKEN)], ("x-api-key", TOKEN)),
        (
            "a-passed",
            vec![("x-api-key", STAYS), ("x-vendor-key", &token)],
            ("authorization", &token),
        ),
        ("passed", vec![("x-reins-key", STAYS), ("x-api-key", TOKEN)], ("authorization", &token)),
        (
            "empty",
            vec![("authorization", &good), ("x-vendor-key", TOKEN)],
            ("authorization", &token),
        ),
    ] {
        let found = connections().into_iter().find(|known| known.name == connection);
        let found = found.unwrap();
        let bare = Ask { headers: Vec::new(), path: found.path(), ..found.speech.ask(10, false) };
        let ask = headers.iter().fold(bare, |ask, (name, value)| ask.with(name, value));
        let answer = call(gateway.address, &ask).await.unwrap();
        assert_eq!(answer.status, 200, "{connection} {headers:?}: {answer:?}");
        let [(seen, _)] = tape.seen().try_into().unwrap();
        let credentials: Vec<_> = ["authorization", "x-api-key", "api-key", "x-vendor-key"]
            .into_iter()
            .filter_map(|name| Some((name, seen.get(name)?.to_str().unwrap())))
            .collect();
        assert_eq!(credentials, [shown], "{connection} {headers:?}");
    }
}
