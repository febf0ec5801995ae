//! The ledger: who holds and spends what, as a pure state machine.
//!
//! It knows no runtime, no SQL and no clock. Read `books.rs` first.

mod slot;
mod windows;

mod timeline;
mod watch;

mod tally;

mod ring;

mod counter;

mod account;
mod row;

mod ended;
mod typical;

mod books;
mod command;

mod limits;

pub use books::{Books, Finished, Settings, Swept};
pub use command::{Command, Outcome};
pub use limits::{Limit, Limits};
pub use slot::{Posting, SLOT_SECONDS, Slot};
pub use timeline::{Stretch, Timeline};
pub use watch::{Glance, Watch};
pub use windows::{Span, span};
