//! The ledger: who holds and spends what, as a pure state machine.
//!
//! It knows no runtime, no SQL and no clock. Read `books.rs` first.

mod slot;
mod windows;

mod jump_detector;
mod timeline;

mod tally;

mod ring;

mod counter;

mod account;
mod row;

mod ended;
mod typical;

mod books;
mod command;

mod all_books;
mod memory;

mod limits;

pub use all_books::AllBooks;
pub use books::{Books, Finished, Settings, Swept};
pub use command::{Command, Outcome};
pub use jump_detector::{ClockReading, JumpDetector};
pub use limits::{Limit, Limits};
pub use memory::MemoryLedger;
pub use slot::{Posting, SLOT_SECONDS, Slot};
pub use timeline::{Stretch, Timeline};
pub use windows::{Span, span};
