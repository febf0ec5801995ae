//! CEL expressions, checked and bounded before they run.
//!
//! `cel-core` parses, checks and evaluates. This crate decides what it is given:
//!
//! ```text
//! source ─ scan: bytes, nesting ─▶ parse ─ tree: depth, nodes ─▶ names ─▶ types
//!                                                                 Program ◀─ guarded ◀─┘
//! ```
//!
//! What holds of a [`Program`], whatever was written:
//!
//! - Nothing that recurses has seen source or a tree beyond its bounds ([`limits`]).
//! - Each name is declared, and each operator and function has operands it can take.
//! - One evaluation takes at most [`limits::STEPS_MAX`] steps; more is an error.
//! - The same values give the same result: maps are ordered, there is no clock and no chance.
//! - An error is an error: it is not taken for false.
//! - Money is an integer of nano-USD, and goes with money only.
//! - Patterns are compiled once, and so is all else: an evaluation looks nothing up by name but its
//!   functions.

mod defect;
pub mod limits;
mod vocabulary;

mod program;

mod scan;
mod tree;

mod calls;
mod money;
mod names;
mod nearest;

mod ambiguous;
mod check;

mod functions;
mod guarded;
mod meter;
mod rehearsal;

mod value;

pub use defect::{Defect, Fault};
pub use program::{Expected, Failure, Program};
pub use value::{Type, Value};
pub use vocabulary::{Bindings, Name, Objection, Reader, Slot, Vocabulary};
