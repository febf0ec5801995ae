//! What is kept: the parts of the store that commands change beside a running server.

use std::path::Path;
use std::sync::Arc;

use reins_config::{Process, StoreUrl};
use reins_store::{Registry, RootSecret, Secrets, StoreError};

use crate::machine::Machine;

/// Where the store lies.
pub(crate) const fn path(process: &Process) -> &std::path::PathBuf {
    let StoreUrl::Sqlite(path) = &process.store;
    path
}

/// The keys of callers.
pub(crate) async fn registry(process: &Process, machine: &Machine) -> Result<Registry, StoreError> {
    let path = path(process);
    Registry::open(path, &root(path, machine)?, Arc::clone(&machine.clock)).await
}

/// The keys of vendors.
pub(crate) async fn secrets(process: &Process, machine: &Machine) -> Result<Secrets, StoreError> {
    let path = path(process);
    Secrets::open(path, root(path, machine)?).await
}

fn root(path: &Path, machine: &Machine) -> Result<RootSecret, StoreError> {
    RootSecret::of_store(path, |name| machine.variable(name))
}
