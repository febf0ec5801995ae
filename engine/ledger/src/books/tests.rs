//! The books under calls: what is held, refused, charged, corrected, swept and forgotten.

mod desk;
mod dice;
mod ends;
mod holds;
mod invariants;
mod jumps;
mod memory;
mod organizations;
mod reference;
mod simulator;
