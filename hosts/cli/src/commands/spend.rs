//! `reins spend`: what was spent, what is held, what is left.

mod bar;
mod page;
mod statement;

use std::process::ExitCode;
use std::time::Duration;

use reins_config::Main;
use reins_governor::{Scope, ScopeKind};
use reins_store::Reports;

use self::statement::Asked;
use super::Desk;
use crate::config_file::Of;
use crate::failure::Failure;
use crate::kept;

/// Say what was spent, what is held for calls in flight, and what is left of each budget
///
/// The totals are those of the whole organization, or of the scope that is asked for, since the
/// store began; `calls` are the calls that were charged. Each budget is told over its own window as
/// it stands now: one line for each name that it counts. Amounts are exact dollars.
///
/// With --json: one object {"organization", "spent_usd", "held_usd", "calls", "budgets": [{"name",
/// "scope", "window", "limit_usd", "spent_usd", "held_usd", "left_usd", "resets_at"}]}, amounts as
/// decimal strings. `resets_at` is when the window ends, for a rolling one when its oldest spend
/// leaves it, and null where nothing was spent.
///
/// Where no server runs, what the last one left is put in order first: calls that it lost in
/// flight are charged with what was held for them.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Spend {
    #[command(flatten)]
    of: Of,
    /// Only this scope: organization, team, agent, user, session or key, and its name
    #[arg(long, value_name = "KIND=NAME", value_parser = scope)]
    scope: Option<Scope>,
    /// Answer with one JSON object
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  reins spend
  reins spend --scope agent=support-bot
  reins spend --scope key=ci
  reins spend --organization beta
  reins spend --json | jq -r '.budgets[] | [.name, .scope, .left_usd] | @tsv'";

/// How far the database may lag behind a running server: its rest between two batches, and a slow
/// disk's commit. What was charged before the command began is in the answer.
const LAG: Duration = Duration::from_millis(60);

// === impl Spend ===

impl Spend {
    pub(crate) async fn run(self, desk: Desk<'_>) -> Result<ExitCode, Failure> {
        let Main { process, first } = desk.config.read(&self.of, desk.machine)?;
        let organization = first.organization;
        let clock = &*desk.machine.clock;
        let reports = Reports::open(kept::path(&process), clock)?;
        tokio::time::sleep(LAG).await;
        let asked = Asked { organization: &organization, scope: self.scope, now: clock.now() };
        let statement = asked.statement(&reports).await?;
        if is_key_id(&statement.scope) {
            desk.out.note("A key is counted by its name, not its id: see `reins key list`.")?;
        }
        if self.json {
            desk.out.answer(serde_json::to_string(&statement)?)?;
        } else {
            desk.out.text(&page::page(&statement, &organization.zone))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Whether a scope is written with what looks like the id of a key.
fn is_key_id(scope: &Scope) -> bool {
    scope.kind == ScopeKind::Key && scope.name.starts_with("key_")
}

fn scope(text: &str) -> Result<Scope, String> {
    let scope = |(kind, name): (&str, &str)| {
        Some(Scope::new(ScopeKind::from_word(kind)?, name.parse().ok()?))
    };
    text.split_once('=').and_then(scope).ok_or_else(|| {
        let kinds = ScopeKind::ALL.map(ScopeKind::word).join(", ");
        format!("write a kind and a name such as agent=support-bot; kinds are {kinds}")
    })
}
