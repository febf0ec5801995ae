//! The parts of a file that are one organization's, each read although another one is wrong.

use std::sync::Arc;

use jiff::tz::TimeZone;
use reins_governor::{Budget, Budgets, Name, Snapshot};
use reins_policy::{Policy, Rules};
use reins_prices::{Override, PriceBook};
use sha2::{Digest, Sha256};

use crate::file::File;
use crate::judge::Told;
use crate::names::Names;
use crate::organization::{Agent, Connection, DeclaredKey, Limit, Organization};
use crate::reader::Reader;
use crate::tables::organization::{Choices, Table};
use crate::tables::{agent, budget, connection, dialect, key, limit, policy, price};
use crate::targets::Targets;
use crate::value::Value;

/// Bytes of the digest that name a version: enough that no two versions meet by chance.
const DIGEST_BYTES: usize = 8;

/// All of them.
pub(crate) struct Parts {
    table: Option<Table>,
    vendors: Vendors,
    callers: Callers,
    limits: Vec<Limit>,
    budgets: Budgets,
    policies: Vec<Policy>,
    judge: Option<Rules>,
    prices: Option<PriceBook>,
}

/// Where calls go to.
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
    /// Whether there is no key that could not be read.
    whole: bool,
    agents: Vec<Agent>,
}

/// What calls are held to.
struct Held {
    limits: Vec<Limit>,
    budgets: Vec<Budget>,
    policies: Vec<Policy>,
}

/// Reads every part, in the order in which they depend on each other. `table` reads
/// `[organization]`, given the names of the connections.
pub(crate) fn parts<'a>(
    root: &mut Reader<'a>,
    file: &File<'_>,
    told: &Told<'_>,
    table: impl FnOnce(Option<Value<'a>>, &Names) -> Option<Table>,
) -> Parts {
    let vendors = vendors(root, file);
    let prices = PriceBook::on(file.today, &vendors.overrides).ok();
    let table = table(root.field(&["organization"]), &vendors.names);
    let callers = callers(root, &vendors, file);
    let id = table.as_ref().and_then(|table| table.id.as_ref());
    let zone = table.as_ref().and_then(|table| table.zone.clone()).unwrap_or(TimeZone::UTC);
    let held = held(root, id, &vendors, prices.as_ref());
    let budgets = Budgets::new(held.budgets);
    let judge = told.judge(&held.policies, &budgets, &zone);
    let (limits, policies) = (limit::with_default(held.limits), held.policies);
    Parts { table, vendors, callers, limits, budgets, policies, judge, prices }
}

fn vendors(root: &mut Reader<'_>, file: &File<'_>) -> Vendors {
    let variables = file.variables();
    let mut names = Names::of("connections");
    let tables = root.each(&["connection"]);
    if tables.is_empty() && root.again("connection").is_none() {
        let hint = "add one, such as:  [[connection]]  vendor = \"openai\"";
        root.place.at_odds("no [[connection]] says where calls go", hint);
    }
    let declared = dialect::read(root.each(&["dialect"]));
    let read = |table| connection::read(table, &mut names, &declared, (&variables, file.others));
    let connections: Vec<_> = tables.into_iter().map(read).collect();
    let sold = |vendor: &str| connections.iter().flatten().any(|each| &*each.vendor == vendor);
    let prices = root.each(&["price"]).into_iter();
    let overrides: Vec<_> = prices.map(|table| price::read(table, file.today, sold)).collect();
    let whole = connections.iter().all(Option::is_some) && overrides.iter().all(Option::is_some);
    let connections = connections.into_iter().flatten().collect();
    Vendors { names, connections, overrides: overrides.into_iter().flatten().collect(), whole }
}

fn callers(root: &mut Reader<'_>, vendors: &Vendors, file: &File<'_>) -> Callers {
    let variables = file.variables();
    let mut taken = key::Taken::by(&vendors.connections, file.others);
    let (mut key_names, mut agent_names) = (Names::of("keys"), Names::of("agents"));
    let tables = root.each(&["key"]);
    let written = root.again("key").map_or(Some(0), |value| value.length());
    let read = |table| key::read(table, &mut key_names, &vendors.names, (&variables, &mut taken));
    let keys: Vec<_> = tables.into_iter().filter_map(read).collect();
    let whole = written == Some(keys.len() + taken.doubled);
    let agents = root.each(&["agent"]).into_iter();
    let agents = agents.filter_map(|table| agent::read(table, &mut agent_names)).collect();
    Callers { key_names, keys, whole, agents }
}

fn held(
    root: &mut Reader<'_>,
    id: Option<&Name>,
    vendors: &Vendors,
    prices: Option<&PriceBook>,
) -> Held {
    let connections = &vendors.connections;
    let targets = Targets { connections, prices, whole: vendors.whole };
    let limits = root.each(&["limit"]).into_iter();
    let limits = limits.filter_map(|table| limit::read(table, id)).collect();
    let mut names = Names::of("budgets");
    let budgets = root.each(&["budget"]).into_iter();
    let budgets =
        budgets.filter_map(|table| budget::read(table, &mut names, id, &targets)).collect();
    let mut names = Names::of("policies");
    let policies = root.each(&["policy"]).into_iter();
    let policies = policies.filter_map(|table| policy::read(table, &mut names, &targets)).collect();
    Held { limits, budgets, policies }
}

// === impl Parts ===

impl Parts {
    /// The organization's id, where it could be read.
    pub(crate) fn id(&self) -> Option<&Name> {
        self.table.as_ref()?.id.as_ref()
    }

    /// The names of the keys that are declared.
    pub(crate) const fn key_names(&self) -> &Names {
        &self.callers.key_names
    }

    /// The keys that are declared here alone; `None` where one could not be read.
    pub(crate) fn all_keys(&self) -> Option<Vec<DeclaredKey>> {
        self.callers.whole.then(|| self.callers.keys.clone())
    }

    /// The organization of a file in which every part could be read.
    pub(crate) fn checked(self, file: &File<'_>) -> Option<(Organization, Snapshot)> {
        let Table { id, zone, choices } = self.table?;
        let Choices {
            unknown_agents,
            default_agent,
            default_connection,
            default_deny,
            budget_status,
        } = choices?;
        let organization = Organization {
            id: id?,
            zone: zone?,
            unknown_agents,
            default_agent,
            default_connection,
            default_deny,
            budget_status,
            agents: self.callers.agents,
            connections: self.vendors.connections,
            keys: self.callers.keys,
            key_names: self.callers.key_names.iter().map(Name::kept).collect(),
            default_key: None,
            limits: self.limits,
            budgets: self.budgets,
            policies: self.policies,
            prices: self.vendors.overrides,
            digest: digest(file.text),
        };
        let snapshot = organization.snapshot(Arc::new(self.judge?), Arc::new(self.prices?));
        Some((organization, snapshot))
    }
}

fn digest(text: &str) -> Arc<str> {
    let digest = Sha256::digest(text);
    digest.iter().take(DIGEST_BYTES).map(|byte| format!("{byte:02x}")).collect::<String>().into()
}
