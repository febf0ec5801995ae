//! The pools of connections to vendors: one for each connection of a file.

use std::io;
use std::sync::Arc;

use reins_config::Connection;
use reins_runtime::Pools;
use tokio::sync::Semaphore;

use crate::transport::Transport;

/// Makes the pools.
#[derive(Debug)]
pub(crate) struct VendorPools {
    /// Limits the idle connections to all vendors of all organizations together.
    pub(crate) idle_room: Arc<Semaphore>,
}

impl Pools for VendorPools {
    type Pool = Arc<Transport>;

    fn pool(&self, connection: &Connection) -> io::Result<Arc<Transport>> {
        let (timeout, private) = (connection.timeouts.connect, connection.allow_private);
        Transport::new(timeout, private, Arc::clone(&self.idle_room)).map(Arc::new)
    }
}
