//! A rehearsal: each expression is evaluated with made-up values when it is compiled. One that errs
//! with all of them, though nothing it read is unknown before a call comes, would err for each.

use std::sync::atomic::{AtomicBool, Ordering};

use cel_core::Value as Inner;

use crate::defect::{Defect, Fault};
use crate::limits::{Guard, STEPS_MAX};
use crate::program::{Failure, Program};
use crate::value::{Type, Value};
use crate::vocabulary::{Bindings, Name, Slot};

/// Sets of made-up values: the second has none that is zero or empty.
const SETS: usize = 2;

/// One set of made-up values.
struct MadeUp<'a> {
    names: &'a [Name],
    reads: &'a [(usize, Type)],
    set: usize,
    /// Whether something was read whose kind shows only with a call.
    unknown: AtomicBool,
}

/// Evaluates a program with each set.
pub(crate) fn rehearse(
    program: &Program,
    names: &[Name],
    reads: &[(usize, Type)],
) -> Result<(), Vec<Defect>> {
    let mut said = None;
    for set in 0..SETS {
        let made_up = MadeUp { names, reads, set, unknown: AtomicBool::new(false) };
        match program.run(&made_up) {
            Ok(_) => return Ok(()),
            Err(Failure::Cost) => {
                said = Some(Fault::Over { guard: Guard::Cost, found: STEPS_MAX, most: STEPS_MAX });
            }
            Err(Failure::Errs(_)) if made_up.unknown.load(Ordering::Relaxed) => return Ok(()),
            Err(Failure::Errs(why)) => said = Some(Fault::Errs(why)),
        }
    }
    let whole = 0..program.source().len();
    said.map_or(Ok(()), |fault| Err(vec![Defect::new(whole, fault)]))
}

// === impl MadeUp ===

impl MadeUp<'_> {
    fn of(&self, kind: &Type) -> Inner {
        let one = self.set > 0;
        match kind {
            Type::Bool => Inner::Bool(one),
            Type::Int => Inner::Int(i64::from(one)),
            Type::Money => Inner::Int(if one { 1_000_000_000 } else { 0 }),
            Type::Uint => Inner::UInt(u64::from(one)),
            Type::Double => Inner::Double(if one { 1.0 } else { 0.0 }),
            Type::String => Inner::from(if one { "a" } else { "" }),
            Type::Bytes => Inner::from(if one { vec![b'a'] } else { Vec::new() }),
            Type::Null => Inner::Null,
            Type::Timestamp => Inner::timestamp(1_800_000_000 + i64::from(one), 0),
            Type::Duration => Inner::duration(i64::from(one), 0),
            Type::List(inner) if one => Inner::list([self.of(inner)]),
            Type::List(_) => Inner::list::<Inner>([]),
            Type::Map(..) | Type::Dyn | Type::Kind => {
                self.unknown.store(true, Ordering::Relaxed);
                Value::empty_map().0
            }
        }
    }
}

impl Bindings for MadeUp<'_> {
    fn value(&self, slot: Slot) -> Value {
        let kind = match slot {
            Slot::Has(_) => return true.into(),
            Slot::Name(index) => self.names.get(index).map(|name| &name.kind),
            Slot::Read(number) => {
                self.reads.iter().find(|(read, _)| *read == number).map(|(_, kind)| kind)
            }
        };
        Value(kind.map_or(Inner::Null, |kind| self.of(kind)))
    }
}
