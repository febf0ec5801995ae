//! `reins key`: the keys that agents show.

mod create;
mod list;

use std::process::ExitCode;

use clap::Subcommand;
use reins_config::{Main, Organization};
use reins_governor::{KeyId, Name};
use reins_store::{Created, Registry, Rotation};
use serde::Serialize;

use super::Desk;
use crate::config_file::Of;
use crate::failure::Failure;
use crate::kept;
use crate::out::Out;

/// Make, list, rotate and revoke the keys that agents show
///
/// A key is shown once, when it is made; only a digest of it is kept. A running server takes a new
/// or revoked key into account within a second.
#[derive(Debug, Subcommand)]
#[command(after_help = EXAMPLES)]
pub(crate) enum Key {
    Create(create::Create),
    List(list::List),
    Rotate(Rotate),
    Revoke(Revoke),
}

const EXAMPLES: &str = "\
Examples:
  reins key create --name ci --agent support-bot
  KEY=$(reins key create --name ci --expires '90 days')
  reins key list --organization beta
  reins key revoke key_01KAJ3V2M8Q4T6X9Z0B1C2D3E4";

/// Make a key like another one, which goes on working for a day
///
/// The new key has the old one's name, and so goes on in the same budgets.
#[derive(Debug, clap::Args)]
pub(crate) struct Rotate {
    /// The old key's id, as `reins key list` shows it
    id: String,
    #[command(flatten)]
    of: Of,
    /// End the old key at once
    #[arg(long)]
    now: bool,
    /// Answer with one JSON object
    #[arg(long)]
    json: bool,
}

/// End a key at once
#[derive(Debug, clap::Args)]
pub(crate) struct Revoke {
    /// Its id, as `reins key list` shows it
    id: String,
    #[command(flatten)]
    of: Of,
}

/// A new key, for programs.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    key: &'a reins_store::Key,
    /// The key itself.
    value: &'a str,
}

// === impl Key ===

impl Key {
    pub(crate) async fn run(self, desk: Desk<'_>) -> Result<ExitCode, Failure> {
        match self {
            Self::Create(create) => create.run(desk).await?,
            Self::List(list) => list.run(desk).await?,
            Self::Rotate(rotate) => rotate.run(desk).await?,
            Self::Revoke(revoke) => revoke.run(desk).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

// === impl Rotate ===

impl Rotate {
    async fn run(self, desk: Desk<'_>) -> Result<(), Failure> {
        let Main { process, first } = desk.config.read(&self.of, desk.machine)?;
        let registry = kept::registry(&process, desk.machine).await?;
        let id = kept_id(self.id, &first.organization, &registry).await?;
        let rotation = if self.now { Rotation::Now } else { Rotation::Overlap };
        let created = registry.rotate(&id, rotation).await?;
        show(&created, self.json, desk.out)?;
        Ok(desk.out.note(match rotation {
            Rotation::Now => format!("{id} no longer works."),
            Rotation::Overlap => format!("{id} goes on working for 24 hours."),
        })?)
    }
}

// === impl Revoke ===

impl Revoke {
    async fn run(self, desk: Desk<'_>) -> Result<(), Failure> {
        let Main { process, first } = desk.config.read(&self.of, desk.machine)?;
        let registry = kept::registry(&process, desk.machine).await?;
        let id = kept_id(self.id, &first.organization, &registry).await?;
        registry.revoke(&id).await?;
        Ok(desk
            .out
            .note(format_args!("{id} no longer works: servers refuse it within a second."))?)
    }
}

/// The id of a key that the store keeps for this organization, and so can change.
async fn kept_id(id: String, of: &Organization, registry: &Registry) -> Result<KeyId, Failure> {
    let declared = |name: &Name| reins_store::declared_id(&of.id, name).0 == *id;
    if of.key_names.iter().any(declared) {
        return Err(Failure::Declared(id));
    }
    let keys = registry.list().await?;
    let found = keys.into_iter().find(|key| *key.id.0 == *id);
    match found.map(|key| key.organization).filter(|organization| *organization != of.id) {
        Some(organization) => Err(Failure::KeyElsewhere { id, organization }),
        None => Ok(KeyId(Name::kept(id))),
    }
}

/// Shows a new key, which is alone on stdout, so that a shell can take it up.
fn show(created: &Created, json: bool, out: &mut Out) -> Result<(), Failure> {
    let Created { key, value } = created;
    let shown = Shown { key, value: value.expose() };
    if json {
        return Ok(out.answer(serde_json::to_string(&shown)?)?);
    }
    out.answer(shown.value)?;
    let name = &key.name;
    Ok(out.note(format_args!("{} ({name}) is made. Keep it: it is not shown again.", key.id))?)
}
