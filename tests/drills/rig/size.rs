//! How large a drill is: small in the gate, at its full size with `DRILL_SIZE=full`.

/// A number that is small in the gate.
#[expect(clippy::disallowed_methods, reason = "a test has no other way to be asked")]
pub(crate) fn sized<N>(gate: N, at_full: N) -> N {
    let full = std::env::var("DRILL_SIZE").is_ok_and(|size| size == "full");
    if full { at_full } else { gate }
}
