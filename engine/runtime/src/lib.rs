//! What every host does, and none owns.

mod runtime;

mod error;
mod opening;
mod start;

mod clock;

mod directory;
mod idempotency;
mod identify;

mod log_throttle;
mod refusal_log;
mod refusal_metrics;
mod stopped;

mod pools;
mod served;
mod version;

mod check;
mod file_state;
mod files;
mod reload;
mod sources;

pub use clock::MachineClock;
pub use directory::Directory;
pub use error::RuntimeError;
pub use file_state::{FileState, State};
pub use files::FileStates;
pub use idempotency::{First, Idempotency, Kept, Scope, Turn};
pub use identify::identify;
pub use log_throttle::LogThrottle;
pub use opening::{Opened, Opening};
pub use pools::Pools;
pub use refusal_log::RefusalLog;
pub use refusal_metrics::{erred, refused};
pub use runtime::Runtime;
pub use served::Served;
pub use start::{Accepted, Start, Variables};
pub use stopped::{Stopped, Unrecognised};
pub use version::{Upstream, Version};
