//! `reins key list`: every key, what it fixes, and whether it works.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use reins_config::Main;
use reins_runtime::declared;
use reins_store::{Key, Pins};

use super::{Desk, Failure, kept};
use crate::config_file::Of;
use crate::table::{Side, Table};

/// List the keys of an organization: what each fixes, and whether it works
///
/// Keys that the file declares are among them where their variables are set here. No key is shown
/// whole.
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    of: Of,
    /// Answer with one JSON array
    #[arg(long)]
    json: bool,
}

// === impl List ===

impl List {
    pub(crate) async fn run(self, desk: Desk<'_>) -> Result<(), Failure> {
        let Main { process, first } = desk.config.read(&self.of, desk.machine)?;
        let organization = first.organization;
        let registry = kept::registry(&process, desk.machine).await?;
        registry.declare(&organization.id, declared(&organization.id, &organization.keys)).await?;
        let mut keys = registry.list().await?;
        keys.retain(|key| key.organization == organization.id);
        if self.json {
            return Ok(desk.out.answer(serde_json::to_string(&keys)?)?);
        }
        if keys.is_empty() {
            return Ok(desk
                .out
                .note("There are no keys yet: make one with `reins key create`.")?);
        }
        let wall = Wall { zone: organization.zone, now: desk.machine.clock.now() };
        Ok(desk.out.text(&table(&keys, &wall).to_string())?)
    }
}

/// The organization's wall clock.
struct Wall {
    zone: TimeZone,
    now: Timestamp,
}

fn table(keys: &[Key], wall: &Wall) -> Table {
    let head = ["ID", "NAME", "KEY", "STATE", "FIXED", "CREATED", "USED"];
    let mut table = Table::new(head.map(|name| (name, Side::Left)));
    for key in keys {
        let made = key.created != Timestamp::UNIX_EPOCH;
        table.row([
            key.id.to_string(),
            key.name.to_string(),
            key.masked.to_string(),
            wall.state(key),
            fixed(&key.pins),
            if made { wall.day(key.created) } else { "in the file".to_owned() },
            key.used.map_or_else(|| "-".to_owned(), |used| wall.minute(used)),
        ]);
    }
    table
}

/// `agent=support-bot roles=trial,eu`
fn fixed(pins: &Pins) -> String {
    let Pins { team, agent, user, session, roles, connection, observe_allowed } = pins;
    let roles = roles.as_ref().map(|roles| roles.join(","));
    let named = [
        ("agent", agent.as_deref()),
        ("team", team.as_deref()),
        ("user", user.as_deref()),
        ("session", session.as_deref()),
        ("roles", roles.as_deref()),
        ("connection", connection.as_deref()),
    ];
    let named = named.into_iter().filter_map(|(kind, name)| Some((kind, name?)));
    let mut fixed: Vec<String> = named.map(|(kind, name)| format!("{kind}={name}")).collect();
    if *observe_allowed {
        fixed.push("may-observe".to_owned());
    }
    if fixed.is_empty() { "-".to_owned() } else { fixed.join(" ") }
}

// === impl Wall ===

impl Wall {
    fn state(&self, key: &Key) -> String {
        match (key.revoked, key.expires) {
            (Some(revoked), _) => format!("revoked {}", self.day(revoked)),
            (None, Some(end)) if end <= self.now => format!("expired {}", self.day(end)),
            (None, Some(end)) => format!("works until {}", self.minute(end)),
            (None, None) => "works".to_owned(),
        }
    }

    fn day(&self, at: Timestamp) -> String {
        self.at(at).date().to_string()
    }

    fn minute(&self, at: Timestamp) -> String {
        self.at(at).strftime("%Y-%m-%d %H:%M").to_string()
    }

    fn at(&self, at: Timestamp) -> Zoned {
        at.to_zoned(self.zone.clone())
    }
}
