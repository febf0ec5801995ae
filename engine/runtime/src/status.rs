//! The status of a host: whether calls can be admitted, and what is in force.

use reins_config::FOLDER;
use serde_json::{Value, json};

use crate::Runtime;
use crate::file_state::{FileState, State};
use crate::files::FileStates;
use crate::pools::Pools;
use crate::served::Served;

// === impl Runtime ===

impl<P: Pools> Runtime<P> {
    /// Whether calls can be admitted.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.store.health().stopped.is_none()
    }

    /// What is in force, as an object. A file that is not in force stops no call: its last version
    /// is. What stands beside the list of files is of the main one.
    #[must_use]
    pub fn status(&self, states: &FileStates) -> Value {
        let health = self.store.health();
        let served = self.served.load();
        let (first, (file, file_reason)) = (served.first(), states.main.state());
        let mut files: Vec<_> = states.all().iter().map(|file| row(file, &served)).collect();
        files.extend(states.unlisted().map(
            |why| json!({ "file": FOLDER, "state": State::Unreadable.word(), "reason": why }),
        ));
        json!({
            "status": if health.stopped.is_none() { "ready" } else { "stopped" },
            "reason": health.stopped.as_deref(),
            "policy_version": &*first.snapshot.version,
            "price_version": &**first.snapshot.prices.version(),
            "file": file.word(),
            "file_reason": file_reason,
            "files": files,
            "keys_current": self.registry.sees_changes(),
            "calls_in_flight": health.in_flight,
            "entries_behind": health.behind,
        })
    }
}

/// A file, and the version of its organization that is in force.
fn row<P>(file: &FileState, served: &Served<P>) -> Value {
    let (state, reason) = file.state();
    let organization = file.organization();
    let version = organization.as_ref().and_then(|id| served.of(id).ok());
    json!({
        "file": &*file.name,
        "state": state.word(),
        "reason": reason,
        "organization": organization.as_deref(),
        "policy_version": version.map(|version| &*version.snapshot.version),
        "price_version": version.map(|version| &**version.snapshot.prices.version()),
    })
}
