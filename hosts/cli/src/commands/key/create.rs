//! `reins key create`: a new key, with what it fixes.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use reins_config::Main;
use reins_governor::{Environment, Name, NameError};
use reins_store::{NewKey, Pins};

use super::{Desk, Failure, kept, show};
use crate::commands::connection;
use crate::config_file::Of;

/// Characters that a pattern gives a meaning: a budget or limit could not name such a key.
const OF_PATTERNS: [char; 7] = ['*', '?', '[', ']', '{', '}', '\\'];

/// Make a key
///
/// What is named here is fixed: no header of a call can say otherwise. What is left out, each call
/// may say for itself. The key is alone on stdout.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Create {
    /// The key's name, which its budgets and spend go by: unique among the keys that work
    #[arg(long, value_parser = key_name)]
    name: Name,
    #[command(flatten)]
    of: Of,
    /// The agent that its calls count as
    #[arg(long)]
    agent: Option<Name>,
    /// The team that its calls count for
    #[arg(long)]
    team: Option<Name>,
    /// The end user that its calls are made for
    #[arg(long)]
    user: Option<Name>,
    /// The session that its calls belong to
    #[arg(long)]
    session: Option<Name>,
    /// The end user's roles, as rules may ask for them, with commas between them
    #[arg(long, value_name = "ROLE,…", value_delimiter = ',')]
    roles: Option<Vec<Name>>,
    /// The connection that all its calls take
    #[arg(long)]
    connection: Option<String>,
    /// A key for trying things out: rns_test_… in place of rns_live_…
    #[arg(long)]
    test: bool,
    /// From when on it no longer works: a day, an instant, or after how long
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    /// Let calls ask to be only observed: rules are evaluated and logged, and block nothing
    #[arg(long)]
    observe: bool,
    /// Answer with one JSON object
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  reins key create --name ci
  reins key create --name support --agent support-bot --team support --roles trial,eu
  reins key create --name contractor --connection openai --expires 2027-01-31
  KEY=$(reins key create --name nightly --test --expires '90 days')";

// === impl Create ===

impl Create {
    pub(crate) async fn run(self, desk: Desk<'_>) -> Result<(), Failure> {
        let Main { process, first } = desk.config.read(&self.of, desk.machine)?;
        let organization = first.organization;
        if organization.key_names.contains(&self.name) {
            return Err(Failure::DeclaredName(self.name.to_string()));
        }
        let (json, of) = (self.json, &organization);
        let connection = self.connection.as_deref().map(|name| connection::find(of, name));
        let connection = connection.transpose()?.map(|found| found.name.clone());
        let mut new = self.new_key(of.id.clone(), &of.zone, desk.machine.clock.now())?;
        new.pins.connection = connection;
        let registry = kept::registry(&process, desk.machine).await?;
        show(&registry.create(new).await?, json, desk.out)
    }

    fn new_key(
        self,
        organization: Name,
        zone: &TimeZone,
        now: Timestamp,
    ) -> Result<NewKey, Failure> {
        let expires = self.expires.as_deref().map(|text| expiry(text, zone, now)).transpose()?;
        let environment = if self.test { Environment::Test } else { Environment::Live };
        let pins = Pins {
            team: self.team,
            agent: self.agent,
            user: self.user,
            session: self.session,
            roles: self.roles.map(Into::into),
            connection: None,
            observe_allowed: self.observe,
        };
        Ok(NewKey { organization, name: self.name, environment, pins, expires })
    }
}

/// A name that the scope of a budget can be written for.
fn key_name(text: &str) -> Result<Name, String> {
    let name: Name = text.parse().map_err(|error: NameError| error.to_string())?;
    if name.contains(OF_PATTERNS) {
        return Err("budgets name keys by patterns: leave out * ? [ ] { } and \\".to_owned());
    }
    Ok(name)
}

/// The instant that a text names: itself, the beginning of a day, or so long from now.
fn expiry(text: &str, zone: &TimeZone, now: Timestamp) -> Result<Timestamp, Failure> {
    let at = instant(text, zone, now).ok().filter(|at| *at > now);
    at.ok_or_else(|| Failure::Expires(text.to_owned()))
}

fn instant(text: &str, zone: &TimeZone, now: Timestamp) -> Result<Timestamp, jiff::Error> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    if let Ok(day) = text.parse::<Date>() {
        return Ok(day.to_zoned(zone.clone())?.timestamp());
    }
    let after: Span = text.parse()?;
    Ok(now.to_zoned(zone.clone()).checked_add(after)?.timestamp())
}

#[cfg(test)]
mod tests;
