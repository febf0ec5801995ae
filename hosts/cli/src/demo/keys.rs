//! The keys of the demo: made anew for each run, so that none is worth keeping.

use reins_config::Secret;

/// The bytes of a key: 256 bits, as `reins key create` makes them.
const KEY_BYTES: usize = 32;

/// What agents show the gateway.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    /// For agents that name themselves.
    pub(crate) agents: Secret,
    /// For the trial user.
    pub(crate) trial: Secret,
}

// === impl Keys ===

impl Keys {
    /// Two new keys.
    pub(crate) fn make() -> Result<Self, getrandom::Error> {
        Ok(Self { agents: key()?, trial: key()? })
    }

    /// The environment that the demo's `reins.toml` names.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        match name {
            "DEMO_AGENTS_KEY" => Some(self.agents.expose().to_owned()),
            "DEMO_TRIAL_KEY" => Some(self.trial.expose().to_owned()),
            // The built-in vendor asks for a key, and takes any.
            "DEMO_VENDOR_KEY" => Some("sk-demo".to_owned()),
            _ => None,
        }
    }
}

fn key() -> Result<Secret, getrandom::Error> {
    let mut bytes = [0; KEY_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(Secret::new(format!("rns_test_{}", hex::encode(bytes))))
}
