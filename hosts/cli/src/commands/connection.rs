//! `reins connection`: what is kept for the connections to vendors.

mod typed;

use std::io;
use std::process::ExitCode;

use clap::Subcommand;
use reins_config::{Connection as Line, Main, Organization, VendorKey};
use reins_store::{Secret, SecretName};

use super::Desk;
use crate::config_file::Of;
use crate::failure::Failure;
use crate::kept;

/// Keep what connections to vendors need
#[derive(Debug, Subcommand)]
pub(crate) enum Connection {
    Key(Key),
}

/// Keep a vendor's key, encrypted in the store
///
/// The key is read from stdin, so that it is in no shell's history and no list of processes. Its
/// connection says `key = "stored"` in the file. It takes the place of an earlier one.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Key {
    /// The connection's name in the file
    name: String,
    #[command(flatten)]
    of: Of,
}

const EXAMPLES: &str = r#"Examples:
  reins connection key openai < openai.key
  printf %s "$OPENAI_API_KEY" | reins connection key openai"#;

/// Which part of a connection the key is, as the server asks for it.
const FIELD: &str = "key";

// === impl Connection ===

impl Connection {
    pub(crate) async fn run(self, desk: Desk<'_>) -> Result<ExitCode, Failure> {
        let Self::Key(key) = self;
        key.run(desk).await?;
        Ok(ExitCode::SUCCESS)
    }
}

// === impl Key ===

impl Key {
    async fn run(self, desk: Desk<'_>) -> Result<(), Failure> {
        let Main { process, first } = desk.config.read(&self.of, desk.machine)?;
        let organization = first.organization;
        let line = find(&organization, &self.name)?;
        let key = typed::secret_line(&io::stdin(), desk.out)?;
        let name = SecretName {
            organization: organization.id.to_string(),
            connection: line.name.to_string(),
            field: FIELD.to_owned(),
        };
        let secrets = kept::secrets(&process, desk.machine).await?;
        secrets.put(&name, &Secret::new(key.as_str().to_owned())).await?;
        Ok(desk.out.note(told(line))?)
    }
}

/// The connection of the file with this name.
pub(crate) fn find<'a>(of: &'a Organization, name: &str) -> Result<&'a Line, Failure> {
    let connections = &of.connections;
    let found = connections.iter().find(|connection| &*connection.name == name);
    found.ok_or_else(|| {
        let known: Vec<String> = connections.iter().map(|c| format!("`{}`", c.name)).collect();
        Failure::NoSuchConnection { name: name.to_owned(), known: known.join(", ") }
    })
}

/// What became of the key.
fn told(line: &Line) -> String {
    let name = &line.name;
    match line.key {
        VendorKey::Stored => format!("The key of `{name}` is kept."),
        VendorKey::Environment(_) | VendorKey::PassThrough => format!(
            "The key of `{name}` is kept, and not used: write key = \"stored\" in its \
             [[connection]]."
        ),
    }
}
