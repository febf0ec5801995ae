//! What the documents say to call, called: the README's own file serves it, word for word but for
//! the port and the vendor's address.

use std::path::Path;
use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use reins_gateway::Gateway;
use reins_runtime::{Accepted, MachineClock, Start};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::blocks::{Block, documents};

/// Where the documents' file listens.
const LISTENS: &str = "http://127.0.0.1:8700";
/// What an SDK calls below its base URL.
const OPENAI: &str = "/chat/completions";
const ANTHROPIC: &str = "/v1/messages";

/// A gateway on the README's file, and its vendor.
struct Site {
    address: String,
    _folder: tempfile::TempDir,
    _vendor: reins_vendor::Vendor,
}

fn variable(name: &str) -> Option<String> {
    matches!(name, "OPENAI_API_KEY" | "REINS_KEY").then(|| format!("value-of-{name}-0123456789"))
}

async fn site(readme: &Block) -> Site {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let vendor = reins_vendor::serve(listener, reins_vendor::Options::default()).expect("a vendor");
    let at = format!("vendor = \"openai\"\nbase_url = \"http://{}/v1\"", vendor.address());
    let text = readme.text.replace("127.0.0.1:8700", "127.0.0.1:0");
    let text = text.replace("vendor = \"openai\"", &at);
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("reins.toml");
    std::fs::write(&config, format!("durability = \"process\"\n{text}")).expect("a file");
    let clock = Arc::new(MachineClock::new());
    let (variables, accepted) = (Arc::new(variable), Accepted::default());
    let start = Start { config, variables, clock, accepted };
    let gateway = Gateway::start(start, None).await.expect("the README's file serves");
    let address = format!("http://{}", gateway.address());
    tokio::spawn(gateway.run(std::future::pending()));
    Site { address, _folder: folder, _vendor: vendor }
}

// === impl Site ===

impl Site {
    async fn call(&self, method: &str, path: &str, model: &str, roles: &str) -> (u16, Value) {
        let client = Client::builder(TokioExecutor::new()).build_http();
        let cap = if path.ends_with("messages") { "max_tokens" } else { "max_completion_tokens" };
        let body = format!(
            r#"{{"model":"{model}","{cap}":20,"messages":[{{"role":"user","content":"Hi"}}]}}"#
        );
        let body = if method == "GET" { String::new() } else { body };
        let key = variable("REINS_KEY").expect("it is set");
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.address))
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            .header("x-reins-roles", roles)
            .body(Full::<Bytes>::from(body))
            .expect("a request");
        let answer = client.request(request).await.expect("an answer");
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// Whether a path is carried, or a page: of a carried one the vendor may not know the model.
    async fn has(&self, method: &str, path: &str) -> bool {
        let (status, answer) = self.call(method, path, "gpt-4o-mini", "").await;
        let refused =
            answer["error"]["message"].as_str().is_some_and(|m| m.contains("not carried"));
        status != 404 || !refused
    }
}

fn readme(blocks: &[Block]) -> Block {
    let is_it = |block: &&Block| block.page == "README.md" && block.info == "toml";
    blocks.iter().find(is_it).expect("the README has a file").clone()
}

/// Every address of the documents' gateway in a block, and whether an SDK is given it.
fn addresses(block: &Block) -> Vec<(String, bool)> {
    let line = |line: &str| {
        let (before, rest) = line.split_once(LISTENS)?;
        let path = rest.split(|c: char| c.is_whitespace() || "\"'`,);\\".contains(c)).next()?;
        let lower = before.to_ascii_lowercase().replace('_', "");
        Some((path.to_owned(), lower.contains("baseurl")))
    };
    block.text.lines().filter_map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_in_the_documents_answers() {
    let blocks = documents();
    let site = site(&readme(&blocks)).await;
    let (mut tried, mut missing) = (0, Vec::new());
    for block in blocks.iter().filter(|block| !block.page.starts_with("tests/scenarios/")) {
        for (path, is_base) in addresses(block) {
            let base = path.trim_end_matches('/');
            let found = match (is_base, base.ends_with("/v1")) {
                (true, true) => site.has("POST", &format!("{base}{OPENAI}")).await,
                (true, false) => site.has("POST", &format!("{base}{ANTHROPIC}")).await,
                (false, _) => site.has("GET", &path).await || site.has("POST", &path).await,
            };
            if !found {
                missing.push(format!("{}:{}: {LISTENS}{path}", block.page, block.line));
            }
            tried += 1;
        }
    }
    assert_eq!(missing, Vec::<String>::new(), "nothing answers there");
    assert!(tried > 0, "the documents name no address");
}

/// The table of paths on the gateway's page.
#[tokio::test(flavor = "multi_thread")]
async fn every_path_on_the_gateways_page_answers() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../hosts/gateway/README.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let rows = page.lines().filter(|line| line.starts_with("| `") && line.contains(" /"));
    let named = rows.flat_map(|row| row.split('|').nth(1).unwrap_or_default().split('`'));
    let named =
        named.filter_map(|name| name.split_once(' ').filter(|(_, path)| path.starts_with('/')));
    let site = site(&readme(&documents())).await;
    let mut tried = 0;
    for (method, path) in named {
        let path = path.replace("{model}", "gpt-4o-mini");
        assert!(site.has(method, &path).await, "{method} {path} is not carried");
        tried += 1;
    }
    assert!(tried >= 8, "{tried} paths were found on the page");
    assert!(!site.has("POST", "/v1/images/generations").await, "whatever is asked seems carried");
}

/// The README's snippet and rules, on the README's file.
#[tokio::test(flavor = "multi_thread")]
async fn the_readmes_call_passes_and_its_rule_blocks_today() {
    let blocks = documents();
    let site = site(&readme(&blocks)).await;
    let chat = format!("/v1{OPENAI}");
    let (status, answer) = site.call("POST", &chat, "gpt-4o-mini", "trial").await;
    assert_eq!(status, 200, "{answer}");
    for model in ["gpt-4o", "gpt-5", "gpt-5.5-pro", "gpt-6-astra", "gpt-6.1-sol", "o3"] {
        let (status, answer) = site.call("POST", &chat, model, "trial").await;
        assert_eq!(
            (status, &answer["error"]["rule"]),
            (403, &"no big models for trial users".into())
        );
        assert_eq!(answer["error"]["message"], "Upgrade to Pro to use advanced models");
        // The pretend vendor has not all of them: what matters is that no rule is for this caller.
        let (status, answer) = site.call("POST", &chat, model, "").await;
        assert_ne!(status, 403, "{model}: {answer}");
    }
}
