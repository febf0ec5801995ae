//! The built-in vendor, on threads of its own: whatever is measured waits for none of them.

use std::io;
use std::net::SocketAddr;

use reins_vendor::{Options, Vendor, serve};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use crate::bench::Fault;
use crate::bench::ask::CHUNKS;

/// Of so many cores one is the vendor's: callers and what is measured need the others.
const CORES_PER_THREAD: usize = 4;

/// A vendor that answers at once.
pub(crate) struct Running {
    vendor: Vendor,
    /// Ends with this.
    _runtime: Runtime,
}

// === impl Running ===

impl Running {
    /// Listens on `address`.
    pub(crate) fn start(address: SocketAddr, cores: usize) -> Result<Self, Fault> {
        let start = || -> io::Result<Self> {
            let runtime = Builder::new_multi_thread()
                .worker_threads((cores / CORES_PER_THREAD).max(1))
                .thread_name("bench-vendor")
                .enable_all()
                .build()?;
            let options = Options { chunks: CHUNKS, ..Options::default() };
            let vendor = runtime.block_on(async {
                let listener = TcpListener::bind(address).await?;
                serve(listener, options)
            })?;
            Ok(Self { vendor, _runtime: runtime })
        };
        start().map_err(|source| Fault::Vendor { address, source })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.vendor.address()
    }
}
