//! What every host does, and none owns.

mod error;
mod start;

mod clock;

mod directory;
mod identify;

mod log_throttle;
mod refusal_log;
mod refusal_metrics;
mod stopped;

mod file_state;
mod files;

pub use clock::MachineClock;
pub use directory::Directory;
pub use error::RuntimeError;
pub use file_state::{FileState, State};
pub use files::{ConfigFile, FileStates, Files};
pub use identify::identify;
pub use log_throttle::LogThrottle;
pub use refusal_log::RefusalLog;
pub use refusal_metrics::{erred, refused};
pub use start::{Accepted, Start, Variables};
pub use stopped::{Stopped, Unrecognised};
