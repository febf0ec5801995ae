//! The desk: what every call needs, and what is the gateway's own of it.

use std::sync::Arc;

use reins_runtime::Runtime;

use crate::room::Room;
use crate::vendor_pool::VendorPools;

/// What every call needs.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) runtime: Arc<Runtime<VendorPools>>,
    /// Room for the bodies of requests.
    pub(crate) room: Room,
}
