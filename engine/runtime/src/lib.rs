//! What every host does, and none owns: it opens a store and its keys, recognises and identifies
//! callers, limits them, chooses the connection of a call, prepares it, has it judged, and words
//! the refusal; it watches the files, and stops in order. Everything is data: a host brings
//! requests in and carries answers out, over whatever it speaks. `hosts/README.md` says how.
//!
//! ```text
//!  Opening ─▶ Opened ─ run: the files are watched, calls served, all stopped in order
//!                │
//!             Runtime ─ caller ─▶ Caller ─ govern(body) ─▶ Governed ─┬─ freight ─▶ flight::carry
//!                           │              │                         └─ watch ───▶ flight::watch
//!                           └── Stopped ───┴─ refuse ─▶ Response<Bytes>
//! ```

mod runtime;

mod error;
mod opening;
mod start;
mod status;

mod paths;

mod caller;
mod prepare;
mod sending;

mod authenticate;
mod credential;
mod directory;
mod identify;

mod body_text;
mod content;
mod forward_headers;
mod idempotency;
mod routing;
mod spoken;

mod answer_headers;
mod refusal_answer;
mod stopped;

mod log_throttle;
mod refusal_log;
mod refusal_metrics;

mod pools;
mod served;
mod version;

mod check;
mod file_state;
mod files;
mod reload;
mod sources;

mod clock;

pub use answer_headers::{ANNOUNCED, tell_cost, tell_notice, tell_retries, trailers};
pub use authenticate::is_local;
pub use caller::{Caller, Origin, Way};
pub use clock::MachineClock;
pub use content::check as check_content;
pub use error::RuntimeError;
pub use file_state::{FileState, State};
pub use files::FileStates;
pub use forward_headers::returned;
pub use idempotency::{First, Kept};
pub use log_throttle::LogThrottle;
pub use opening::{Opened, Opening};
pub use paths::Path;
pub use pools::Pools;
pub use prepare::{Begun, Free, Governed};
pub use refusal_answer::{refuse_path, repeat};
pub use refusal_log::Peer;
pub use runtime::Runtime;
pub use sending::{Reply, Sending};
pub use served::{Served, declared};
pub use start::{Accepted, Start, Variables};
pub use stopped::{Stopped, Unrecognised};
pub use version::{Upstream, Version};
