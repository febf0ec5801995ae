//! The pools of connections to vendors: one for each connection of a file.

use std::io;
use std::sync::Arc;

use http::Uri;
use reins_config::Connection;
use reins_runtime::Pools;
use tokio::sync::Semaphore;

use crate::lines;
use crate::transport::Transport;

/// One version of an organization's file.
pub(crate) type Version = reins_runtime::Version<VendorPool>;

/// A connection with its pool: the line to one vendor.
pub(crate) type Line = reins_runtime::Upstream<VendorPool>;

/// Makes the pools.
#[derive(Debug)]
pub(crate) struct VendorPools {
    /// Limits the idle connections to all vendors of all organizations together.
    pub(crate) idle_room: Arc<Semaphore>,
}

/// The way to one vendor.
#[derive(Debug)]
pub(crate) struct VendorPool {
    pub(crate) transport: Arc<Transport>,
    /// Where its vendor answers paid calls.
    pub(crate) paid: Uri,
}

impl Pools for VendorPools {
    type Pool = VendorPool;

    fn pool(&self, connection: &Connection) -> io::Result<VendorPool> {
        let (timeout, private) = (connection.timeouts.connect, connection.allow_private);
        let transport = Transport::new(timeout, private, Arc::clone(&self.idle_room))?;
        let paid = lines::paid(connection).map_err(io::Error::other)?;
        Ok(VendorPool { transport: Arc::new(transport), paid })
    }
}
