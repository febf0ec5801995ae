//! A rig for scenarios: a folder, a clock, the pretend vendor, and a host behind its door.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use reins_governor::{Agreement, Clock, Name, Scope, ScopeKind, Transaction, Usd, Window};
use reins_runtime::{Accepted, Start};
use reins_store::{Reports, Spent};
use reins_vendor::Vendor;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::clock::StoryClock;
use crate::door::{CALL, Door};
use crate::heard::heard;
use crate::host::{Answer, Host, Request};
use crate::script::{Balance, File};

/// How long a new version may take to be in force; it is promised within a second.
const IN_FORCE: Duration = Duration::from_secs(5);

/// What the main file of every scenario begins with.
const HEAD: &str =
    "listen = \"127.0.0.1:0\"\nstore = \"sqlite:reins.db\"\ndurability = \"process\"\n";

/// A host, its vendor, its folder.
pub struct Rig<D: Door> {
    folder: TempDir,
    vendor: Vendor,
    clock: Arc<StoryClock>,
    metrics: PrometheusHandle,
    calls: AtomicU64,
    running: Option<D>,
}

// === impl Rig ===

impl<D: Door> Rig<D> {
    /// `metrics` shows what is recorded on this thread.
    #[must_use]
    pub fn new(metrics: PrometheusHandle) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a socket");
        let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
        Self {
            folder: TempDir::new().expect("a folder"),
            vendor: reins_vendor::serve(listener, reins_vendor::Options::default())
                .expect("a vendor"),
            clock: Arc::default(),
            metrics,
            calls: AtomicU64::new(1),
            running: None,
        }
    }

    /// Stops the host, then the vendor.
    pub async fn stop(self) {
        if let Some(running) = self.running {
            running.close().await;
        }
        self.vendor.stop().await;
    }

    fn door(&self) -> &D {
        self.running.as_ref().expect("a file block comes first")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a scenario's file, with what every file of a scenario has in common.
    fn write(&self, file: &File, text: &str) -> Result<(), String> {
        let vendor = self.vendor.address().to_string();
        let own = text.replace("$VENDOR", &vendor);
        let (head, key) = match file {
            File::Main => (HEAD, "REINS_KEY".to_owned()),
            File::Beside(name) => ("", format!("REINS_KEY_{}", name.to_ascii_uppercase())),
        };
        let whole = format!(
            "{head}{own}\n[[key]]\nname = \"scenario\"\nvalue_env = \"{key}\"\nobserve = true\n"
        );
        let path = self.path(&name(file));
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        reins_files::replace_atomically(&path, whole.as_bytes()).map_err(|error| error.to_string())
    }

    async fn begin(&mut self) -> Result<(), String> {
        let start = Start {
            config: self.path("reins.toml"),
            variables: Arc::new(variable),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            accepted: Accepted::default(),
        };
        self.running = Some(D::open(start, self.metrics.clone()).await?);
        Ok(())
    }

    /// The version of a file's organization that is in force; `None` where the file is not known.
    async fn version(&self, file: &File) -> Option<Value> {
        let page = self.door().status().await;
        let files = page["files"].as_array().expect("files");
        let row = files.iter().find(|row| row["file"] == *name(file));
        row.map(|row| row["policy_version"].clone())
    }

    /// Versions that were refused so far.
    fn refused(&self) -> Vec<String> {
        let page = self.metrics.render();
        let lines = page.lines().filter(|line| line.starts_with("reins_versions_total"));
        lines.filter(|line| line.contains("\"refused\"")).map(str::to_owned).collect()
    }

    /// Makes a call, while there are `others`.
    async fn made(&self, request: &Request, others: u64) -> Result<Answer, String> {
        let name = self.calls.fetch_add(1, Ordering::Relaxed).to_string();
        let mut named = request.clone();
        named.headers.push((CALL.to_owned(), name.clone()));
        let mut seen = self.door().call(&named).await?;
        self.kept(others).await?;
        let id = seen["headers"].get("x-reins-transaction-id").and_then(Value::as_str);
        let record = self.record(id).await;
        let vendor = heard(&self.vendor.address().to_string(), &name).await;
        seen.insert("record".to_owned(), record);
        seen.insert("vendor".to_owned(), vendor);
        Ok(Answer { seen: seen.into() })
    }

    /// Makes a call while the vendor has another, and makes sure that it still has it then.
    async fn made_meanwhile(&self, request: &Request) -> Result<Answer, String> {
        let open = || self.vendor.books().totals().open > 0;
        let asked = async {
            while !open() {
                yield_now().await;
            }
        };
        timeout(IN_FORCE, asked).await.map_err(|_| "the vendor was not asked beside this call")?;
        let answer = self.made(request, 1).await?;
        if open() { Ok(answer) } else { Err("the call beside this one had ended".to_owned()) }
    }

    async fn record(&self, id: Option<&str>) -> Value {
        let Some(id) = id.and_then(|id| id.parse().ok()) else { return Value::Null };
        let reports = Reports::open(&self.path("reins.db"), &*self.clock).expect("the store");
        let record = reports.transaction(id).await.expect("the store");
        let Some(record) = record else { return Value::Null };
        self.replay(&reports, &record).await;
        serde_json::from_str(&record.json().expect("JSON")).expect("JSON")
    }

    /// Judges a call again, from its record and the source of its version: every rule must say the
    /// same.
    async fn replay(&self, reports: &Reports, record: &Transaction) {
        let source = reports.source(&record.opening.policy_version).await.expect("the store");
        let source = source.expect("the version's source");
        let day = record.opening.at.to_zoned(jiff::tz::TimeZone::UTC).date();
        let version = reins_config::read_again(&self.path("reins.toml"), &source, day);
        let trace = record.replay(&*version.expect("it was in force").judge).trace;
        let agreement = record.agrees_with(&trace);
        assert_eq!(agreement, Agreement::Equal, "{trace:?}\n{record:?}");
    }

    /// Waits until all calls but `others` have ended, and all that was written of them is kept.
    async fn kept(&self, others: u64) -> Result<(), String> {
        let kept = async {
            loop {
                let page = self.door().status().await;
                let in_flight = page["calls_in_flight"].as_u64();
                if page["entries_behind"] == 0 && in_flight.is_some_and(|calls| calls <= others) {
                    break;
                }
                yield_now().await;
            }
        };
        timeout(IN_FORCE, kept).await.map_err(|_| "a call did not end, or was not kept".to_owned())
    }

    async fn spent(&self, reports: &Reports, of: &Name, scope: Scope) -> Result<Spent, String> {
        let (now, utc) = (self.clock.now(), jiff::tz::TimeZone::UTC);
        let spent = reports.spent(of, &scope, Window::Monthly, &utc, now).await;
        spent.map_err(|error| error.to_string())
    }

    fn vendor_usd(&self) -> String {
        let nanos = self.vendor.books().totals().rounded_nanos();
        Usd::from_nanos(u64::try_from(nanos).expect("a bill that can be paid")).to_string()
    }
}

impl<D: Door> Host for Rig<D> {
    async fn file(&mut self, file: &File, text: &str) -> Result<(), String> {
        if self.running.is_none() {
            self.write(file, text)?;
            return if *file == File::Main { self.begin().await } else { Ok(()) };
        }
        let before = self.version(file).await;
        self.write(file, text)?;
        let in_force = |now: Option<Value>| now != before && now.is_some_and(|now| now.is_string());
        let changed = async {
            while !in_force(self.version(file).await) {
                yield_now().await;
            }
        };
        let waited = timeout(IN_FORCE, changed).await;
        waited.map_err(|_| "the new version did not come into force".to_owned())
    }

    async fn refuse(&mut self, file: &File, text: &str) -> Result<(), String> {
        if self.running.is_none() {
            self.write(file, text)?;
            if *file != File::Main {
                return Ok(());
            }
            let begun = self.begin().await;
            return if begun.is_err() { Ok(()) } else { Err("the file was taken".to_owned()) };
        }
        let version = async || self.version(file).await.unwrap_or_default();
        let (before, refused) = (version().await, self.refused());
        self.write(file, text)?;
        let looked_at = async {
            while self.refused() == refused && version().await == before {
                yield_now().await;
            }
        };
        timeout(IN_FORCE, looked_at).await.map_err(|_| "nobody looked at the file")?;
        let same = version().await == before;
        if same { Ok(()) } else { Err("the file came into force".to_owned()) }
    }

    async fn remove(&mut self, beside: &str) -> Result<(), String> {
        let file = File::Beside(beside.to_owned());
        std::fs::remove_file(self.path(&name(&file))).map_err(|error| error.to_string())?;
        let gone = async {
            while self.version(&file).await.is_some() {
                yield_now().await;
            }
        };
        let waited = timeout(IN_FORCE, gone).await;
        waited.map_err(|_| "the organization is still served".to_owned())
    }

    fn later(&mut self, by: Duration) {
        self.clock.put_forward(by);
    }

    async fn call(
        &mut self,
        request: &Request,
        beside: Option<&Request>,
    ) -> Result<Answer, String> {
        let Some(beside) = beside else { return self.made(request, 0).await };
        let (first, second) = tokio::join!(self.made(beside, 0), self.made_meanwhile(request));
        let (first, mut second) = (first?, second?);
        second.seen["beside"] = first.seen;
        Ok(second)
    }

    async fn balance(&mut self, like: &Balance) -> Result<Value, String> {
        let reports = Reports::open(&self.path("reins.db"), &*self.clock);
        let reports = reports.map_err(|error| error.to_string())?;
        self.kept(0).await?;
        let organization = Name::kept(&*like.organization);
        let all = Scope::new(ScopeKind::Organization, organization.clone());
        let whole = self.spent(&reports, &organization, all).await?;
        let mut scopes = Map::new();
        for name in like.scopes.keys() {
            let (kind, of) = name.split_once('=').ok_or("a scope is written kind=name")?;
            let kind = ScopeKind::from_word(kind).ok_or("there is no such kind of scope")?;
            let scope = Scope::new(kind, Name::kept(of));
            let one = self.spent(&reports, &organization, scope).await?;
            scopes.insert(name.clone(), json!(one.spent.to_string()));
        }
        Ok(json!({
            "spent_usd": whole.spent.to_string(),
            "held_usd": whole.held.to_string(),
            "calls": whole.calls,
            "scopes": scopes,
            "vendor_usd": like.vendor_usd.is_some().then(|| self.vendor_usd()),
        }))
    }
}

/// A file's path, from the folder of the main one.
fn name(file: &File) -> String {
    match file {
        File::Main => "reins.toml".to_owned(),
        File::Beside(name) => format!("organizations/{name}.toml"),
    }
}

/// The environment of a scenario: `REINS_KEY_CI` holds `rns_live_ci`.
fn variable(name: &str) -> Option<String> {
    match name {
        "REINS_KEY" => Some("rns_live_scenario".to_owned()),
        "VENDOR_KEY" => Some("sk-scenario".to_owned()),
        _ => {
            let key = name.strip_prefix("REINS_KEY_")?;
            Some(format!("rns_live_{}", key.to_ascii_lowercase()))
        }
    }
}
