//! The gateway as a host of scenarios: the real one, over TCP, before the pretend vendor.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use reins_gateway::{Gateway, MachineClock, ServeError, Start};
use reins_governor::{Clock, Scope, ScopeKind};
use reins_scenarios::{Answer, Host, Request};
use reins_store::Reports;
use reins_vendor::Vendor;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// How long a new version may take to be in force; it is promised within a second.
const IN_FORCE: Duration = Duration::from_secs(5);

/// A gateway, its vendor, its folder.
pub(crate) struct GatewayHost {
    folder: TempDir,
    vendor: Vendor,
    client: Client<HttpConnector, Full<Bytes>>,
    running: Option<Running>,
}

struct Running {
    address: String,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), ServeError>>,
}

impl GatewayHost {
    pub(crate) fn new() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a socket");
        let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
        Self {
            folder: TempDir::new().expect("a folder"),
            vendor: reins_vendor::serve(listener, reins_vendor::Options::default())
                .expect("a vendor"),
            client: Client::builder(TokioExecutor::new()).build_http(),
            running: None,
        }
    }

    pub(crate) async fn stop(self) {
        if let Some(running) = self.running {
            running.stop.send(()).expect("the gateway still runs");
            running.task.await.expect("the gateway's task").expect("the gateway ends in order");
        }
        self.vendor.stop().await;
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A scenario's file, with what every file of a scenario has in common.
    fn whole(&self, text: &str) -> String {
        let vendor = self.vendor.address().to_string();
        let own = text.replace("$VENDOR", &vendor);
        format!(
            "listen = \"127.0.0.1:0\"\nstore = \"sqlite:reins.db\"\ndurability = \"process\"\n\
             {own}\n[[key]]\nname = \"scenario\"\nvalue_env = \"REINS_KEY\"\nobserve = true\n"
        )
    }

    async fn get(&self, page: &str) -> Value {
        let address = &self.running.as_ref().expect("a file block comes first").address;
        let uri = format!("http://{address}{page}").parse().expect("an address");
        let answer = self.client.get(uri).await.expect("an answer");
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        serde_json::from_slice(&body).expect("JSON")
    }

    async fn begin(&mut self) -> Result<(), String> {
        let variables = |name: &str| match name {
            "REINS_KEY" => Some("rns_live_scenario".to_owned()),
            "VENDOR_KEY" => Some("sk-scenario".to_owned()),
            _ => None,
        };
        let start = Start {
            config: self.path("reins.toml"),
            variables: Arc::new(variables),
            clock: Arc::new(MachineClock::new()),
            metrics: None,
        };
        let gateway = Gateway::start(start).await.map_err(|error| error.to_string())?;
        let address = gateway.address().to_string();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(gateway.run(async { drop(stopped.await) }));
        self.running = Some(Running { address, stop, task });
        Ok(())
    }

    /// Waits until the version is another than `before`.
    async fn in_force(&self, before: &Value) -> Result<(), String> {
        let changed = async {
            while self.get("/readyz").await["policy_version"] == *before {
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(IN_FORCE, changed).await;
        waited.map_err(|_| "the new version did not come into force".to_owned())
    }

    async fn record(&self, id: Option<&str>) -> Value {
        let Some(id) = id.and_then(|id| id.parse().ok()) else { return Value::Null };
        let reports = Reports::open(&self.path("reins.db"), &MachineClock::new());
        let reports = reports.expect("the store");
        let kept = async {
            loop {
                let record = reports.transaction(id).await.expect("the store");
                match record.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok()) {
                    Some(record) if !record["ended_at"].is_null() => break record,
                    _ => tokio::task::yield_now().await,
                }
            }
        };
        tokio::time::timeout(IN_FORCE, kept).await.unwrap_or(Value::Null)
    }
}

impl Host for GatewayHost {
    async fn file(&mut self, text: &str) -> Result<(), String> {
        let whole = self.whole(text);
        std::fs::write(self.path("reins.toml"), &whole).map_err(|error| error.to_string())?;
        if self.running.is_none() {
            return self.begin().await;
        }
        let before = self.get("/readyz").await["policy_version"].clone();
        self.in_force(&before).await
    }

    async fn call(&mut self, request: &Request) -> Result<Answer, String> {
        let address = &self.running.as_ref().expect("a file block comes first").address;
        let mut made = http::Request::post(format!("http://{address}{}", request.path));
        for (name, value) in &request.headers {
            made = made.header(name, value);
        }
        let made = made.body(Full::from(request.body.clone())).map_err(|e| e.to_string())?;
        let answer = self.client.request(made).await.map_err(|error| error.to_string())?;
        let (head, body) = answer.into_parts();
        let collected = body.collect().await.map_err(|error| error.to_string())?;
        let trailers = collected.trailers().map(shown);
        let bytes = collected.to_bytes();
        let headers = shown(&head.headers);
        let record = self.record(headers.get("x-reins-transaction-id").and_then(Value::as_str));
        let json = serde_json::from_slice::<Value>(&bytes).ok();
        let text = String::from_utf8_lossy(&bytes);
        Ok(Answer {
            seen: json!({
                "status": head.status.as_u16(),
                "stream": json.is_none().then_some(text),
                "body": json,
                "record": record.await,
                "headers": headers,
                "trailers": trailers,
            }),
        })
    }

    async fn balance(&mut self, like: &reins_scenarios::Balance) -> Result<Value, String> {
        let clock = MachineClock::new();
        let reports = Reports::open(&self.path("reins.db"), &clock);
        let reports = reports.map_err(|error| error.to_string())?;
        let all = async {
            while self.get("/readyz").await["entries_behind"] != 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(IN_FORCE, all).await.map_err(|_| "the store fell behind")?;
        let month = reins_governor::Window::Monthly;
        let utc = jiff::tz::TimeZone::UTC;
        let spent = |scope: Scope| {
            let (reports, now, utc) = (&reports, clock.now(), utc.clone());
            async move { reports.spent(&scope, month, &utc, now).await.map_err(|e| e.to_string()) }
        };
        let whole = spent(Scope::new(ScopeKind::Organization, "acme".into())).await?;
        let mut scopes = Map::new();
        for name in like.scopes.keys() {
            let (kind, of) = name.split_once('=').ok_or("a scope is written kind=name")?;
            let kind = ScopeKind::from_word(kind).ok_or("there is no such kind of scope")?;
            let one = spent(Scope::new(kind, of.into())).await?;
            scopes.insert(name.clone(), json!(one.spent.to_string()));
        }
        Ok(json!({
            "spent_usd": whole.spent.to_string(),
            "held_usd": whole.held.to_string(),
            "calls": whole.calls,
            "scopes": scopes,
        }))
    }
}

fn shown(headers: &http::HeaderMap) -> Map<String, Value> {
    headers
        .iter()
        .map(|(name, value)| (name.to_string(), json!(String::from_utf8_lossy(value.as_bytes()))))
        .collect()
}
