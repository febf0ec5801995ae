//! The flow proved from outside: calls go in, and the ledger's books and records tell what came of
//! them.

mod purse;
mod scene;
mod script;
mod tariff;

mod circles;
mod counting;
mod crowd;
mod ending;
mod leaving;
mod passing;
mod replaying;
mod retry;
mod short;
mod telling;
