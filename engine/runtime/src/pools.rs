//! Pools: what a host keeps for each connection, such as sockets to its vendor.

use std::fmt;
use std::io;

use reins_config::Connection;

/// Makes what a host keeps for a connection. It is kept from version to version of the file, as
/// long as the connection is not edited.
pub trait Pools: fmt::Debug + Send + Sync + 'static {
    /// What is kept.
    type Pool: fmt::Debug + Send + Sync + 'static;

    /// What is kept for this connection.
    ///
    /// # Errors
    /// Where it cannot be made; the version of the file is then refused.
    fn pool(&self, connection: &Connection) -> io::Result<Self::Pool>;
}

/// A host that keeps nothing.
impl Pools for () {
    type Pool = ();

    fn pool(&self, _: &Connection) -> io::Result<()> {
        Ok(())
    }
}
