//! How large a drill is: small in the gate, at its full size with `DRILL_SIZE=full`.

/// Whether drills run at their full size.
#[expect(clippy::disallowed_methods, reason = "a test has no other way to be asked")]
pub(crate) fn full() -> bool {
    std::env::var("DRILL_SIZE").is_ok_and(|size| size == "full")
}

/// A number that is small in the gate.
pub(crate) fn sized<N>(gate: N, at_full: N) -> N {
    if full() { at_full } else { gate }
}
