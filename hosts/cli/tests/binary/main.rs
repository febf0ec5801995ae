//! The binary as its users meet it: arguments and files in; stdout, stderr and a status out.

// WHY: clippy lets the functions of a test stop on a surprise only where it sees that they are one.
#![cfg(test)]

mod bench;
mod check;
mod explain;
mod help;
mod keys;
mod organizations;
mod place;
mod price;
mod serve;
mod server;
mod spend;
