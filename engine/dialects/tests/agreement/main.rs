//! What a dialect makes of any bytes, against a second parser and against rules of its own: the
//! properties here take arbitrary bytes, so that a fuzzer can feed them as well as these tests.

// WHY: clippy lets the functions of a test stop on a surprise only where it sees that they are one.
#![cfg(test)]

mod answer;
mod request;
mod second;
mod shown;

mod generated;
