//! Flights proved from outside: scripted vendors and meters, a real ledger, a clock that is turned.

mod account;
mod gauge;
mod stage;
mod vendor;

mod doors;
mod failing;
mod faults;
mod hanging;
mod leaving;
mod retrying;
mod streams;
mod taps;
mod vendors;
mod watching;
mod wholes;
