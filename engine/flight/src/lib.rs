//! An admitted call around its stream: attempts, the owner task, the drain after the client left,
//! the finish.
//!
//! ```text
//!  Admitted ──▶ carry: attempt ─▶ attempt ─▶ … ─┬─ whole answer ─▶ finish ─▶ client
//!                                               └─ stream ─▶ Tap ─────────▶ client
//!                                                             │ copies        (leaves?)
//!                                                             ▼                  │
//!                                                           owner ◀── the rest ──┘
//!                                                             └─▶ meter ─▶ finish
//! ```
//!
//! A host that sends its calls itself uses the other door: it says what it sees of an answer, and
//! the same owner, meter and table of outcomes end the call.
//!
//! ```text
//!  Admitted ──▶ watch ─ head ─▶ data, data, … ─ end ─▶ receipt
//!                 └─ dropped ───────┴─ cut ─▶ owner ─▶ meter ─▶ finish
//! ```
//!
//! Bytes never wait for their meter: the client reads from the vendor through the tap, and the
//! owner, a task that outlives the client, gets copies and has them metered aside. It knows tokio
//! and http-body, no server.

mod carry;

mod attempt;
mod transport;

mod arrive;
mod collect;
mod notice;

mod backlog;
mod drain;
mod outlive;
mod owner;
mod presence;
mod pulse;

mod batch;
mod copies;
mod sieve;
mod tap;

mod watch;

mod aside;
mod decoder;
mod metering;

mod outcome;
mod report;
mod terms;

pub use carry::{Carried, Freight, Pack, carry};
pub use notice::Notice;
pub use outlive::{BrokeOff, Outliving};
pub use presence::Presence;
pub use tap::{Tap, TapError};
pub use terms::{Crew, Terms};
pub use transport::{BoxedBody, Transport, TransportError};
pub use watch::{Ended, NoAnswer, Settled, Watch, WatchEnd, Watched, Watching, watch};

#[cfg(test)]
mod tests;
