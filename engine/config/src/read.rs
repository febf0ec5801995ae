//! Reading a file: every table of it, in the order in which they depend on each other.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;
use reins_governor::{Budget, Budgets, Name, Snapshot};
use reins_policy::Policy;
use reins_prices::{Override, PriceBook};
use sha2::{Digest, Sha256};
use toml::de::DeTable;

use crate::environment::{Purpose, Variables};
use crate::findings::{Findings, Place};
use crate::judge::Told;
use crate::names::Names;
use crate::problem::Report;
use crate::reader::Reader;
use crate::settings::{
    Agent, Connection, DeclaredKey, Durability, Limit, Organization, ServerLimits, Settings,
    StoreUrl,
};
use crate::tables::organization::reference;
use crate::tables::{
    agent, budget, connection, key, limit, organization, policy, price, server, store,
};
use crate::targets::Targets;
use crate::value::Value;

/// Bytes of the digest that name a version: enough that no two versions meet by chance.
const DIGEST_BYTES: usize = 8;

/// The most bytes that a file has: a thousand times the example, which says everything once.
pub const FILE_MAX: usize = 8 << 20;

/// A file, and what surrounds it.
#[derive(Clone, Copy)]
pub struct File<'a> {
    /// Where it lies: relative paths in it begin there.
    pub path: &'a Path,
    /// What it says.
    pub text: &'a str,
    /// What the settings are wanted for.
    pub purpose: Purpose,
    /// The day whose prices hold.
    pub today: Date,
    /// Looks up an environment variable.
    pub variables: &'a dyn Fn(&str) -> Option<String>,
}

/// A file that can be used.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What it says.
    pub settings: Settings,
    /// What calls are judged by.
    pub snapshot: Snapshot,
    /// Warnings, and no problem.
    pub report: Report,
}

/// Reads and checks a file.
///
/// # Errors
/// Every problem there is, with every warning.
pub fn read(file: &File<'_>) -> Result<Checked, Report> {
    let findings = Findings::new(file.text);
    let (table, errors) = DeTable::parse_recoverable(file.text);
    errors.iter().for_each(|error| findings.not_toml(error));
    let place = Place { findings: &findings, path: String::new(), span: 0..0 };
    let read = whole(file, table.get_ref(), &place);
    drop(place);
    let report = findings.report(&file.path.display().to_string());
    match read {
        Some((settings, snapshot)) if report.problems.is_empty() => {
            Ok(Checked { settings, snapshot, report })
        }
        _ => Err(report),
    }
}

/// Whom calls go to.
struct Vendors {
    names: Names,
    connections: Vec<Connection>,
    overrides: Vec<Override>,
    /// Whether all of them could be read.
    whole: bool,
}

/// Who calls.
struct Callers {
    key_names: Names,
    keys: Vec<DeclaredKey>,
    agents: Vec<Agent>,
}

/// What calls are held to.
struct Rules {
    limits: Vec<Limit>,
    budgets: Vec<Budget>,
    policies: Vec<Policy>,
}

/// How calls are served.
struct Serving {
    listen: SocketAddr,
    default_key: Option<Name>,
    store: StoreUrl,
    durability: Durability,
    server: ServerLimits,
}

/// Everything in the file, and what calls are judged by.
fn whole(file: &File<'_>, table: &DeTable<'_>, place: &Place<'_>) -> Option<(Settings, Snapshot)> {
    let mut root = Reader::new(table, place.clone());
    let vendors = vendors(&mut root, file);
    let prices = PriceBook::on(file.today, &vendors.overrides).ok()?;
    let organization = organization(&mut root, &vendors.names);
    let callers = callers(&mut root, &vendors, file);
    let targets =
        Targets { connections: &vendors.connections, prices: &prices, whole: vendors.whole };
    let rules = rules(&mut root, &organization, &targets);
    let serving = serving(&mut root, folder(file.path), &callers.key_names);
    let budgets = Budgets::new(rules.budgets);
    let told = Told { file: table, place };
    let judge = told.judge(&rules.policies, &budgets, &organization.zone);
    let serving = serving?;
    let settings = Settings {
        listen: serving.listen,
        store: serving.store,
        durability: serving.durability,
        organization,
        agents: callers.agents,
        connections: vendors.connections,
        keys: callers.keys,
        key_names: callers.key_names.iter().map(Name::kept).collect(),
        default_key: serving.default_key,
        limits: limit::with_default(rules.limits),
        budgets,
        policies: rules.policies,
        prices: vendors.overrides,
        server: serving.server,
        digest: digest(file.text),
    };
    let snapshot = settings.snapshot(Arc::new(judge?), Arc::new(prices));
    Some((settings, snapshot))
}

fn vendors(root: &mut Reader<'_>, file: &File<'_>) -> Vendors {
    let variables = file.variables();
    let mut names = Names::of("connections");
    let tables = root.each(&["connection"]);
    if tables.is_empty() && root.again("connection").is_none() {
        let hint = "add one, such as:  [[connection]]  vendor = \"openai\"";
        root.place.at_odds("no [[connection]] says where calls go", hint);
    }
    let read = |table| connection::read(table, &mut names, &variables);
    let connections: Vec<_> = tables.into_iter().map(read).collect();
    let sold = |vendor: &str| connections.iter().flatten().any(|each| &*each.vendor == vendor);
    let prices = root.each(&["price"]).into_iter();
    let overrides: Vec<_> = prices.map(|table| price::read(table, file.today, sold)).collect();
    let whole = connections.iter().all(Option::is_some) && overrides.iter().all(Option::is_some);
    let connections = connections.into_iter().flatten().collect();
    Vendors { names, connections, overrides: overrides.into_iter().flatten().collect(), whole }
}

/// Where the organization has problems of its own, the rest is still looked at.
fn organization(root: &mut Reader<'_>, connections: &Names) -> Organization {
    let read = |value: &Value<'_>| organization::read(value.table()?, connections);
    let read = root.field(&["organization"]).and_then(|value| read(&value));
    read.unwrap_or_else(organization::default)
}

fn callers(root: &mut Reader<'_>, vendors: &Vendors, file: &File<'_>) -> Callers {
    let (variables, mut taken) = (file.variables(), key::Taken::by(&vendors.connections));
    let (mut key_names, mut agent_names) = (Names::of("keys"), Names::of("agents"));
    let keys = root.each(&["key"]).into_iter();
    let read = |table| key::read(table, &mut key_names, &vendors.names, (&variables, &mut taken));
    let keys = keys.filter_map(read).collect();
    let agents = root.each(&["agent"]).into_iter();
    let agents = agents.filter_map(|table| agent::read(table, &mut agent_names)).collect();
    Callers { key_names, keys, agents }
}

fn rules(root: &mut Reader<'_>, of: &Organization, targets: &Targets<'_>) -> Rules {
    let limits = root.each(&["limit"]).into_iter();
    let limits = limits.filter_map(|table| limit::read(table, of)).collect();
    let mut names = Names::of("budgets");
    let budgets = root.each(&["budget"]).into_iter();
    let budgets =
        budgets.filter_map(|table| budget::read(table, &mut names, of, targets)).collect();
    let mut names = Names::of("policies");
    let policies = root.each(&["policy"]).into_iter();
    let policies = policies.filter_map(|table| policy::read(table, &mut names, targets)).collect();
    Rules { limits, budgets, policies }
}

fn serving(root: &mut Reader<'_>, folder: &Path, keys: &Names) -> Option<Serving> {
    let listen = store::listen(root);
    let default_key = root.optional(&["default_key"], |value| {
        open_only_here(value, listen?);
        reference("key", value, keys)
    });
    let store = store::store(root, folder);
    let durability = store::durability(root);
    let server = root.defaulted(&["server"], server::DEFAULT, |v| server::read(v.table()?));
    Some(Serving {
        listen: listen?,
        default_key: default_key?,
        store: store?,
        durability: durability?,
        server: server?,
    })
}

fn open_only_here(value: &Value<'_>, listen: SocketAddr) {
    if !listen.ip().is_loopback() {
        value.place.at_odds(
            format!("a default key lets in whoever reaches {listen}"),
            "listen on 127.0.0.1, or leave `default_key` out",
        );
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or_else(|| Path::new(""))
}

fn digest(text: &str) -> Arc<str> {
    let digest = Sha256::digest(text);
    digest.iter().take(DIGEST_BYTES).map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

// === impl File ===

impl<'a> File<'a> {
    const fn variables(&self) -> Variables<'a> {
        Variables { purpose: self.purpose, look_up: self.variables }
    }
}

impl fmt::Debug for File<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File").field("path", &self.path).finish_non_exhaustive()
    }
}
